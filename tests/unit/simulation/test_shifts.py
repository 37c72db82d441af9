"""Who is at work, where shifts meet each other and the timeline."""

import pytest

from simulation.runs import run_replication
from simulation.scenario import loads

HANDOVER = """
clock: {start: "2026-03-02T09:00:00Z", horizon: 4h}
queues: {desk: {pools: [day], handle_time: 30m, patience: 24h}}
agents: {day: {queues: [desk], shifts: [SHIFTS]}}
inbound: [{queue: desk, rate: 1/min}]
"""
EARLY, LATE = "{count: 8, to: 2h}", "{count: 8, from: 2h, to: 4h}"


@pytest.mark.parametrize("shifts", [f"{EARLY}, {LATE}", f"{LATE}, {EARLY}"])
def test_a_handover_leaves_as_many_at_work_whatever_the_order_of_the_shifts(shifts: str) -> None:
    scenario = loads(HANDOVER.replace("SHIFTS", shifts))
    result = run_replication(scenario, 0, None, False, lambda share, calls: None)
    assert result.kpis["agents"]["day"]["agents_mean"] == (8.0 * 4 * 3600e6, 4 * 3600e6)


def test_a_shift_adds_to_what_the_timeline_has_set() -> None:
    text = HANDOVER.replace("SHIFTS", "{count: 10}, {count: 10, from: 2h, to: 3h}")
    scenario = loads(text + "timeline: [{at: 1h, set_agents: {pool: day, count: 20}}]\n")
    result = run_replication(scenario, 0, None, False, lambda share, calls: None)
    mean = result.kpis["agents"]["day"]["agents_mean"]
    assert isinstance(mean, tuple)
    staffed, length = mean
    assert length == 4 * 3600e6
    assert 80 <= staffed / 3600e6 <= 85, (
        "10, 20, 30 and 20 agents; who talks when a shift ends stays a little"
    )
