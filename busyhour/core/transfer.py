"""One transfer: how a call that is with a voice agent comes to a person, or stays where it is.

The call's queue reserves an agent who is idle, in the same step in which it is asked, or refuses. The agent is rung,
accepts, is briefed while the caller stays with the voice agent (a cold transfer leaves the briefing out), and then both
are bridged. Until that instant whatever goes wrong leaves the caller with the voice agent. The machine is a part of its
call's: it decides whether an event fits, and the call acts on the state it leads to.
"""

from typing import Final, final

from busyhour.core.events import (
    AGENT_HUNG_UP,
    BRIEFING_FINISHED,
    CARRIER_LOST,
    HANDOFF_QUEUED,
    HANG_UP_REQUESTED,
    PARTY_HUNG_UP,
    TRANSFER_ACCEPTED,
    TRANSFER_FAILED,
    TRANSFER_REFUSED,
    TRANSFER_RESERVED,
    TRANSFER_RINGING,
)
from busyhour.core.ids import ABSENT, Instant
from busyhour.core.transfer_events import (
    TransferAccepted,
    TransferEvent,
    TransferFailed,
    TransferReserved,
)

WARM: Final = 0
"""The agent is briefed before the caller is put through."""
COLD: Final = 1
"""The caller is put through as soon as the agent accepts."""
WAYS: Final = ("warm", "cold")

NO_FALLBACK: Final = 0
ASYNC_HANDOFF: Final = 1
"""Where no agent is idle, the queue records that the caller is to be called back."""
FALLBACKS: Final = ("none", "async_handoff")

ASKED: Final = 0
RESERVED: Final = 1
RINGING_AGENT: Final = 2
BRIEFING: Final = 3
BRIDGED: Final = 4
FAILED: Final = 5
REFUSED: Final = 6
HANDED_OFF: Final = 7
TRANSFER_STATES: Final = (
    "asked",
    "reserved",
    "ringing_agent",
    "briefing",
    "bridged",
    "failed",
    "refused",
    "handed_off",
)

FAIL_NONE: Final = 0
FAIL_NO_ANSWER: Final = 1
FAIL_DECLINED: Final = 2
FAIL_CALLER_HUNG_UP: Final = 3
FAIL_CARRIER: Final = 4
FAIL_TIMEOUT: Final = 5
FAILURES: Final = (
    "",
    "agent_no_answer",
    "agent_declined",
    "caller_hung_up",
    "carrier_failure",
    "timeout",
)

TRANSFER_TRANSITIONS: Final[dict[tuple[int, int], tuple[int, ...]]] = {
    (ASKED, TRANSFER_RESERVED): (RESERVED,),
    (ASKED, TRANSFER_REFUSED): (REFUSED,),
    (ASKED, HANDOFF_QUEUED): (HANDED_OFF,),
    (RESERVED, TRANSFER_RINGING): (RINGING_AGENT,),
    (RESERVED, TRANSFER_ACCEPTED): (BRIEFING, BRIDGED),
    (RESERVED, TRANSFER_FAILED): (FAILED,),
    (RINGING_AGENT, TRANSFER_ACCEPTED): (BRIEFING, BRIDGED),
    (RINGING_AGENT, TRANSFER_FAILED): (FAILED,),
    (BRIEFING, BRIEFING_FINISHED): (BRIDGED,),
    (BRIEFING, AGENT_HUNG_UP): (FAILED,),
    **{
        (state, kind): (FAILED,)
        for state in (ASKED, RESERVED, RINGING_AGENT, BRIEFING)
        for kind in (PARTY_HUNG_UP, HANG_UP_REQUESTED, CARRIER_LOST)
    },
}
"""(transfer state, kind of the call's event) → the states it may lead to. Where it is neither bridged nor over at its
deadline, it has failed."""


@final
class Transfer:
    """The state machine of one transfer. `due_at` is its deadline; `agent` is ABSENT until one is reserved."""

    __slots__ = (
        "agent",
        "asked_at",
        "due_at",
        "failure",
        "number",
        "queue",
        "state",
        "way",
    )

    def __init__(self, number: int, queue: int, way: int, asked_at: Instant, due_at: Instant) -> None:
        self.number: int = number
        self.queue: int = queue
        self.way: int = way
        self.asked_at: Instant = asked_at
        self.due_at: Instant = due_at
        self.state: int = ASKED
        self.failure: int = FAIL_NONE
        self.agent: int = ABSENT

    def answered(self, event: TransferEvent) -> bool:
        """Take the queue's answer in; False when it is late, double or to an earlier transfer, and changes nothing."""
        if event.number != self.number or (self.state, event.kind) not in TRANSFER_TRANSITIONS:
            return False
        if isinstance(event, TransferAccepted):
            self.state = BRIEFING if self.way == WARM else BRIDGED
            self.agent = event.agent
        elif isinstance(event, TransferReserved):
            self.state = RESERVED
            self.agent = event.agent
        elif isinstance(event, TransferFailed):
            self.fail(event.reason)
        elif event.kind == TRANSFER_RINGING:
            self.state = RINGING_AGENT
        elif event.kind == TRANSFER_REFUSED:
            self.state = REFUSED
        else:
            self.state = HANDED_OFF
        return True

    def heard(self, kind: int) -> bool:
        """The same for an event of the call itself: the briefing is over, or the agent has hung up."""
        if (self.state, kind) not in TRANSFER_TRANSITIONS:
            return False
        if kind == BRIEFING_FINISHED:
            self.state = BRIDGED
        else:
            self.fail(FAIL_DECLINED)
        return True

    def fail(self, reason: int) -> None:
        self.state = FAILED
        self.failure = reason

    def is_over(self) -> bool:
        """Nobody comes: the caller is the voice agent's again."""
        return self.state >= FAILED

    def holds(self, agent: int) -> bool:
        """Whether this agent is on the line already."""
        return self.state == BRIEFING and self.agent == agent
