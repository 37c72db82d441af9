"""What lives nowhere is started, what must leave leaves without losing a call, what is uneven is evened out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from actors.placement import Close, Node, Open, Seat, Start, Step, spread, steps

ONE, TWO = Node("one", 2), Node("two", 2)
QUEUES = Seat("queues", "one")
CAMPAIGN = Seat("campaign-0", "one")
CALLS = [Seat("calls-0", "one", calls=50), Seat("calls-1", "two", calls=40)]
EVEN = [QUEUES, Seat("campaign-0", "two"), *CALLS]


def test_nothing_is_done_when_all_is_well() -> None:
    assert steps(EVEN, [ONE, TWO]) == []


def test_a_run_that_begins_is_spread_by_the_nodes_processors() -> None:
    placed = spread(["a", "b", "c", "d", "e", "f"], [Node("small", 1), Node("large", 2)])
    assert sorted(placed.values()) == ["large"] * 4 + ["small"] * 2


def test_an_actor_that_lives_nowhere_is_started_where_there_is_most_room() -> None:
    seats = [QUEUES, CAMPAIGN, Seat("recorder", None), *CALLS]
    assert steps(seats, [ONE, TWO]) == [Start("recorder", "two")]


def test_the_actors_of_a_node_that_died_start_on_another() -> None:
    assert steps(EVEN, [TWO]) == [Start("queues", "two"), Start("calls-0", "two")]


def test_who_holds_no_line_leaves_a_drained_node_at_once_and_who_does_is_closed_first() -> None:
    drained = [replace(ONE, drained=True), TWO]
    assert steps(EVEN, drained) == [Start("queues", "two"), Close("calls-0")]


def test_a_closed_actor_waits_for_its_calls_and_then_leaves() -> None:
    drained = [replace(ONE, drained=True), TWO]
    waiting = [Seat("calls-0", "one", calls=3, closed=True), CALLS[1]]
    assert steps(waiting, drained) == []
    assert steps([replace(waiting[0], calls=0), CALLS[1]], drained) == [Start("calls-0", "two")]


def test_the_last_open_actor_of_calls_is_closed_to_empty_a_node_and_not_to_even_things_out() -> None:
    assert steps([CALLS[0]], [replace(ONE, drained=True), TWO]) == [Close("calls-0")]
    assert steps([QUEUES, CAMPAIGN, CALLS[0]], [ONE, TWO]) == []


def test_a_drained_node_alone_keeps_what_it_has() -> None:
    assert steps(EVEN[:1], [replace(ONE, drained=True)]) == []


def test_a_node_that_joins_gets_actors_of_calls_one_at_a_time() -> None:
    seats = [Seat(f"calls-{n}", "one", calls=10 * (n + 1)) for n in range(4)]
    assert steps(seats, [ONE, TWO]) == [Close("calls-0")]
    seats[0] = replace(seats[0], closed=True)
    assert steps(seats, [ONE, TWO]) == []
    seats[0] = replace(seats[0], calls=0)
    assert steps(seats, [ONE, TWO]) == [Start("calls-0", "two")]
    seats[0] = replace(seats[0], node="two")
    assert steps(seats, [ONE, TWO]) == [Open("calls-0")]
    seats[0] = replace(seats[0], closed=False)
    assert steps(seats, [ONE, TWO]) == [Close("calls-1")]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3)), min_size=1, max_size=12),
    st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_taking_the_steps_comes_to_rest_with_every_actor_alive_and_open(
    seated: list[tuple[int, int]], drains: list[bool]
) -> None:
    nodes = [Node(f"node-{n}", 1 + n % 2, drained) for n, drained in enumerate(drains)]
    ids = [node.id for node in nodes]
    seats = [
        Seat(f"actor-{n}", ids[node] if node < len(ids) else None, None if calls < 0 else calls)
        for n, (node, calls) in enumerate(seated)
    ]
    for _ in range(200):
        before = seats
        seats = [_ended(seat) for seat in taken(seats, steps(seats, nodes))]
        if seats == before:
            break
    else:
        raise AssertionError(f"it goes on for ever: {seats}")
    if all(node.drained for node in nodes):
        return
    usable = {node.id for node in nodes if not node.drained}
    assert all(seat.node in usable for seat in seats)
    assert not any(seat.closed for seat in seats)


def taken(seats: list[Seat], todo: list[Step]) -> list[Seat]:
    by_actor = {seat.actor: seat for seat in seats}
    for step in todo:
        seat = by_actor[step.actor]
        if isinstance(step, Start):
            assert not seat.calls or seat.node is None, "calls in progress would be lost"
            by_actor[step.actor] = replace(seat, node=step.node)
        else:
            by_actor[step.actor] = replace(seat, closed=isinstance(step, Close))
    return list(by_actor.values())


def _ended(seat: Seat) -> Seat:
    """A closed actor's calls end one after another."""
    return replace(seat, calls=seat.calls - 1) if seat.closed and seat.calls else seat
