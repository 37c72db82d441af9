"""Contacts enrolled in a campaign: in which order they are dialled, and how far each has come."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
# redis-py's answers have no types, and msgpack brings none.

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgpack
from redis.asyncio import Redis

from busyhour.adapters.valkey.contact_records import ContactRecord
from busyhour.adapters.valkey.contacts import (
    BITS_A_KEY,
    RECORDS_A_HASH,
    AccountContacts,
    descending,
    numbers_of,
)
from busyhour.core.ids import ABSENT

PENDING: Final = 0
"""Nobody has called yet. It is the status of whoever has no other: nothing is kept of it."""
IN_PROGRESS: Final = 1
WAITING: Final = 2
"""Called, and to be called again."""
COMPLETED: Final = 3
EXHAUSTED: Final = 4
SKIPPED: Final = 5
STATUSES: Final = ("pending", "in_progress", "waiting", "completed", "exhausted", "skipped")

Cursor = dict[int, int]
"""Priority → how many of its contacts have been read."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one contact has come in a campaign."""

    contact: int
    """Its number in the account."""
    status: int = PENDING
    attempts: int = 0
    disposition: int = ABSENT
    """Of the latest attempt."""
    at_ms: int = ABSENT
    """When that ended, in milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class DialPage:
    """Contacts in dialling order, and where the next page begins; `is_last` when there are no more for now."""

    contacts: Sequence[ContactRecord]
    cursor: Cursor
    is_last: bool


class Enrolment:
    """The enrolled contacts of one campaign of an account."""

    def __init__(self, client: "Redis", contacts: AccountContacts, campaign: str) -> None:
        self._client: Any = client
        self._contacts: AccountContacts = contacts
        self.stem: str = f"{contacts.stem}campaign:{campaign}:"

    async def enrol(self, numbers: Sequence[int]) -> int:
        """Put the contacts that have these numbers at the end of the line of their priority, in this order. Who is
        enrolled stays where he is. Returns how many are new.
        """
        enrolled = 0
        for first in range(0, len(numbers), _PAGE):
            page = numbers[first : first + _PAGE]
            keys = [self._contacts.stem, self.stem]
            enrolled += await self._client.fcall("busyhour_contacts_enrol", len(keys), *keys, *page)
        return enrolled

    async def enrol_tagged(self, tag: str) -> int:
        """All contacts that have the tag, oldest first."""
        pages = [page async for page in self._contacts.tagged(tag)]
        return sum([await self.enrol(page[::-1]) for page in reversed(pages)])

    async def page(self, cursor: Mapping[int, int], count: int) -> DialPage:
        """The next `count` contacts at most. Those of a lower priority number come first, also when they were enrolled
        later; those that have been deleted don't come.
        """
        reached = dict(cursor)
        numbers: list[int] = []
        priorities = [int(p) for p in await self._client.zrange(f"{self.stem}priorities", 0, -1)]
        for priority in priorities:
            place = reached.get(priority, 0)
            wanted = count - len(numbers)
            if wanted == 0:
                break
            line = await self._client.lrange(f"{self.stem}line:{priority}", place, place + wanted - 1)
            if line:
                reached[priority] = place + len(line)
                numbers += [int(number) for number in line]
        contacts = await self._contacts.numbered(numbers)
        return DialPage(contacts, reached, len(numbers) < count)

    # Progress --------------------------------------------------------------------------------------------------------

    async def record(self, progress: Sequence[Progress]) -> None:
        """What holds of these contacts from now on. May be repeated."""
        for first in range(0, len(progress), _PAGE):
            arguments: list[object] = []
            for each in progress[first : first + _PAGE]:
                facts = [each.status, each.attempts, each.disposition, each.at_ms]
                arguments += (each.contact, each.status, msgpack.packb(facts))
            await self._client.fcall("busyhour_contacts_progress", 1, self.stem, *arguments)

    async def counts(self) -> dict[str, int]:
        """How many contacts have each status; they sum to the number enrolled."""
        counts = {name.decode(): int(count) for name, count in (await self._counts()).items()}
        enrolled = counts.pop("enrolled", 0)
        of = {name: counts.get(str(status), 0) for status, name in enumerate(STATUSES)}
        of["pending"] += enrolled - sum(of.values())
        return of

    async def _counts(self) -> Mapping[bytes, bytes]:
        return await self._client.hgetall(f"{self.stem}counts")

    async def progress(
        self, limit: int, before: int | None = None, status: int | None = None
    ) -> tuple[Sequence[Progress], int | None]:
        """At most `limit` enrolled contacts, those that were created last first, numbered below `before`; and where the
        next page begins, None where there is none.
        """
        kept: list[int] = []
        async for page in self._numbers(before, status):
            kept += page
            if len(kept) > limit:
                break
        more = len(kept) > limit
        kept = kept[:limit]
        return await self.of(kept), kept[-1] if more else None

    async def of(self, numbers: Sequence[int]) -> list[Progress]:
        """Of the contacts that have these numbers."""
        pipeline = self._client.pipeline(transaction=False)
        for number in numbers:
            pipeline.hget(f"{self.stem}progress:{number // RECORDS_A_HASH}", number % RECORDS_A_HASH)
        return [
            Progress(number) if packed is None else Progress(number, *msgpack.unpackb(packed))
            for number, packed in zip(numbers, await pipeline.execute(), strict=True)
        ]

    async def _numbers(self, before: int | None, status: int | None) -> AsyncIterator[Sequence[int]]:
        """Of the enrolled contacts that have the status, newest first, in pages."""
        last = await self._contacts.last_number()
        end = last + 1 if before is None else before
        if status is None:
            pages = descending(self._client, f"{self.stem}members", end)
        elif status == PENDING:
            pages = self._pending(end)
        else:
            pages = descending(self._client, f"{self.stem}status:{status}", end)
        async for page in pages:
            yield page

    async def _pending(self, before: int) -> AsyncIterator[Sequence[int]]:
        """Those of the members that have no status, or that one."""
        for chunk in range((before - 1) // BITS_A_KEY, -1, -1):
            keys = [f"{self.stem}status:{status}:{chunk}" for status in range(1, len(STATUSES))]
            members, *others = await self._client.mget([f"{self.stem}members:{chunk}", *keys])
            left = int.from_bytes((members or b"").ljust(BITS_A_KEY // 8, b"\0"), "big")
            for other in others:
                left &= ~int.from_bytes((other or b"").ljust(BITS_A_KEY // 8, b"\0"), "big")
            numbers = numbers_of(left.to_bytes(BITS_A_KEY // 8, "big"))[::-1] + chunk * BITS_A_KEY
            numbers = numbers[numbers < before]
            for at in range(0, len(numbers), _PAGE):
                yield cast("list[int]", numbers[at : at + _PAGE].tolist())

    async def drop(self) -> None:
        """Forget the enrolment and all progress; the contacts stay."""
        last = await self._contacts.last_number()
        priorities = [int(p) for p in await self._client.zrange(f"{self.stem}priorities", 0, -1)]
        keys = [f"{self.stem}priorities", f"{self.stem}counts"]
        keys += [f"{self.stem}line:{priority}" for priority in priorities]
        keys += [f"{self.stem}progress:{n}" for n in range(last // RECORDS_A_HASH + 1)]
        for chunk in range(last // BITS_A_KEY + 1):
            keys.append(f"{self.stem}members:{chunk}")
            keys += [f"{self.stem}status:{status}:{chunk}" for status in range(len(STATUSES))]
        for first in range(0, len(keys), _PAGE):
            await self._client.unlink(*keys[first : first + _PAGE])
