"""Every row of the validation table, on the engine: what it simulates, and how surely, beside the exact value.

A 95% interval misses one exact value in twenty by chance alone, and there are sixty here. So each must lie in
its 99.9% interval, whose 95% half-width must be narrow enough to mean something; about as many as 95% promises
must lie in their 95% intervals; and over many seeds of one row, each KPI's 95% interval must hold in about 95%.
"""

from collections.abc import Iterator

import pytest
from scipy.stats import binom

from busyhour.interpreted import reason, runtime
from simulation.scenario import loads
from tests.support.closed_forms import peak_under_sinusoid
from tests.support.validation_runs import Crew, Outcome, crew, scenario_of
from tests.support.validation_scenarios import VALIDATIONS, a_day
from tests.support.validation_texts import A_DAY_IMPATIENT

pytestmark = pytest.mark.slow

INTERPRETED = runtime() == "interpreted"
SCALE = 0.25 if INTERPRETED else 1.0
"""Share of the replications that run. Interpreted a call takes four times as long."""
WIDER = 2.75 if INTERPRETED else 1.0
"""Times as wide as the table's a half-width may be: twice for a quarter of the replications, and more because
fewer replications tell their own spread less well."""

LEVEL = 0.999
"""Of the intervals that the exact values must lie in."""
SURELY = 0.9999
"""Of the bounds on how many 95% intervals hold."""

SEEDS = 100 if INTERPRETED else 300
DAYS_A_SEED = 6


class Table:
    """Outcomes by validation, each run once, when the first test asks for it."""

    def __init__(self, hands: Crew) -> None:
        self.hands = hands
        self._outcomes: dict[str, Outcome] = {}

    def outcome(self, name: str) -> Outcome:
        if name not in self._outcomes:
            self._outcomes[name] = self.hands.run(name, VALIDATIONS[name], SCALE)
        return self._outcomes[name]


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    with crew() as hands:
        yield Table(hands)


@pytest.mark.parametrize("name", VALIDATIONS)
def test_the_exact_value_is_in_the_interval(table: Table, name: str) -> None:
    missed = [str(figure) for figure in table.outcome(name).figures if not figure.inside(LEVEL)]
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("name", VALIDATIONS)
def test_the_interval_is_narrow_enough_to_mean_something(table: Table, name: str) -> None:
    wide = [
        f"{figure}; at most {100 * WIDER * figure.narrow:g}%"
        for figure in table.outcome(name).figures
        if figure.relative_half_width > WIDER * figure.narrow
    ]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("name", VALIDATIONS)
def test_littles_law_holds_exactly_in_every_queue_of_every_replication(table: Table, name: str) -> None:
    queues = set(scenario_of(VALIDATIONS[name].text).queues)
    for result in table.outcome(name).results:
        assert {check.name for check in result.checks if check.section == "queues"} == queues
        assert all(check.holds for check in result.checks), (name, result.replication, result.checks)


@pytest.mark.parametrize("name", [name for name, validation in VALIDATIONS.items() if validation.zero])
def test_nobody_is_abandoned_where_a_line_is_dialled_for_each_agent(table: Table, name: str) -> None:
    estimates = table.outcome(name).estimates
    for kpi in VALIDATIONS[name].zero:
        assert (estimates[kpi].mean, estimates[kpi].sd) == (0.0, 0.0)


def test_about_95_percent_of_the_95_percent_intervals_hold(table: Table) -> None:
    """Counted is the first figure of each validation, for those of one validation move together."""
    held = {name: table.outcome(name).figures[0].inside() for name in VALIDATIONS}
    assert sum(held.values()) >= binom.ppf(1 - LEVEL, len(held), 0.95), held


def test_the_peak_of_a_swinging_rate_is_read_when_it_comes() -> None:
    at, _ = peak_under_sinusoid(100.0, 60.0, 8.0, 12.0)
    hours = {getattr(reading, "hours", None) for reading in VALIDATIONS["sinusoid"].of_rows()}
    assert round(at, 6) in hours


def test_95_percent_intervals_of_many_seeds_hold_in_about_95_percent(table: Table) -> None:
    """A day from its first call to its last, in which no warm-up blurs what is exact."""
    exact = a_day(1.0)
    held = dict.fromkeys(exact, 0)
    for seed in range(SEEDS):
        text = f"{A_DAY_IMPATIENT}seed: {10_000 + seed}\n"
        replicated = table.hands.replications(text, range(DAYS_A_SEED))
        estimates = table.hands.estimates(text, [one.result for one in replicated])
        for kpi, value in exact.items():
            interval = estimates[kpi].ci95
            assert interval is not None
            held[kpi] += interval[0] <= value <= interval[1]
    low, high = (binom.ppf(p, SEEDS, 0.95) for p in ((1 - SURELY) / 2, (1 + SURELY) / 2))
    assert all(low <= count <= high for count in held.values()), (held, low, high)


def test_every_replication_of_the_table_runs() -> None:
    """Where it does not, this says so in the list of what was skipped."""
    if INTERPRETED:
        pytest.skip(
            f"the core is interpreted ({reason()}): a quarter of the replications run, and intervals may be "
            f"{WIDER:g} times as wide as the table of validation asks; make compile runs them all"
        )
    assert (SCALE, WIDER) == (1.0, 1.0)
    assert all(loads(validation.text).replications >= 12 for validation in VALIDATIONS.values())
