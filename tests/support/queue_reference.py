"""The agent queues as the specification says them, in plain lists: what the machine is compared with."""

from dataclasses import dataclass, field
from typing import Any

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import IDLE, OFFLINE, RESERVED, TALKING, WRAP_UP, Agent, Pool
from busyhour.core.commands import BeginWrapUp, Command
from busyhour.core.events import AGENT_HUNG_UP, OFFER_REFUSED, AgentAssigned, CallEvent
from busyhour.core.ids import SECOND
from busyhour.core.waiting_line import UNLIMITED
from busyhour.core.waiting_line import Queue as CoreQueue

Told = tuple[str, int, int]


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
    leaving: bool = False


@dataclass
class Reference:
    """Answers (what, call, agent): "assign", "refuse", "wrap up", "hang up"."""

    setting: Setting
    people: list[Person] = field(default_factory=list[Person])
    idle: list[int] = field(default_factory=list[int])
    """Longest idle first, all pools together."""
    waiting: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """(queue, priority, call), in the order of arrival."""

    def __post_init__(self) -> None:
        self.people = [Person(pool) for pool in self.setting.agents]

    def in_line(self, queue: int) -> list[int]:
        own = [(priority, call) for q, priority, call in self.waiting if q == queue]
        if not self.setting.by_priority[queue]:
            return [call for _, call in own]
        return [call for _, call in sorted(own, key=lambda entry: entry[0])]

    def offer(self, queue: int, call: int, priority: int, now: int) -> list[Told]:
        if call in self.in_line(queue):
            return []
        for pool in self.setting.queues[queue]:
            for agent in self.idle:
                if self.people[agent].pool == pool:
                    self.idle.remove(agent)
                    return self._reserve(agent, queue, call, now)
        places = self.setting.places[queue]
        if places is not None and len(self.in_line(queue)) >= places:
            return [("refuse", call, -1)]
        self.waiting.append((queue, priority, call))
        return []

    def withdraw(self, queue: int, call: int) -> list[Told]:
        self.waiting = [entry for entry in self.waiting if (entry[0], entry[2]) != (queue, call)]
        return []

    def take(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.call != call:
            return [("hang up", call, -1)]
        if person.doing == RESERVED:
            person.doing, person.since = TALKING, now
        return []

    def release(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.call != call or person.doing not in (RESERVED, TALKING):
            return []
        if person.doing == TALKING and self.setting.wraps_up[person.queue]:
            person.doing, person.since = WRAP_UP, now
            return [("wrap up", call, agent)]
        return self._free(agent, now)

    def ready(self, agent: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        return self._free(agent, now) if (person.doing, person.call) == (WRAP_UP, call) else []

    def join(self, agent: int, now: int) -> list[Told]:
        person = self.people[agent]
        person.leaving = False
        return self._free(agent, now) if person.doing == OFFLINE else []

    def leave(self, agent: int, now: int) -> list[Told]:
        person = self.people[agent]
        if person.doing == IDLE:
            self.idle.remove(agent)
            self._offline(person, now)
        elif person.doing != OFFLINE:
            person.leaving = True
        return []

    def due_at(self) -> int | None:
        return min((p.since + 30 * SECOND for p in self.people if p.doing == RESERVED), default=None)

    def void(self, now: int) -> list[Told]:
        told: list[Told] = []
        for agent, person in enumerate(self.people):
            if person.doing == RESERVED and person.since + 30 * SECOND <= now:
                told += self._free(agent, now)
        return told

    def _free(self, agent: int, now: int) -> list[Told]:
        person = self.people[agent]
        person.call = None
        if person.leaving:
            self._offline(person, now)
            return []
        for queue in self.setting.pools[person.pool]:
            if line := self.in_line(queue):
                self.withdraw(queue, line[0])
                return self._reserve(agent, queue, line[0], now)
        person.doing, person.since = IDLE, now
        self.idle.append(agent)
        return []

    def _reserve(self, agent: int, queue: int, call: int, now: int) -> list[Told]:
        person = self.people[agent]
        person.doing, person.call, person.queue, person.since = RESERVED, call, queue, now
        return [("assign", call, agent)]

    def _offline(self, person: Person, now: int) -> None:
        person.doing, person.call, person.since, person.leaving = OFFLINE, None, now, False


def told_by(commands: list[Command]) -> list[Told]:
    """The machine's answers in the reference's words; its reports to campaigns are left out."""
    told: list[Told] = []
    for command in commands:
        if isinstance(command, AgentAssigned):
            told.append(("assign", command.call, command.agent))
        elif isinstance(command, BeginWrapUp):
            told.append(("wrap up", command.call, command.agent))
        elif isinstance(command, CallEvent):
            words: dict[Any, str] = {OFFER_REFUSED: "refuse", AGENT_HUNG_UP: "hang up"}
            told.append((words[command.kind], command.call, -1))
    return told
