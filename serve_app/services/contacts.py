"""Contacts, one by one and by the thousand."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from busyhour.adapters.identifiers import new_id
from busyhour.adapters.valkey.contact_documents import DUPLICATE, Written
from busyhour.adapters.valkey.documents import Commit, CommitRefusedError, Document, Page, Stored
from busyhour.adapters.valkey.once import Effect
from serve_app.contact_book import ContactBook
from serve_app.enrolments import Enrolments
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.schemas.contacts import Bulk, ContactPatch, Mode, NewContact
from serve_app.services.base import answered
from serve_app.validation import validated

if TYPE_CHECKING:
    from serve_app.services.campaigns import Campaigns

_TRIES: Final = 5
STATUSES: Final = ("created", "updated", "skipped", "failed")


class Contacts:
    title: Final = "Contact"

    def __init__(self, platform: Platform, book: ContactBook, enrolments: Enrolments) -> None:
        self._platform = platform
        self._book = book
        self._enrolments = enrolments

    async def find(self, account: str, id: str) -> Stored:
        """Raises NotFoundError."""
        found = await self._book.get(account, id)
        if found is None:
            raise NotFoundError.of(self.title)
        return found

    async def page(self, account: str, limit: int, after: str | None, matching: Document) -> Page:
        return await self._book.page(account, limit, after, matching)

    async def create(self, account: str, new: NewContact, effect: Effect) -> Stored:
        """Raises ConflictError."""
        now = self._platform.now()
        id = self._platform.new_id()
        document: Document = {"id": id, **new.model_dump(), "created_at": now, "updated_at": now}
        stored = self._book.create(effect, account, document)
        answered(effect, stored)
        try:
            await effect.run()
        except CommitRefusedError as refused:
            if refused.condition == "external_id":
                raise ConflictError(DUPLICATE) from None
            raise
        return stored

    async def patch(
        self,
        account: str,
        before: Stored,
        patch: ContactPatch,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Raises ConflictError."""
        sent = patch.model_dump(exclude_unset=True)
        for _ in range(_TRIES):
            require(before)
            document = {**before.document, **sent, "updated_at": self._platform.now()}
            if "metadata" in sent:
                merged = {**before.document["metadata"], **sent["metadata"]}
                document["metadata"] = {name: value for name, value in merged.items() if value is not None}
            commit = begin()
            after = self._book.change(commit, account, before, document)
            try:
                await commit.run()
            except CommitRefusedError as refused:
                if refused.condition == "external_id":
                    raise ConflictError(DUPLICATE) from None
                before = await self.find(account, before.document["id"])
                continue
            return after
        raise ConflictError("Contact is being changed by others; try again")

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """Raises ConflictError."""
        self._book.delete(commit, account, before)
        try:
            await commit.run()
        except CommitRefusedError:
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
            _result(index, by_index.get(index) or Written("failed", None, complaints[index]))
            for index in range(len(bulk.contacts))
        ]
        if bulk.campaign_id is not None:
            await self.enrol(account, bulk.campaign_id, outcomes)
        counts = Counter(result["status"] for result in results)
        return {**{status: counts[status] for status in STATUSES}, "results": results}

    async def write(self, account: str, rows: Sequence[Document], mode: Mode, match: Any) -> list[Written]:
        """`rows` hold the fields that were given, and are valid."""
        now = self._platform.clock()
        ids = [new_id(now + position) for position in range(len(rows))]
        return await self._book.write_rows(account, rows, mode, match, self._platform.now(), ids)

    async def enrol(self, account: str, campaign_id: str, outcomes: Sequence[Written]) -> None:
        ids = [outcome.id for outcome in outcomes if outcome.id is not None and outcome.status != "failed"]
        if ids:
            await self._enrolments.enrol(account, campaign_id, ids)


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


def _result(index: int, outcome: Written) -> Document:
    return {"index": index, "id": outcome.id, "status": outcome.status, "detail": outcome.detail}
