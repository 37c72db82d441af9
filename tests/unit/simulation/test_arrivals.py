"""Arrivals come at the rates a scenario states, and depend on nothing else."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from busyhour.core.ids import ABSENT, HOUR, MINUTE, SECOND
from simulation.arrivals import arrivals_of
from simulation.rates import ConstantRate, ProfileRate, Rate, SinusoidRate
from simulation.scenario.distributions import Constant, Exponential, Gamma
from simulation.scenario.inbound import Inbound, RateFrom, Sinusoid
from simulation.substreams import Substreams

START = 1_772_488_800_000_000
"""2026-03-02T22:00:00Z."""
PER_HOUR = 1.0 / 3600.0


def line(**rate: Any) -> Inbound:
    return Inbound(queue="sales", **rate)


def step(start: int, per_second: float) -> RateFrom:
    return RateFrom.model_validate({"from": start, "rate": per_second})


STEADY = line(rate=2.0)
DAY_PROFILE = line(
    profile=(
        step(10 * MINUTE, 1.0),
        step(HOUR, 0.0),
        step(2 * HOUR, 3.0),
    )
)
TIDE = line(sinusoid=Sinusoid(mean=100 * PER_HOUR, amplitude=60 * PER_HOUR, period=8 * HOUR))


def arrivals(inbound: Inbound, hours: int, replication: int = 0, seed: int = 5) -> NDArray[np.int64]:
    """Every arrival within so many hours, microseconds from the start."""
    source = arrivals_of(Substreams(seed, replication), "sales", inbound, START, START + hours * HOUR)
    instants: list[int] = []
    while (instant := next(source, ABSENT)) != ABSENT:
        instants.append(instant)
    return np.asarray(instants, dtype=np.int64) - START


def expected_between(inbound: Inbound, low: float, high: float) -> float:
    """The integral of the rate as the scenario words it, by quadrature; times in seconds."""

    def rate(second: float) -> float:
        if inbound.sinusoid is not None:
            wave = inbound.sinusoid
            return wave.mean + wave.amplitude * np.sin(2 * np.pi * second * SECOND / wave.period)
        if inbound.profile is not None:
            begun = [step.rate for step in inbound.profile if step.from_ <= second * SECOND]
            return begun[-1] if begun else 0.0
        return inbound.rate or 0.0

    middle = (low + high) / 2
    return integrate.quad(rate, low, middle)[0] + integrate.quad(rate, middle, high)[0]


@pytest.mark.parametrize("inbound", [STEADY, DAY_PROFILE, TIDE], ids=["rate", "profile", "sinusoid"])
def test_counts_per_interval_are_those_expected(inbound: Inbound):
    hours, replications = 8, 30
    every = np.concatenate([arrivals(inbound, hours, replication) for replication in range(replications)])
    total = np.histogram(every, bins=hours * 6, range=(0, hours * HOUR))[0]
    wanted = replications * np.asarray(
        [expected_between(inbound, 600.0 * k, 600.0 * (k + 1)) for k in range(6 * hours)]
    )
    assert (total[wanted == 0.0] == 0).all()
    busy = wanted > 0.0
    statistic = float(((total - wanted)[busy] ** 2 / wanted[busy]).sum())
    # Poisson counts: chi-square with a degree of freedom an interval; one seed in ten thousand would fail.
    assert 1e-4 < stats.chi2.sf(statistic, busy.sum()) < 1.0 - 1e-4


def test_gaps_at_a_constant_rate_are_exponential():
    gaps = np.diff(arrivals(STEADY, 10)) / SECOND
    assert stats.kstest(gaps, stats.expon(scale=0.5).cdf).pvalue > 1e-4
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 4.5 / gaps.size**0.5


def test_counts_of_disjoint_intervals_vary_as_poisson_counts():
    counts = np.histogram(arrivals(STEADY, 50), bins=3000, range=(0, 50 * HOUR))[0]
    dispersion = counts.var() / counts.mean()
    assert abs(dispersion - 1.0) < 4.5 * (2.0 / counts.size) ** 0.5


@pytest.mark.parametrize("inbound", [STEADY, DAY_PROFILE, TIDE], ids=["rate", "profile", "sinusoid"])
def test_arrivals_are_in_order_and_before_the_end(inbound: Inbound):
    instants = arrivals(inbound, 6)
    assert (np.diff(instants) >= 0).all()
    assert instants[0] >= 0
    assert instants[-1] < 6 * HOUR


def test_deterministic_arrivals_are_evenly_spaced_the_first_one_interval_in():
    instants = arrivals(line(rate=0.25, process="deterministic"), 5)
    assert instants.tolist() == [4 * SECOND * count for count in range(1, 5 * 900)]


def test_deterministic_arrivals_follow_a_profile_to_the_microsecond():
    profile = (step(SECOND, 2.0), step(3 * SECOND, 0.5))
    instants = arrivals(line(profile=profile, process="deterministic"), 1)
    assert (instants[:6] / SECOND).tolist() == [1.5, 2.0, 2.5, 3.0, 5.0, 7.0]


def test_a_profile_that_ends_in_silence_ends_the_arrivals():
    profile = (step(0, 1.0), step(HOUR, 0.0))
    source = arrivals_of(Substreams(5, 0), "sales", line(profile=profile), START, ABSENT)
    count = 0
    while (instant := next(source, ABSENT)) != ABSENT:
        assert instant < START + HOUR
        count += 1
    assert abs(count - 3600) < 4.5 * 60
    assert [next(source, ABSENT) for _ in range(3)] == [ABSENT, ABSENT, ABSENT]


def test_a_rate_of_nothing_brings_nobody():
    assert arrivals(line(rate=0.0), 5).size == 0
    assert arrivals(line(sinusoid=Sinusoid(mean=0.0, amplitude=0.0, period=HOUR)), 5).size == 0


def test_a_longer_run_begins_with_the_shorter_one():
    for inbound in (STEADY, DAY_PROFILE, TIDE):
        short, long = arrivals(inbound, 3), arrivals(inbound, 6)
        assert long[: short.size].tolist() == short.tolist()


def test_a_higher_rate_brings_every_caller_sooner():
    slow = arrivals(line(sinusoid=Sinusoid(mean=1.0, amplitude=1.0, period=HOUR)), 4)
    fast = arrivals(line(sinusoid=Sinusoid(mean=1.2, amplitude=1.0, period=HOUR)), 4)
    assert fast.size > slow.size
    assert (fast[: slow.size] <= slow).all()


def test_other_streams_and_lines_leave_the_arrivals_alone():
    alone = arrivals(STEADY, 1).tolist()
    streams = Substreams(5, 0)
    talk = streams.durations("sales", "talk", Exponential(mean=60.0 * SECOND))
    other = arrivals_of(streams, "billing", TIDE, START, ABSENT)
    source = arrivals_of(streams, "sales", STEADY, START, START + HOUR)
    seen: list[int] = []
    while (instant := next(source, ABSENT)) != ABSENT:
        seen.append(instant - START)
        talk.at(instant - START)
        next(other)
    assert seen == alone


@pytest.mark.parametrize(("seed", "replication"), [(5, 1), (6, 0)])
def test_seeds_and_replications_bring_independent_counts(seed: int, replication: int):
    one = np.histogram(arrivals(STEADY, 50), bins=3000, range=(0, 50 * HOUR))[0]
    other = np.histogram(arrivals(STEADY, 50, replication, seed), bins=3000, range=(0, 50 * HOUR))[0]
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / one.size**0.5


def test_busyness_is_one_factor_on_the_whole_replication():
    double = arrivals(line(rate=2.0, busyness=Constant(value=2.0)), 4)
    plain = arrivals(line(rate=4.0), 4)
    assert double.tolist() == plain.tolist()
    assert arrivals(line(rate=2.0, busyness=Constant(value=0.0)), 4).size == 0


def test_gamma_busyness_keeps_the_mean_and_spreads_the_days():
    days, mean, shape = 300, 7200.0, 29.7
    inbound = line(rate=2.0, busyness=Gamma(shape=shape, scale=1.0 / shape))
    counts = np.asarray([arrivals(inbound, 1, day).size for day in range(days)], dtype=np.float64)
    # A Poisson count with a gamma mean is negative binomial: variance m + m²/shape.
    variance = mean + mean**2 / shape
    assert abs(counts.mean() - mean) < 4.5 * (variance / days) ** 0.5
    ratio = counts.var(ddof=1) / variance
    assert abs(ratio - 1.0) < 4.5 * ((2.0 + 6.0 / shape) / days) ** 0.5


def test_callers_with_their_talk_times_fill_an_infinite_queue_as_the_forward_equation_says():
    # Row 9 of the closed forms: M(t)/M/∞, λ = 100 + 60 sin(2πt/8) and μ = 12 an hour, at 0 h and at 2 h.
    periods = 400
    begun = arrivals(TIDE, 8 * (periods + 1))
    talk = Substreams(5, 0).durations("sales", "talk", Exponential(mean=5.0 * MINUTE))
    ended = np.sort(begun + np.asarray([talk.at(index) for index in range(begun.size)]))
    for hour, exact in ((0, 8.007480), (2, 13.312006)):
        at = (np.arange(1, periods + 1) * 8 + hour) * HOUR
        busy = np.searchsorted(begun, at, side="right") - np.searchsorted(ended, at, side="right")
        assert abs(busy.mean() - exact) < 4.5 * (exact / periods) ** 0.5


RATES: dict[str, Rate] = {
    "constant": ConstantRate(3.0),
    "profile": ProfileRate([(MINUTE, 1.0), (2 * MINUTE, 0.0), (HOUR, 0.001), (2 * HOUR, 900.0)]),
    "sinusoid": SinusoidRate(2.0, 1.0, 8 * HOUR),
    "sinusoid that touches zero": SinusoidRate(5.0, 5.0, HOUR),
    "quick sinusoid": SinusoidRate(0.01, 0.01, SECOND),
}


@pytest.mark.parametrize("name", RATES)
def test_times_turn_the_expected_counts_round(name: str):
    rate = RATES[name]
    counts = np.cumsum(np.full(20_000, 0.37))
    times = rate.times(counts)
    assert (np.diff(times) >= 0.0).all()
    # Within the microsecond before and after, up to rounding of the count itself.
    slack = 1e-12 * counts
    assert (rate.expected(np.maximum(times - 1.0, 0.0)) <= counts + slack).all()
    assert (rate.expected(times + 1.0) >= counts - slack).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: ConstantRate(-1.0),
        lambda: ConstantRate(float("nan")),
        lambda: ConstantRate(float("inf")),
        lambda: ProfileRate([]),
        lambda: ProfileRate([(0, 1.0), (0, 2.0)]),
        lambda: ProfileRate([(5, 1.0), (0, 2.0)]),
        lambda: ProfileRate([(0, -1.0)]),
        lambda: SinusoidRate(1.0, 2.0, HOUR),
        lambda: SinusoidRate(1.0, 0.5, 0),
    ],
)
def test_rates_that_make_no_sense_are_refused(make: Any):
    with pytest.raises(ValueError):
        make()


def test_blocks_are_asked_for_only_when_the_last_one_is_used_up(monkeypatch: pytest.MonkeyPatch):
    blocks = [[1, 2], [3], []]
    asked: list[int] = []

    def more() -> list[int]:
        asked.append(len(blocks))
        return blocks.pop(0) if blocks else []

    monkeypatch.setattr("simulation.arrivals.InstantBlocks", lambda *_: more)
    source = arrivals_of(Substreams(5, 0), "sales", STEADY, START, ABSENT)
    assert [next(source, ABSENT) for _ in range(3)] == [1, 2, 3]
    assert asked == [3, 2]
    assert [next(source, ABSENT), next(source, ABSENT)] == [ABSENT, ABSENT]
