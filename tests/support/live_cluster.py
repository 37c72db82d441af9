"""A live run without processes: the real hosts, on a clock and a network that a seed decides.

Nodes crash at numbered steps and come back from their journals; letters between them take time and get lost when their
addressee is down; a node that is given up may wake and try to go on. Everything else is what runs on a cluster.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from busyhour.core.call import Call
from busyhour.core.ids import ABSENT, MILLISECOND, SECOND, Instant
from busyhour.core.snapshots import call_of_facts
from busyhour.host import RECORDER, Host, Plain
from simulation.admission import SimulatedAdmission
from simulation.assembly import assemble
from simulation.live_part import LivePart, Role
from simulation.scenario import Scenario

TURN = 5 * MILLISECOND
MOST_LETTERS = 1_000


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


@dataclass(order=True)
class Letter:
    arrives: Instant
    number: int
    sender: str
    to: str
    batch: list[tuple[int, Plain]] = field(compare=False)


class Cluster:
    """`crashes`: the share of all steps at which the node that takes it crashes."""

    def __init__(
        self, scenario: Scenario, roles: list[Role], call_hosts: int, seed: int, crashes: float = 0.0
    ):
        self.scenario = scenario
        self.call_hosts = call_hosts
        self.random = Random(seed)
        self.crashes = crashes
        self.now: Instant = scenario.clock.start_us
        self.journals: dict[str, Journal] = {}
        self.nodes = [Node(role) for role in roles]
        self.node_of = {name: node for node in self.nodes for name in node.role.hosts()}
        self.letters: list[Letter] = []
        self.letters_sent = 0
        self.under_way: set[tuple[str, str]] = set()
        self.rows: list[Call] = []
        self.rows_received: dict[str, int] = {}
        self.dials: Counter[tuple[int, int, int]] = Counter()
        """(campaign, contact, attempt) → how often the carrier was told to dial it."""
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
        part.dialer.saw = self._dialed
        for name in node.role.hosts():
            journal = self.journals.setdefault(name, Journal())
            journal.epoch += 1
            node.epochs[name] = journal.epoch
            part.restore(name, journal.snapshot, journal.entries)
        part.begin(self.now)
        node.part = part
        node.next_turn = self.now

    def _dialed(self, call: Call) -> None:
        self.dials[call.campaign, call.contact, call.attempt] += 1

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

    def _step(self, step: str) -> None:
        if self.crashes and self.random.random() < self.crashes:
            self.crashed[step] += 1
            raise Crashed(step)

    # Time ----------------------------------------------------------------------------------------------------------

    def run(self, until: Instant) -> None:
        for node in self.nodes:
            if node.part is None and node.up_at == 0:
                self.start(node)
        while self.now < until:
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
            self.now = min(max(min(times), self.now + 1), until)

    def _due_at(self, node: Node) -> Instant:
        part = node.part
        assert part is not None
        due = part.next_due()
        if part.admission.asked or any(host.has_inputs() for host in part.hosts.values()):
            due = self.now
        return self.now + SECOND if due == ABSENT else max(due, node.next_turn)

    def _turn(self, node: Node) -> bool:
        """False when the node has crashed in it."""
        part = node.part
        assert part is not None
        try:
            part.happen(self.now)
            for name, host in part.hosts.items():
                host.collect(self.now)
                self._step("before append")
                if self._append(name, node.epochs, host):
                    self._step("after append")
                    part.apply(host)
            self._step("after apply")
            while part.admission.asked:
                self._claim(part, part.admission.asked.pop(0))
            self._release(part)
            for name, host in part.hosts.items():
                for to in host.outboxes:
                    self._send(name, host, to)
            self._step("after send")
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
        granted = [call for call in answer.calls if call >= 0]
        self.admitted.update(granted)
        self.holding.update(granted)
        at = max(self.now, host.at)
        entry: Plain = [at, "", 0, "ClaimsAnswered", number, answer.calls]
        due = [at + (30 * MILLISECOND if call % 3 == 0 else 0) for call in granted]
        entry += [answer.blocked_by, answer.retry_at, due]
        self.journals[name].entries.append(json.dumps(entry).encode())
        self._step("after claim")
        host.apply(entry)

    def _release(self, part: LivePart) -> None:
        for log in part.logs:
            for trunk, call, _, _ in log.ended:
                if call in self.holding:
                    self.holding.remove(call)
                    self.trunks[trunk].promised -= 1
            log.ended.clear()

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
        if part is None or to not in part.hosts[sender].outboxes:
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
            return self.rows_received[sender]
        node = self.node_of[to]
        if node.part is None:
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
