"""Signatures of Standard Webhooks 1.0.0 (symmetric, `v1`)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from busyhour.adapters.identifiers import new_secret
from busyhour.core.ids import SECOND, Instant

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


def make_secret() -> str:
    return _PREFIX + base64.b64encode(new_secret(_SECRET_BYTES)).decode()


def signed_headers(id: str, at: Instant, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Headers of one attempt at `at`; during a rotation both secrets sign."""
    timestamp = str(at // SECOND)
    signed = f"{id}.{timestamp}.".encode() + body
    signatures = (hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX))
