"""Traces tell every event once, in words."""

from pathlib import Path

import pyarrow.parquet as pq

from simulation.runs import run_replication, trace_replication
from simulation.scenario import loads

TEXT = """
clock: {start: "2026-03-02T17:00:00-05:00", until: idle}
queues: {desk: {agents: 1, handle_time: 30s, wrap_up: 5s}}
campaigns:
  spring:
    contacts:
      - {phone: "+14155550123", behaviour: [busy, {human: {after: 6s, talk: 40s}}]}
      - {phone: "+14155550124", behaviour: [{machine: {after: 4s}}]}
    queue: desk
    retry: {max_attempts: 2, rules: [{outcome: busy, after: 10m}]}
"""


def test_a_line_says_when_to_whom_what_and_the_facts(tmp_path: Path) -> None:
    lines = trace_replication(loads(TEXT, "traced", tmp_path), 0)
    refused = "+0:00:00.000000 call 0 CarrierRefused sip_code=486 disposition=busy end_reason=busy"
    assert refused in lines
    assert "+0:10:06.000000 call 2 AgentAssigned queue=desk agent=desk/1" in lines
    assert lines[-1] == "+0:10:46.000000 campaign desk/1 AgentChanged campaign=spring state=wrap_up"


def test_the_dataset_has_a_row_for_every_event_that_the_run_counts(tmp_path: Path) -> None:
    scenario = loads(TEXT, "traced", tmp_path)
    untraced = run_replication(scenario, 0, None, False, lambda fraction, calls: None)
    traced = run_replication(scenario, 0, tmp_path, True, lambda fraction, calls: None)
    rows = pq.read_table(tmp_path / "events")
    assert rows.num_rows == traced.events == untraced.events == len(trace_replication(scenario, 0))
    assert traced.digest == untraced.digest
    assert rows.column("event").to_pylist().count("PartyHungUp") == 1
    assert set(rows.column("machine").to_pylist()) == {"call", "agent", "queue", "campaign"}
