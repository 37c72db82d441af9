"""Names for what is new: ids that sort by age, and secrets."""

import secrets
from typing import Final

from busyhour.core.ids import MILLISECOND, Instant

_SUB_MILLISECOND: Final = 4096
"""Values of the 12 bits that follow the milliseconds (RFC 9562, section 6.2, method 3)."""


def new_id(now: Instant) -> str:
    """A UUIDv7: those of a later microsecond sort after those of an earlier one."""
    return _uuid7(now, secrets.randbits(62))


def id_of(at: Instant, number: int) -> str:
    """The UUIDv7 of what is numbered: the same whoever asks, and nobody else's."""
    return _uuid7(at, number & (2**62 - 1))


def _uuid7(at: Instant, rest: int) -> str:
    """`rest`: 62 bits."""
    milliseconds, rest_us = divmod(at, MILLISECOND)
    fraction = rest_us * _SUB_MILLISECOND // MILLISECOND
    number = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | rest
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_token(characters: int) -> str:
    """Letters and digits without meaning, 5.95 bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))


def new_secret(length: int) -> bytes:
    return secrets.token_bytes(length)


_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
