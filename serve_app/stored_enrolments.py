"""Enrolments of campaigns, in the store; a campaign that runs hears of new ones."""

from collections.abc import Awaitable, Callable, Sequence

from busyhour.adapters.valkey.contact_documents import ContactDocuments
from busyhour.adapters.valkey.documents import Document
from busyhour.adapters.valkey.enrolled import EnrolledContacts
from serve_app.platform import Platform
from serve_app.runtime import Listed

_PAGE = 500


class StoredEnrolments:
    """`tell` is called with the id of a campaign that has more contacts now."""

    def __init__(self, platform: Platform, tell: Callable[[str], Awaitable[None]]) -> None:
        self._platform = platform
        self._contacts = ContactDocuments(platform.client, platform.scope)
        self._tell = tell

    def _of(self, campaign_id: str) -> EnrolledContacts:
        return EnrolledContacts(self._platform.client, self._platform.scope, campaign_id)

    async def enrol(self, account: str, campaign_id: str, contact_ids: Sequence[str]) -> Document:
        found = [await self._contacts.get(account, id) for id in contact_ids]
        documents = [stored.document for stored in found if stored is not None]
        enrolled = await self._enrolled(campaign_id, documents)
        return _counts(enrolled, len(documents) - enrolled, len(found) - len(documents))

    async def enrol_tagged(self, account: str, campaign_id: str, tag: str) -> Document:
        """Every contact that has the tag now."""
        enrolled = there = 0
        after: str | None = None
        while True:
            page = await self._contacts.page(account, _PAGE, after, {"tag": tag})
            documents = [stored.document for stored in page.documents]
            there += len(documents)
            enrolled += await self._enrolled(campaign_id, documents)
            after = page.after
            if after is None:
                return _counts(enrolled, there - enrolled, 0)

    async def _enrolled(self, campaign_id: str, documents: Sequence[Document]) -> int:
        enrolled = await self._of(campaign_id).enrol(
            [(document["id"], document["priority"]) for document in documents]
        )
        if enrolled:
            await self._tell(campaign_id)
        return enrolled

    async def count(self, account: str, campaign_id: str) -> int:
        return await self._of(campaign_id).count()

    async def progress(
        self, account: str, campaign_id: str, status: str | None, limit: int, after: str | None
    ) -> Listed:
        below = None if after is None else int(after)
        page, next_below = await self._of(campaign_id).progress(status, limit, below)
        documents = [
            {
                "contact_id": enrolled.contact_id,
                "status": progress["status"],
                "attempts": progress.get("attempts", 0),
                "last_disposition": progress.get("last_disposition"),
                "next_attempt_at": None,
            }
            for enrolled, progress in page
        ]
        return Listed(documents, None if next_below is None else str(next_below))


def _counts(enrolled: int, already_enrolled: int, not_found: int) -> Document:
    return {"enrolled": enrolled, "already_enrolled": already_enrolled, "not_found": not_found}
