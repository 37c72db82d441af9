"""Predictive pacing's benchmark on the product's own engine: occupancy within the cap on abandonment.

Required for exponential shapes is half of the way from the best constant ratio to the optimum of the decision
process, for real shapes more than the best ratio that only counts.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import binomtest

from bench.pacing.optimum import HANDLING_S, Chain
from busyhour.interpreted import reason, runtime
from busyhour.results.estimates import Estimate
from busyhour.results.replication import ReplicationResult
from tests.support.closed_forms import progressive_occupancy
from tests.support.pacing_benchmark import (
    ABANDONED,
    ABANDONMENT,
    CAP,
    LINES_FOR_EACH_IDLE,
    OCCUPANCY,
    PROGRESSIVE,
    RUNS,
    SETTINGS,
    TEAMS,
    Setting,
    power,
)
from tests.support.validation_runs import Crew, Figure, crew

pytestmark = pytest.mark.slow

INTERPRETED = runtime() == "interpreted"
REPLICATIONS = 4 if INTERPRETED else RUNS
SEEDS = 8 if INTERPRETED else 30
NARROW = 0.006 if INTERPRETED else 0.002
"""Half-width of the 95% intervals, as a difference of shares."""
LEVEL = 0.999


class Benchmark:
    """Long runs and evenings by setting, each run once, when the first test asks for it."""

    def __init__(self, hands: Crew) -> None:
        self._hands = hands
        self._long: dict[Setting, dict[str, Estimate]] = {}
        self._evenings: dict[Setting, list[ReplicationResult]] = {}

    def long_run(self, setting: Setting) -> dict[str, Estimate]:
        if setting not in self._long:
            text = setting.long_run()
            replicated = self._hands.replications(text, range(REPLICATIONS))
            self._long[setting] = self._hands.estimates(text, [one.result for one in replicated])
        return self._long[setting]

    def evenings(self, setting: Setting) -> list[ReplicationResult]:
        if setting not in self._evenings:
            texts = [setting.four_hours(1_000 + seed) for seed in range(SEEDS)]
            self._evenings[setting] = self._hands.first_replications(texts)
        return self._evenings[setting]

    def abandonment_of_evenings(self, setting: Setting) -> Estimate:
        return self._hands.estimates(setting.four_hours(1_000), self.evenings(setting))[ABANDONMENT]


def observed(estimate: Estimate) -> tuple[float, float]:
    """The mean and the half-width of its 95% interval."""
    assert estimate.mean is not None
    assert estimate.ci95 is not None
    return estimate.mean, (estimate.ci95[1] - estimate.ci95[0]) / 2


@pytest.fixture(scope="module")
def benchmark() -> Iterator[Benchmark]:
    with crew() as hands:
        yield Benchmark(hands)


every_setting = pytest.mark.parametrize("setting", SETTINGS, ids=str)


@every_setting
def test_abandonment_is_within_the_cap(benchmark: Benchmark, setting: Setting) -> None:
    abandonment, half_width = observed(benchmark.long_run(setting)[ABANDONMENT])
    assert abandonment - half_width <= CAP


@every_setting
def test_occupancy_is_what_is_required(benchmark: Benchmark, setting: Setting) -> None:
    occupancy, _ = observed(benchmark.long_run(setting)[OCCUPANCY])
    assert occupancy > setting.required


@every_setting
def test_runs_are_long_enough_to_tell(benchmark: Benchmark, setting: Setting) -> None:
    estimates = benchmark.long_run(setting)
    assert observed(estimates[OCCUPANCY])[1] <= NARROW
    assert observed(estimates[ABANDONMENT])[1] <= NARROW


@every_setting
def test_no_evening_ends_over_the_cap_by_more_than_its_interval(
    benchmark: Benchmark, setting: Setting
) -> None:
    """Four hours from a cold start; the interval is Clopper and Pearson's, as of independent answers."""
    for seed, result in enumerate(benchmark.evenings(setting)):
        ratio = result.kpis["campaigns"]["leads"]["abandonment_rate"]
        assert isinstance(ratio, tuple)
        abandoned, live = (int(part) for part in ratio)
        assert binomtest(abandoned, live).proportion_ci().low <= CAP, (seed, abandoned, live)


@every_setting
def test_evenings_are_not_over_the_cap_on_average(benchmark: Benchmark, setting: Setting) -> None:
    abandonment, half_width = observed(benchmark.abandonment_of_evenings(setting))
    assert abandonment - half_width <= CAP


@pytest.mark.parametrize("agents", TEAMS)
def test_one_line_for_each_agent_keeps_any_team_as_busy(benchmark: Benchmark, agents: int) -> None:
    setting = Setting("exponential", agents, PROGRESSIVE)
    estimates = benchmark.long_run(setting)
    exact = progressive_occupancy(0.25, 12.0, 12.0, 120.0)
    figure = Figure(0, str(setting), OCCUPANCY, exact, estimates[OCCUPANCY], NARROW)
    assert figure.inside(LEVEL), str(figure)
    assert estimates[ABANDONED].mean == 0


@pytest.mark.parametrize("agents", [10, 20])
def test_power_dialling_is_the_chain_it_is(benchmark: Benchmark, agents: int) -> None:
    """Its stationary distribution is solved: bench.pacing.optimum."""
    lines = LINES_FOR_EACH_IDLE["exponential", agents]
    chain = Chain(agents)
    connects, losses = chain.connects_and_losses(chain.levels(lambda idle: int(lines * idle)))
    exact = {
        OCCUPANCY: connects * HANDLING_S / agents,
        ABANDONMENT: losses / (connects + losses),
    }
    setting = Setting("exponential", agents, power(lines))
    estimates = benchmark.long_run(setting)
    for kpi, value in exact.items():
        figure = Figure(0, str(setting), kpi, value, estimates[kpi], NARROW)
        assert figure.inside(LEVEL), str(figure)


def test_every_run_of_the_benchmark_runs() -> None:
    """Where it does not, this says so in the list of what was skipped."""
    if INTERPRETED:
        pytest.skip(
            f"the core is interpreted ({reason()}): {SEEDS} seeds of 30 and {REPLICATIONS} long runs of {RUNS}, "
            "whose intervals may be three times as wide; make compile runs them all"
        )
    assert (REPLICATIONS, SEEDS) == (RUNS, 30)
    assert np.all([setting.required > 0.75 for setting in SETTINGS])
