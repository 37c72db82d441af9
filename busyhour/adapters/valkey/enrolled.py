"""Contacts enrolled in a campaign of the platform: their numbers in it, their order, and how far each is.

A number counts up from 0 and is never given again. What is known of the contact itself is its document's.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from busyhour.adapters.valkey.documents import Commit, Document, packed

_PAGE: Final = 500
PENDING: Final = "pending"
"""The status of whom nobody has called: nothing is kept of it."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A contact in a campaign: its number there, and its id."""

    number: int
    contact_id: str
    priority: int = 0


class EnrolledContacts:
    """Of one campaign. It keeps nothing itself: any number of processes may each have one."""

    def __init__(self, client: "Redis", scope: str, campaign_id: str) -> None:
        self._client: Any = client
        self._stem: Final = f"{{{scope}}}:enrolled:{campaign_id}:"
        self._numbers: Final = f"{self._stem}numbers"
        self._contacts: Final = f"{self._stem}contacts"
        self._priorities: Final = f"{self._stem}priorities"
        self._progress: Final = f"{self._stem}progress"

    async def enrol(self, contacts: Sequence[tuple[str, int]]) -> int:
        """(id, priority) of each: to the end of the line of its priority. Who is enrolled stays where he is. Returns
        how many are new.
        """
        enrolled = 0
        for first in range(0, len(contacts), _PAGE):
            page = contacts[first : first + _PAGE]
            lines = {priority: place for place, priority in enumerate(sorted({p for _, p in page}), 1)}
            keys = [self._numbers, self._contacts, self._priorities]
            keys += [f"{self._stem}line:{priority}" for priority in lines]
            arguments = [fact for id, priority in page for fact in (id, priority, lines[priority])]
            enrolled += int(await self._client.fcall("busyhour_enrol", len(keys), *keys, *arguments))
        return enrolled

    async def count(self) -> int:
        return int(await self._client.llen(self._contacts))

    async def page(
        self, cursor: Mapping[str, int], count: int
    ) -> tuple[list[Enrolled], dict[str, int], bool]:
        """At most `count` in dialling order, where the next page begins, and whether there are no more for now.

        `cursor` is by priority how many of its line have been read.
        """
        reached = dict(cursor)
        found: list[tuple[int, int]] = []
        for priority in [int(p) for p in await self._client.zrange(self._priorities, 0, -1)]:
            wanted = count - len(found)
            if wanted == 0:
                break
            place = reached.get(str(priority), 0)
            line = await self._client.lrange(f"{self._stem}line:{priority}", place, place + wanted - 1)
            if line:
                reached[str(priority)] = place + len(line)
                found += [(int(number), priority) for number in line]
        ids = await self.ids_of([number for number, _ in found])
        enrolled = [Enrolled(number, id, priority) for (number, priority), id in zip(found, ids, strict=True)]
        return enrolled, reached, len(found) < count

    async def ids_of(self, numbers: Sequence[int]) -> list[str]:
        """Of contacts that are enrolled."""
        pipeline = self._client.pipeline(transaction=False)
        for number in numbers:
            pipeline.lindex(self._contacts, number)
        return [id.decode() for id in await pipeline.execute()] if numbers else []

    async def number_of(self, contact_id: str) -> int | None:
        number = await self._client.hget(self._numbers, contact_id)
        return None if number is None else int(number)

    # Progress

    def record(self, commit: Commit, number: int, progress: Document) -> None:
        """In `commit`: what holds of it from now on."""
        commit.put(self._progress, str(number), packed(progress))

    async def progress(
        self, status: str | None, limit: int, below: int | None
    ) -> tuple[list[tuple[Enrolled, Document]], int | None]:
        """Those enrolled last first, with numbers below `below`; and the number that the next page is below."""
        end = await self.count() if below is None else below
        kept: list[tuple[Enrolled, Document]] = []
        while end > 0 and len(kept) <= limit:
            first = max(0, end - _PAGE)
            ids = await self._client.lrange(self._contacts, first, end - 1)
            known = await self._client.hmget(self._progress, [str(n) for n in range(first, end)])
            for number in range(end - 1, first - 1, -1):
                raw = known[number - first]
                document = {"status": PENDING} if raw is None else json.loads(raw)
                if status is None or document["status"] == status:
                    kept.append((Enrolled(number, ids[number - first].decode()), document))
            end = first
        if len(kept) > limit:
            return kept[:limit], kept[limit - 1][0].number
        return kept, None
