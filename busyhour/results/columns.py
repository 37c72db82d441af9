"""A block of rows as whole columns, and what several readers of a block need worked out once."""

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.disposition import (
    ABANDONED,
    END_CANCELLED,
    END_CARRIER_FAILURE,
    END_HORIZON,
    END_NO_CHANNEL,
    END_NO_VOICE_AGENT,
    END_QUEUE_FULL,
    END_TRUNK_DOWN,
    HUMAN,
    OUTBOUND,
)
from busyhour.results.rows import CallRows

Instants = NDArray[np.int64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_SIP_SERVICE_UNAVAILABLE: Final = 503


@final
class Columns:
    """Contiguous copies (fields of packed rows lie unaligned, and every pass over them would pay for it).

    Instants are microseconds since the epoch, -1 absent; see `CALL_ROW` for the meaning of each.
    """

    __slots__ = (
        "agent_no",
        "amd",
        "answered_at",
        "attempt",
        "call_no",
        "campaign",
        "connected_at",
        "contact_no",
        "created_at",
        "dialed_at",
        "direction",
        "disposition",
        "end_reason",
        "ended_at",
        "queue",
        "queued_at",
        "ringing_at",
        "sip_code",
        "trunk",
        "voice_agent",
        "voice_connected_at",
        "wrap_up_us",
    )

    call_no: Numbers
    contact_no: Numbers
    created_at: Instants
    dialed_at: Instants
    ringing_at: Instants
    answered_at: Instants
    queued_at: Instants
    connected_at: Instants
    ended_at: Instants
    wrap_up_us: Numbers
    voice_connected_at: Instants
    agent_no: NDArray[np.int32]
    campaign: NDArray[np.int16]
    queue: NDArray[np.int16]
    trunk: NDArray[np.int16]
    voice_agent: NDArray[np.int16]
    attempt: NDArray[np.int16]
    sip_code: NDArray[np.int16]
    disposition: NDArray[np.int8]
    end_reason: NDArray[np.int8]
    amd: NDArray[np.int8]
    direction: NDArray[np.int8]

    def __init__(self, rows: CallRows) -> None:
        for name in self.__slots__:
            setattr(self, name, np.ascontiguousarray(rows[name]))

    def __len__(self) -> int:
        return len(self.call_no)

    def outbound(self) -> Flags:
        return (self.campaign >= 0) & (self.direction == OUTBOUND)

    def live(self) -> Flags:
        """Recognised as a live answer: offered to a queue or a voice agent, or settled as human or
        abandoned."""
        return (
            (self.queued_at >= 0)
            | (self.voice_connected_at >= 0)
            | (self.disposition == HUMAN)
            | (self.disposition == ABANDONED)
        )

    def blocked(self) -> Flags:
        """Kept off the trunk: no channel, the trunk down, or the carrier's 503. A call cut off later is
        not."""
        return (self.answered_at < 0) & (
            (self.end_reason == END_NO_CHANNEL)
            | (self.end_reason == END_TRUNK_DOWN)
            | ((self.end_reason == END_CARRIER_FAILURE) & (self.sip_code == _SIP_SERVICE_UNAVAILABLE))
        )

    def seized(self) -> Flags:
        """Held a channel: dialled, or came in on a trunk."""
        return (
            (self.trunk >= 0)
            & ((self.dialed_at >= 0) | (self.campaign < 0))
            & (self.end_reason != END_NO_CHANNEL)
        )

    def offered_to_queue(self) -> Flags:
        return (self.queue >= 0) & ((self.queued_at >= 0) | (self.end_reason == END_QUEUE_FULL))

    def left_waiting(self) -> Flags:
        """Gave up waiting for an agent or was sent away; callers whom a voice agent had served before, too."""
        others_doing = (
            (self.end_reason == END_QUEUE_FULL)
            | (self.end_reason == END_CANCELLED)
            | (self.end_reason == END_HORIZON)
        )
        return (self.queued_at >= 0) & (self.connected_at < 0) & ~others_doing

    def offered_to_voice_agent(self) -> Flags:
        turned_away = (self.end_reason == END_NO_VOICE_AGENT) | (
            (self.disposition == ABANDONED) & (self.queued_at < 0)
        )
        return (self.voice_agent >= 0) & ((self.voice_connected_at >= 0) | turned_away)

    def waiting_ended_at(self) -> Instants:
        """The end of the wait in a queue, by an agent or without one; meaningless for a call never queued."""
        return np.where(self.connected_at >= 0, self.connected_at, self.ended_at)

    def voice_ended_at(self) -> Instants:
        """The end of a voice agent's talk: the transfer to a queue, or the call's end."""
        return np.where(self.queued_at >= 0, self.queued_at, self.ended_at)
