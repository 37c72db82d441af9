"""Campaigns whose live answers a voice agent takes."""

import pytest

from busyhour.results.replication import ReplicationResult
from simulation.runs import run_replication
from simulation.scenario import loads

TWO_SESSIONS = """
clock: {start: "2026-03-02T09:00:00Z", until: idle}
callees: {people: {outcomes: {human: 1}, ring_time: {human: 10s}}}
voice_agents: {robot: {capacity: 2, talk_time: 20s}}
campaigns: {list: {contacts: {count: 6}, callees: people, voice_agent: robot, pacing: {mode: progressive}}}
"""


def run(text: str, *changes: str) -> ReplicationResult:
    return run_replication(loads(text, overrides=changes), 0, None, False, lambda share, calls: None)


def test_one_line_is_dialled_for_each_free_session() -> None:
    """By hand: two lines at a time, ten seconds of ringing and twenty of talk, three times."""
    result = run(TWO_SESSIONS)
    assert result.virtual_us == 90_000_000
    assert result.kpis["campaigns"]["list"]["abandoned"] == 0.0
    assert result.kpis["campaigns"]["list"]["contacts_completed"] == 6.0


@pytest.mark.parametrize("mode", ["preview", "progressive", "power", "predictive"])
def test_every_mode_works_the_list_off(mode: str) -> None:
    result = run(TWO_SESSIONS, f"campaigns.list.pacing.mode={mode}")
    assert result.kpis["campaigns"]["list"]["attempts"] == 6.0


def test_without_a_capacity_limits_alone_hold_dialling() -> None:
    assert run(TWO_SESSIONS, "voice_agents.robot.capacity=unlimited").virtual_us == 30_000_000


def test_the_longest_wait_of_the_queue_that_a_voice_agent_transfers_to_holds() -> None:
    result = run(
        TWO_SESSIONS,
        "queues.people={agents: 0, max_wait: 5s}",
        "callees.people.patience=1h",
        "voice_agents.robot.transfer={share: 100%, to: people}",
    )
    assert result.kpis["queues"]["people"]["wait_mean_s"] == (30.0, 6.0)
    assert result.kpis["queues"]["people"]["abandoned"] == 6.0
