"""Where contacts are kept, as the API needs it."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from busyhour.adapters.valkey.contact_documents import Written
from busyhour.adapters.valkey.documents import Commit, Document, Page, Stored

Mode: TypeAlias = Literal["upsert", "insert", "skip"]
Match: TypeAlias = Literal["external_id", "phone"]


class ContactBook(Protocol):
    """Contacts of every account. `external_id` is unique in an account: a commit that would write another of the same
    is refused as `external_id`.
    """

    async def get(self, account: str, id: str) -> Stored | None: ...

    async def page(self, account: str, limit: int, after: str | None, matching: Mapping[str, object]) -> Page:
        """Newest first; `matching` may hold phone, external_id and tag."""
        ...

    def create(self, commit: Commit, account: str, contact: Document) -> Stored: ...

    def change(self, commit: Commit, account: str, before: Stored, contact: Document) -> Stored: ...

    def delete(self, commit: Commit, account: str, before: Stored) -> None: ...

    async def write_rows(
        self, account: str, rows: Sequence[Document], mode: Mode, match: Match, now: str, ids: Sequence[str]
    ) -> list[Written]:
        """Each row alone: `rows` hold the fields that were given, and a new contact takes its id of `ids`."""
        ...
