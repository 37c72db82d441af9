"""A live run without processes: the real hosts, on a clock and a network that a seed decides.

Nodes crash at numbered steps and come back from their journals; letters between them take time, overtake nothing and
get lost when their addressee is down. Everything else is what runs on a cluster.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, cast

from busyhour.core.call import Call
from busyhour.core.ids import ABSENT, MILLISECOND, SECOND, Instant
from busyhour.host import RECORDER, Host
from simulation.admission import SimulatedAdmission
from simulation.live_part import LivePart, Role
from simulation.scenario import Scenario

STEPS: Final = ("before append", "after append", "after apply", "after send")
"""Where a node may crash in a turn; `claim` has its own: the answer is in the journal and nobody has heard it."""
TURN: Final = 5 * MILLISECOND


class Crashed(Exception):
    """The node is no more."""


@dataclass
class Journal:
    epoch: int = 0
    head: int = 0
    entries: list[bytes] = field(default_factory=list[bytes])
    snapshot: bytes | None = None


@dataclass
class Node:
    role: Role
    part: LivePart | None = None
    epochs: dict[str, int] = field(default_factory=dict[str, int])
    up_at: Instant = 0
    next_turn: Instant = 0


class Cluster:
    """`crash(node, step)` is asked at every step of every turn."""

    def __init__(self, scenario: Scenario, roles: list[Role], call_hosts: int, seed: int, crashes: float = 0.0):
        self.scenario = scenario
        self.call_hosts = call_hosts
        self.random = Random(seed)
        self.crashes = crashes
        """How many of the steps crash."""
        self.now: Instant = scenario.clock.start_us
        self.journals: dict[str, Journal] = {}
        self.nodes = [Node(role) for role in roles]
        self.node_of = {name: node for node in self.nodes for name in node.role.hosts()}
        self.letters: list[tuple[Instant, int, str, str, list[tuple[int, list[object]]]]] = []
        self.letters_sent = 0
        self.under_way: set[tuple[str, str]] = set()
        self.rows: list[list[Any]] = []
        self.rows_received: dict[str, int] = {}
        self.dials: Counter[tuple[int, int, int]] = Counter()
        self.crashed: Counter[str] = Counter()
        self.refused_writes = 0
        self.zombies: list[tuple[Node, LivePart, dict[str, int]]] = []
        limits = LivePart(scenario, Role(), call_hosts) if False else None
        assert limits is None
        from simulation.assembly import assemble

        class Nowhere:
            def add(self, chunk: bytes) -> None:
                """None comes."""

        self.world = assemble(scenario, 0, Nowhere())
        self.admission = cast("SimulatedAdmission", self.world.driver.admission)
        self.live: dict[int, set[int]] = {}

    # Nodes ---------------------------------------------------------------------------------------------------------

    def start(self, node: Node) -> None:
        part = LivePart(self.scenario, node.role, self.call_hosts)
        for name in node.role.hosts():
            journal = self.journals.setdefault(name, Journal())
            journal.epoch += 1
            node.epochs[name] = journal.epoch
            part.restore(name, journal.snapshot, journal.entries)
        part.begin(self.now)
        part.dialer.saw = self._dialed
        node.part = part
        node.next_turn = self.now

    def _dialed(self, call: Call) -> None:
        self.dials[call.campaign, call.contact, call.attempt] += 1

    def crash(self, node: Node) -> None:
        node.part = None
        node.up_at = self.now + self.random.randrange(SECOND // 2, 3 * SECOND)
        hosts = set(node.role.hosts())
        self.under_way = {pair for pair in self.under_way if pair[0] not in hosts}

    def maybe_crash(self, step: str) -> None:
        if self.crashes and self.random.random() < self.crashes:
            self.crashed[step] += 1
            raise Crashed(step)

    # Time ----------------------------------------------------------------------------------------------------------

    def run(self, until: Instant) -> None:
        for node in self.nodes:
            if node.part is None:
                self.start(node)
        while self.now < until:
            for node in self.nodes:
                if node.part is None and self.now >= node.up_at:
                    self.start(node)
                if node.part is not None and self._is_due(node):
                    try:
                        self.turn(node)
                    except Crashed:
                        self.crash(node)
            self._deliver()
            self.now = min(max(self._next(), self.now + 1), until)

    def _is_due(self, node: Node) -> bool:
        part = node.part
        assert part is not None
        due = part.next_due()
        busy = any(host.has_inputs() for host in part.hosts.values())
        return self.now >= node.next_turn and (busy or (due != ABSENT and due <= self.now) or bool(part.admission.asked))

    def _next(self) -> Instant:
        instants = [letter[0] for letter in self.letters]
        for node in self.nodes:
            if node.part is None:
                instants.append(node.up_at)
                continue
            due = node.part.next_due()
            if any(host.has_inputs() for host in node.part.hosts.values()) or node.part.admission.asked:
                due = self.now
            if due != ABSENT:
                instants.append(max(due, node.next_turn))
        return min(instants, default=self.now + SECOND)

    def turn(self, node: Node) -> None:
        part = node.part
        assert part is not None
        part.happen(self.now)
        for name, host in part.hosts.items():
            entries = host.collect(self.now)
            if not entries:
                continue
            self.maybe_crash("before append")
            self._append(node, name, entries)
            self.maybe_crash("after append")
            part.apply(host)
        self.maybe_crash("after apply")
        while part.admission.asked:
            self._claim(node, part, part.admission.asked.pop(0))
        self._release(part)
        for name, host in part.hosts.items():
            self._send(name, host)
        self.maybe_crash("after send")
        if self.crashes and self.random.random() < 0.02:
            for name in part.hosts:
                journal = self.journals[name]
                journal.snapshot, journal.entries = part.snapshot(name), []
        node.next_turn = self.now + TURN

    def _append(self, node: Node, name: str, entries: list[bytes]) -> None:
        journal = self.journals[name]
        assert journal.epoch == node.epochs[name], "the owner has the last epoch"
        journal.entries += entries

    def _claim(self, node: Node, part: LivePart, number: int) -> None:
        name = f"campaigns/{number}"
        host = part.hosts[name]
        campaign = host.driver.campaigns[number]
        now = max(self.now, host.at)
        answer = self.admission.claim(number, campaign.claimed, now)
        granted = len(answer.granted)
        trunk = campaign.plan.trunk
        self.live.setdefault(trunk, set()).update(answer.calls)
        entry: list[object] = [now, "", 0, "ClaimsAnswered", number, answer.calls, list(range(granted)), []]
        entry += [answer.blocked_by, answer.retry_at]
        import json

        self.journals[name].entries.append(json.dumps(entry).encode())
        self.maybe_crash("after claim")
        host.apply(entry)

    def _release(self, part: LivePart) -> None:
        for log in part.logs:
            for trunk, call, _ in log.ended:
                live = self.live.setdefault(trunk, set())
                if call in live:
                    live.remove(call)
                    self.admission_trunk(trunk).promised -= 1
            log.ended.clear()

    def admission_trunk(self, trunk: int) -> Any:
        return self.world.carrier.trunks[trunk]

    # Letters -------------------------------------------------------------------------------------------------------

    def _send(self, name: str, host: Host) -> None:
        for to in host.outboxes:
            if (name, to) in self.under_way:
                continue
            batch = host.to_send(to, 1_000)
            if batch:
                self.under_way.add((name, to))
                self.letters_sent += 1
                arrives = self.now + self.random.randrange(MILLISECOND, 20 * MILLISECOND)
                self.letters.append((arrives, self.letters_sent, name, to, batch))

    def _deliver(self) -> None:
        due = sorted(letter for letter in self.letters if letter[0] <= self.now)
        self.letters = [letter for letter in self.letters if letter[0] > self.now]
        for _, _, sender, to, batch in due:
            self._arrive(sender, to, batch)

    def _arrive(self, sender: str, to: str, batch: list[tuple[int, list[object]]]) -> None:
        self.under_way.discard((sender, to))
        origin = self.node_of[sender].part
        if to == RECORDER:
            for number, row in batch:
                if number == self.rows_received.get(sender, 0) + 1:
                    self.rows_received[sender] = number
                    self.rows.append(row)
            if origin is not None:
                origin.hosts[sender].outboxes[to].acknowledged(self.rows_received[sender])
                self._send(sender, origin.hosts[sender])
            return
        node = self.node_of[to]
        if node.part is None:
            if origin is not None:
                origin.hosts[sender].outboxes[to].again()
                node.up_at = min(node.up_at, self.now + SECOND)
                self._later(sender, to)
            return
        host = node.part.hosts[to]
        for number, plain in batch:
            host.note_from(sender, number, plain)
        try:
            # The answer waits for the turn that makes them durable.
            self.turn(node)
        except Crashed:
            self.crash(node)
            if origin is not None and self.node_of[sender].part is origin:
                origin.hosts[sender].outboxes[to].again()
                self._later(sender, to)
            return
        if self.node_of[sender].part is origin and origin is not None and to in origin.hosts[sender].outboxes:
            origin.hosts[sender].outboxes[to].acknowledged(host.received.get(sender, 0))
            origin.hosts[sender].outboxes[to].again()
            self._send(sender, origin.hosts[sender])

    def _later(self, sender: str, to: str) -> None:
        """An attempt to send again, when the addressee may be up."""
        part = self.node_of[sender].part
        if part is not None:
            batch = part.hosts[sender].to_send(to, 1_000)
            if batch:
                self.under_way.add((sender, to))
                self.letters_sent += 1
                self.letters.append((self.now + SECOND // 2, self.letters_sent, sender, to, batch))

    # The end --------------------------------------------------------------------------------------------------------

    def part_with(self, name: str) -> LivePart:
        part = self.node_of[name].part
        assert part is not None
        return part
