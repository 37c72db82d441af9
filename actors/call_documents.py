"""A call as the API shows it, of what its machine is."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from busyhour.adapters.identifiers import id_of
from busyhour.adapters.times import written
from busyhour.adapters.valkey.directory import Record
from busyhour.adapters.valkey.documents import Document
from busyhour.core.call import Call
from busyhour.core.call_states import (
    CALL_STATES,
    CONNECTED,
    CREATED,
    DIALING,
    ENDED,
    RINGING,
    TRANSFERRING,
)
from busyhour.core.disposition import (
    AMD_NONE,
    AMD_RESULTS,
    BUSY,
    DIRECTIONS,
    DISPOSITIONS,
    END_CARRIER_FAILURE,
    END_NO_CHANNEL,
    END_REASONS,
    END_TRUNK_DOWN,
    INVALID,
    NO_ANSWER,
    UNKNOWN,
)
from busyhour.core.ids import ABSENT, SECOND, Instant
from busyhour.core.phones import phone_text
from busyhour.core.transfer import ASKED, FAILURES, REFUSED, TRANSFER_STATES, WAYS

DIRECT: Final = "direct"
"""Of a campaign's facts: it has the calls that somebody has ordered one by one."""
NUMBER: Final = "_number"
"""Of a document: the number of the call's machine; what begins so is not shown."""
TRANSFERS: Final = "_transfers"
"""Of a document: how often a transfer was asked for; the latest is `transfer`, unless it was refused."""
SEQUENCE: Final = "_sequence"
"""Of a document: how many events have told of the call."""

_STATUS: Final = {
    CREATED: "queued",
    DIALING: "dialing",
    RINGING: "ringing",
    TRANSFERRING: "transferring",
    ENDED: "ended",
}
_THE_CARRIERS: Final = (END_CARRIER_FAILURE, END_NO_CHANNEL, END_TRUNK_DOWN)
_THE_CUSTOMERS: Final = (BUSY, NO_ANSWER, INVALID)


class Book:
    """What the numbers of machines stand for."""

    def __init__(self, trunks: Sequence[str]) -> None:
        self.trunks = trunks
        self.known = 0
        """Records that have been read."""
        self._records: dict[str, list[Record]] = {}

    def read(self, records: Sequence[Record]) -> None:
        for record in records:
            self._records.setdefault(record.kind, []).append(record)
        self.known += len(records)

    def campaign(self, number: int) -> Record:
        return self._records["campaign"][number]

    def id_of(self, kind: str, number: int) -> str | None:
        """None for ABSENT."""
        if number == ABSENT:
            return None
        record = self._records[kind][number]
        return record.facts.get("id", record.key)


def queued(id: str, order: Document, created_at: str) -> Document:
    """Of a call that has been ordered and that no machine has yet."""
    return {
        "id": id,
        "status": "queued",
        "direction": "outbound",
        "to": order["to"],
        "from": order["from"],
        "campaign_id": None,
        "contact_id": order["contact_id"],
        "attempt": 1,
        "agent_id": order["agent_id"],
        "queue_id": order["queue_id"],
        "trunk": order["trunk"],
        "disposition": None,
        "end_reason": None,
        "fault": "none",
        "sip_code": None,
        "amd": None,
        "transfer": None,
        "created_at": created_at,
        "dialed_at": None,
        "ringing_at": None,
        "answered_at": None,
        "ended_at": None,
        "duration_s": None,
        "talk_s": None,
        NUMBER: None,
        TRANSFERS: 0,
        SEQUENCE: 0,
    }


def call_id(call: Call) -> str:
    """The same whoever asks."""
    return id_of(call.created_at, call.id)


def begun(call: Call, book: Book, contact_id: str | None) -> Document:
    """Of a call that a campaign makes."""
    record = book.campaign(call.campaign)
    callers: Sequence[str] = record.facts.get("caller_ids") or ()
    order = {
        "to": phone_text(call.phone),
        "from": callers[call.id % len(callers)] if callers else None,
        "contact_id": contact_id,
        "agent_id": None,
        "queue_id": None,
        "trunk": book.trunks[call.trunk],
    }
    return {**queued(call_id(call), order, written(call.created_at)), "campaign_id": record.key}


def told(document: Document, call: Call, book: Book) -> Document:
    """As the machine says that it stands now."""
    has_ended = call.state == ENDED
    facts: Mapping[str, Any] = {
        "status": _status(call),
        "direction": DIRECTIONS[call.direction],
        "attempt": call.attempt,
        "agent_id": book.id_of("agent", call.agent)
        or book.id_of("voice_agent", call.voice_agent)
        or document["agent_id"],
        "queue_id": book.id_of("queue", call.queue),
        "disposition": DISPOSITIONS[call.disposition] if has_ended else None,
        "end_reason": END_REASONS[call.end_reason] if has_ended else None,
        "fault": _fault(call) if has_ended else "none",
        "sip_code": None if call.sip_code == ABSENT else call.sip_code,
        "amd": None if call.amd == AMD_NONE else {"result": AMD_RESULTS[call.amd], "confidence": 1.0},
        "dialed_at": _time(call.dialed_at),
        "ringing_at": _time(call.ringing_at),
        "answered_at": _time(call.answered_at),
        "ended_at": _time(call.ended_at),
        "duration_s": _between(call.answered_at, call.ended_at),
        "talk_s": _between(_talks_since(call), call.ended_at),
        "transfer": _transfer(document, call, book),
        NUMBER: call.id,
        TRANSFERS: 0 if call.transfer is None else call.transfer.number,
    }
    return {**document, **facts}


def _transfer(document: Document, call: Call, book: Book) -> Document | None:
    """The latest one; one that was refused leaves the one before."""
    transfer = call.transfer
    if transfer is None or transfer.state in (ASKED, REFUSED):
        return document["transfer"]
    return {
        "id": id_of(transfer.asked_at, call.id),
        "state": TRANSFER_STATES[transfer.state],
        "kind": WAYS[transfer.way],
        "queue_id": book.id_of("queue", transfer.queue),
        "agent_id": book.id_of("agent", transfer.agent),
        "failure": FAILURES[transfer.failure] or None,
        "asked_at": written(transfer.asked_at),
    }


def event_name(call: Call) -> str:
    return CALL_STATES[call.state]


def _status(call: Call) -> str:
    if call.state == CONNECTED and call.voice_connected_at != ABSENT:
        return "bridged"
    return _STATUS.get(call.state, "in_progress")


def _fault(call: Call) -> str:
    if call.end_reason in _THE_CARRIERS:
        return "carrier"
    if call.disposition == UNKNOWN:
        return "platform"
    return "customer" if call.disposition in _THE_CUSTOMERS else "none"


def _talks_since(call: Call) -> Instant:
    return call.voice_connected_at if call.voice_connected_at != ABSENT else call.connected_at


def _time(instant: Instant) -> str | None:
    return None if instant == ABSENT else written(instant)


def _between(since: Instant, until: Instant) -> float | None:
    return None if ABSENT in (since, until) else round((until - since) / SECOND, 3)
