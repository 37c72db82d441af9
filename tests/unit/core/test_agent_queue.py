"""Who gets whom: the facts that the specification names, one by one. Everything else: tests/property."""

from itertools import product
from typing import Any

import pytest

from busyhour.core.agents import (
    AGENT_STATES,
    AGENT_TRANSITIONS,
    BRIEFING,
    IDLE,
    OFFLINE,
    ON_PAUSE,
    RESERVED,
    RINGING,
    TALKING,
    WRAP_UP,
)
from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    AGENT_ACCEPTED,
    AGENT_ENGAGED,
    AGENT_HUNG_UP,
    AGENT_JOINED,
    AGENT_LEAVING,
    AGENT_PAUSED,
    AGENT_READY,
    AGENT_RELEASED,
    AGENT_TAKEN,
    EVENT_NAMES,
    AgentEvent,
    CallOffered,
    CallWithdrawn,
    QueueEvent,
)
from busyhour.core.ids import ABSENT, SECOND
from busyhour.core.queue_snapshots import queues_snapshot, restore_queues
from busyhour.core.waiting_line import GONE_AT_MOST
from tests.support.queue_reference import Setting, told_by


class Floor:
    """A machine, with a clock that moves a second an event."""

    def __init__(self, **changes: Any) -> None:
        setting: dict[str, Any] = {
            "pools": [[0]],
            "queues": [[0]],
            "agents": [0, 0],
            "places": [None],
            "by_priority": [False],
            "wraps_up": [False],
        }
        setting |= changes
        self.machine = Setting(**{"accepts": [False] * len(setting["agents"]), **setting}).machine()
        self.now = 0

    def tell(self, *events: QueueEvent) -> list[tuple[str, int, int]]:
        """The answers to the last one."""
        told: list[tuple[str, int, int]] = []
        for event in events:
            self.now += SECOND
            told = told_by(self.machine.receive(event, self.now))
        return told

    def states(self) -> list[int]:
        return [agent.state for agent in self.machine.agents]


def joined(agent: int) -> AgentEvent:
    return AgentEvent(AGENT_JOINED, agent)


def offer(call: int, queue: int = 0, priority: int = 0) -> CallOffered:
    return CallOffered(queue, call, priority)


def taken(agent: int, call: int) -> AgentEvent:
    return AgentEvent(AGENT_TAKEN, agent, call)


def released(agent: int, call: int) -> AgentEvent:
    return AgentEvent(AGENT_RELEASED, agent, call)


def leaving(agent: int) -> AgentEvent:
    return AgentEvent(AGENT_LEAVING, agent)


def test_the_agent_idle_longest_is_taken() -> None:
    floor = Floor()
    floor.tell(joined(1), joined(0))
    assert floor.tell(offer(7)) == [("assign", 7, 1)]
    assert floor.tell(offer(8)) == [("assign", 8, 0)]
    floor.tell(taken(1, 7), taken(0, 8), released(0, 8), released(1, 7))
    assert floor.tell(offer(9)) == [("assign", 9, 0)]


def test_callers_are_served_first_come_first_served_whatever_their_priority_under_fifo() -> None:
    floor = Floor()
    floor.tell(joined(0), offer(1), offer(2, priority=5), offer(3, priority=0), taken(0, 1))
    assert floor.tell(released(0, 1)) == [("assign", 2, 0)]


def test_a_lower_priority_number_is_served_first_and_interrupts_nobody() -> None:
    floor = Floor(by_priority=[True])
    floor.tell(joined(0), offer(1, priority=2), taken(0, 1), offer(2, priority=1), offer(3, priority=0))
    assert floor.states()[0] == TALKING
    assert floor.tell(released(0, 1)) == [("assign", 3, 0)]
    assert floor.tell(taken(0, 3), released(0, 3)) == [("assign", 2, 0)]


def test_a_call_looks_through_its_queue_s_pools_in_order_and_an_agent_through_the_pool_s_queues() -> None:
    two = Floor(
        pools=[[0], [1, 0]],
        queues=[[1, 0], [1]],
        agents=[0, 1],
        places=[None] * 2,
        by_priority=[False] * 2,
        wraps_up=[False] * 2,
    )
    two.tell(joined(0), joined(1))
    assert two.tell(offer(7)) == [("assign", 7, 1)]
    two.tell(taken(1, 7), offer(8), taken(0, 8), offer(9), offer(10, queue=1))
    assert two.tell(released(1, 7)) == [("assign", 10, 1)]


def test_who_finds_no_agent_and_no_place_is_turned_away() -> None:
    loss = Floor(places=[0])
    assert loss.tell(joined(0), offer(7)) == [("assign", 7, 0)]
    assert loss.tell(offer(8)) == [("refuse", 8, -1)]
    one = Floor(places=[1])
    assert one.tell(offer(7)) == []
    assert one.tell(offer(8)) == [("refuse", 8, -1)]
    assert one.tell(CallWithdrawn(0, 7), offer(9)) == []


def test_wrap_up_follows_a_talk_and_not_a_reservation_that_came_to_nothing() -> None:
    floor = Floor(wraps_up=[True])
    floor.tell(joined(0), offer(7))
    assert floor.tell(released(0, 7)) == []
    assert floor.states()[0] == IDLE
    assert floor.tell(offer(8), taken(0, 8), released(0, 8)) == [("wrap up", 8, 0)]
    floor.tell(offer(9))
    assert floor.states()[0] == WRAP_UP
    assert floor.tell(AgentEvent(AGENT_READY, 0, 8)) == [("assign", 9, 0)]


def test_the_end_of_an_earlier_wrap_up_does_not_end_the_present_one() -> None:
    floor = Floor(wraps_up=[True])
    floor.tell(joined(0), offer(7), taken(0, 7), released(0, 7), AgentEvent(AGENT_READY, 0, 7))
    floor.tell(offer(8), taken(0, 8), released(0, 8), offer(9))
    assert floor.tell(AgentEvent(AGENT_READY, 0, 7)) == []
    assert floor.machine.illegal_events == 1
    assert floor.tell(AgentEvent(AGENT_READY, 0, 8)) == [("assign", 9, 0)]


def test_a_reservation_is_void_after_thirty_seconds_and_the_next_call_is_served() -> None:
    floor = Floor(agents=[0])
    floor.tell(joined(0), offer(7), offer(8))
    reserved_at = floor.machine.agents[0].since
    assert floor.machine.deadline() == reserved_at + 30 * SECOND
    assert floor.machine.on_deadline(reserved_at + 30 * SECOND - 1) == []
    assert told_by(floor.machine.on_deadline(reserved_at + 30 * SECOND)) == [("assign", 8, 0)]
    assert floor.machine.deadline() == reserved_at + 60 * SECOND


def test_a_call_that_takes_up_a_void_reservation_is_told_that_the_agent_is_gone() -> None:
    floor = Floor(agents=[0])
    floor.tell(joined(0), offer(7))
    floor.machine.on_deadline(40 * SECOND)
    (answer,) = floor.machine.receive(taken(0, 7), 41 * SECOND)
    assert getattr(answer, "kind") == AGENT_HUNG_UP  # noqa: B009  # a Command has no kind, an Event does
    assert floor.states() == [IDLE]


def test_an_agent_whose_shift_ends_finishes_the_call_and_its_wrap_up_first() -> None:
    floor = Floor(agents=[0], wraps_up=[True])
    floor.tell(joined(0), offer(7), taken(0, 7), leaving(0), offer(8))
    assert floor.states() == [TALKING]
    floor.tell(released(0, 7))
    assert floor.states() == [WRAP_UP]
    assert floor.tell(AgentEvent(AGENT_READY, 0, 7)) == []
    assert floor.states() == [OFFLINE]
    assert floor.machine.pools[0].staffed == 0


def test_an_agent_called_back_before_leaving_stays() -> None:
    floor = Floor(agents=[0])
    floor.tell(joined(0), offer(7), taken(0, 7), leaving(0), joined(0), released(0, 7))
    assert floor.states() == [IDLE]


def test_the_next_shift_takes_those_who_wait_in_their_order() -> None:
    floor = Floor()
    floor.tell(offer(7), offer(8))
    assert floor.tell(joined(1)) == [("assign", 7, 1)]
    assert floor.tell(joined(0)) == [("assign", 8, 0)]


def test_events_of_another_call_change_nothing_and_are_counted() -> None:
    floor = Floor(agents=[0])
    floor.tell(joined(0), offer(7), taken(0, 7))
    before = queues_snapshot(floor.machine)
    assert floor.tell(released(0, 6), taken(0, 7), AgentEvent(AGENT_READY, 0, 7), joined(0)) == []
    assert queues_snapshot(floor.machine) == {**before, "illegal_events": 4}


def test_callers_who_give_up_while_nobody_serves_leave_nothing_behind() -> None:
    floor = Floor()
    floor.tell(offer(1))
    for call in range(2, 1000):
        floor.tell(offer(call), CallWithdrawn(0, call))
    (queue,) = floor.machine.queues
    assert sum(len(line) for line in queue.lines.values()) <= 2 + GONE_AT_MOST
    assert floor.tell(joined(0)) == [("assign", 1, 0)]


def test_every_change_of_an_agent_s_state_is_in_the_table() -> None:
    seen: set[tuple[int, int, int]] = set()
    kinds = range(AGENT_TAKEN, AGENT_ENGAGED + 1)
    every = (range(len(AGENT_STATES)), kinds, (False, True), (False, True), (False, True), ASKED_FOR)
    for first, kind, waits, wraps_up, accepts, asked_for in product(*every):
        floor = Floor(wraps_up=[wraps_up], accepts=[accepts, False])
        floor.tell(*path_to(first, accepts))
        agent = floor.machine.agents[0]
        if asked_for != ABSENT and agent.state not in (OFFLINE, IDLE, ON_PAUSE):
            floor.tell(AgentEvent(asked_for, 0))
        if waits and agent.state != IDLE:
            floor.tell(offer(99))
        elif agent.state != IDLE:
            floor.tell(joined(1))
        counted = floor.machine.illegal_events
        if agent.state == first:
            floor.tell(AgentEvent(kind, 0, agent.call))
            if floor.machine.illegal_events == counted:
                seen.add((first, kind, agent.state))
    table = {(state, kind, to) for (state, kind), after in AGENT_TRANSITIONS.items() for to in after}
    assert seen == table, {(AGENT_STATES[s], EVENT_NAMES[k], AGENT_STATES[t]) for s, k, t in seen ^ table}


ASKED_FOR = (ABSENT, AGENT_LEAVING, AGENT_PAUSED)


def path_to(state: int, accepts: bool) -> list[QueueEvent]:
    """Events that bring agent 0 there, if any do: WRAP_UP only where the queue has it."""
    reserved = [joined(0), offer(7), *([AgentEvent(AGENT_ACCEPTED, 0, 7)] if accepts else [])]
    paths: dict[int, list[QueueEvent]] = {
        OFFLINE: [],
        IDLE: [joined(0)],
        ON_PAUSE: [AgentEvent(AGENT_PAUSED, 0)],
        RINGING: [joined(0), offer(7)],
        RESERVED: reserved,
        BRIEFING: [*reserved, AgentEvent(AGENT_ENGAGED, 0, 7)],
        TALKING: [*reserved, taken(0, 7)],
        WRAP_UP: [*reserved, taken(0, 7), released(0, 7)],
    }
    return paths[state]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"agents": [[1, 0, -1, -1, 1, 0]] * 9},
        {"agents": "all of them"},
        {"agents": [[1, 0, -1, -1], [1, 0, -1, -1]]},
        {"agents": [[9, 0, -1, -1, 1, 0], [0, 0, -1, -1, 1, 0]]},
        {"idle": [[1]]},
        {"idle": [[7]]},
        {"idle": []},
        {"pools": [[1, 2, "3"]]},
        {"queues": [[]]},
        {"queues": [{"waiting": [[0, 1]]}]},
        {"queues": [{"waiting": [[0, 1, 2], [0, 1, 2]]}]},
        {"queues": [{"waiting": [7]}]},
        {"illegal_events": None},
        {"ringing": [[7, 1, 0, 0, -1, 0]]},
        {"ringing": [[0, 1, 0, 0, -1, 0]]},
        {"ringing": [[0, 1]]},
        {"callbacks": [[1, 0, 7, 0, 3, -1]]},
        {"callbacks": [[1]]},
        {"last_callback": "1"},
    ],
)
def test_what_is_no_snapshot_is_refused(wrong: dict[str, object]) -> None:
    floor = Floor()
    floor.tell(joined(0))
    plain = {**queues_snapshot(floor.machine), **wrong} if wrong else {}
    with pytest.raises(SnapshotError, match="the snapshot of a group of queues cannot be read"):
        restore_queues(Floor().machine, plain)


def two_pools() -> Floor:
    """Agent 0 in the first pool of the queue, agent 1 in the second, who has been idle longer."""
    floor = Floor(pools=[[0], [0]], queues=[[0, 1]], agents=[0, 1])
    floor.tell(joined(1), joined(0))
    return floor


def test_a_call_takes_an_agent_of_the_first_pool_that_has_one() -> None:
    assert two_pools().tell(offer(7)) == [("assign", 7, 0)]


def test_where_no_pool_comes_first_the_agent_who_has_been_idle_longest_takes_the_call() -> None:
    floor = two_pools()
    floor.machine.queues[0].longest_idle = True
    assert floor.tell(offer(7)) == [("assign", 7, 1)]
    assert floor.tell(offer(8)) == [("assign", 8, 0)]


def test_a_campaign_that_comes_late_hears_who_is_at_work_and_how_many_wait() -> None:
    floor = Floor(agents=[0, 0, 0])
    floor.tell(joined(0), joined(1), offer(7), offer(8), offer(9))
    told = [type(command).__name__ for command in floor.machine.watched(3, 0)]
    assert told == ["AgentChanged", "AgentChanged", "WaitingChanged"]
    assert floor.machine.watched(3, 0) == []
    assert floor.machine.pools[0].campaigns[-1] == 3
