"""A live run without processes whose virtual shards move from node to node, as the map says, when a seed decides."""

from dataclasses import replace

from busyhour.core.ids import ABSENT, MILLISECOND, Instant
from simulation.live_part import Role
from simulation.scenario import Scenario
from tests.support.live_cluster import Cluster, Journal, Node

TOLD_AHEAD = 50 * MILLISECOND
"""How long before callers reach another node it is known."""


class MovingCluster(Cluster):
    """`moves`: the share of turns of nodes that host calls after which one of their shards is bound for another. Each
    keeps one. As often callers reach another node.
    """

    def __init__(
        self,
        scenario: Scenario,
        roles: list[Role],
        call_hosts: int,
        seed: int,
        moves: float,
        crashes: float = 0.0,
        pauses: float = 0.0,
    ) -> None:
        super().__init__(scenario, roles, call_hosts, seed, crashes, pauses)
        self.moves = moves
        self.bound: dict[int, Node] = {}
        self.moved = 0
        self.front = self.node_of["calls/0"]
        self.front_from: Instant = 0
        self.faced = 0
        """How often callers have come to reach another node."""
        self._next_call = 0

    def answers_from(self, node: Node) -> Instant:
        return self.front_from if node is self.front else ABSENT

    def numbered(self, calls: list[int]) -> list[int]:
        """Into open shards."""
        answers: list[int] = []
        for call in calls:
            if call >= 0:
                while self._next_call % self.call_hosts in self.bound:
                    self._next_call += 1
                call, self._next_call = self._next_call, self._next_call + 1
            answers.append(call)
        return answers

    def attend(self, node: Node) -> None:
        part = node.part
        if part is None or not node.role.calls:
            return
        if not part.stopped:
            self._draw(node)
        part.closed = {shard for shard in part.shards if shard in self.bound}
        for shard in sorted(part.closed):
            if part.is_idle(shard):
                self._hand_over(node, shard)
        for shard in node.role.calls:
            if shard not in part.shards:
                self._take(node, shard)

    def _draw(self, node: Node) -> None:
        others = [other for other in self.nodes if other.role.calls and other is not node]
        if self.random.random() < self.moves:
            free = [shard for shard in node.role.calls if shard not in self.bound]
            if len(free) > 1:
                self.bound[self.random.choice(free)] = self.random.choice(others)
        if node is self.front and self.random.random() < self.moves:
            self._face(node, self.random.choice(others))

    def _face(self, node: Node, other: Node) -> None:
        if node.part is None or other.part is None or not other.part.shards:
            return
        self.front, self.front_from = other, self.now + TOLD_AHEAD
        self.faced += 1
        node.part.callers.leave(self.front_from)
        self.take_numbers(other.part)
        other.part.callers.answer(self.front_from)

    def _hand_over(self, node: Node, shard: int) -> None:
        name = f"calls/{shard}"
        part = node.part
        assert part is not None
        snapshot = part.snapshot(name)
        part.forget(shard)
        del node.epochs[name]
        self.journals[name] = Journal(self.journals[name].epoch, [], snapshot)
        self.step("before hand-over")
        to = self.bound.pop(shard)
        node.role = replace(node.role, calls=[n for n in node.role.calls if n != shard])
        to.role = replace(to.role, calls=[*to.role.calls, shard])
        self.node_of[name] = to
        self.moved += 1
        self.step("after hand-over")

    def _take(self, node: Node, shard: int) -> None:
        name = f"calls/{shard}"
        part, journal = node.part, self.journals[name]
        assert part is not None
        journal.epoch += 1
        node.epochs[name] = journal.epoch
        self.step("before taking")
        part.open(name)
        part.restore(name, journal.snapshot, journal.entries)
        part.begin_host(name)
        part.tell_free_sessions(shard)
        self.step("after taking")
