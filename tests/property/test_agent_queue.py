"""The agent queues against the specification in plain lists: any events, in any order, more than once, at any time."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from busyhour.core.agents import BRIEFING, OFFLINE, RESERVED, RINGING, TALKING, WRAP_UP
from busyhour.core.commands import Command
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
    AgentChanged,
    AgentEvent,
    CallOffered,
    CallWithdrawn,
    QueueEvent,
    WaitingChanged,
)
from busyhour.core.ids import SECOND
from busyhour.core.queue_snapshots import queues_snapshot, restore_queues
from busyhour.core.transfer_events import TransferOffered
from tests.support.machine_invariants import check_queues
from tests.support.queue_reference import Reference, Setting, Told, told_by

pick = st.integers(0, 20)


@st.composite
def settings_of_queues(draw: st.DrawFn) -> Setting:
    queues = draw(st.integers(1, 2))
    pools = [list(draw(st.permutations(range(queues)))) for _ in range(draw(st.integers(1, 2)))]
    if len(pools) > 1 and queues > 1 and draw(st.booleans()):
        pools[1] = [1]
    serving = [[p for p, own in enumerate(pools) if q in own] for q in range(queues)]
    agents = draw(st.lists(st.integers(0, len(pools) - 1), min_size=1, max_size=4))
    return Setting(
        pools=pools,
        queues=[list(draw(st.permutations(own))) for own in serving],
        agents=agents,
        accepts=[draw(st.booleans()) for _ in agents],
        places=[draw(st.sampled_from([None, 0, 1, 2])) for _ in range(queues)],
        by_priority=[draw(st.booleans()) for _ in range(queues)],
        wraps_up=[draw(st.booleans()) for _ in range(queues)],
    )


class QueuesAndReference(RuleBasedStateMachine):
    """Events are those of calls that behave, and any of them again; snapshots are taken at any time."""

    @initialize(setting=settings_of_queues())
    def begin(self, setting: Setting) -> None:
        self.machine = setting.machine()
        self.reference = Reference(setting)
        self.now = 1_000 * SECOND
        self.calls = 0
        self.past: list[QueueEvent] = []
        self.shown = [OFFLINE for _ in setting.agents]
        self.shown_waiting = [0 for _ in setting.queues]
        for agent in range(len(setting.agents)):
            self.tell(AgentEvent(AGENT_JOINED, agent))

    # What a call or an agent may do ---------------------------------------------------------------------------

    @rule(queue=pick, priority=st.integers(0, 2))
    def offer(self, queue: int, priority: int) -> None:
        self.calls += 1
        self.tell(CallOffered(queue % len(self.machine.queues), self.calls, priority))

    @rule(place=pick)
    def withdraw(self, place: int) -> None:
        if self.reference.waiting:
            queue, _, call = self.reference.waiting[place % len(self.reference.waiting)]
            self.tell(CallWithdrawn(queue, call))

    @rule(queue=pick, fallback=st.integers(0, 1))
    def ask_for_a_transfer(self, queue: int, fallback: int) -> None:
        self.calls += 1
        self.tell(TransferOffered(queue % len(self.machine.queues), self.calls, 1, fallback))

    @rule(agent=pick, kind=st.sampled_from([AGENT_TAKEN, AGENT_ENGAGED, AGENT_RELEASED]))
    def take_or_let_go(self, agent: int, kind: int) -> None:
        self.tell_of_an_agent(RESERVED, agent, kind)

    @rule(
        agent=pick,
        kind=st.sampled_from([AGENT_RINGING, AGENT_ACCEPTED, AGENT_DECLINED, AGENT_DID_NOT_ANSWER]),
    )
    def be_rung(self, agent: int, kind: int) -> None:
        self.tell_of_an_agent(RINGING, agent, kind)

    @rule(place=pick)
    def give_up_while_somebody_is_rung(self, place: int) -> None:
        if self.reference.phones:
            call = list(self.reference.phones)[place % len(self.reference.phones)]
            self.tell(CallWithdrawn(self.reference.phones[call].queue, call))

    @rule(agent=pick, kind=st.sampled_from([AGENT_TAKEN, AGENT_RELEASED]))
    def know_what_it_is_about(self, agent: int, kind: int) -> None:
        self.tell_of_an_agent(BRIEFING, agent, kind)

    @rule(agent=pick)
    def finish(self, agent: int) -> None:
        self.tell_of_an_agent(TALKING, agent, AGENT_RELEASED)

    @rule(agent=pick)
    def be_ready(self, agent: int) -> None:
        self.tell_of_an_agent(WRAP_UP, agent, AGENT_READY)

    @rule(agent=pick, kind=st.sampled_from([AGENT_LEAVING, AGENT_JOINED, AGENT_PAUSED, AGENT_RESUMED]))
    def shift(self, agent: int, kind: int) -> None:
        self.tell(AgentEvent(kind, agent % len(self.machine.agents)))

    @precondition(lambda self: self.past)
    @rule(place=st.integers(0, 200))
    def repeat(self, place: int) -> None:
        """A message comes again. Not the offer of a call that has an agent: it gets a second one, whom it lets go."""
        event = self.past[place % len(self.past)]
        with_a_call = (RESERVED, RINGING, BRIEFING, TALKING)
        served = [person.call for person in self.reference.people if person.doing in with_a_call]
        if not isinstance(event, CallOffered) or event.call not in served:
            self.tell(event)

    @rule(seconds=st.sampled_from([0, 1, 12, 29, 30, 31]))
    def let_time_pass(self, seconds: int) -> None:
        until = self.now + seconds * SECOND
        while (due_at := self.reference.due_at()) is not None and due_at <= until:
            assert self.machine.deadline() == due_at
            self.now = max(self.now, due_at)
            self.compare(self.machine.on_deadline(self.now), self.reference.void(self.now))
        self.now = until
        assert self.machine.on_deadline(self.now) == []

    @rule()
    def rebuild(self) -> None:
        machine = self.reference.setting.machine()
        restore_queues(machine, json.loads(json.dumps(queues_snapshot(self.machine))))
        assert queues_snapshot(machine) == queues_snapshot(self.machine)
        self.machine = machine

    # Telling both ---------------------------------------------------------------------------------------------

    def tell_of_an_agent(self, doing: int, place: int, kind: int) -> None:
        those = [number for number, person in enumerate(self.reference.people) if person.doing == doing]
        if those:
            agent = those[place % len(those)]
            self.tell(AgentEvent(kind, agent, self.machine.agents[agent].call))

    def tell(self, event: QueueEvent) -> None:
        self.past.append(event)
        self.compare(self.machine.receive(event, self.now), self.expected(event))

    def expected(self, event: Any) -> list[Told]:
        reference, now = self.reference, self.now
        if isinstance(event, CallOffered):
            return reference.offer(event.queue, event.call, event.priority, now)
        if isinstance(event, CallWithdrawn):
            return reference.withdraw(event.queue, event.call, now)
        if isinstance(event, TransferOffered):
            return reference.transfer(event.queue, event.call, event.number, event.fallback == 1, now)
        wishes = {
            AGENT_JOINED: reference.join,
            AGENT_LEAVING: reference.leave,
            AGENT_PAUSED: reference.pause,
            AGENT_RESUMED: reference.resume,
        }
        if event.kind in wishes:
            return wishes[event.kind](event.agent, now)
        verbs = {
            AGENT_TAKEN: reference.take,
            AGENT_ENGAGED: reference.engage,
            AGENT_RELEASED: reference.release,
            AGENT_READY: reference.ready,
            AGENT_RINGING: reference.rings,
            AGENT_ACCEPTED: reference.accept,
            AGENT_DECLINED: reference.decline,
            AGENT_DID_NOT_ANSWER: reference.not_answer,
        }
        return verbs[event.kind](event.agent, event.call, now)

    def compare(self, commands: list[Command], expected: list[Told]) -> None:
        assert told_by(commands) == expected
        for command in commands:
            if isinstance(command, AgentChanged):
                self.shown[command.agent] = command.state
            elif isinstance(command, WaitingChanged):
                self.shown_waiting[command.campaign] = command.waiting

    # What must hold -------------------------------------------------------------------------------------------

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "machine"):
            return
        for agent, person in zip(self.machine.agents, self.reference.people, strict=True):
            assert (agent.state, agent.after_call, agent.since) == (
                person.doing,
                person.then,
                person.since,
            )
            assert agent.call == (-1 if person.call is None else person.call)
        for queue in self.machine.queues:
            standing = [e.call for line in queue.lines.values() for e in line if not e.gone]
            assert standing == self.reference.in_line(queue.id)
        busy = (RESERVED, RINGING, BRIEFING, TALKING)
        assert list(self.machine.ringing) == list(self.reference.phones)
        callbacks = [(each.queue, each.call) for each in self.machine.callbacks.by_id.values()]
        assert callbacks == self.reference.callbacks
        for agent, shown in zip(self.machine.agents, self.shown, strict=True):
            assert shown == agent.state or (shown in busy and agent.state in busy), (
                "campaigns see who is free"
            )
        assert self.shown_waiting == [queue.waiting for queue in self.machine.queues]

    @invariant()
    def nothing_is_amiss(self) -> None:
        if hasattr(self, "machine"):
            check_queues(self.machine)


TestQueues = QueuesAndReference.TestCase
TestQueues.settings = settings(max_examples=120, stateful_step_count=40)
