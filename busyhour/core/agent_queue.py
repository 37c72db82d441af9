"""Queues, the pools of agents that serve them, and who gets whom.

Queues that share agents are one machine, so that no message can reserve one agent twice: live, each group of such
queues is one actor. An idle agent serves the queues of its pool in the pool's order; a call looks through its queue's
pools in the queue's order and takes the agent who has been idle longest. Within a queue the longest-waiting call of
the lowest priority number is served first (non-preemptive); under `fifo` every call has priority 0.
"""

from collections import deque
from typing import Final, final

from busyhour.core.commands import BeginWrapUp, Command
from busyhour.core.events import (
    AGENT_HUNG_UP,
    AGENT_JOINED,
    AGENT_LEAVING,
    AGENT_READY,
    AGENT_RELEASED,
    AGENT_TAKEN,
    OFFER_REFUSED,
    AgentAssigned,
    AgentChanged,
    AgentEvent,
    CallEvent,
    CallOffered,
    CallWithdrawn,
    QueueEvent,
    WaitingChanged,
)
from busyhour.core.ids import ABSENT, SECOND, Instant

OFFLINE: Final = 0
IDLE: Final = 1
RESERVED: Final = 2
TALKING: Final = 3
WRAP_UP: Final = 4
AGENT_STATES: Final = ("offline", "idle", "reserved", "talking", "wrap_up")

RESERVATION_LIMIT: Final = 30 * SECOND
"""A reservation that its call has not taken up by then is void: an agent is never stuck longer without a call."""

UNLIMITED: Final = ABSENT
"""Waiting places of a queue that turns nobody away."""

GONE_AT_MOST: Final = 64
"""Withdrawn calls, beyond as many as wait, that may stand in a queue's lines."""

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


@final
class WaitingCall:
    """A call that waits. `gone` marks one that was withdrawn but still stands in its line."""

    __slots__ = ("call", "gone", "priority", "since")

    def __init__(self, call: int, priority: int, since: Instant) -> None:
        self.call: int = call
        self.priority: int = priority
        self.since: Instant = since
        self.gone: bool = False


@final
class Queue:
    """Waiting calls of one queue. `pools` is the order in which a call looks for an agent."""

    __slots__ = (
        "by_call",
        "by_priority",
        "campaigns",
        "gone",
        "id",
        "lines",
        "pools",
        "waiting",
        "waiting_area",
        "waiting_at",
        "waiting_max",
        "waiting_places",
        "wraps_up",
    )

    def __init__(
        self, id: int, pools: list[int], waiting_places: int, by_priority: bool, wraps_up: bool
    ) -> None:
        self.id: int = id
        self.pools: list[int] = pools
        self.waiting_places: int = waiting_places
        self.by_priority: bool = by_priority
        self.wraps_up: bool = wraps_up
        self.lines: dict[int, deque[WaitingCall]] = {}
        """Priority → its calls, longest waiting first."""
        self.by_call: dict[int, WaitingCall] = {}
        self.gone: int = 0
        """Withdrawn calls that still stand in a line."""
        self.campaigns: list[int] = []
        self.waiting: int = 0
        self.waiting_max: int = 0
        self.waiting_area: int = 0
        """Integral of `waiting` up to `waiting_at`, call-microseconds."""
        self.waiting_at: Instant = 0

    def enter(self, call: int, priority: int, now: Instant) -> None:
        if not self.by_priority:
            priority = 0
        entry = WaitingCall(call, priority, now)
        line = self.lines.get(priority)
        if line is None:
            line = deque[WaitingCall]()
            self.lines[priority] = line
            self.lines = dict(sorted(self.lines.items()))
        line.append(entry)
        self.by_call[call] = entry
        self._count(1, now)

    def withdraw(self, call: int, now: Instant) -> bool:
        """Take a call out wherever it stands; False when it does not wait here."""
        entry = self.by_call.pop(call, None)
        if entry is None:
            return False
        entry.gone = True
        self._count(-1, now)
        self.gone += 1
        if self.gone > self.waiting + GONE_AT_MOST:
            self._sweep()
        return True

    def next(self, now: Instant) -> int:
        """Take out the call to be served next; ABSENT when none waits."""
        if self.waiting == 0:
            return ABSENT
        for line in self.lines.values():
            while line:
                entry = line.popleft()
                if not entry.gone:
                    del self.by_call[entry.call]
                    self._count(-1, now)
                    return entry.call
                self.gone -= 1
        return ABSENT

    def _sweep(self) -> None:
        """Lines that nobody serves would grow with every caller who gives up."""
        self.gone = 0
        for line in self.lines.values():
            for _ in range(len(line)):
                entry = line.popleft()
                if not entry.gone:
                    line.append(entry)

    def _count(self, change: int, now: Instant) -> None:
        self.waiting_area += self.waiting * (now - self.waiting_at)
        self.waiting_at = now
        self.waiting += change
        if self.waiting > self.waiting_max:
            self.waiting_max = self.waiting


@final
class AgentQueues:
    """The machine: a group of queues and the pools that serve them."""

    __slots__ = ("agents", "illegal_events", "pools", "queues", "reserved")

    def __init__(self, queues: list[Queue], pools: list[Pool], agents: list[Agent]) -> None:
        self.queues: list[Queue] = queues
        self.pools: list[Pool] = pools
        self.agents: list[Agent] = agents
        self.reserved: int = 0
        self.illegal_events: int = 0

    def watch(self, campaign: int, queue: int) -> None:
        """Tell `campaign` from now on of the agents who serve `queue` and of the calls that wait there."""
        self.queues[queue].campaigns.append(campaign)
        for pool in self.queues[queue].pools:
            self.pools[pool].campaigns.append(campaign)

    def watched(self, campaign: int, queue: int) -> list[Command]:
        """`watch`, for one who comes while agents are at work: what it has missed. Harmless when it watches already."""
        commands: list[Command] = []
        if campaign in self.queues[queue].campaigns:
            return commands
        self.watch(campaign, queue)
        for agent in self.agents:
            if agent.state != OFFLINE and agent.pool in self.queues[queue].pools:
                commands.append(AgentChanged(campaign, agent.id, agent.state))
        if self.queues[queue].waiting > 0:
            commands.append(WaitingChanged(campaign, self.queues[queue].waiting))
        return commands

    def receive(self, event: QueueEvent, now: Instant) -> list[Command]:
        """Take one event in; what is illegal here changes nothing and is counted."""
        commands: list[Command] = []
        self.answer(event, now, commands)
        return commands

    def answer(self, event: QueueEvent, now: Instant, commands: list[Command]) -> None:
        """The same for a driver, which has what comes of it appended to its inbox."""
        if isinstance(event, AgentEvent):
            self.agent_event(event, now, commands)
        elif isinstance(event, CallOffered):
            self._offered(event, now, commands)
        elif isinstance(event, CallWithdrawn):
            queue = self.queues[event.queue]
            if queue.withdraw(event.call, now):
                self._report_waiting(queue, commands)

    def deadline(self) -> Instant:
        """When the oldest reservation becomes void; ABSENT when no agent is reserved."""
        earliest = ABSENT
        if self.reserved > 0:
            for agent in self.agents:
                if agent.state == RESERVED and (
                    earliest == ABSENT or agent.since + RESERVATION_LIMIT < earliest
                ):
                    earliest = agent.since + RESERVATION_LIMIT
        return earliest

    def on_deadline(self, now: Instant) -> list[Command]:
        """Free the agents whose reservation was not taken up in time."""
        commands: list[Command] = []
        for agent in self.agents:
            if agent.state == RESERVED and agent.since + RESERVATION_LIMIT <= now:
                self.reserved -= 1
                self._free(agent, now, commands)
        return commands

    def _offered(self, event: CallOffered, now: Instant, commands: list[Command]) -> None:
        queue = self.queues[event.queue]
        if event.call in queue.by_call:
            self.illegal_events += 1
            return
        for pool_id in queue.pools:
            pool = self.pools[pool_id]
            if pool.idle:
                self._reserve(pool.idle.pop(0), queue.id, event.call, now, commands)
                return
        if queue.waiting_places != UNLIMITED and queue.waiting >= queue.waiting_places:
            commands.append(CallEvent(OFFER_REFUSED, event.call))
            return
        queue.enter(event.call, event.priority, now)
        self._report_waiting(queue, commands)

    def agent_event(self, event: AgentEvent, now: Instant, commands: list[Command]) -> None:
        """`answer` to the most frequent class of events."""
        agent = self.agents[event.agent]
        kind = event.kind
        state = agent.state
        if kind == AGENT_TAKEN:
            if state == RESERVED and agent.call == event.call:
                self.reserved -= 1
                agent.state = TALKING
                agent.since = now
                return
            if agent.call != event.call:
                # The reservation was void before the call took it up: this agent is idle, or another call's.
                commands.append(CallEvent(AGENT_HUNG_UP, event.call))
        elif kind == AGENT_RELEASED:
            if agent.call == event.call and (state == TALKING or state == RESERVED):
                if state == TALKING and self.queues[agent.queue].wraps_up:
                    agent.state = WRAP_UP
                    agent.since = now
                    commands.append(BeginWrapUp(agent.id, event.call))
                    self._report_agent(agent, commands)
                    return
                if state == RESERVED:
                    self.reserved -= 1
                self._free(agent, now, commands)
                return
        elif kind == AGENT_READY:
            if state == WRAP_UP and agent.call == event.call:
                self._free(agent, now, commands)
                return
        elif kind == AGENT_JOINED:
            if state != OFFLINE and agent.leaving:
                agent.leaving = False
                return
            if state == OFFLINE:
                agent.leaving = False
                self.pools[agent.pool].staff(1, now)
                self._free(agent, now, commands)
                return
        elif kind == AGENT_LEAVING:
            if state == IDLE:
                self.pools[agent.pool].idle.remove(agent)
                self._go_offline(agent, now, commands)
                return
            if state != OFFLINE and not agent.leaving:
                agent.leaving = True
                return
        self.illegal_events += 1

    def _free(self, agent: Agent, now: Instant, commands: list[Command]) -> None:
        """The agent looks for work, else is idle; one who was told to leave goes."""
        agent.call = ABSENT
        if agent.leaving:
            self._go_offline(agent, now, commands)
            return
        pool = self.pools[agent.pool]
        for queue_id in pool.queues:
            queue = self.queues[queue_id]
            if queue.waiting > 0:
                call = queue.next(now)
                self._reserve(agent, queue_id, call, now, commands)
                self._report_waiting(queue, commands)
                return
        agent.state = IDLE
        agent.since = now
        agent.queue = ABSENT
        pool.idle.append(agent)
        if pool.campaigns:
            self._report_agent(agent, commands)

    def _go_offline(self, agent: Agent, now: Instant, commands: list[Command]) -> None:
        agent.state = OFFLINE
        agent.since = now
        agent.leaving = False
        agent.queue = ABSENT
        self.pools[agent.pool].staff(-1, now)
        self._report_agent(agent, commands)

    def _reserve(self, agent: Agent, queue: int, call: int, now: Instant, commands: list[Command]) -> None:
        agent.state = RESERVED
        agent.since = now
        agent.call = call
        agent.queue = queue
        self.reserved += 1
        commands.append(AgentAssigned(call, queue, agent.id))
        if self.pools[agent.pool].campaigns:
            self._report_agent(agent, commands)

    def _report_agent(self, agent: Agent, commands: list[Command]) -> None:
        for campaign in self.pools[agent.pool].campaigns:
            commands.append(AgentChanged(campaign, agent.id, agent.state))

    def _report_waiting(self, queue: Queue, commands: list[Command]) -> None:
        for campaign in queue.campaigns:
            commands.append(WaitingChanged(campaign, queue.waiting))
