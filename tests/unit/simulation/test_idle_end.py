"""Runs that end when idle."""

import pytest

from busyhour.results.replication import ReplicationResult
from simulation.runs import run_replication
from simulation.scenario import loads

SCENARIO = """
clock: {start: "2026-03-02T09:00:00Z", until: idle}
queues: {desk: {agents: 1, wrap_up: 60s}}
campaigns:
  list: {contacts: [{phone: "+14155550101", behaviour: [{human: {after: 10s, talk: 30s}}]}]}
"""


@pytest.mark.parametrize("horizon", ["40s", "1h", "2d"])
def test_work_beyond_the_idle_end_does_not_count_whatever_the_horizon(horizon: str) -> None:
    scenario = loads(SCENARIO, overrides=[f"clock.horizon={horizon}"])
    result = run_replication(scenario, 0, None, False, lambda share, calls: None)
    agents = result.kpis["agents"]["desk"]
    assert result.virtual_us == 40_000_000
    assert agents["occupancy"] == (30_000_000.0, 40_000_000.0)
    assert agents["wrap_up_share"] == (0.0, 40_000_000.0)
    assert result.consistent


RELAUNCHED = """
clock: {start: "2026-03-02T09:00:00Z", until: idle}
queues: {desk: {agents: 1}}
campaigns:
  list:
    contacts:
      - {phone: "+14155550101", behaviour: [{human: {after: 10s, talk: 30s}}]}
      - {phone: "+14155550102", behaviour: [{human: {after: 10s, talk: 30s}}]}
    pacing: {mode: progressive}
timeline:
  - {at: 0s, launch: list}
  - {at: 20s, stop: list}
  - {at: 1h, launch: list}
"""


def test_a_stopped_campaign_that_is_launched_again_has_work_left() -> None:
    result = run_replication(loads(RELAUNCHED), 0, None, False, lambda share, calls: None)
    assert result.kpis["campaigns"]["list"]["contacts_completed"] == 2.0
    assert result.virtual_us == 3_640_000_000


def run(text: str) -> ReplicationResult:
    return run_replication(loads(text), 0, None, False, lambda share, calls: None)


def test_nobody_calls_in_any_more_once_the_campaigns_are_complete() -> None:
    result = run("""
clock: {start: "2026-03-02T09:00:00Z", until: idle}
queues: {desk: {agents: 1, handle_time: 10s}}
inbound: [{queue: desk, rate: 1/min, process: deterministic}]
campaigns:
  list: {contacts: [{phone: "+14155550101", behaviour: [{human: {after: 10s, talk: 200s}}]}]}
""")
    assert result.kpis["campaigns"]["list"]["contacts_completed"] == 1.0
    assert 210_000_000 <= result.virtual_us <= 260_000_000


def test_a_retry_far_off_is_waited_for_while_another_campaign_asks_in_vain() -> None:
    result = run("""
clock: {start: "2026-03-02T09:00:00Z", until: idle}
queues: {desk: {agents: 0}, other: {agents: 1}}
trunks: {narrow: {channels: 1}, wide: {}}
campaigns:
  later:
    contacts: [{phone: "+14155550101", behaviour: [busy, {human: {after: 1s, talk: 1s}}]}]
    queue: other
    trunk: wide
    retry: {max_attempts: 2, rules: [{outcome: busy, after: 5h}]}
  vain:
    contacts:
      - {phone: "+14155550102", behaviour: [{human: {after: 1s, patience: 6h}}]}
      - {phone: "+14155550103", behaviour: [busy]}
    queue: desk
    trunk: narrow
    pacing: {mode: agentless}
""")
    assert result.kpis["campaigns"]["later"]["contacts_completed"] == 1.0


def test_a_run_that_ends_before_its_warm_up_counts_nothing() -> None:
    result = run(SCENARIO.replace("until: idle", "until: idle, warmup: 1h"))
    assert result.kpis["queues"]["desk"]["offered"] == 0.0
    assert result.consistent
