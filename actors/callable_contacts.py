"""Whom a campaign would call if it were launched now, and whom not for what reason."""

from collections import Counter
from typing import Any, Final

from busyhour.adapters.timezones import zone_names
from busyhour.adapters.valkey.contact_records import ContactRecord
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.documents import Document
from busyhour.adapters.valkey.enrolment import COMPLETED, EXHAUSTED, STATUSES, Enrolment, Progress

_PAGE: Final = 500
_DONE: Final = (COMPLETED, EXHAUSTED)


async def callable_contacts(client: Any, scope: str, account: str, campaign_id: str) -> Document:
    """`{callable, excluded: {reason: count}}`. Calling hours exclude nobody: they only make contacts wait."""
    enrolment = Enrolment(client, AccountContacts(client, scope, account), campaign_id)
    excluded: Counter[str] = Counter()
    callable_now = 0
    cursor: dict[int, int] = {}
    while True:
        page = await enrolment.page(cursor, _PAGE)
        progress = await enrolment.of([contact.number for contact in page.contacts])
        for contact, so_far in zip(page.contacts, progress, strict=True):
            reason = _excluded_by(contact, so_far)
            if reason:
                excluded[reason] += 1
            else:
                callable_now += 1
        cursor = page.cursor
        if page.is_last:
            return {"callable": callable_now, "excluded": dict(excluded)}


def _excluded_by(contact: ContactRecord, progress: Progress) -> str:
    """Empty where nothing forbids it."""
    if progress.status in _DONE:
        return STATUSES[progress.status]
    if contact.do_not_call:
        return "do_not_call"
    if contact.timezone and contact.timezone not in zone_names():
        return "unknown_timezone"
    return ""
