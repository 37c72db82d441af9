"""Busyhour's side of each comparison, as scenario files."""

from pathlib import Path
from typing import Final

MM50: Final = """\
schema: busyhour.scenario/v1
name: mm50
seed: {seed}
clock: {{horizon: {horizon_s}s}}
queues:
  desk: {{agents: 50, handle_time: {{exponential: {{mean: 60s}}}}, wrap_up: 0s}}
inbound:
  - {{queue: desk, rate: "45/min"}}
"""
"""Row 3 of the validation table, M/M/50 with λ = 45 and μ = 1; the unit of time is a minute."""

CAMPAIGN: Final = """\
schema: busyhour.scenario/v1
name: campaign
seed: {seed}
clock: {{until: idle}}
trunks:
  main: {{channels: 240}}
callees:
  public:
    outcomes: {{human: 0.25, no_answer: 0.65, busy: 0.10}}
    ring_time: {{human: {{lognormal: {{mean: 12s, sd: 6s}}}}, no_answer: 25s, busy: 2s}}
    patience: 2s
queues:
  sales: {{agents: 50, handle_time: {{lognormal: {{mean: 120s, sd: 100s}}}}, wrap_up: 0s}}
campaigns:
  retail:
    contacts: {{count: {contacts}}}
    callees: public
    trunk: main
    queue: sales
    dial_timeout: 120s
    pacing: {pacing}
    retry: {{max_attempts: 3, rules: [{{outcome: busy, after: 10m}}, {{outcome: no_answer, after: 1h}}]}}
"""
POWER: Final = "{mode: power, lines_per_agent: 2}"
PREDICTIVE: Final = "{mode: predictive, abandonment_cap: 3%}"

CALLS_PER_MINUTE: Final = 45


def write_mm50(folder: Path, calls: int, seed: int) -> Path:
    """A scenario file whose mean number of calls is as given."""
    file = folder / f"mm50-{calls}-{seed}.yaml"
    file.write_text(MM50.format(seed=seed, horizon_s=calls * 60 // CALLS_PER_MINUTE))
    return file


def write_campaign(folder: Path, contacts: int, seed: int, pacing: str) -> Path:
    """A scenario file with so many contacts, each called up to three times."""
    file = folder / f"campaign-{contacts}-{seed}.yaml"
    file.write_text(CAMPAIGN.format(seed=seed, contacts=contacts, pacing=pacing))
    return file
