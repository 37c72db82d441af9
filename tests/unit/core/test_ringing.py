"""Agents who have to accept: who is rung, what becomes of a call that nobody takes, pauses, and callbacks."""

import json
from itertools import product
from typing import cast

import pytest

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import BRIEFING, IDLE, OFFLINE, ON_PAUSE, RESERVED, RINGING, TALKING
from busyhour.core.callbacks import CALLBACK_STATES, DONE_AT_MOST
from busyhour.core.events import (
    AGENT_ACCEPTED,
    AGENT_DECLINED,
    AGENT_DID_NOT_ANSWER,
    AGENT_ENGAGED,
    AGENT_JOINED,
    AGENT_LEAVING,
    AGENT_PAUSED,
    AGENT_RELEASED,
    AGENT_RESUMED,
    AGENT_RINGING,
    AGENT_TAKEN,
    CALLBACK_DONE,
    CALLBACK_TAKEN,
    AgentEvent,
    CallOffered,
    CallWithdrawn,
    QueueEvent,
)
from busyhour.core.ids import SECOND
from busyhour.core.queue_snapshots import queues_snapshot, restore_queues
from busyhour.core.transfer import ASYNC_HANDOFF, FAIL_DECLINED, FAIL_NO_ANSWER, NO_FALLBACK
from busyhour.core.transfer_events import CallbackEvent, TransferOffered
from tests.support.machine_invariants import check_queues
from tests.support.queue_reference import RING_TIMEOUT, Setting, Told, told_by


def floor(agents: int, at_once: int = 0, places: int | None = None) -> AgentQueues:
    """One queue, whose agents have joined; the last `at_once` of them are put through without being rung."""
    machine = Setting(
        pools=[[0]],
        queues=[[0]],
        agents=[0] * agents,
        accepts=[number < agents - at_once for number in range(agents)],
        places=[places],
        by_priority=[True],
        wraps_up=[False],
    ).machine()
    for agent in range(agents):
        tell(machine, AgentEvent(AGENT_JOINED, agent))
    return machine


def tell(machine: AgentQueues, *events: QueueEvent, now: int = 0) -> list[Told]:
    """The answers to the last one."""
    told: list[Told] = []
    for event in events:
        told = told_by(machine.receive(event, now))
        check_queues(machine)
    return told


def offer(call: int, priority: int = 0) -> CallOffered:
    return CallOffered(0, call, priority)


def desk(kind: int, agent: int, call: int) -> AgentEvent:
    return AgentEvent(kind, agent, call)


def asks(call: int, fallback: int = NO_FALLBACK, number: int = 1) -> TransferOffered:
    return TransferOffered(0, call, number, fallback)


def states(machine: AgentQueues) -> list[int]:
    return [agent.state for agent in machine.agents]


def test_the_call_hears_of_an_agent_only_once_the_agent_has_accepted() -> None:
    machine = floor(1)
    assert tell(machine, offer(7)) == [("ring", 7, 0)]
    assert states(machine) == [RINGING]
    assert tell(machine, desk(AGENT_RINGING, 0, 7)) == []
    assert tell(machine, desk(AGENT_ACCEPTED, 0, 7)) == [("assign", 7, 0)]
    assert states(machine) == [RESERVED]
    tell(machine, desk(AGENT_TAKEN, 0, 7))
    assert states(machine) == [TALKING]


def test_who_declines_is_idle_again_and_the_call_goes_to_the_next_idle_agent_at_once() -> None:
    machine = floor(2)
    tell(machine, offer(7))
    assert tell(machine, desk(AGENT_DECLINED, 0, 7)) == [("ring", 7, 1)]
    assert states(machine) == [IDLE, RINGING]
    through = floor(2, at_once=1)
    tell(through, offer(7))
    assert tell(through, desk(AGENT_DECLINED, 0, 7)) == [("assign", 7, 1)]


def test_a_declined_call_stands_before_those_who_waited_behind_it() -> None:
    machine = floor(2)
    tell(machine, offer(7), offer(8), desk(AGENT_ACCEPTED, 1, 8), desk(AGENT_TAKEN, 1, 8), offer(9), now=5)
    tell(machine, AgentEvent(AGENT_PAUSED, 0))
    assert tell(machine, desk(AGENT_DECLINED, 0, 7), now=9) == []
    (line,) = (line for line in machine.queues[0].lines.values() if line)
    assert [(entry.call, entry.since) for entry in line] == [(7, 5), (9, 5)]
    assert tell(machine, desk(AGENT_RELEASED, 1, 8)) == [("ring", 7, 1)]


def test_it_keeps_its_priority() -> None:
    machine = floor(1)
    tell(machine, offer(7, priority=2), offer(8, priority=1))
    assert tell(machine, desk(AGENT_DECLINED, 0, 7)) == [("ring", 8, 0)]


def test_a_call_that_comes_back_finds_room_where_there_is_none() -> None:
    machine = floor(1, places=0)
    tell(machine, offer(7), AgentEvent(AGENT_PAUSED, 0), desk(AGENT_DECLINED, 0, 7))
    assert machine.queues[0].waiting == 1
    assert tell(machine, offer(8)) == [("refuse", 8, -1)]
    assert tell(machine, AgentEvent(AGENT_RESUMED, 0)) == [("ring", 7, 0)]


def test_who_does_not_answer_in_time_is_paused_and_rung_no_more() -> None:
    machine = floor(1)
    tell(machine, offer(7))
    assert machine.deadline() == RING_TIMEOUT
    assert machine.on_deadline(RING_TIMEOUT - 1) == []
    assert told_by(machine.on_deadline(RING_TIMEOUT)) == [("stop", 7, 0)]
    assert states(machine) == [ON_PAUSE]
    assert machine.queues[0].waiting == 1
    assert tell(machine, desk(AGENT_ACCEPTED, 0, 7)) == [], "too late"
    assert states(machine) == [ON_PAUSE]
    assert machine.illegal_events == 1
    assert tell(machine, AgentEvent(AGENT_RESUMED, 0)) == [("ring", 7, 0)]


def test_a_phone_that_cannot_be_reached_is_the_same_as_one_that_nobody_answers() -> None:
    machine = floor(2)
    tell(machine, offer(7))
    assert tell(machine, desk(AGENT_DID_NOT_ANSWER, 0, 7)) == [("ring", 7, 1)]
    assert states(machine) == [ON_PAUSE, RINGING]


def test_a_caller_who_hangs_up_while_an_agent_is_rung_lets_the_agent_go() -> None:
    machine = floor(1)
    tell(machine, offer(7), offer(8))
    assert tell(machine, CallWithdrawn(0, 7)) == [("stop", 7, 0), ("ring", 8, 0)]
    assert tell(machine, desk(AGENT_ACCEPTED, 0, 7)) == []
    assert tell(machine, desk(AGENT_ACCEPTED, 0, 8)) == [("assign", 8, 0)]


def test_callers_for_whom_an_agent_is_rung_wait_and_their_waiting_is_counted() -> None:
    machine = floor(1)
    tell(machine, offer(7), offer(8), now=10 * SECOND)
    assert machine.queues[0].waited_us(14 * SECOND) == 8 * SECOND
    tell(machine, desk(AGENT_ACCEPTED, 0, 7), now=14 * SECOND)
    assert machine.queues[0].waited_us(20 * SECOND) == 14 * SECOND


def test_a_pause_takes_effect_after_the_call_in_hand() -> None:
    machine = floor(1)
    tell(machine, offer(7), AgentEvent(AGENT_PAUSED, 0), desk(AGENT_ACCEPTED, 0, 7), desk(AGENT_TAKEN, 0, 7))
    assert states(machine) == [TALKING]
    tell(machine, offer(8))
    assert tell(machine, desk(AGENT_RELEASED, 0, 7)) == []
    assert states(machine) == [ON_PAUSE]
    assert machine.pools[0].staffed == 1, "a paused agent is at work"


def test_of_several_wishes_the_latest_counts() -> None:
    machine = floor(1, at_once=1)
    tell(
        machine, offer(7), desk(AGENT_TAKEN, 0, 7), AgentEvent(AGENT_PAUSED, 0), AgentEvent(AGENT_LEAVING, 0)
    )
    tell(machine, desk(AGENT_RELEASED, 0, 7))
    assert states(machine) == [OFFLINE]
    tell(machine, AgentEvent(AGENT_PAUSED, 0))
    assert states(machine) == [ON_PAUSE]
    assert machine.pools[0].staffed == 1


def test_a_hundred_transfers_into_seven_idle_agents_get_exactly_seven() -> None:
    machine = floor(7, at_once=3)
    told = [told for call in range(100) for told in tell(machine, asks(call))]
    assert [what for what, _, _ in told].count("reserved") == 7
    assert [what for what, _, _ in told].count("refused") == 93
    assert [call for what, call, _ in told if what == "reserved"] == list(range(7))


def test_a_transfer_that_is_declined_or_not_answered_has_failed_and_nobody_else_is_rung() -> None:
    machine = floor(2)
    tell(machine, asks(7))
    assert tell(machine, desk(AGENT_RINGING, 0, 7)) == [("rings", 7, -1)]
    assert tell(machine, desk(AGENT_DECLINED, 0, 7)) == [("failed", 7, FAIL_DECLINED)]
    assert states(machine) == [IDLE, IDLE]
    tell(machine, asks(7, number=2))
    assert tell(machine, desk(AGENT_DID_NOT_ANSWER, 1, 7)) == [("failed", 7, FAIL_NO_ANSWER)]
    assert states(machine) == [IDLE, ON_PAUSE]
    assert machine.queues[0].waiting == 0


def test_a_briefed_agent_is_free_without_wrap_up_where_nothing_comes_of_it() -> None:
    machine = floor(1)
    tell(machine, asks(7))
    assert tell(machine, desk(AGENT_ACCEPTED, 0, 7)) == [("accepted", 7, 0)]
    tell(machine, desk(AGENT_ENGAGED, 0, 7))
    assert states(machine) == [BRIEFING]
    assert machine.deadline() < 0, "a briefing takes what it takes: the call has the deadline"
    assert tell(machine, desk(AGENT_RELEASED, 0, 7)) == []
    assert states(machine) == [IDLE]


def test_a_call_that_has_not_let_go_of_its_last_agent_gets_no_second_one() -> None:
    machine = floor(2)
    tell(machine, asks(7), desk(AGENT_ACCEPTED, 0, 7))
    assert tell(machine, asks(7, ASYNC_HANDOFF, number=2)) == [("refused", 7, -1)]
    assert states(machine) == [RESERVED, IDLE]


def test_where_nobody_is_idle_the_fallback_records_a_callback() -> None:
    machine = floor(1)
    tell(machine, asks(7))
    assert tell(machine, asks(8, ASYNC_HANDOFF), now=3) == [("handoff", 8, 1)]
    assert tell(machine, asks(9)) == [("refused", 9, -1)]
    (callback,) = machine.callbacks.of(0)
    assert (callback.call, callback.recorded_at, CALLBACK_STATES[callback.state]) == (8, 3, "recorded")


def test_a_callback_is_taken_once_and_done_once() -> None:
    machine = floor(0)
    tell(
        machine,
        asks(8, ASYNC_HANDOFF),
        CallbackEvent(CALLBACK_TAKEN, 1, 4),
        CallbackEvent(CALLBACK_TAKEN, 1, 5),
    )
    (callback,) = machine.callbacks.of(0)
    assert (CALLBACK_STATES[callback.state], callback.agent, machine.illegal_events) == ("taken", 4, 1)
    tell(
        machine,
        CallbackEvent(CALLBACK_DONE, 1),
        CallbackEvent(CALLBACK_DONE, 1),
        CallbackEvent(CALLBACK_DONE, 2),
    )
    assert (CALLBACK_STATES[callback.state], callback.agent, machine.illegal_events) == ("done", 4, 3)


def test_callbacks_that_are_done_do_not_pile_up() -> None:
    machine = floor(0)
    for number in range(1, DONE_AT_MOST + 3):
        tell(machine, asks(number, ASYNC_HANDOFF))
        machine.receive(CallbackEvent(CALLBACK_DONE, number), 0)
    assert len(machine.callbacks.by_id) == len(machine.callbacks.done) == DONE_AT_MOST
    assert min(machine.callbacks.by_id) == 3


def test_callbacks_and_phones_that_ring_survive_a_snapshot() -> None:
    machine = floor(2)
    tell(machine, offer(7, priority=2), asks(8), asks(9, ASYNC_HANDOFF), asks(10, ASYNC_HANDOFF), now=4)
    tell(machine, CallbackEvent(CALLBACK_TAKEN, 2, 0), CallbackEvent(CALLBACK_DONE, 1))
    plain = json.loads(json.dumps(queues_snapshot(machine)))
    again = floor(2)
    restore_queues(again, plain)
    assert queues_snapshot(again) == plain
    check_queues(again)
    assert again.deadline() == machine.deadline() == 4 + RING_TIMEOUT
    assert tell(again, desk(AGENT_ACCEPTED, 1, 8)) == [("accepted", 8, 1)]
    assert [callback.id for callback in again.callbacks.of(0)] == [1, 2]


CALLS = (7, 8)
EVENTS: list[QueueEvent | None] = [
    *(offer(call) for call in CALLS),
    *(asks(call) for call in CALLS),
    *(CallWithdrawn(0, call) for call in CALLS),
    *(
        desk(kind, 0, call)
        for kind, call in product(
            (
                AGENT_ACCEPTED,
                AGENT_DECLINED,
                AGENT_DID_NOT_ANSWER,
                AGENT_ENGAGED,
                AGENT_TAKEN,
                AGENT_RELEASED,
            ),
            CALLS,
        )
    ),
    *(AgentEvent(kind, 0) for kind in (AGENT_PAUSED, AGENT_RESUMED, AGENT_LEAVING, AGENT_JOINED)),
    None,
]
"""All that can reach the first of two agents; None is the passing of every deadline."""


@pytest.mark.parametrize("at_once", [0, 1])
def test_every_order_of_six_events_leaves_a_legal_state(at_once: int) -> None:
    """Lost ones and repeated ones among them. What has happened at another time leads to the same."""
    begun = floor(2, at_once)
    met = {json.dumps(queues_snapshot(begun)): queues_snapshot(begun)}
    level = list(met.values())
    for _ in range(6):
        following: dict[str, dict[str, object]] = {}
        for before, event in product(level, EVENTS):
            machine = floor(2, at_once)
            restore_queues(machine, before)
            served = [agent.call for agent in machine.agents]
            if isinstance(event, CallOffered) and event.call in served:
                continue  # No call offers itself again while it has an agent.
            if event is None:
                machine.on_deadline(60 * SECOND)
            else:
                machine.receive(event, 0)
            check_queues(machine)
            forget_the_time(machine)
            after = queues_snapshot(machine)
            following.setdefault(json.dumps(after), after)
        level = [after for key, after in following.items() if key not in met]
        met |= following
    states = {state for after in met.values() for state, *_ in cast("list[list[int]]", after["agents"])}
    assert states == {OFFLINE, IDLE, RESERVED, TALKING, ON_PAUSE, RINGING, BRIEFING}


def forget_the_time(machine: AgentQueues) -> None:
    machine.illegal_events = 0
    for agent in machine.agents:
        agent.rings, agent.since = min(agent.rings, 1), 0
    for ring in machine.ringing.values():
        ring.due_at = ring.caller.since = 0
    for queue in machine.queues:
        queue.waiting_area = queue.waiting_at = queue.rung_area = queue.rung_at = 0
        for entry in queue.by_call.values():
            entry.since = 0
