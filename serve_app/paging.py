"""Cursors: where a list goes on. Opaque, and good for one account, one list and one filter only."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from serve_app.errors import InvalidInputError

_SEAL_BYTES: Final = 12


def cursor_after(position: str, account: str, template: str, matching: Mapping[str, Any]) -> str:
    sealed = _seal(position, account, template, matching) + position.encode()
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def position_of(cursor: str, account: str, template: str, matching: Mapping[str, Any]) -> str:
    """Raises InvalidInputError for any that `cursor_after` did not write for the same account, list and filter."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = raw[_SEAL_BYTES:].decode()
    except (ValueError, binascii.Error):
        raise InvalidInputError("cursor is not one that this list gave") from None
    if raw[:_SEAL_BYTES] != _seal(position, account, template, matching):
        raise InvalidInputError("cursor is not one that this list gave")
    return position


def _seal(position: str, account: str, template: str, matching: Mapping[str, Any]) -> bytes:
    """No secret: a forged cursor begins elsewhere in the forger's own list, and nowhere else."""
    facts = json.dumps([position, account, template, sorted(matching.items())])
    return hashlib.sha256(facts.encode()).digest()[:_SEAL_BYTES]
