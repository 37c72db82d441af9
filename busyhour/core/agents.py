"""Human agents and the pools they form: their states, and the table of what may happen in each."""

from typing import Final, final

from busyhour.core.events import (
    AGENT_ACCEPTED,
    AGENT_DECLINED,
    AGENT_DID_NOT_ANSWER,
    AGENT_ENGAGED,
    AGENT_JOINED,
    AGENT_LEAVING,
    AGENT_PAUSED,
    AGENT_READY,
    AGENT_RELEASED,
    AGENT_RESUMED,
    AGENT_RINGING,
    AGENT_TAKEN,
)
from busyhour.core.ids import ABSENT, Instant
from busyhour.core.waiting_line import WaitingCall

OFFLINE: Final = 0
IDLE: Final = 1
RESERVED: Final = 2
TALKING: Final = 3
WRAP_UP: Final = 4
ON_PAUSE: Final = 5
"""At work, and not to be given calls."""
RINGING: Final = 6
"""Reserved, and still to accept."""
BRIEFING: Final = 7
"""Hears what a call is about that is to be transferred, and does not talk with the caller yet."""
AGENT_STATES: Final = (
    "offline",
    "idle",
    "reserved",
    "talking",
    "wrap_up",
    "paused",
    "ringing",
    "briefing",
)

_FREE: Final = (IDLE, RESERVED, RINGING, ON_PAUSE, OFFLINE)

AGENT_TRANSITIONS: Final[dict[tuple[int, int], tuple[int, ...]]] = {
    (OFFLINE, AGENT_JOINED): (IDLE, RESERVED, RINGING),
    (OFFLINE, AGENT_PAUSED): (ON_PAUSE,),
    (IDLE, AGENT_LEAVING): (OFFLINE,),
    (IDLE, AGENT_PAUSED): (ON_PAUSE,),
    (ON_PAUSE, AGENT_RESUMED): (IDLE, RESERVED, RINGING),
    (ON_PAUSE, AGENT_LEAVING): (OFFLINE,),
    (RINGING, AGENT_RINGING): (RINGING,),
    (RINGING, AGENT_ACCEPTED): (RESERVED,),
    (RINGING, AGENT_DECLINED): (IDLE, RINGING, ON_PAUSE, OFFLINE),
    (RINGING, AGENT_DID_NOT_ANSWER): (ON_PAUSE, OFFLINE),
    (RESERVED, AGENT_TAKEN): (TALKING,),
    (RESERVED, AGENT_ENGAGED): (BRIEFING,),
    (RESERVED, AGENT_RELEASED): _FREE,
    (BRIEFING, AGENT_TAKEN): (TALKING,),
    (BRIEFING, AGENT_RELEASED): _FREE,
    (TALKING, AGENT_RELEASED): (WRAP_UP, *_FREE),
    (WRAP_UP, AGENT_READY): _FREE,
    **{
        (state, kind): (state,)
        for state in (RINGING, RESERVED, BRIEFING, TALKING, WRAP_UP)
        for kind in (AGENT_LEAVING, AGENT_JOINED, AGENT_PAUSED, AGENT_RESUMED)
    },
}
"""(agent state, event kind) → the states it may lead to. An agent told to leave finishes the call and its wrap-up, and
so does one who asks for a pause; one told to join, or who resumes, before that stays."""


@final
class Agent:
    """One human agent."""

    __slots__ = ("accepts", "after_call", "call", "id", "pool", "queue", "rings", "since", "state")

    def __init__(self, id: int, pool: int) -> None:
        self.id: int = id
        self.pool: int = pool
        self.state: int = OFFLINE
        self.since: Instant = 0
        self.call: int = ABSENT
        self.queue: int = ABSENT
        self.after_call: int = IDLE
        """What is wished of the agent once the call in hand is done: IDLE, ON_PAUSE or OFFLINE."""
        self.accepts: bool = False
        """Is rung, and has to accept; else a call is put through at once. Configuration, no part of a snapshot."""
        self.rings: int = 0
        """How often the agent has been rung."""


@final
class Ring:
    """An agent who is being rung for `caller` and may accept until `due_at`.

    `transfer` is the number of the call's transfer that asked for the agent; ABSENT for a call from the line.
    """

    __slots__ = ("agent", "caller", "due_at", "transfer")

    def __init__(self, agent: Agent, caller: WaitingCall, transfer: int, due_at: Instant) -> None:
        self.agent: Agent = agent
        self.caller: WaitingCall = caller
        self.transfer: int = transfer
        self.due_at: Instant = due_at


@final
class Pool:
    """Agents with the same queues. `queues` is the order in which a freed agent looks for work."""

    __slots__ = ("campaigns", "id", "idle", "queues", "staffed", "staffed_area", "staffed_at", "steps")

    def __init__(self, id: int, queues: list[int]) -> None:
        self.id: int = id
        self.queues: list[int] = queues
        self.idle: list[Agent] = []
        """Idle agents, longest idle first. A list, whose `pop(0)` costs less than a deque's up to thousands of them."""
        self.campaigns: list[int] = []
        """Campaigns whose pacing watches these agents."""
        self.staffed: int = 0
        """Agents who are not offline; those who have paused are among them."""
        self.staffed_area: int = 0
        """Integral of `staffed` up to `staffed_at`, agent-microseconds."""
        self.staffed_at: Instant = 0
        self.steps: list[tuple[Instant, int]] | None = None
        """(instant, staffed from then on), kept only for who asked by setting a list: a simulation's plots."""

    def staff(self, change: int, now: Instant) -> None:
        self.staffed_area += self.staffed * (now - self.staffed_at)
        self.staffed_at = now
        self.staffed += change
        if self.steps is not None:
            self.steps.append((now, self.staffed))
