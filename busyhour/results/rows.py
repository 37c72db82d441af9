"""The row a call leaves behind, as the engine packs it, and the names behind its numbers.

A row is written when its call ends, in the order calls end: `CALL_ROW_STRUCT.pack(...)` in the order of
`CALL_ROW.names`. It is packed little-endian so that the same call is the same bytes on every machine; the
digest of a run is taken over these bytes.

    wait  = (connected_at if connected else ended_at) - queued_at
    talk  = ended_at - connected_at
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.call import Call
from busyhour.core.ids import SECOND, Micros

CALL_ROW: Final = np.dtype(
    [
        ("call_no", "<i8"),
        ("contact_no", "<i8"),  # number of the contact within its campaign; -1: an inbound caller
        ("created_at", "<i8"),  # instants: microseconds since 1970 UTC, -1: did not happen
        ("dialed_at", "<i8"),
        ("ringing_at", "<i8"),
        ("answered_at", "<i8"),
        ("queued_at", "<i8"),  # offered to its queue: arrival, recognised live answer, or transfer
        ("connected_at", "<i8"),  # a human agent took it
        ("ended_at", "<i8"),
        ("wrap_up_us", "<i8"),  # of the agent, after this call; microseconds
        ("voice_connected_at", "<i8"),  # a voice agent took it
        ("agent_no", "<i4"),  # number of the human agent over all pools, -1: none
        ("campaign", "<i2"),  # indices into Names, -1: none
        ("queue", "<i2"),
        ("trunk", "<i2"),
        ("voice_agent", "<i2"),
        ("attempt", "<i2"),  # 1 for a contact's first
        ("sip_code", "<i2"),  # 0: none
        ("disposition", "i1"),  # indices into busyhour.core.disposition's name tuples
        ("end_reason", "i1"),
        ("amd", "i1"),
        ("direction", "i1"),
    ]
)

CALL_ROW_STRUCT: Final = struct.Struct("<11qi6h4b")
"""Packs one row; the same layout as `CALL_ROW`."""

MOST_ATTEMPTS: Final = 2**15 - 1
"""A caller who tries more often is recorded as trying for this time."""


def packed_row(call: Call, wrap_up_us: Micros) -> bytes:
    """The row of an ended call."""
    return CALL_ROW_STRUCT.pack(
        call.id,
        call.contact,
        call.created_at,
        call.dialed_at,
        call.ringing_at,
        call.answered_at,
        call.queued_at,
        call.connected_at,
        call.ended_at,
        wrap_up_us,
        call.voice_connected_at,
        call.agent,
        call.campaign,
        call.queue,
        call.trunk,
        call.voice_agent,
        min(call.attempt, MOST_ATTEMPTS),
        max(call.sip_code, 0),
        call.disposition,
        call.end_reason,
        call.amd,
        call.direction,
    )


_ABSENT_UNLESS_SET: Final = (
    *(
        "contact_no",
        "created_at",
        "dialed_at",
        "ringing_at",
        "answered_at",
        "queued_at",
        "connected_at",
        "ended_at",
    ),
    *("voice_connected_at", "agent_no", "campaign", "queue", "trunk", "voice_agent"),
)

CallRows = NDArray[np.void]
"""A structured array of `CALL_ROW`."""

DEFAULT_SERVICE_THRESHOLD: Final = 20 * SECOND


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers in a row stand for. Plain data: pickles, and is the same for every replication of a
    run."""

    campaigns: Sequence[str] = ()
    queues: Sequence[str] = ()
    trunks: Sequence[str] = ()
    voice_agents: Sequence[str] = ()
    pools: Sequence[str] = ()
    agents: Sequence[str] = ()
    """By agent number, such as "sales/1"."""
    agent_pool: Sequence[int] = ()
    """By agent number: index into `pools`."""
    queue_pools: Sequence[Sequence[int]] = ()
    """By queue: the pools that serve it, as indices into `pools`."""
    service_thresholds: Sequence[int] = ()
    """By queue, microseconds: answered within this counts for the service level. Missing: 20 s."""
    contact_labels: Sequence[Sequence[str] | None] = field(default=())
    """By campaign: the contacts' own ids, or None for "<campaign>-<contact number>"."""

    def service_threshold(self, queue: int) -> int:
        """Microseconds."""
        if queue < len(self.service_thresholds):
            return self.service_thresholds[queue]
        return DEFAULT_SERVICE_THRESHOLD


def rows_of(chunk: bytes) -> CallRows:
    """The rows packed in `chunk`, without a copy. Raises ValueError if it is not a whole number of rows."""
    return np.frombuffer(chunk, dtype=CALL_ROW)


def pack_row(**columns: Any) -> bytes:
    """One row by name, everything not named absent (-1) or zero: for tests and small tools, not for the
    engine."""
    row = np.zeros(1, CALL_ROW)
    for name in _ABSENT_UNLESS_SET:
        row[name] = -1
    for name, value in columns.items():
        row[name] = value
    return row.tobytes()
