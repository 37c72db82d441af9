"""Queues, the pools of agents that serve them, and who gets whom.

Queues that share agents are one machine, so that no message can reserve one agent twice: live, each group of such
queues is one actor. An idle agent serves the queues of its pool in the pool's order; a call looks through its queue's
pools in the queue's order and takes the agent who has been idle longest. Within a queue the longest-waiting call of
the lowest priority number is served first (non-preemptive); under `fifo` every call has priority 0.
"""

from typing import Final, final

from busyhour.core.agents import IDLE, OFFLINE, RESERVED, TALKING, WRAP_UP, Agent, Pool
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
from busyhour.core.waiting_line import UNLIMITED, Queue

RESERVATION_LIMIT: Final = 30 * SECOND
"""A reservation that its call has not taken up by then is void: an agent is never stuck longer without a call."""


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
