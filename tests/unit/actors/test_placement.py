"""Who must leave leaves without losing a call, what is uneven is evened out, and it all comes to rest."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from actors.placement import (
    Bequeath,
    Bind,
    Face,
    Move,
    Node,
    Retire,
    Seat,
    Shards,
    Step,
    spread,
    steps,
    successor_node,
)

ONE, TWO = Node("one", 2), Node("two", 2)
DRAINED = replace(ONE, drained=True)
QUEUES = Seat("queues", "one")
CAMPAIGN = Seat("campaign-0", "two")
FIRST = Seat("calls-0", "one", shards=Shards([0, 2, 4, 6], calls=50))
SECOND = Seat("calls-1", "two", shards=Shards([1, 3, 5, 7], calls=40))
EVEN = [QUEUES, CAMPAIGN, FIRST, SECOND]
FRONT = "calls-0"


def with_shards(seat: Seat, **facts: object) -> Seat:
    assert seat.shards is not None
    return replace(seat, shards=replace(seat.shards, **facts))  # type: ignore[arg-type]


def heir(actor: str, node: str, *open_: int, calls: int = 0, coming: int = 0) -> Seat:
    return Seat(actor, node, shards=Shards(open_, calls=calls, coming=coming))


def test_nothing_is_done_when_all_is_well() -> None:
    assert steps(EVEN, [ONE, TWO], FRONT) == []


def test_a_run_that_begins_is_spread_by_the_nodes_processors() -> None:
    placed = spread(["a", "b", "c", "d", "e", "f"], [Node("small", 1), Node("large", 2)], {})
    assert sorted(placed.values()) == ["large"] * 4 + ["small"] * 2


def test_a_wish_counts_unless_the_node_is_drained() -> None:
    assert spread(["a", "b"], [ONE, TWO], {"b": "one"}) == {"b": "one", "a": "two"}
    assert spread(["a", "b"], [Node("head", 0), TWO], {"b": "head"}) == {"b": "head", "a": "two"}
    assert spread(["a"], [DRAINED, TWO], {"a": "one"}) == {"a": "two"}
    assert spread(["a"], [DRAINED], {}) == {}


def test_a_node_without_processors_takes_actors_where_there_is_no_other() -> None:
    assert spread(["a", "b"], [Node("head", 0), TWO], {}) == {"a": "two", "b": "two"}
    assert spread(["a"], [Node("head", 0), replace(TWO, drained=True)], {}) == {"a": "head"}


def test_who_is_silent_is_succeeded_on_another_node_if_there_is_one() -> None:
    assert successor_node(EVEN, [ONE, TWO], "queues") == "two"
    assert successor_node(EVEN, [ONE, replace(TWO, drained=True)], "queues") == "one"
    assert successor_node(EVEN, [], "queues") == ""


def test_the_actors_of_a_node_that_died_go_on_elsewhere() -> None:
    assert steps(EVEN, [TWO], FRONT) == [Move("queues", "two"), Move("calls-0", "two")]


def test_who_holds_no_line_leaves_a_drained_node_at_once_and_who_does_gets_an_heir() -> None:
    assert steps(EVEN, [DRAINED, TWO], FRONT) == [Move("queues", "two"), Bequeath("calls-0", "two")]


def test_who_starts_is_left_to_it() -> None:
    starting = [replace(QUEUES, works=False), CAMPAIGN, SECOND]
    assert steps(starting, [DRAINED, TWO], "calls-1") == []


def test_nothing_is_closed_before_the_heir_works() -> None:
    leaving = with_shards(FIRST, heir="calls-2")
    new = replace(heir("calls-2", "two"), works=False)
    assert steps([leaving, SECOND, new], [DRAINED, TWO], FRONT) == []
    assert steps([leaving, SECOND, replace(new, works=True)], [DRAINED, TWO], "calls-1") == [
        Bind("calls-0", "calls-2", [0, 2, 4, 6])
    ]


def test_half_of_what_is_open_stays_open() -> None:
    alone = with_shards(FIRST, heir="calls-2")
    new = heir("calls-2", "two")
    assert steps([alone, new], [DRAINED, TWO], FRONT) == [Bind("calls-0", "calls-2", [2, 4])]
    half = with_shards(alone, open=[4, 6], closed=1)
    took_one = heir("calls-2", "two", 0, coming=1)
    assert steps([half, took_one], [DRAINED, TWO], "calls-2") == [Bind("calls-0", "calls-2", [4])]


def test_callers_reach_the_heir_once_it_has_an_open_shard_and_have_one_where_they_came_in_until_then() -> (
    None
):
    leaving = with_shards(FIRST, heir="calls-2", open=[6], closed=3)
    assert steps([leaving, heir("calls-2", "two", coming=3)], [DRAINED, TWO], FRONT) == []
    has_one = [leaving, heir("calls-2", "two", 0, coming=3)]
    assert steps(has_one, [DRAINED, TWO], FRONT) == [Face("calls-2")]
    assert steps(has_one, [DRAINED, TWO], "calls-2") == [Bind("calls-0", "calls-2", [6])]


def test_who_has_no_shard_left_ends_unless_callers_reach_it() -> None:
    empty = with_shards(FIRST, heir="calls-2", open=[])
    new = heir("calls-2", "two", 0, 2, 4, 6)
    assert steps([empty, new], [DRAINED, TWO], FRONT) == []
    assert steps([empty, new], [DRAINED, TWO], "calls-2") == [Retire("calls-0")]


def test_an_heir_whose_node_is_drained_too_passes_on_what_it_gets() -> None:
    leaving = with_shards(FIRST, heir="calls-2")
    between = with_shards(heir("calls-2", "two", coming=1), heir="calls-3")
    last = heir("calls-3", "three")
    nodes = [DRAINED, replace(TWO, drained=True), Node("three", 2)]
    assert steps([leaving, between, last], nodes, "calls-3") == [Bind("calls-0", "calls-3", [0, 2])]


def test_a_drained_node_alone_keeps_what_it_has() -> None:
    assert steps([QUEUES, FIRST], [DRAINED], FRONT) == []


def test_a_node_that_joins_gets_actors_of_calls_one_at_a_time_and_the_least_busy_first() -> None:
    seats = [heir(f"calls-{n}", "one", n, calls=10 * (n + 1)) for n in range(4)]
    assert steps(seats, [ONE, TWO], FRONT) == [Bequeath("calls-0", "two")]
    seats[0] = with_shards(seats[0], heir="calls-4")
    seats.append(heir("calls-4", "two", coming=1))
    assert [type(step) for step in steps(seats, [ONE, TWO], "calls-1")] == [Bind]
    moved = [*seats[1:4], heir("calls-4", "two", 0)]
    assert steps(moved, [ONE, TWO], "calls-4") == [Bequeath("calls-1", "two")]
    even = [*moved[1:3], moved[3], heir("calls-5", "two", 1)]
    assert steps(even, [ONE, TWO], "calls-4") == []


def test_nothing_is_evened_out_while_somebody_starts() -> None:
    seats = [replace(QUEUES, works=False), FIRST, heir("calls-1", "one", 1)]
    assert steps(seats, [ONE, TWO], FRONT) == []


class Cluster:
    """Takes every step at once, and lets one call end between two looks."""

    def __init__(self, seats: list[Seat], nodes: Sequence[Node]) -> None:
        self.seats = {seat.actor: seat for seat in seats}
        self.nodes = nodes
        self.front = next(seat.actor for seat in seats if seat.shards is not None)
        self.bound: dict[int, tuple[str, str]] = {}
        self.lost: list[Step] = []

    def open(self) -> int:
        return sum(len(seat.shards.open) for seat in self.seats.values() if seat.shards is not None)

    def take(self, step: Step) -> None:
        seat = self.seats[step.actor]
        if isinstance(step, Move):
            if seat.shards is not None and seat.node in {node.id for node in self.nodes}:
                self.lost.append(step)
            self.seats[step.actor] = replace(seat, node=step.node)
        elif isinstance(step, Bequeath):
            name = f"heir-{len(self.seats)}-of-{step.actor}"
            self.seats[name] = heir(name, step.node)
            self.seats[step.actor] = with_shards(seat, heir=name)
        elif isinstance(step, Bind):
            assert self.seats[step.to].node not in {node.id for node in self.nodes if node.drained}
            for shard in step.shards:
                if self.open() - 1 > 0:
                    self.bound[shard] = step.actor, step.to
                    self._count(shard)
        elif isinstance(step, Face):
            self.front = step.actor
        else:
            del self.seats[step.actor]
        assert self.open() > 0, "calls may always be admitted"
        answering = self.seats[self.front].shards
        assert answering is not None
        assert answering.open, "callers may always be answered"

    def _count(self, shard: int) -> None:
        old, new = self.bound[shard]
        had, gets = self.seats[old].shards, self.seats[new].shards
        assert had is not None
        assert gets is not None
        rest = [n for n in had.open if n != shard]
        self.seats[old] = with_shards(self.seats[old], open=rest, closed=had.closed + 1)
        self.seats[new] = with_shards(self.seats[new], coming=gets.coming + 1)

    def call_ends(self) -> None:
        """The oldest that is bound, and the shard goes over."""
        if self.bound:
            shard, (old, new) = next(iter(self.bound.items()))
            del self.bound[shard]
            had, gets = self.seats[old].shards, self.seats[new].shards
            assert had is not None
            assert gets is not None
            self.seats[old] = with_shards(self.seats[old], closed=had.closed - 1)
            self.seats[new] = with_shards(self.seats[new], open=[*gets.open, shard], coming=gets.coming - 1)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_taking_the_steps_comes_to_rest_and_loses_no_call(
    seated: list[tuple[int, bool]], drains: list[bool], first: int
) -> None:
    nodes = [Node(f"node-{n}", 1 + n % 2, drained) for n, drained in enumerate(drains)]
    of_calls = [True, *(has_calls for _, has_calls in seated)]
    places = [first, *(node for node, _ in seated)]
    seats = [
        Seat(f"actor-{n}", f"node-{place}", shards=Shards([4 * n, 4 * n + 1]) if has_calls else None)
        for n, (place, has_calls) in enumerate(zip(places, of_calls, strict=True))
    ]
    cluster = Cluster(seats, nodes)
    for _ in range(200):
        todo = steps(list(cluster.seats.values()), nodes, cluster.front)
        if not todo and not cluster.bound:
            break
        for step in todo:
            cluster.take(step)
        cluster.call_ends()
    else:
        raise AssertionError(f"it goes on for ever: {cluster.seats}")
    assert cluster.lost == []
    hosts = [seat for seat in cluster.seats.values() if seat.shards is not None]
    assert len(hosts) == sum(of_calls), "as many actors of calls as there were"
    if not all(node.drained for node in nodes):
        usable = {node.id for node in nodes if not node.drained}
        assert all(seat.node in usable for seat in cluster.seats.values())
        open_shards = sorted(shard for seat in hosts if seat.shards for shard in seat.shards.open)
        assert open_shards == sorted(
            4 * n + i for n, is_host in enumerate(of_calls) if is_host for i in (0, 1)
        )
