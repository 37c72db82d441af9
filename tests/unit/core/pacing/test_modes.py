"""The modes that count, agent by agent and line by line."""

import pytest

from busyhour.core.ids import ABSENT, SECOND
from busyhour.core.pacing import (
    AGENTLESS,
    AS_MANY_AS_ALLOWED,
    PACING_MODES,
    POWER,
    PREDICTIVE,
    PREVIEW,
    PROGRESSIVE,
    Pacer,
    pacer_for,
)

NOW = 1_700_000_000 * SECOND


def with_idle(pacer: Pacer, agents: int) -> Pacer:
    for agent in range(agents):
        pacer.agent_idle(agent, NOW)
    return pacer


def dial(pacer: Pacer, lines: range, now: int = NOW) -> None:
    for line in lines:
        pacer.dialed(line, now)


def test_agentless_is_bound_by_limits_alone() -> None:
    pacer = pacer_for(AGENTLESS)
    assert pacer.lines_wanted(NOW) == AS_MANY_AS_ALLOWED
    assert pacer.review_at() == ABSENT


def test_progressive_dials_one_line_an_idle_agent() -> None:
    pacer = with_idle(pacer_for(PROGRESSIVE), 3)
    assert pacer.lines_wanted(NOW) == 3
    dial(pacer, range(2))
    assert pacer.lines_wanted(NOW) == 1


def test_power_keeps_its_ratio_of_lines_in_flight() -> None:
    pacer = with_idle(pacer_for(POWER, lines_per_agent=2.5), 3)
    assert pacer.lines_wanted(NOW) == 7
    dial(pacer, range(7))
    assert pacer.lines_wanted(NOW) == 0
    pacer.ended(0, NOW)
    assert pacer.lines_wanted(NOW) == 1


def test_power_rounds_as_written_not_as_stored() -> None:
    assert with_idle(pacer_for(POWER, lines_per_agent=1.15), 20).lines_wanted(NOW) == 23


def test_lines_beyond_the_ratio_are_left_alone_when_an_agent_is_taken() -> None:
    pacer = with_idle(pacer_for(POWER, lines_per_agent=2.0), 2)
    dial(pacer, range(4))
    pacer.agent_talking(0, NOW)
    assert pacer.lines_wanted(NOW) == 0


def test_a_live_answer_takes_an_agent_before_it_is_connected() -> None:
    pacer = with_idle(pacer_for(PROGRESSIVE), 1)
    dial(pacer, range(1))
    pacer.answered(0, NOW)
    assert pacer.lines_wanted(NOW) == 0


@pytest.mark.parametrize("connected_first", [True, False])
def test_an_agent_on_the_way_to_a_call_is_not_idle(connected_first: bool) -> None:
    pacer = with_idle(pacer_for(PROGRESSIVE), 1)
    dial(pacer, range(1))
    pacer.answered(0, NOW)
    reports = [lambda: pacer.connected(0, NOW), lambda: pacer.agent_talking(0, NOW)]
    if not connected_first:
        reports.reverse()
    for report in reports:
        report()
        assert pacer.lines_wanted(NOW) == 0


def test_an_agent_whose_taking_was_never_reported_is_idle_again_after_the_window() -> None:
    pacer = with_idle(pacer_for(PROGRESSIVE), 1)
    dial(pacer, range(1))
    pacer.connected(0, NOW)
    assert pacer.lines_wanted(NOW) == 0
    assert pacer.lines_wanted(NOW + SECOND) == 1


def test_calls_waiting_in_the_queue_take_agents_first() -> None:
    pacer = with_idle(pacer_for(PROGRESSIVE), 3)
    pacer.waiting_changed(2, NOW)
    assert pacer.lines_wanted(NOW) == 1
    pacer.waiting_changed(5, NOW)
    assert pacer.lines_wanted(NOW) == 0


@pytest.mark.parametrize("mode", [PREVIEW, PROGRESSIVE, POWER, PREDICTIVE])
def test_reserved_agents_are_left_to_inbound(mode: int) -> None:
    pacer = with_idle(pacer_for(mode, lines_per_agent=2.0, reserve_agents=2, preview_time=0), 2)
    assert pacer.lines_wanted(NOW) == 0
    pacer.agent_idle(2, NOW)
    assert pacer.lines_wanted(NOW) > 0


@pytest.mark.parametrize("mode", range(len(PACING_MODES)))
def test_nobody_staffed_nobody_dialled(mode: int) -> None:
    pacer = pacer_for(mode, lines_per_agent=3.0)
    pacer.agent_idle(1, NOW)
    pacer.agent_left(1, NOW)
    assert pacer.lines_wanted(NOW) == (AS_MANY_AS_ALLOWED if mode == AGENTLESS else 0)


def test_preview_dials_when_the_agent_has_looked() -> None:
    pacer = pacer_for(PREVIEW, preview_time=10 * SECOND)
    pacer.agent_idle(1, NOW)
    pacer.agent_idle(2, NOW + 4 * SECOND)
    assert pacer.lines_wanted(NOW + 4 * SECOND) == 0
    assert pacer.review_at() == NOW + 10 * SECOND
    assert pacer.lines_wanted(NOW + 10 * SECOND) == 1
    assert pacer.review_at() == NOW + 14 * SECOND
    dial(pacer, range(1), NOW + 10 * SECOND)
    assert pacer.lines_wanted(NOW + 10 * SECOND) == 0
    assert pacer.lines_wanted(NOW + 14 * SECOND) == 1


def test_preview_looks_at_another_contact_after_a_line_that_brought_nobody() -> None:
    pacer = pacer_for(PREVIEW, preview_time=10 * SECOND)
    pacer.agent_idle(1, NOW)
    dial(pacer, range(1), NOW + 10 * SECOND)
    pacer.ended(0, NOW + 30 * SECOND)
    assert pacer.lines_wanted(NOW + 30 * SECOND) == 0
    assert pacer.review_at() == NOW + 40 * SECOND
    assert pacer.lines_wanted(NOW + 40 * SECOND) == 1


def test_preview_forgets_the_dial_of_an_agent_taken_by_another_call() -> None:
    pacer = pacer_for(PREVIEW, preview_time=SECOND)
    pacer.agent_idle(1, NOW)
    dial(pacer, range(1), NOW + SECOND)
    pacer.agent_talking(1, NOW + 2 * SECOND)
    pacer.ended(0, NOW + 3 * SECOND)
    assert pacer.lines_wanted(NOW + 60 * SECOND) == 0
    pacer.agent_idle(1, NOW + 60 * SECOND)
    assert pacer.lines_wanted(NOW + 61 * SECOND) == 1


def test_a_line_that_waits_and_ends_otherwise_frees_its_claim() -> None:
    pacer = with_idle(pacer_for(PROGRESSIVE), 1)
    dial(pacer, range(1))
    pacer.answered(0, NOW)
    pacer.ended(0, NOW)
    assert pacer.lines_wanted(NOW) == 1


@pytest.mark.parametrize(
    "bounds",
    [
        {"mode": 9},
        {"mode": POWER, "lines_per_agent": -1.0},
        {"mode": PREDICTIVE, "abandonment_cap": 1.5},
        {"mode": PREDICTIVE, "max_lines_per_agent": -1.0},
        {"mode": PROGRESSIVE, "reserve_agents": -1},
        {"mode": PREVIEW, "preview_time": -1},
    ],
)
def test_bounds_out_of_range_are_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        pacer_for(**bounds)  # type: ignore[arg-type]


@pytest.mark.parametrize("spoilt", ["in_flight", "queue_waiting", "agent_state"])
def test_a_snapshot_of_something_else_is_refused(spoilt: str) -> None:
    snapshot = pacer_for(PROGRESSIVE).snapshot()
    snapshot[spoilt] = "?"
    with pytest.raises(TypeError):
        pacer_for(PROGRESSIVE).restore(snapshot)
