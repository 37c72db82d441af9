"""Where messages between machines take time."""

from simulation.runs import run_replication
from simulation.scenario import loads

SCENARIO = """
clock: {start: "2026-03-02T09:00:00Z", horizon: 10m, message_delay: 1s}
queues: {desk: {agents: 1, handle_time: 70s}}
inbound: [{queue: desk, rate: "1/min", process: deterministic}]
"""


def test_waits_that_a_queue_hears_of_late_are_not_held_against_its_own_count() -> None:
    result = run_replication(loads(SCENARIO), 0, None, False, lambda share, calls: None)
    assert result.consistent
    assert not [check for check in result.checks if check.section == "queues"]


def test_without_delay_every_queue_is_held_to_littles_law() -> None:
    scenario = loads(SCENARIO, overrides=["clock.message_delay=0s"])
    result = run_replication(scenario, 0, None, False, lambda share, calls: None)
    assert [check.name for check in result.checks if check.section == "queues"] == ["desk"]
    assert result.consistent
