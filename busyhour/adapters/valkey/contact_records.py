"""A contact as the store keeps it, and its id, which holds where it is kept."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false
# msgpack brings no types.

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypedDict
from uuid import UUID

import msgpack

from busyhour.core.phones import phone_of, phone_text

NUMBER_BITS: Final = 40
"""Of an id, its last ones: the number of the contact in its account. The store needs no index from id to contact."""
_NUMBERS: Final = (1 << NUMBER_BITS) - 1


class ContactChange(TypedDict, total=False):
    """What is given of a contact; what is left out stays as it was, or is nothing. Whoever gives it has checked it."""

    phone: str
    external_id: str | None
    name: str | None
    timezone: str | None
    priority: int
    tags: Sequence[str]
    metadata: Mapping[str, Any]
    do_not_call: bool


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """One contact of an account. Times are in milliseconds since 1970-01-01 UTC."""

    id: str
    phone: str
    external_id: str | None = None
    name: str | None = None
    timezone: str | None = None
    priority: int = 0
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    do_not_call: bool = False
    """Of the number, not of this contact alone: whoever else has it must not be called either."""
    created_ms: int = 0
    updated_ms: int = 0
    revision: int = 1
    """Counts the changes."""

    @property
    def number(self) -> int:
        return number_of(self.id)

    def changed(self, change: ContactChange, now_ms: int) -> "ContactRecord":
        return replace(self, **change, updated_ms=max(now_ms, self.updated_ms), revision=self.revision + 1)

    def packed(self) -> bytes:
        """As it is stored. `do_not_call` is not there: the account's list of numbers has it."""
        packed = msgpack.packb(
            [
                UUID(self.id).bytes,
                phone_of(self.phone),
                self.external_id,
                self.name,
                self.timezone,
                self.priority,
                list(self.tags),
                json.dumps(self.metadata, separators=(",", ":")).encode() if self.metadata else b"",
                self.created_ms,
                self.updated_ms - self.created_ms,
                self.revision,
            ],
            use_bin_type=False,  # the store's Lua knows none
        )
        assert packed is not None, "without a stream there is an answer"
        return packed

    @staticmethod
    def unpacked(stored: bytes) -> "ContactRecord":
        """What `packed` gave; `do_not_call` remains to be looked up."""
        key, phone, external_id, name, timezone, priority, tags, metadata, created, since, revision = (
            msgpack.unpackb(stored, raw=True)
        )
        return ContactRecord(
            str(UUID(bytes=key)),
            phone_text(phone),
            _text(external_id),
            _text(name),
            _text(timezone),
            priority,
            tuple(tag.decode() for tag in tags),
            json.loads(metadata) if metadata else {},
            False,
            created,
            created + since,
            revision,
        )


def _text(stored: bytes | None) -> str | None:
    return None if stored is None else stored.decode()


def new_record(number: int, change: ContactChange, now_ms: int) -> ContactRecord:
    """A contact that is not there yet; `change` has its phone."""
    return ContactRecord(new_id(number, now_ms), **change, created_ms=now_ms, updated_ms=now_ms)


def new_id(number: int, now_ms: int) -> str:
    """A UUID of version 7 (RFC 9562): the time, 34 random bits, and the contact's number as their counter."""
    chance = secrets.randbits(34)
    high = (now_ms << 16) | (7 << 12) | (chance >> 22)
    low = (0b10 << 62) | ((chance & 0x3FFFFF) << NUMBER_BITS) | number
    return str(UUID(int=(high << 64) | low))


def number_of(id: str) -> int:
    """Of a contact's id; of any other one, a number that nobody has or somebody else. Raises ValueError."""
    return UUID(id).int & _NUMBERS
