"""Human agents and the pools they form: their states, and the table of what may happen in each."""

from typing import Final, final

from busyhour.core.events import AGENT_JOINED, AGENT_LEAVING, AGENT_READY, AGENT_RELEASED, AGENT_TAKEN
from busyhour.core.ids import ABSENT, Instant

OFFLINE: Final = 0
IDLE: Final = 1
RESERVED: Final = 2
TALKING: Final = 3
WRAP_UP: Final = 4
AGENT_STATES: Final = ("offline", "idle", "reserved", "talking", "wrap_up")

AGENT_TRANSITIONS: Final[dict[tuple[int, int], tuple[int, ...]]] = {
    (OFFLINE, AGENT_JOINED): (IDLE, RESERVED),
    (IDLE, AGENT_LEAVING): (OFFLINE,),
    (RESERVED, AGENT_TAKEN): (TALKING,),
    (RESERVED, AGENT_RELEASED): (IDLE, RESERVED, OFFLINE),
    (RESERVED, AGENT_LEAVING): (RESERVED,),
    (RESERVED, AGENT_JOINED): (RESERVED,),
    (TALKING, AGENT_RELEASED): (WRAP_UP, IDLE, RESERVED, OFFLINE),
    (TALKING, AGENT_LEAVING): (TALKING,),
    (TALKING, AGENT_JOINED): (TALKING,),
    (WRAP_UP, AGENT_READY): (IDLE, RESERVED, OFFLINE),
    (WRAP_UP, AGENT_LEAVING): (WRAP_UP,),
    (WRAP_UP, AGENT_JOINED): (WRAP_UP,),
}
"""(agent state, event kind) → the states it may lead to. An agent told to leave finishes the call and its wrap-up;
one told to join again before that stays."""


@final
class Agent:
    """One human agent."""

    __slots__ = ("call", "id", "leaving", "pool", "queue", "since", "state")

    def __init__(self, id: int, pool: int) -> None:
        self.id: int = id
        self.pool: int = pool
        self.state: int = OFFLINE
        self.since: Instant = 0
        self.call: int = ABSENT
        self.queue: int = ABSENT
        self.leaving: bool = False


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
