"""Times as documents have them: RFC 3339, UTC, milliseconds."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from busyhour.core.ids import MILLISECOND, Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def written(instant: Instant) -> str:
    """`2026-03-02T17:00:00.000Z`; parts of a millisecond are cut off."""
    at = _EPOCH + timedelta(milliseconds=instant // MILLISECOND)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def read(text: str) -> Instant:
    """Raises ValueError where it is not RFC 3339 with an offset."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError(text)
    at = datetime.fromisoformat(text.upper())
    return (at - _EPOCH) // timedelta(microseconds=1)
