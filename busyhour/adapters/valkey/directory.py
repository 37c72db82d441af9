"""What a platform consists of: its trunks, queues, agents and campaigns, numbered as the machines of the core are.

The directory only grows, so that whoever has read up to some record reads on from there, and everybody who has read all
of it has the same machines under the same numbers.
"""

# pyright: reportUnknownMemberType=false
# redis-py's answers have no types.

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from redis.asyncio import Redis

Kind = Literal["trunk", "queue", "queue_change", "agent", "voice_agent", "campaign"]


@dataclass(frozen=True, slots=True)
class Record:
    """An entry. `number` counts up from 0 within its kind; `key` is unique within it."""

    kind: str
    number: int
    key: str
    account: str
    facts: Mapping[str, Any]


class Directory:
    """The directory of `scope`. It keeps nothing itself: any number of processes may each have one."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        stem = f"{{{scope}}}:directory"
        self._records: Final = stem
        self._keys: Final = (stem, f"{stem}:numbers", f"{stem}:counts")

    async def add(self, kind: Kind, key: str, account: str, facts: Mapping[str, Any]) -> int:
        """The number of what has this kind and key: a new one, or the one it has, whose facts stay what they were."""
        record = {"kind": kind, "key": key, "account": account, "facts": facts}
        text = json.dumps(record, separators=(",", ":"))
        number, _ = await self._client.fcall("busyhour_directory_add", 3, *self._keys, kind, key, text)
        return int(number)

    async def number_of(self, kind: Kind, key: str) -> int | None:
        number = await self._client.hget(self._keys[1], f"{kind}:{key}")
        return None if number is None else int(number)

    async def length(self) -> int:
        """How many records there are."""
        return int(await self._client.llen(self._records))

    async def read(self, first: int = 0) -> list[Record]:
        """All records from the one in place `first` on, oldest first."""
        every = await self._client.lrange(self._records, first, -1)
        return [Record(**json.loads(text)) for text in every]
