"""A live run without processes: the real hosts, on a clock and a network that a seed decides.

Nodes crash at numbered steps and come back from their journals, or are paused there and wake when they have a successor
or before; letters between them take time and get lost when their addressee is down. Everything else is what runs on a
cluster.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, cast

from busyhour.core.call import Call
from busyhour.core.disposition import END_NO_CHANNEL
from busyhour.core.ids import ABSENT, MILLISECOND, SECOND, Instant
from busyhour.core.snapshots import call_of_facts
from busyhour.host import RECORDER, Host
from busyhour.outbox import Plain
from simulation.admission import SimulatedAdmission
from simulation.assembly import assemble
from simulation.freshness import Fresh
from simulation.live_part import LivePart, Role
from simulation.scenario import Scenario

TURN = 5 * MILLISECOND
MOST_LETTERS = 1_000
LEASE = 5 * SECOND
"""A node that is silent for so long is succeeded."""
AFTER_APPEND = "paused between append and apply"
INBOUND_CALLS = 1_000_000
"""Numbers that a shard takes for those who call in, each time it starts."""


class Crashed(Exception):
    """The node is no more; the step says where it was."""


class Nowhere:
    """Rows of the simulation that nobody wants."""

    def add(self, chunk: bytes) -> None:
        """None comes."""


@dataclass
class Journal:
    epoch: int = 0
    entries: list[bytes] = field(default_factory=list[bytes])
    snapshot: bytes | None = None


@dataclass
class Node:
    role: Role
    part: LivePart | None = None
    epochs: dict[str, int] = field(default_factory=dict[str, int])
    up_at: Instant = 0
    next_turn: Instant = 0
    fresh: Fresh = field(default_factory=lambda: Fresh(lambda: 0.0))


@dataclass
class Sleeper:
    """A paused process: it goes on where it was, whatever has become of its node."""

    node: Node
    part: LivePart
    epochs: dict[str, int]
    fresh: Fresh
    wakes_at: Instant
    is_given_up: bool
    """A successor takes its place."""


@dataclass(order=True)
class Letter:
    arrives: Instant
    number: int
    sender: str
    to: str
    batch: list[tuple[int, Plain]] = field(compare=False)


class Cluster:
    """`crashes`: the share of all steps at which the node that takes it crashes; `pauses`: of those between append and
    apply at which it is paused.
    """

    def __init__(
        self,
        scenario: Scenario,
        roles: list[Role],
        call_hosts: int,
        seed: int,
        crashes: float = 0.0,
        pauses: float = 0.0,
    ):
        self.scenario = scenario
        self.call_hosts = call_hosts
        self.random = Random(seed)
        self.crashes = crashes
        self.pauses = pauses
        self.now: Instant = scenario.clock.start_us
        self.journals: dict[str, Journal] = {}
        self.nodes = [Node(role) for role in roles]
        self.node_of = {name: node for node in self.nodes for name in node.role.hosts()}
        self.letters: list[Letter] = []
        self.letters_sent = 0
        self.under_way: set[tuple[str, str]] = set()
        self.rows: list[Call] = []
        self.turns: dict[int, list[dict[str, object]]] = {}
        """What was said, by call."""
        self.rows_received: dict[str, int] = {}
        self.dials: Counter[tuple[int, int, int]] = Counter()
        """(campaign, contact, attempt) → how often the carrier was told to dial it."""
        self.dialed_by_zombies = 0
        """By a process whose journal had a new owner already."""
        self.sleepers: list[Sleeper] = []
        self.woken: Counter[str] = Counter()
        """What became of sleepers."""
        self.inbound_numbers = INBOUND_CALLS
        self.admitted: set[int] = set()
        """Calls whose claim is in a journal."""
        self.crashed: Counter[str] = Counter()
        self.writes_refused = 0
        limits = assemble(scenario, 0, Nowhere())
        self.trunks = limits.carrier.trunks
        self.admission = cast("SimulatedAdmission", limits.driver.admission)
        self.holding: set[int] = set()
        """Calls that hold one of their trunk's channels."""

    # Nodes ---------------------------------------------------------------------------------------------------------

    def start(self, node: Node) -> None:
        part = LivePart(self.scenario, node.role, self.call_hosts)
        node.epochs = {}
        node.fresh = Fresh(lambda: self.now / SECOND)
        part.dialer.saw = partial(self._dialed, node.epochs)
        answers_from = self.answers_from(node)
        if answers_from != ABSENT:
            self.take_numbers(part)
        for name in node.role.hosts():
            journal = self.journals.setdefault(name, Journal())
            journal.epoch += 1
            node.epochs[name] = journal.epoch
            part.restore(name, journal.snapshot, journal.entries)
        part.begin(self.now, answers_from)
        node.part = part
        node.next_turn = self.now

    def answers_from(self, node: Node) -> Instant:
        """Whose callers the node answers: everybody's, or nobody's."""
        return 0 if 0 in node.role.calls else ABSENT

    def take_numbers(self, part: LivePart) -> None:
        """For callers."""
        if part.callers.sources:
            part.callers.take_numbers(self.inbound_numbers * self.call_hosts)
            self.inbound_numbers += INBOUND_CALLS

    def attend(self, node: Node) -> None:
        """Between two turns of the node."""

    def numbered(self, calls: list[int]) -> list[int]:
        """The answers to a claim, as they are."""
        return calls

    def _dialed(self, epochs: dict[str, int], call: Call) -> None:
        self.dials[call.campaign, call.contact, call.attempt] += 1
        self.dialed_by_zombies += not self._is_owner(epochs)

    def _is_owner(self, epochs: dict[str, int]) -> bool:
        return all(self.journals[name].epoch == epoch for name, epoch in epochs.items())

    def _crash(self, node: Node) -> None:
        part = node.part
        assert part is not None
        node.part = None
        node.up_at = self.now + self.random.randrange(SECOND // 2, 3 * SECOND)
        hosts = set(node.role.hosts())
        self.under_way = {pair for pair in self.under_way if pair[0] not in hosts}
        if self.random.random() < 0.3:
            # It was only paused. Its successor has claimed the journals by the time it wakes.
            self.start(node)
            for host in part.hosts.values():
                host.note(["CarrierLost", 0])
            assert not any(self._append(name, {}, host) for name, host in part.hosts.items())

    def _pause(self, node: Node) -> None:
        """Whoever watches over the node gives it up after LEASE."""
        part = node.part
        assert part is not None
        node.part = None
        wakes_at = self.now + self.random.randrange(SECOND // 10, 4 * LEASE)
        is_given_up = wakes_at > self.now + LEASE
        node.up_at = self.now + LEASE + self.random.randrange(SECOND) if is_given_up else wakes_at + SECOND
        hosts = set(node.role.hosts())
        self.under_way = {pair for pair in self.under_way if pair[0] not in hosts}
        self.sleepers.append(Sleeper(node, part, node.epochs, node.fresh, wakes_at, is_given_up))

    def _wake(self, sleeper: Sleeper) -> None:
        node, part = sleeper.node, sleeper.part
        if not self._apply(part, sleeper.epochs, sleeper.fresh):
            self.woken["gave up"] += 1
        elif sleeper.is_given_up:
            self.woken["has no successor yet"] += 1
        else:
            self.woken["went on"] += 1
            node.part, node.next_turn = part, self.now
            for host in part.hosts.values():
                for outbox in host.outboxes.values():
                    outbox.again()

    def _apply(self, part: LivePart, epochs: dict[str, int], fresh: Fresh) -> bool:
        """As the runner does; False when it finds that it was succeeded."""
        for host in part.hosts.values():
            while not part.apply(host, fresh):
                fresh.renew()
                if not self._is_owner(epochs):
                    return False
        return True

    def step(self, step: str) -> None:
        if self.crashes and self.random.random() < self.crashes:
            self.crashed[step] += 1
            raise Crashed(step)

    # Time ----------------------------------------------------------------------------------------------------------

    def run(self, until: Instant) -> None:
        for node in self.nodes:
            if node.part is None and node.up_at == 0:
                self.start(node)
        while self.now < until:
            for sleeper in [sleeper for sleeper in self.sleepers if sleeper.wakes_at <= self.now]:
                self.sleepers.remove(sleeper)
                self._wake(sleeper)
            for node in self.nodes:
                if node.part is None and self.now >= node.up_at:
                    self.start(node)
                if node.part is not None and self._due_at(node) <= self.now:
                    self._turn(node)
            for letter in sorted(letter for letter in self.letters if letter.arrives <= self.now):
                self.letters.remove(letter)
                self._arrive(letter)
            times = [self._due_at(node) if node.part else node.up_at for node in self.nodes]
            times += [letter.arrives for letter in self.letters]
            times += [sleeper.wakes_at for sleeper in self.sleepers]
            self.now = min(max(min(times), self.now + 1), until)

    def _due_at(self, node: Node) -> Instant:
        part = node.part
        assert part is not None
        due = part.next_due()
        if part.admission.asked or any(host.has_inputs() for host in part.hosts.values()):
            due = self.now
        return node.next_turn + SECOND if due == ABSENT else max(due, node.next_turn)

    def _turn(self, node: Node) -> bool:
        """False when the node has crashed in it, or was paused."""
        part = node.part
        assert part is not None
        try:
            part.happen(self.now)
            for name, host in part.hosts.items():
                host.collect(self.now)
                self.step("before append")
                node.fresh.renew()
                if self._append(name, node.epochs, host):
                    host.appended()
                    self.step("after append")
                    if self.pauses and self.random.random() < self.pauses:
                        self.crashed[AFTER_APPEND] += 1
                        self._pause(node)
                        return False
                    part.apply(host, node.fresh)
            self.step("after apply")
            while part.admission.asked:
                self._claim(part, part.admission.asked.pop(0))
            self._let_in(part)
            self._release(part)
            for name, host in part.hosts.items():
                for to in host.outboxes:
                    self._send(name, host, to)
            self.step("after send")
            self.attend(node)
        except Crashed:
            self._crash(node)
            return False
        if self.crashes and self.random.random() < 0.02:
            for name in part.hosts:
                self.journals[name].snapshot, self.journals[name].entries = part.snapshot(name), []
        node.next_turn = self.now + TURN
        return True

    def _append(self, name: str, epochs: dict[str, int], host: Host) -> bool:
        journal = self.journals[name]
        if journal.epoch != epochs.get(name):
            self.writes_refused += 1
            return False
        journal.entries += host.collected
        return len(host.collected) > 0

    def _claim(self, part: LivePart, number: int) -> None:
        name = f"campaigns/{number}"
        host = part.hosts[name]
        claimed = host.driver.campaigns[number].claimed
        answer = self.admission.claim(number, claimed, max(self.now, host.at))
        calls = self.numbered(answer.calls)
        granted = [call for call in calls if call >= 0]
        self.admitted.update(granted)
        self.holding.update(granted)
        at = max(self.now, host.at)
        entry: Plain = [at, "", 0, "ClaimsAnswered", number, calls]
        due = [at + (30 * MILLISECOND if call % 3 == 0 else 0) for call in granted]
        entry += [answer.blocked_by, answer.retry_at, due]
        self.journals[name].entries.append(json.dumps(entry).encode())
        self.step("after claim")
        host.apply(entry)

    def _let_in(self, part: LivePart) -> None:
        for trunk, call, host in part.intake.arriving:
            if call in host.driver.calls:
                is_full = self.trunks[trunk].is_full()
                part.intake.answer(call, host, END_NO_CHANNEL if is_full else ABSENT)
                if not is_full:
                    self.trunks[trunk].promised += 1
                    self.holding.add(call)
        part.intake.arriving.clear()

    def _release(self, part: LivePart) -> None:
        for log in part.logs.values():
            for trunk, call, _, _ in log.ended:
                if call in self.holding:
                    self.holding.remove(call)
                    self.trunks[trunk].promised -= 1
            log.ended.clear()
        for host in part.hosts.values():
            host.accepted.clear()

    # Letters -------------------------------------------------------------------------------------------------------

    def _send(self, sender: str, host: Host, to: str, after: Instant = 0) -> None:
        batch = host.to_send(to, MOST_LETTERS) if (sender, to) not in self.under_way else []
        if batch:
            self.under_way.add((sender, to))
            self.letters_sent += 1
            arrives = self.now + after + self.random.randrange(MILLISECOND, 20 * MILLISECOND)
            self.letters.append(Letter(arrives, self.letters_sent, sender, to, batch))

    def _arrive(self, letter: Letter) -> None:
        """Its sender hears that it is durable, or sends it again in a while."""
        sender, to = letter.sender, letter.to
        self.under_way.discard((sender, to))
        received = self._take_in(letter)
        part = self.node_of[sender].part
        if part is None or sender not in part.hosts or to not in part.hosts[sender].outboxes:
            return
        outbox = part.hosts[sender].outboxes[to]
        if received is None:
            outbox.again()
            self._send(sender, part.hosts[sender], to, SECOND // 2)
        else:
            outbox.acknowledged(received)
            outbox.again()
            self._send(sender, part.hosts[sender], to)

    def _take_in(self, letter: Letter) -> int | None:
        sender, to = letter.sender, letter.to
        if to == RECORDER:
            for number, row in letter.batch:
                if number == self.rows_received.get(sender, 0) + 1:
                    self.rows_received[sender] = number
                    self.rows.append(call_of_facts(row[1]))
                    if len(row) > 3:
                        self.turns[self.rows[-1].id] = cast("list[dict[str, object]]", row[3])
            return self.rows_received[sender]
        node = self.node_of[to]
        if node.part is None or to not in node.part.hosts:
            return None
        host = node.part.hosts[to]
        for number, plain in letter.batch:
            host.note_from(sender, number, plain)
        return host.received.get(sender, 0) if self._turn(node) else None

    # What there is -------------------------------------------------------------------------------------------------

    def part_with(self, name: str) -> LivePart:
        part = self.node_of[name].part
        assert part is not None, "all nodes are up"
        return part

    def alive(self) -> set[int]:
        """Calls that have not ended."""
        return {call.id for node in self.nodes if node.part for call in node.part.calls()}

    def note(self, host: str, plain: list[Any]) -> None:
        """Somebody does something."""
        self.part_with(host).hosts[host].note(plain)

    def stop(self) -> None:
        """The run is over, for all nodes at once."""
        for node in self.nodes:
            assert node.part is not None, "all nodes are up"
            node.part.stop()
