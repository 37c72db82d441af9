"""Who is in which campaign, and how far each one is, by the ids that clients know."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from busyhour.adapters import times
from busyhour.adapters.valkey.contact_records import number_of
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.documents import Document
from busyhour.adapters.valkey.enrolment import STATUSES, Enrolment, Progress
from busyhour.core.disposition import DISPOSITIONS
from busyhour.core.ids import ABSENT, MILLISECOND
from serve_app.runtime import Listed

if TYPE_CHECKING:
    from redis.asyncio import Redis


class Enrolments:
    """Of every campaign of the deployment `scope`. Counts are `{enrolled, already_enrolled, not_found}`."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client = client
        self._scope = scope

    async def enrol(self, account: str, campaign_id: str, contact_ids: Sequence[str]) -> Document:
        contacts = self._contacts(account)
        wanted: dict[int, str] = {}
        for id in contact_ids:
            try:
                wanted[number_of(id)] = id
            except ValueError:
                continue
        found = [
            record.number
            for record in await contacts.numbered(list(wanted))
            if record.id == wanted[record.number]
        ]
        new = await self._of(contacts, campaign_id).enrol(found)
        return {
            "enrolled": new,
            "already_enrolled": len(found) - new,
            "not_found": len(set(contact_ids)) - len(found),
        }

    async def enrol_tagged(self, account: str, campaign_id: str, tag: str) -> Document:
        """Every contact that has the tag now."""
        contacts = self._contacts(account)
        tagged = sum([len(page) async for page in contacts.tagged(tag)])
        new = await self._of(contacts, campaign_id).enrol_tagged(tag)
        return {"enrolled": new, "already_enrolled": max(0, tagged - new), "not_found": 0}

    async def count(self, account: str, campaign_id: str) -> int:
        return sum((await self._of(self._contacts(account), campaign_id).counts()).values())

    async def progress(
        self, account: str, campaign_id: str, status: str | None, limit: int, after: str | None
    ) -> Listed:
        contacts = self._contacts(account)
        found, before = await self._of(contacts, campaign_id).progress(
            limit,
            None if after is None else int(after),
            None if status is None else STATUSES.index(status),
        )
        records = {
            record.number: record for record in await contacts.numbered([one.contact for one in found])
        }
        shown = [_shown(one, records[one.contact].id) for one in found if one.contact in records]
        return Listed(shown, None if before is None else str(before))

    async def drop(self, account: str, campaign_id: str) -> None:
        """The contacts stay."""
        await self._of(self._contacts(account), campaign_id).drop()

    def _contacts(self, account: str) -> AccountContacts:
        return AccountContacts(self._client, self._scope, account)

    def _of(self, contacts: AccountContacts, campaign_id: str) -> Enrolment:
        return Enrolment(self._client, contacts, campaign_id)


def _shown(progress: Progress, id: str) -> Document:
    has_ended = progress.at_ms != ABSENT
    return {
        "contact_id": id,
        "status": STATUSES[progress.status],
        "attempts": progress.attempts,
        "last_disposition": DISPOSITIONS[progress.disposition] if progress.disposition != ABSENT else None,
        "last_attempt_at": times.written(progress.at_ms * MILLISECOND) if has_ended else None,
    }
