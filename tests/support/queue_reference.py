"""The agent queues as the specification says them, in plain lists: what the machine is compared with."""

from dataclasses import dataclass, field
from typing import Any

from busyhour.core.agent_queue import AgentQueues
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
)
from busyhour.core.commands import BeginWrapUp, Command, RingAgent, StopRinging
from busyhour.core.events import (
    AGENT_HUNG_UP,
    OFFER_REFUSED,
    TRANSFER_REFUSED,
    TRANSFER_RINGING,
    AgentAssigned,
    CallEvent,
)
from busyhour.core.ids import SECOND
from busyhour.core.transfer import FAIL_DECLINED, FAIL_NO_ANSWER
from busyhour.core.transfer_events import (
    HandoffQueued,
    TransferAccepted,
    TransferFailed,
    TransferReserved,
)
from busyhour.core.waiting_line import UNLIMITED
from busyhour.core.waiting_line import Queue as CoreQueue

Told = tuple[str, int, int]
RING_TIMEOUT = 12 * SECOND


def places_or_unlimited(places: int | None) -> int:
    return UNLIMITED if places is None else places


@dataclass(frozen=True)
class Setting:
    """`pools[p]`: the queues of pool p in order; `queues[q]`: the pools of queue q in order."""

    pools: list[list[int]]
    queues: list[list[int]]
    agents: list[int]
    """By agent: the pool."""
    places: list[int | None]
    by_priority: list[bool]
    wraps_up: list[bool]
    accepts: list[bool]
    """By agent: is rung, for `RING_TIMEOUT` at most."""

    def machine(self) -> AgentQueues:
        queues = [
            CoreQueue(
                q,
                pools,
                places_or_unlimited(self.places[q]),
                self.by_priority[q],
                self.wraps_up[q],
            )
            for q, pools in enumerate(self.queues)
        ]
        pools = [Pool(p, queues) for p, queues in enumerate(self.pools)]
        machine = AgentQueues(queues, pools, [Agent(a, pool) for a, pool in enumerate(self.agents)])
        for agent in machine.agents:
            agent.accepts = self.accepts[agent.id]
        for queue in queues:
            queue.ring_timeout = RING_TIMEOUT
        for q in range(len(queues)):
            machine.watch(q, q)
        return machine


@dataclass
class Person:
    pool: int
    doing: int = OFFLINE
    call: int | None = None
    queue: int = -1
    since: int = 0
    then: int = IDLE
    """What is wished of the person after the call in hand."""


@dataclass
class Phone:
    """That rings for somebody."""

    agent: int
    queue: int
    priority: int
    transfer: int | None
    due_at: int


@dataclass
class Reference:
    """Answers (what, call, agent), where "failed" has the reason in place of the agent, "handoff" the callback."""

    setting: Setting
    people: list[Person] = field(default_factory=list[Person])
    idle: list[int] = field(default_factory=list[int])
    """Longest idle first, all pools together."""
    waiting: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """(queue, priority, call), in the order of arrival."""
    phones: dict[int, Phone] = field(default_factory=dict[int, Phone])
    """By call."""
    callbacks: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(queue, call)."""

    def __post_init__(self) -> None:
        self.people = [Person(pool) for pool in self.setting.agents]

    def in_line(self, queue: int) -> list[int]:
        own = [(priority, call) for q, priority, call in self.waiting if q == queue]
        if not self.setting.by_priority[queue]:
            return [call for _, call in own]
        return [call for _, call in sorted(own, key=lambda entry: entry[0])]

    def offer(self, queue: int, call: int, priority: int, now: int) -> list[Told]:
        if call in self.in_line(queue) or (call in self.phones and self.phones[call].queue == queue):
            return []
        agent = self._idle_of(queue)
        if agent is not None:
            return self._give(agent, queue, call, priority, now)
        places = self.setting.places[queue]
        if places is not None and len(self.in_line(queue)) >= places:
            return [("refuse", call, -1)]
        self.waiting.append((queue, priority, call))
        return []

    def withdraw(self, queue: int, call: int, now: int) -> list[Told]:
        if call in self.phones:
            agent = self.phones.pop(call).agent
            return [("stop", call, agent), *self._free(agent, now)]
        self._leave_line(queue, call)
        return []

    def transfer(self, queue: int, call: int, number: int, fallback: bool, now: int) -> list[Told]:
        if any(person.call == call for person in self.people):
            return [("refused", call, -1)]
        agent = self._idle_of(queue)
        if agent is not None:
            reserved = ("reserved", call, agent)
            if self.setting.accepts[agent]:
                return [reserved, *self._ring(agent, queue, call, 0, number, now)]
            person = self.people[agent]
            person.doing, person.call, person.queue, person.since = RESERVED, call, queue, now
            return [reserved, ("accepted", call, agent)]
        if not fallback:
            return [("refused", call, -1)]
        self.callbacks.append((queue, call))
        return [("handoff", call, len(self.callbacks))]

    def take(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.call != call:
            return [("hang up", call, -1)]
        if person.doing in (RESERVED, BRIEFING):
            person.doing, person.since = TALKING, now
        return []

    def engage(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.call != call:
            return [("hang up", call, -1)]
        if person.doing == RESERVED:
            person.doing, person.since = BRIEFING, now
        return []

    def release(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.call != call or person.doing not in (RESERVED, BRIEFING, TALKING):
            return []
        if person.doing == TALKING and self.setting.wraps_up[person.queue]:
            person.doing, person.since = WRAP_UP, now
            return [("wrap up", call, agent)]
        return self._free(agent, now)

    def ready(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        return self._free(agent, now) if (person.doing, person.call) == (WRAP_UP, call) else []

    def rings(self, agent: int, call: int, now: int) -> list[Told]:
        phone = self._phone(agent, call)
        return [("rings", call, -1)] if phone is not None and phone.transfer is not None else []

    def accept(self, agent: int, call: int, now: int) -> list[Told]:
        phone = self._phone(agent, call)
        if phone is None:
            return []
        del self.phones[call]
        self.people[agent].doing, self.people[agent].since = RESERVED, now
        return [("assign" if phone.transfer is None else "accepted", call, agent)]

    def decline(self, agent: int, call: int, now: int) -> list[Told]:
        phone = self._phone(agent, call)
        if phone is None:
            return []
        return [*self._pass_on(call, FAIL_DECLINED, now), *self._free(agent, now)]

    def not_answer(self, agent: int, call: int, now: int) -> list[Told]:
        if self._phone(agent, call) is None:
            return []
        told = self._pass_on(call, FAIL_NO_ANSWER, now)
        person = self.people[agent]
        self._away(person, OFFLINE if person.then == OFFLINE else ON_PAUSE, now)
        return told

    def join(self, agent: int, now: int) -> list[Told]:
        return self._back(agent, OFFLINE, now)

    def resume(self, agent: int, now: int) -> list[Told]:
        return self._back(agent, ON_PAUSE, now)

    def leave(self, agent: int, now: int) -> list[Told]:
        return self._go(agent, OFFLINE, now)

    def pause(self, agent: int, now: int) -> list[Told]:
        return self._go(agent, ON_PAUSE, now)

    def due_at(self) -> int | None:
        due = [p.since + 30 * SECOND for p in self.people if p.doing == RESERVED]
        return min([*due, *(phone.due_at for phone in self.phones.values())], default=None)

    def void(self, now: int) -> list[Told]:
        told: list[Told] = []
        for agent, person in enumerate(self.people):
            if person.doing == RESERVED and person.since + 30 * SECOND <= now:
                told += self._free(agent, now)
        for call, phone in list(self.phones.items()):
            if phone.due_at <= now:
                told += [("stop", call, phone.agent), *self.not_answer(phone.agent, call, now)]
        return told

    def _phone(self, agent: int, call: int) -> Phone | None:
        phone = self.phones.get(call)
        return phone if phone is not None and phone.agent == agent else None

    def _idle_of(self, queue: int) -> int | None:
        for pool in self.setting.queues[queue]:
            for agent in self.idle:
                if self.people[agent].pool == pool:
                    self.idle.remove(agent)
                    return agent
        return None

    def _leave_line(self, queue: int, call: int) -> None:
        self.waiting = [entry for entry in self.waiting if (entry[0], entry[2]) != (queue, call)]

    def _pass_on(self, call: int, reason: int, now: int) -> list[Told]:
        phone = self.phones.pop(call)
        if phone.transfer is not None:
            return [("failed", call, reason)]
        agent = self._idle_of(phone.queue)
        if agent is not None:
            return self._give(agent, phone.queue, call, phone.priority, now)
        self.waiting.insert(0, (phone.queue, phone.priority, call))
        return []

    def _back(self, agent: int, away: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.doing == away:
            return self._free(agent, now)
        if person.then == away:
            person.then = IDLE
        return []

    def _go(self, agent: int, away: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.doing not in (IDLE, OFFLINE, ON_PAUSE):
            person.then = away
        elif person.doing != away:
            if person.doing == IDLE:
                self.idle.remove(agent)
            self._away(person, away, now)
        return []

    def _free(self, agent: int, now: int) -> list[Told]:
        person = self.people[agent]
        person.call = None
        if person.then != IDLE:
            self._away(person, person.then, now)
            return []
        for queue in self.setting.pools[person.pool]:
            if line := self.in_line(queue):
                (priority,) = (p for q, p, call in self.waiting if (q, call) == (queue, line[0]))
                self._leave_line(queue, line[0])
                return self._give(agent, queue, line[0], priority, now)
        person.doing, person.since = IDLE, now
        self.idle.append(agent)
        return []

    def _give(self, agent: int, queue: int, call: int, priority: int, now: int) -> list[Told]:
        if self.setting.accepts[agent]:
            return self._ring(agent, queue, call, priority, None, now)
        person = self.people[agent]
        person.doing, person.call, person.queue, person.since = RESERVED, call, queue, now
        return [("assign", call, agent)]

    def _ring(
        self, agent: int, queue: int, call: int, priority: int, transfer: int | None, now: int
    ) -> list[Told]:
        person = self.people[agent]
        person.doing, person.call, person.queue, person.since = RINGING, call, queue, now
        self.phones[call] = Phone(agent, queue, priority, transfer, now + RING_TIMEOUT)
        return [("ring", call, agent)]

    def _away(self, person: Person, away: int, now: int) -> None:
        person.doing, person.call, person.since, person.then = away, None, now, IDLE


def told_by(commands: list[Command]) -> list[Told]:
    """The machine's answers in the reference's words; its reports to campaigns are left out."""
    told: list[Told] = []
    plain: dict[Any, str] = {
        OFFER_REFUSED: "refuse",
        AGENT_HUNG_UP: "hang up",
        TRANSFER_REFUSED: "refused",
        TRANSFER_RINGING: "rings",
    }
    for command in commands:
        if isinstance(command, AgentAssigned):
            told.append(("assign", command.call, command.agent))
        elif isinstance(command, BeginWrapUp):
            told.append(("wrap up", command.call, command.agent))
        elif isinstance(command, RingAgent):
            told.append(("ring", command.call, command.agent))
        elif isinstance(command, StopRinging):
            told.append(("stop", command.call, command.agent))
        elif isinstance(command, TransferReserved):
            told.append(("reserved", command.call, command.agent))
        elif isinstance(command, TransferAccepted):
            told.append(("accepted", command.call, command.agent))
        elif isinstance(command, TransferFailed):
            told.append(("failed", command.call, command.reason))
        elif isinstance(command, HandoffQueued):
            told.append(("handoff", command.call, command.callback))
        elif isinstance(command, CallEvent):
            told.append((plain[command.kind], command.call, -1))
    return told
