"""Whole replications of random scenarios keep every invariant, from their rows, their events and their machines."""

from hypothesis import given, settings
from hypothesis import strategies as st

from busyhour.core.agent_queue import RESERVATION_LIMIT
from busyhour.core.agents import RESERVED, TALKING
from busyhour.core.events import ATTEMPT_ENDED, Event
from busyhour.core.ids import SECOND, Instant
from simulation.assembly import World
from simulation.scenario import Scenario
from simulation.scenario.distributions import Exponential, Uniform
from tests.support.machine_invariants import (
    check_campaign,
    check_carrier,
    check_nothing_is_left,
    check_queues,
)
from tests.support.random_scenarios import scenarios
from tests.support.row_invariants import (
    check_limits,
    check_nobody_overtakes,
    check_one_row_a_call,
    check_rows,
    waited_us,
)
from tests.support.whole_runs import WholeRun, run_whole


def look(world: World, event: Event, now: Instant) -> None:
    check_queues(world.driver.queues)
    check_carrier(world.carrier)


def check_machines(run: WholeRun) -> None:
    driver = run.world.driver
    assert driver.calls == {}
    check_one_row_a_call(run.rows, run.created)
    ended = [event.call for _, event in run.events_of([ATTEMPT_ENDED])]
    assert len(set(ended)) == len(ended), "an attempt that ended twice"
    for number, campaign in enumerate(driver.campaigns):
        check_campaign(campaign, run.handed_over(number))


def clocked(scenario: Scenario, **changes: object) -> Scenario:
    return scenario.model_copy(update={"clock": scenario.clock.model_copy(update=changes)})


def until_idle(scenario: Scenario) -> Scenario:
    """Everybody gives up some day: who has endless patience waits for ever once the last shift is over."""
    queues = {
        name: queue.model_copy(update={"max_wait": queue.max_wait or 3600 * SECOND})
        for name, queue in scenario.queues.items()
    }
    return clocked(scenario.model_copy(update={"queues": queues}), until="idle", horizon=None)


@settings(max_examples=100)
@given(scenarios())
def test_no_run_breaks_an_invariant(scenario: Scenario) -> None:
    run = run_whole(scenario, look=look)
    check_machines(run)
    check_rows(scenario, run.rows, run.ended_at)


@settings(max_examples=80)
@given(scenarios(inbound=False, changes=False).map(until_idle))
def test_a_run_until_idle_ends_and_nothing_is_left(scenario: Scenario) -> None:
    run = run_whole(scenario, drained=True)
    assert run.alive == []
    check_nothing_is_left(run.world.carrier, run.world.driver.queues)
    check_machines(run)
    check_rows(scenario, run.rows, run.ended_at)


@settings(max_examples=60)
@given(scenarios(delays=False))
def test_the_time_that_rows_say_calls_waited_is_the_integral_of_the_queue(scenario: Scenario) -> None:
    run = run_whole(scenario, watched=False)
    for queue, name in zip(run.world.driver.queues.queues, scenario.queues, strict=True):
        area = queue.waited_us(run.ended_at)
        assert waited_us(run.rows, queue.id) == area
        rung = any(pool.answer is not None for pool in scenario.agents.values())
        if scenario.queues[name].discipline == "fifo" and not rung:
            check_nobody_overtakes(run.rows, queue.id)


slow_messages = st.sampled_from(
    [Uniform(low=0, high=40 * SECOND), Exponential(mean=12 * SECOND), Exponential(mean=60 * SECOND)]
)


@settings(max_examples=40)
@given(scenarios(inbound=False, changes=False).map(until_idle), slow_messages)
def test_messages_slower_than_a_reservation_leave_no_agent_and_no_call_stuck(
    scenario: Scenario, delay: Uniform | Exponential
) -> None:
    """Only that an agent has one call at a time is not asked for: the one who was taken back may have been reached."""

    def look_at_reservations(world: World, event: Event, now: Instant) -> None:
        look(world, event, now)
        for agent in world.driver.queues.agents:
            assert agent.state != RESERVED or now - agent.since <= RESERVATION_LIMIT
            assert agent.state != TALKING or now - agent.since < 3600 * SECOND

    scenario = clocked(scenario, message_delay=delay)
    run = run_whole(scenario, drained=True, look=look_at_reservations)
    assert run.alive == []
    check_nothing_is_left(run.world.carrier, run.world.driver.queues)
    check_machines(run)
    check_limits(scenario, run.rows)


@settings(max_examples=25)
@given(scenarios())
def test_a_seed_gives_the_same_bytes_watched_or_not_and_each_replication_its_own(scenario: Scenario) -> None:
    first = [run_whole(scenario, n, watched=False).packed for n in range(3)]
    again = [run_whole(scenario, n).packed for n in (2, 1, 0)]
    assert again == first[::-1]


@settings(max_examples=25)
@given(scenarios(delays=False, changes=False, faults=False), st.integers(1, 6))
def test_more_agents_change_nothing_of_what_contacts_and_callers_do(scenario: Scenario, more: int) -> None:
    """Common random numbers: outcome, ring time and talk of an attempt are the same whoever takes it, and when."""
    staffed = {
        name: pool.model_copy(update={"count": (pool.count or 0) + more, "shifts": None})
        for name, pool in scenario.agents.items()
    }
    few = attempts_of(run_whole(scenario, watched=False))
    many = attempts_of(run_whole(scenario.model_copy(update={"agents": staffed}), watched=False))
    for attempt in few.keys() & many.keys():
        for here, there in zip(few[attempt], many[attempt], strict=True):
            assert here is None or there is None or here == there, attempt


def attempts_of(run: WholeRun) -> dict[tuple[int, int, int], tuple[object, ...]]:
    """(campaign, contact, attempt) → how long until it was answered or refused, and the talk; None: not known."""
    found: dict[tuple[int, int, int], tuple[object, ...]] = {}
    for row in run.rows[(run.rows["campaign"] >= 0) & (run.rows["sip_code"] != 503)]:
        answered, refused = row["answered_at"] >= 0, row["sip_code"] >= 400
        rang = int(row["answered_at" if answered else "ended_at"] - row["dialed_at"])
        talked = row["connected_at"] >= 0 and row["ended_at"] < run.ended_at
        found[int(row["campaign"]), int(row["contact_no"]), int(row["attempt"])] = (
            (bool(answered), int(row["sip_code"]), rang) if answered or refused else None,
            int(row["ended_at"] - row["connected_at"]) if talked else None,
        )
    return found
