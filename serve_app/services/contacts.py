"""Contacts, one by one and by the thousand."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from busyhour.adapters import times
from busyhour.adapters.valkey.contact_records import ContactChange, ContactRecord
from busyhour.adapters.valkey.contacts import (
    AccountContacts,
    ContactChangedError,
    ExternalIdTakenError,
    RowOutcome,
)
from busyhour.adapters.valkey.documents import Commit, Document, Page, Stored, packed
from busyhour.core.ids import MILLISECOND
from serve_app.enrolments import Enrolments
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.schemas.contacts import Bulk, ContactPatch, Mode, NewContact
from serve_app.validation import validated

if TYPE_CHECKING:
    from serve_app.services.campaigns import Campaigns

_TRIES: Final = 5
STATUSES: Final = ("created", "updated", "skipped", "failed")


class Contacts:
    title: Final = "Contact"

    def __init__(self, platform: Platform, enrolments: Enrolments) -> None:
        self._platform = platform
        self._enrolments = enrolments

    async def find(self, account: str, id: str) -> Stored:
        """Raises NotFoundError."""
        return _stored(await self._record(account, id))

    async def page(self, account: str, limit: int, after: str | None, matching: Document) -> Page:
        """`after` is the number of the last contact of the page before."""
        page = await self._of(account).listed(limit, None if after is None else int(after), **matching)
        documents = [_stored(record) for record in page.contacts]
        return Page(documents, None if page.before is None else str(page.before))

    async def create(self, account: str, new: NewContact) -> Stored:
        """Raises ConflictError."""
        try:
            return _stored(await self._of(account).create(cast(ContactChange, new.model_dump())))
        except ExternalIdTakenError as taken:
            raise ConflictError(str(taken)) from None

    async def patch(
        self, account: str, id: str, patch: ContactPatch, require: Callable[[Stored], None]
    ) -> Stored:
        """`require` raises where the contact as it is must not be changed. Raises NotFoundError, ConflictError."""
        sent = patch.model_dump(exclude_unset=True)
        for _ in range(_TRIES):
            before = await self._record(account, id)
            require(_stored(before))
            change = dict(sent)
            if "metadata" in sent:
                merged = {**before.metadata, **sent["metadata"]}
                change["metadata"] = {name: value for name, value in merged.items() if value is not None}
            try:
                after = await self._of(account).patch(id, cast(ContactChange, change), before.revision)
            except ExternalIdTakenError as taken:
                raise ConflictError(str(taken)) from None
            except ContactChangedError:
                continue
            if after is None:
                raise NotFoundError.of(self.title)
            return await self.find(account, id)
        raise ConflictError("Contact is being changed by others; try again")

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """In a step of its own, not in `commit`. Raises ConflictError."""
        try:
            await self._of(account).delete(before.document["id"])
        except ContactChangedError:
            raise ConflictError("Contact is being changed by others; try again") from None

    async def bulk(self, account: str, bulk: Bulk, campaigns: "Campaigns") -> Document:
        """One bad row fails alone. Raises InvalidInputError."""
        if bulk.campaign_id is not None:
            if await campaigns.collection.get(account, bulk.campaign_id) is None:
                raise InvalidInputError("campaign_id is not a campaign of this account")
        rows, complaints = checked_rows(bulk.contacts)
        if bulk.match == "external_id":
            for index, row in list(rows.items()):
                if row.get("external_id") is None:
                    complaints[index] = "external_id is required to match by it"
                    del rows[index]
        outcomes = await self.write(account, list(rows.values()), bulk.mode, bulk.match)
        by_index = dict(zip(rows, outcomes, strict=True))
        results = [
            _result(index, by_index.get(index) or RowOutcome(None, "failed", complaints[index]))
            for index in range(len(bulk.contacts))
        ]
        if bulk.campaign_id is not None:
            await self.enrol(account, bulk.campaign_id, outcomes)
        counts = Counter(result["status"] for result in results)
        return {**{status: counts[status] for status in STATUSES}, "results": results}

    async def write(self, account: str, rows: Sequence[Document], mode: Mode, match: Any) -> list[RowOutcome]:
        """`rows` hold the fields that were given, and are valid."""
        return await self._of(account).bulk(cast(Sequence[ContactChange], rows), mode, match)

    async def enrol(self, account: str, campaign_id: str, outcomes: Sequence[RowOutcome]) -> None:
        ids = [outcome.id for outcome in outcomes if outcome.id is not None]
        if ids:
            await self._enrolments.enrol(account, campaign_id, ids)

    async def _record(self, account: str, id: str) -> ContactRecord:
        """Raises NotFoundError."""
        found = await self._of(account).get(id)
        if found is None:
            raise NotFoundError.of(self.title)
        return found

    def _of(self, account: str) -> AccountContacts:
        return AccountContacts(self._platform.client, self._platform.scope, account)


def checked_rows(given: Sequence[Any]) -> tuple[dict[int, Document], dict[int, str]]:
    """By index: the valid ones, with the fields that were given, and what is wrong with the others."""
    rows: dict[int, Document] = {}
    complaints: dict[int, str] = {}
    for index, row in enumerate(given):
        try:
            contact = validated(NewContact, row, "The contact")
        except InvalidInputError as error:
            complaints[index] = error.detail
        else:
            rows[index] = contact.model_dump(exclude_unset=True)
    return rows, complaints


def _stored(record: ContactRecord) -> Stored:
    """As it is shown."""
    document: Document = {
        "id": record.id,
        "external_id": record.external_id,
        "phone": record.phone,
        "name": record.name,
        "timezone": record.timezone,
        "priority": record.priority,
        "tags": list(record.tags),
        "metadata": record.metadata,
        "do_not_call": record.do_not_call,
        "created_at": times.written(record.created_ms * MILLISECOND),
        "updated_at": times.written(record.updated_ms * MILLISECOND),
    }
    return Stored(packed([document, record.revision]), document)


def _result(index: int, outcome: RowOutcome) -> Document:
    return {"index": index, "id": outcome.id, "status": outcome.status, "detail": outcome.detail or None}
