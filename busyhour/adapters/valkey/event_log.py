"""The latest events of an account, oldest first, for whoever follows them: a stream of the store."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from busyhour.adapters.valkey.documents import Commit

KEPT: Final = 5_000
"""Events of one account, about: the store cuts whole blocks off."""
BEGINNING: Final = "0-0"
_POSITION: Final = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """`position` sorts by time, as pairs of numbers, and `body` is what webhooks are sent."""

    position: str
    type: str
    body: str


def log_event(commit: Commit, account: str, type: str, body: str) -> None:
    commit.log(_key(commit.scope, account), KEPT, type, body)


def is_position(text: str) -> bool:
    return _POSITION.fullmatch(text) is not None


class EventLog:
    """Of the deployment `scope`, for readers."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        self._scope: Final = scope

    async def after(self, account: str, position: str, count: int) -> Sequence[LoggedEvent]:
        """The oldest `count` of those after it."""
        found = await self._client.xrange(_key(self._scope, account), f"({position}", "+", count)
        return [
            LoggedEvent(at.decode(), fields[b"type"].decode(), fields[b"body"].decode())
            for at, fields in found
        ]

    async def end(self, account: str) -> str:
        """The position of the latest one."""
        found = await self._client.xrevrange(_key(self._scope, account), "+", "-", 1)
        return found[0][0].decode() if found else BEGINNING

    async def has_lost(self, account: str, position: str) -> bool:
        """Whether there may have been events after it that are not kept any more."""
        try:
            facts = await self._client.xinfo_stream(_key(self._scope, account))
        except ResponseError:  # there was never an event
            return False
        first = facts["first-entry"][0].decode()
        return facts["entries-added"] > facts["length"] and _parts(first) > _parts(position)


def _key(scope: str, account: str) -> str:
    return f"{{{scope}}}:events:{account}"


def _parts(position: str) -> tuple[int, int]:
    found = _POSITION.fullmatch(position)
    assert found is not None, "whoever gives it has looked"
    return int(found[1]), int(found[2])
