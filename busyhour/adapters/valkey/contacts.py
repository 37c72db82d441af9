"""The contacts of an account, in the store: single ones, thousands at once, and lists of them.

What must be atomic is a Function (`contacts.lua`): a contact and what leads to it (phone, external id, tags) change
together, two who change one contact don't lose each other's change, and an external id belongs to one contact.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeVar, cast

import numpy as np
from redis.asyncio import Redis

from busyhour.adapters.valkey.contact_records import ContactChange, ContactRecord, new_record, number_of
from busyhour.adapters.valkey.keys import account_stem, do_not_call_key
from busyhour.core.errors import BusyhourError
from busyhour.core.phones import phone_of

T = TypeVar("T")

Mode = Literal["upsert", "insert", "skip"]
Match = Literal["phone", "external_id"]
Status = Literal["created", "updated", "skipped", "failed"]

RECORDS_A_HASH: Final = 512
BITS_A_KEY: Final = 32_768
_PAGE: Final = 500
"""Contacts in one request: none holds the server up for more than some milliseconds."""
_TRIES: Final = 20
_TAKEN: Final = "A contact with this external_id already exists"


class ExternalIdTakenError(BusyhourError):
    """Another contact of the account has the `external_id`."""

    external_id: str

    def __init__(self, external_id: str) -> None:
        super().__init__(external_id)
        self.external_id = external_id

    def __str__(self) -> str:
        return _TAKEN


class ContactChangedError(BusyhourError):
    """Somebody else has changed the contact `id` meanwhile."""

    id: str

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.id = id

    def __str__(self) -> str:
        return f"the contact {self.id} has been changed meanwhile; read it again"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row of a bulk request. `id` is None where it failed."""

    id: str | None
    status: Status
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ContactPage:
    """Contacts, newest first; `before` is where the next page begins, None where there is none."""

    contacts: Sequence[ContactRecord]
    before: int | None


@dataclass(slots=True)
class _Draft:
    """A contact as it shall be, of the rows that make it so."""

    record: ContactRecord
    revision: int
    """That it has in the store; 0: it is new."""
    listing: bool | None = None
    rows: list[int] = field(default_factory=list[int])
    has_changed: bool = True


class AccountContacts:
    """The contacts of one account. It keeps nothing itself: any number of processes may each have one."""

    def __init__(self, client: "Redis", scope: str, account: str = "") -> None:
        self._client: Any = client
        self.scope: str = scope
        self.account: str = account
        self.stem: str = f"{account_stem(scope, account)}contacts:"
        self._do_not_call: str = do_not_call_key(scope, account)
        self._last: str = f"{self.stem}last"

    # Single ones ----------------------------------------------------------------------------------------------------

    async def create(self, change: ContactChange) -> ContactRecord:
        """Raises ExternalIdTakenError."""
        number = await self._new_numbers(1)
        record = new_record(number, change, _now_ms())
        (answer,) = await self._put([_Draft(record, 0, change.get("do_not_call"))], "")
        if answer == b"TAKEN":
            raise ExternalIdTakenError(str(record.external_id))
        (listed,) = await self._with_listing([record])
        return listed

    async def get(self, id: str) -> ContactRecord | None:
        """None for anything that is not the id of a contact of this account."""
        try:
            number = number_of(id)
        except ValueError:
            return None
        for record in await self.numbered([number]):
            if record.id == id:
                return record
        return None

    async def patch(
        self, id: str, change: ContactChange, revision: int | None = None
    ) -> ContactRecord | None:
        """Change what is given, if the contact has still that `revision` or none is asked for. None where nobody
        has the id.

        Raises ExternalIdTakenError, ContactChangedError.
        """
        for _ in range(_TRIES):
            before = await self.get(id)
            if before is None:
                return None
            if revision is not None and before.revision != revision:
                raise ContactChangedError(id)
            after = before.changed(change, _now_ms())
            (answer,) = await self._put([_Draft(after, before.revision, change.get("do_not_call"))], "")
            if answer == b"TAKEN":
                raise ExternalIdTakenError(str(after.external_id))
            if answer == b"OK":
                return after
        raise ContactChangedError(id)

    async def delete(self, id: str) -> bool:
        """Whether it was there. Its number stays on the do-not-call list. Raises ContactChangedError."""
        for _ in range(_TRIES):
            record = await self.get(id)
            if record is None:
                return False
            if await self._call("delete", [self.stem], record.number, record.revision):
                return True
        raise ContactChangedError(id)

    # Many ------------------------------------------------------------------------------------------------------------

    async def bulk(
        self, rows: Sequence[ContactChange], mode: Mode = "upsert", match: Match = "phone"
    ) -> list[RowOutcome]:
        """Create or change a contact for each row, as if one after another; a row that can't be fails alone.

        A row is about the contact that has its phone (the oldest of them) or its external id. Where there is one,
        `insert` fails, `skip` leaves it alone and `upsert` changes what the row gives.
        """
        outcomes: list[RowOutcome | None] = [None] * len(rows)
        waiting: list[int] = list(range(len(rows)))
        for _ in range(_TRIES):
            if not waiting:
                break
            waiting = await self._bulk_once(rows, waiting, mode, match, outcomes)
        for place in waiting:
            outcomes[place] = RowOutcome(None, "failed", "others keep changing this contact; try again")
        return cast("list[RowOutcome]", outcomes)

    async def _bulk_once(
        self,
        rows: Sequence[ContactChange],
        places: Sequence[int],
        mode: Mode,
        match: Match,
        outcomes: list[RowOutcome | None],
    ) -> list[int]:
        """Gives the places of rows whose contacts have been changed by others meanwhile."""
        keys = [rows[place].get(match) for place in places]
        found = await self.find(match, [key for key in keys if key])
        numbers = await self._new_numbers(sum(1 for key in keys if key is None or key not in found))
        now_ms = _now_ms()
        drafts: dict[object, _Draft] = {}
        for place, key in zip(places, keys, strict=True):
            row = rows[place]
            draft = drafts.get(key) if key else None
            if draft is None and key in found:
                draft = _Draft(found[key], found[key].revision, has_changed=False)
                drafts[key] = draft
            if draft is None:
                draft = _Draft(new_record(numbers, row, now_ms), 0)
                numbers += 1
                drafts[key or place] = draft
                outcomes[place] = RowOutcome(draft.record.id, "created")
            elif mode == "insert":
                outcomes[place] = RowOutcome(None, "failed", f"A contact with this {match} already exists")
                continue
            elif mode == "skip":
                outcomes[place] = RowOutcome(draft.record.id, "skipped")
            else:
                after = draft.record.changed(row, now_ms)
                # Several rows change it once.
                draft.record = replace(after, revision=draft.revision + 1)
                draft.has_changed = True
                outcomes[place] = RowOutcome(draft.record.id, "updated")
            draft.listing = row.get("do_not_call", draft.listing)
            draft.rows.append(place)
        changed = [draft for draft in drafts.values() if draft.has_changed]
        again: list[int] = []
        for draft, answer in zip(changed, await self._put(changed, match), strict=True):
            if answer == b"STALE" or (answer == b"TAKEN" and match == "external_id" and draft.revision == 0):
                again += draft.rows
            elif answer == b"TAKEN":
                for place in draft.rows:
                    outcomes[place] = RowOutcome(None, "failed", _TAKEN)
        return sorted(again)

    async def find(self, match: Match, values: Sequence[str]) -> Mapping[object, ContactRecord]:
        """The oldest contact with each of these phones or external ids, where there is one; `do_not_call` not looked
        up.
        """
        found: dict[object, ContactRecord] = {}
        for page in _pages(list(dict.fromkeys(values))):
            asked = [phone_of(value) for value in page] if match == "phone" else page
            answers = await self._call("find", [self.stem], match, *asked)
            for value, answer in zip(page, answers, strict=True):
                if answer:
                    found[value] = ContactRecord.unpacked(answer[1])
        return found

    # Lists -----------------------------------------------------------------------------------------------------------

    async def listed(
        self,
        limit: int,
        before: int | None = None,
        phone: str | None = None,
        external_id: str | None = None,
        tag: str | None = None,
    ) -> ContactPage:
        """At most `limit` contacts that are all that is asked for, newest first, those numbered below `before`."""
        kept: list[ContactRecord] = []
        async for page in self._numbers(before, phone, external_id, tag):
            for record in await self.numbered(page):
                if (
                    (phone is None or record.phone == phone)
                    and (external_id is None or record.external_id == external_id)
                    and (tag is None or tag in record.tags)
                ):
                    kept.append(record)
                    if len(kept) > limit:
                        return ContactPage(kept[:limit], kept[limit - 1].number)
        return ContactPage(kept, None)

    async def tagged(self, tag: str) -> AsyncIterator[Sequence[int]]:
        """Numbers of the contacts that have the tag, newest first, in pages."""
        async for page in self._set(f"{self.stem}tag:{tag}", None):
            yield page

    async def numbered(self, numbers: Sequence[int]) -> list[ContactRecord]:
        """The contacts that have these numbers, in this order, but for those that are gone."""
        if not numbers:
            return []
        pipeline = self._client.pipeline(transaction=False)
        at = 0
        while at < len(numbers):
            hash_no = numbers[at] // RECORDS_A_HASH
            first = at
            while at < len(numbers) and numbers[at] // RECORDS_A_HASH == hash_no:
                at += 1
            fields = [number % RECORDS_A_HASH for number in numbers[first:at]]
            pipeline.hmget(f"{self.stem}records:{hash_no}", fields)
        packed = [record for answer in await pipeline.execute() for record in answer]
        return await self._with_listing([ContactRecord.unpacked(record) for record in packed if record])

    async def _numbers(
        self, before: int | None, phone: str | None, external_id: str | None, tag: str | None
    ) -> AsyncIterator[Sequence[int]]:
        """Numbers, descending, of all contacts below `before` that may be what is asked for."""
        if phone is not None or external_id is not None:
            match, value = ("phone", phone_of(phone)) if phone is not None else ("external_id", external_id)
            (answer,) = await self._call("find", [self.stem], match, value)
            numbers = [int(number) for number in answer[0].split(b",")] if answer else []
            yield sorted((n for n in numbers if before is None or n < before), reverse=True)
        elif tag is not None:
            async for page in self._set(f"{self.stem}tag:{tag}", before):
                yield page
        else:
            end = await self.last_number() + 1 if before is None else before
            size = _PAGE
            while end > 1:
                first = max(1, end - size)
                yield range(end - 1, first - 1, -1)
                end, size = first, min(2 * size, 16 * _PAGE)  # many in a row may have been deleted

    async def _set(self, key: str, before: int | None) -> AsyncIterator[Sequence[int]]:
        end = await self.last_number() + 1 if before is None else before
        async for page in descending(self._client, key, end):
            yield page

    async def last_number(self) -> int:
        """No contact has a higher one."""
        return int(await self._client.get(self._last) or 0)

    # The store -------------------------------------------------------------------------------------------------------

    async def _new_numbers(self, count: int) -> int:
        """The first of `count` numbers that nobody has had."""
        if count == 0:
            return 0
        return int(await self._client.incrby(self._last, count)) - count + 1

    async def _put(self, drafts: Sequence[_Draft], match: str) -> list[bytes]:
        answers: list[bytes] = []
        for page in _pages(drafts):
            arguments: list[object] = []
            for draft in page:
                guard = match if draft.revision == 0 else ""
                listing = "" if draft.listing is None else int(draft.listing)
                arguments += (draft.record.number, draft.revision, guard, draft.record.packed(), listing)
            answers += await self._call("put", [self.stem, self._do_not_call], *arguments)
        return answers

    async def _with_listing(self, records: Sequence[ContactRecord]) -> list[ContactRecord]:
        if not records:
            return []
        phones = [phone_of(record.phone) for record in records]
        listed = await self._client.smismember(self._do_not_call, phones)
        return [
            replace(record, do_not_call=True) if is_listed else record
            for record, is_listed in zip(records, listed, strict=True)
        ]

    async def _call(self, verb: str, keys: Sequence[str], *arguments: object) -> Any:
        return await self._client.fcall(f"busyhour_contacts_{verb}", len(keys), *keys, *arguments)


async def descending(client: Any, key: str, before: int) -> AsyncIterator[Sequence[int]]:
    """The numbers below `before` that a set of bitmaps holds, newest first, in pages of some hundred."""
    chunk = (before - 1) // BITS_A_KEY
    while chunk >= 0:
        first = max(0, chunk - 31)
        keys = [f"{key}:{number}" for number in range(chunk, first - 1, -1)]
        for number, bits in zip(range(chunk, first - 1, -1), await client.mget(keys), strict=True):
            numbers = numbers_of(bits)[::-1] + number * BITS_A_KEY
            numbers = numbers[numbers < before]
            for at in range(0, len(numbers), _PAGE):
                yield cast("list[int]", numbers[at : at + _PAGE].tolist())
        chunk = first - 1


def numbers_of(bits: bytes | None) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Which bits of a bitmap are set, ascending."""
    return np.flatnonzero(np.unpackbits(np.frombuffer(bits or b"", np.uint8))).astype(np.int64)


def _pages(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for first in range(0, len(items), _PAGE):
        yield items[first : first + _PAGE]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
