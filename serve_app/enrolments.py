"""Who is in which campaign, and how far each one is, as the API needs it."""

from collections.abc import Sequence
from typing import NoReturn, Protocol

from busyhour.adapters.valkey.documents import Document
from serve_app.errors import UnavailableError
from serve_app.runtime import Listed


class Enrolments(Protocol):
    """Counts are `{enrolled, already_enrolled, not_found}`."""

    async def enrol(self, account: str, campaign_id: str, contact_ids: Sequence[str]) -> Document: ...

    async def enrol_tagged(self, account: str, campaign_id: str, tag: str) -> Document:
        """Every contact that has the tag now."""
        ...

    async def count(self, account: str, campaign_id: str) -> int: ...

    async def progress(
        self, account: str, campaign_id: str, status: str | None, limit: int, after: str | None
    ) -> Listed: ...


class NoEnrolments:
    """Where nothing keeps them."""

    def _refuse(self) -> NoReturn:
        raise UnavailableError("The call runtime, which keeps the contacts of campaigns, is not running")

    async def enrol(self, account: str, campaign_id: str, contact_ids: Sequence[str]) -> Document:
        self._refuse()

    async def enrol_tagged(self, account: str, campaign_id: str, tag: str) -> Document:
        self._refuse()

    async def count(self, account: str, campaign_id: str) -> int:
        self._refuse()

    async def progress(
        self, account: str, campaign_id: str, status: str | None, limit: int, after: str | None
    ) -> Listed:
        self._refuse()
