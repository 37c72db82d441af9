"""Queues, the pools of agents that serve them, and who gets whom.

Queues that share agents are one machine, so that no message can reserve one agent twice: live, each group of such
queues is one actor. An idle agent serves the queues of its pool in the pool's order; a call looks through its queue's
pools in the queue's order and takes the agent who has been idle longest. Within a queue the longest-waiting call of
the lowest priority number is served first (non-preemptive); under `fifo` every call has priority 0.
"""

from typing import Final, final

from busyhour.core.agents import (
    BRIEFING,
    IDLE,
    OFFLINE,
    ON_PAUSE,
    RESERVED,
    RINGING,
    TALKING,
    WRAP_UP,
    Agent,
    Pool,
    Ring,
)
from busyhour.core.callbacks import Callbacks
from busyhour.core.commands import Command, Executor
from busyhour.core.events import (
    AGENT_ACCEPTED,
    AGENT_DECLINED,
    AGENT_DID_NOT_ANSWER,
    AGENT_ENGAGED,
    AGENT_HUNG_UP,
    AGENT_JOINED,
    AGENT_LEAVING,
    AGENT_PAUSED,
    AGENT_READY,
    AGENT_RELEASED,
    AGENT_RESUMED,
    AGENT_RINGING,
    AGENT_TAKEN,
    OFFER_REFUSED,
    TRANSFER_REFUSED,
    TRANSFER_RINGING,
    AgentChanged,
    AgentEvent,
    CallEvent,
    CallOffered,
    CallWithdrawn,
    QueueEvent,
    WaitingChanged,
)
from busyhour.core.ids import ABSENT, SECOND, Instant
from busyhour.core.inbox import Inbox
from busyhour.core.transfer import ASYNC_HANDOFF, FAIL_DECLINED, FAIL_NO_ANSWER
from busyhour.core.transfer_events import (
    CallbackEvent,
    HandoffQueued,
    TransferAccepted,
    TransferEvent,
    TransferFailed,
    TransferOffered,
    TransferReserved,
)
from busyhour.core.waiting_line import UNLIMITED, Queue, WaitingCall

RESERVATION_LIMIT: Final = 30 * SECOND
"""A reservation that its call has not taken up by then is void: an agent is never stuck longer without a call."""


@final
class AgentQueues:
    """The machine: a group of queues and the pools that serve them."""

    __slots__ = ("agents", "callbacks", "has_reserved", "illegal_events", "pools", "queues", "ringing")

    def __init__(self, queues: list[Queue], pools: list[Pool], agents: list[Agent]) -> None:
        self.queues: list[Queue] = queues
        self.pools: list[Pool] = pools
        self.agents: list[Agent] = agents
        self.has_reserved: bool = False
        """Somebody may be RESERVED: since the latest reservation nobody has looked and found that none is."""
        self.ringing: dict[int, Ring] = {}
        """Call → the agent who is rung for it, in the order in which the ringing began."""
        self.callbacks: Callbacks = Callbacks()
        self.illegal_events: int = 0

    def watch(self, campaign: int, queue: int) -> None:
        """Tell `campaign` from now on of the agents who serve `queue` and of the calls that wait there."""
        self.queues[queue].campaigns.append(campaign)
        for pool in self.queues[queue].pools:
            self.pools[pool].campaigns.append(campaign)

    def watched(self, campaign: int, queue: int) -> list[Command]:
        """`watch`, for one who comes while agents are at work: what it has missed. Harmless when it watches already."""
        inbox = Inbox()
        if campaign in self.queues[queue].campaigns:
            return inbox.commands
        self.watch(campaign, queue)
        for agent in self.agents:
            if agent.state != OFFLINE and agent.pool in self.queues[queue].pools:
                inbox.event(AgentChanged(campaign, agent.id, agent.state))
        if self.queues[queue].waiting > 0:
            inbox.event(WaitingChanged(campaign, self.queues[queue].waiting))
        return inbox.commands

    def receive(self, event: QueueEvent, now: Instant) -> list[Command]:
        """Take one event in; what is illegal here changes nothing and is counted."""
        inbox = Inbox()
        self.answer(event, now, inbox)
        return inbox.commands

    def answer(self, event: QueueEvent, now: Instant, out: Executor) -> None:
        """The same for a driver: what comes of it is told to `out`."""
        if isinstance(event, AgentEvent):
            self._agent_event(event, now, out)
        elif isinstance(event, CallOffered):
            self.call_offered(event.queue, event.call, event.priority, now, out)
        elif isinstance(event, CallWithdrawn):
            self.call_withdrawn(event.queue, event.call, now, out)
        elif isinstance(event, TransferOffered):
            self._transfer_offered(event, now, out)
        else:
            assert isinstance(event, CallbackEvent), "every class of queue events is here"
            if not self.callbacks.receive(event):
                self.illegal_events += 1

    def deadline(self) -> Instant:
        """When a reservation becomes void or an agent has been rung long enough; ABSENT when neither is due."""
        earliest = ABSENT
        if self.has_reserved:
            for agent in self.agents:
                if agent.state == RESERVED and (
                    earliest == ABSENT or agent.since + RESERVATION_LIMIT < earliest
                ):
                    earliest = agent.since + RESERVATION_LIMIT
            self.has_reserved = earliest != ABSENT
        for ring in self.ringing.values():
            if earliest == ABSENT or ring.due_at < earliest:
                earliest = ring.due_at
        return earliest

    def on_deadline(self, now: Instant) -> list[Command]:
        """Free the agents whose reservation was not taken up in time; take those for absent who did not answer."""
        inbox = Inbox()
        for agent in self.agents:
            if agent.state == RESERVED and agent.since + RESERVATION_LIMIT <= now:
                self._free(agent, now, inbox)
        for call in [call for call, ring in self.ringing.items() if ring.due_at <= now]:
            agent = self.ringing[call].agent
            inbox.stop_ringing(agent.id, call)
            self._did_not_answer(agent, now, inbox)
        return inbox.commands

    def call_offered(self, queue_id: int, call: int, priority: int, now: Instant, out: Executor) -> None:
        """`answer` to a call that asks for an agent."""
        queue = self.queues[queue_id]
        if call in queue.by_call:
            self.illegal_events += 1
            return
        for pool_id in queue.pools if not queue.longest_idle else self._by_idleness(queue):
            pool = self.pools[pool_id]
            if pool.idle:
                agent = pool.idle.pop(0)
                if agent.accepts:
                    caller = WaitingCall(call, priority if queue.by_priority else 0, now)
                    self._ring(agent, queue, caller, ABSENT, now, out)
                else:
                    self._reserve(agent, queue_id, call, now, out)
                return
        if queue.waiting_places != UNLIMITED and queue.waiting >= queue.waiting_places:
            out.event(CallEvent(OFFER_REFUSED, call))
            return
        queue.enter(call, priority, now)
        if queue.campaigns:
            self._report_waiting(queue, out)

    def call_withdrawn(self, queue_id: int, call: int, now: Instant, out: Executor) -> None:
        """`answer` to a call that asks no more."""
        queue = self.queues[queue_id]
        if self.ringing and call in self.ringing:
            self._stop_ringing(call, now, out)
        elif queue.withdraw(call, now):
            self._report_waiting(queue, out)

    def agent_taken(self, agent_id: int, call: int, now: Instant, out: Executor) -> None:
        """`answer` to a call that has taken up its reservation."""
        agent = self.agents[agent_id]
        if agent.call != call:
            # The reservation was void before the call took it up: this agent is idle, or another call's.
            self.illegal_events += 1
            out.event(CallEvent(AGENT_HUNG_UP, call))
            return
        if agent.state != RESERVED and agent.state != BRIEFING:
            self.illegal_events += 1
            return
        agent.state = TALKING
        agent.since = now

    def agent_released(self, agent_id: int, call: int, now: Instant, out: Executor) -> None:
        """`answer` to a call that is done with its agent."""
        agent = self.agents[agent_id]
        state = agent.state
        if agent.call != call or (state != TALKING and state != RESERVED and state != BRIEFING):
            self.illegal_events += 1
            return
        if state == TALKING and self.queues[agent.queue].wraps_up:
            agent.state = WRAP_UP
            agent.since = now
            out.begin_wrap_up(agent_id, call)
            self._report_agent(agent, out)
            return
        self._free(agent, now, out)

    def _agent_event(self, event: AgentEvent, now: Instant, out: Executor) -> None:
        kind = event.kind
        if kind == AGENT_TAKEN:
            self.agent_taken(event.agent, event.call, now, out)
            return
        if kind == AGENT_RELEASED:
            self.agent_released(event.agent, event.call, now, out)
            return
        agent = self.agents[event.agent]
        state = agent.state
        if kind == AGENT_READY:
            if state == WRAP_UP and agent.call == event.call:
                self._free(agent, now, out)
                return
        elif kind <= AGENT_RESUMED:
            if self._asked_of(agent, kind, now, out):
                return
        elif kind == AGENT_ENGAGED:
            if state == RESERVED and agent.call == event.call:
                agent.state = BRIEFING
                agent.since = now
                return
            if agent.call != event.call:
                out.event(CallEvent(AGENT_HUNG_UP, event.call))
        elif state == RINGING and agent.call == event.call:
            self._rung(agent, kind, now, out)
            return
        self.illegal_events += 1

    def _asked_of(self, agent: Agent, kind: int, now: Instant, out: Executor) -> bool:
        """Somebody, perhaps the agent, wants the agent at work, or away once the call in hand is done.

        False when that changes nothing. Of several wishes the latest counts.
        """
        if kind == AGENT_LEAVING or kind == AGENT_PAUSED:
            return self._send_away(agent, OFFLINE if kind == AGENT_LEAVING else ON_PAUSE, now, out)
        away = OFFLINE if kind == AGENT_JOINED else ON_PAUSE
        if agent.state == away:
            if away == OFFLINE:
                self.pools[agent.pool].staff(1, now)
            self._free(agent, now, out)
            return True
        if agent.after_call != away:
            return False
        agent.after_call = IDLE
        return True

    def _send_away(self, agent: Agent, away: int, now: Instant, out: Executor) -> bool:
        state = agent.state
        if state == away or agent.after_call == away:
            return False
        if state == IDLE:
            self.pools[agent.pool].idle.remove(agent)
        elif state == OFFLINE:
            self.pools[agent.pool].staff(1, now)
        elif state != ON_PAUSE:
            agent.after_call = away
            return True
        self._rest(agent, away, now, out)
        return True

    def _free(self, agent: Agent, now: Instant, out: Executor) -> None:
        """The agent looks for work, else is idle; one who was told to leave, or asked for a pause, goes."""
        agent.call = ABSENT
        if agent.after_call != IDLE:
            self._rest(agent, agent.after_call, now, out)
            return
        pool = self.pools[agent.pool]
        for queue_id in pool.queues:
            queue = self.queues[queue_id]
            if queue.waiting > 0:
                caller = queue.next(now)
                if agent.accepts:
                    self._ring(agent, queue, caller, ABSENT, now, out)
                else:
                    self._reserve(agent, queue_id, caller.call, now, out)
                if queue.campaigns:
                    self._report_waiting(queue, out)
                return
        agent.state = IDLE
        agent.since = now
        agent.queue = ABSENT
        pool.idle.append(agent)
        if pool.campaigns:
            self._report_agent(agent, out)

    def _rest(self, agent: Agent, state: int, now: Instant, out: Executor) -> None:
        """The agent is OFFLINE or ON_PAUSE from now on."""
        agent.state = state
        agent.since = now
        agent.after_call = IDLE
        agent.call = ABSENT
        agent.queue = ABSENT
        if state == OFFLINE:
            self.pools[agent.pool].staff(-1, now)
        self._report_agent(agent, out)

    def _reserve(self, agent: Agent, queue: int, call: int, now: Instant, out: Executor) -> None:
        agent.state = RESERVED
        agent.since = now
        agent.call = call
        agent.queue = queue
        self.has_reserved = True
        out.agent_assigned(call, queue, agent.id)
        if self.pools[agent.pool].campaigns:
            self._report_agent(agent, out)

    # Agents who have to accept -----------------------------------------------------------------------------------

    def _ring(
        self,
        agent: Agent,
        queue: Queue,
        caller: WaitingCall,
        transfer: int,
        now: Instant,
        out: Executor,
    ) -> None:
        """Ring the agent for a call that stands in no line."""
        agent.state = RINGING
        agent.since = now
        agent.call = caller.call
        agent.queue = queue.id
        agent.rings += 1
        queue.by_call[caller.call] = caller
        if transfer == ABSENT:
            queue.ring(1, now)
        self.ringing[caller.call] = Ring(agent, caller, transfer, now + queue.ring_timeout)
        out.ring_agent(agent.id, caller.call, agent.rings)
        self._report_agent(agent, out)

    def _rung(self, agent: Agent, kind: int, now: Instant, out: Executor) -> None:
        """The desk tells what comes of it."""
        call = agent.call
        if kind == AGENT_RINGING:
            transfer = self.ringing[call].transfer
            if transfer != ABSENT:
                out.event(TransferEvent(TRANSFER_RINGING, call, transfer))
        elif kind == AGENT_ACCEPTED:
            ring = self._end_ring(call, now)
            agent.state = RESERVED
            agent.since = now
            self.has_reserved = True
            if ring.transfer != ABSENT:
                out.event(TransferAccepted(call, ring.transfer, agent.id))
            else:
                out.agent_assigned(call, agent.queue, agent.id)
        elif kind == AGENT_DECLINED:
            self._pass_on(self._end_ring(call, now), FAIL_DECLINED, now, out)
            self._free(agent, now, out)
        else:
            assert kind == AGENT_DID_NOT_ANSWER, "the table allows no other kind"
            self._did_not_answer(agent, now, out)

    def _did_not_answer(self, agent: Agent, now: Instant, out: Executor) -> None:
        self._pass_on(self._end_ring(agent.call, now), FAIL_NO_ANSWER, now, out)
        self._rest(agent, OFFLINE if agent.after_call == OFFLINE else ON_PAUSE, now, out)

    def _stop_ringing(self, call: int, now: Instant, out: Executor) -> None:
        """The call does not want the agent any more."""
        agent = self._end_ring(call, now).agent
        out.stop_ringing(agent.id, call)
        self._free(agent, now, out)

    def _end_ring(self, call: int, now: Instant) -> Ring:
        ring = self.ringing.pop(call)
        queue = self.queues[ring.agent.queue]
        del queue.by_call[call]
        if ring.transfer == ABSENT:
            queue.ring(-1, now)
        return ring

    def _pass_on(self, ring: Ring, failure: int, now: Instant, out: Executor) -> None:
        """The agent does not come: the call goes to the next one, or back before its line; a transfer has failed."""
        call = ring.caller.call
        queue = self.queues[ring.agent.queue]
        if ring.transfer != ABSENT:
            out.event(TransferFailed(call, ring.transfer, failure))
            return
        agent = self._take_idle(queue)
        if agent is None:
            queue.enter_again(ring.caller, now)
            self._report_waiting(queue, out)
        elif agent.accepts:
            self._ring(agent, queue, ring.caller, ABSENT, now, out)
        else:
            self._reserve(agent, queue.id, call, now, out)

    def _take_idle(self, queue: Queue) -> Agent | None:
        for pool_id in queue.pools if not queue.longest_idle else self._by_idleness(queue):
            pool = self.pools[pool_id]
            if pool.idle:
                return pool.idle.pop(0)
        return None

    def _by_idleness(self, queue: Queue) -> list[int]:
        """Its pools that have somebody idle, the one whose agent has been so longest first."""
        idle = [
            (self.pools[number].idle[0].since, number) for number in queue.pools if self.pools[number].idle
        ]
        return [number for _, number in sorted(idle)]

    # Transfers ----------------------------------------------------------------------------------------------------

    def _transfer_offered(self, event: TransferOffered, now: Instant, out: Executor) -> None:
        """Reserve an agent who is idle now, in this very step, or say that there is none."""
        call = event.call
        queue = self.queues[event.queue]
        for busy in self.agents:
            if busy.call == call:
                # An agent whom an earlier transfer of the call has reserved, and whom it has still to let go.
                out.event(TransferEvent(TRANSFER_REFUSED, call, event.number))
                return
        agent = self._take_idle(queue)
        if agent is not None:
            out.event(TransferReserved(call, event.number, agent.id))
            if agent.accepts:
                self._ring(agent, queue, WaitingCall(call, 0, now), event.number, now, out)
            else:
                agent.state = RESERVED
                agent.since = now
                agent.call = call
                agent.queue = queue.id
                self.has_reserved = True
                out.event(TransferAccepted(call, event.number, agent.id))
                self._report_agent(agent, out)
        elif event.fallback == ASYNC_HANDOFF:
            callback = self.callbacks.record(queue.id, call, now)
            out.event(HandoffQueued(call, event.number, callback.id))
        else:
            out.event(TransferEvent(TRANSFER_REFUSED, call, event.number))

    # What campaigns hear ------------------------------------------------------------------------------------------

    def _report_agent(self, agent: Agent, out: Executor) -> None:
        for campaign in self.pools[agent.pool].campaigns:
            out.event(AgentChanged(campaign, agent.id, agent.state))

    def _report_waiting(self, queue: Queue, out: Executor) -> None:
        for campaign in queue.campaigns:
            out.event(WaitingChanged(campaign, queue.waiting))
