"""What every actor of a run is given."""

import tempfile
from pathlib import Path

import pytest

from actors.plan import LivePlan
from actors.replications import Order
from simulation.assembly import assemble
from simulation.executor import Job
from simulation.live_part import LivePart
from simulation.scenario import load

SCENARIO = """
name: listed
clock: {horizon: 1m}
campaigns: {spring: {contacts: {file: leads.csv}, pacing: {mode: agentless}}}
"""


class Nowhere:
    def add(self, chunk: bytes) -> None:
        """None comes."""


def test_contact_files_lie_on_the_machine_only_while_the_scenario_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leads.csv").write_text("phone\n+14155550100\n+14155550101\n")
    (tmp_path / "listed.yaml").write_text(SCENARIO)
    scenario = load(tmp_path / "listed.yaml", [])
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    roles = LivePlan.roles_of(scenario, 1)
    plan = LivePlan("scope", "", Order.of(Job(scenario, [0], tmp_path)), 1.0, roles, 0, tmp_path)
    with plan.scenario() as read:
        part = LivePart(read, roles["campaign-0"], 256)
        assert assemble(read, 0, Nowhere()).names.contact_labels
        assert list(passing.rglob("leads.csv"))
    assert list(passing.iterdir()) == []
    assert part.contacts_at_hand(0) == 2
