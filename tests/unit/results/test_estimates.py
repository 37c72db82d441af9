"""Means, ratios and their intervals, against scipy and against how often they hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from busyhour.results.definitions import definition_of
from busyhour.results.estimates import NOTHING, Estimate, estimate, mean_of, ratio_of_means, student

PLAIN = definition_of("queues", "offered")
RATIO = definition_of("queues", "asa_s")
SHARE = definition_of("queues", "service_level")
QUANTILE = definition_of("queues", "wait_p95_s")


@pytest.mark.parametrize("degrees", [1, 2, 9, 29, 999])
def test_student_is_scipys(degrees: int) -> None:
    assert student(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-12)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_the_interval_of_a_mean_is_students(values: list[float]) -> None:
    found = mean_of(values)
    n = len(values)
    sd = float(np.std(values, ddof=1))
    half = float(stats.t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
    assert found.n == n
    assert found.mean == pytest.approx(np.mean(values))
    assert found.sd == pytest.approx(sd, abs=1e-6)
    assert found.ci95 is not None
    assert found.ci95 == pytest.approx((np.mean(values) - half, np.mean(values) + half), abs=1e-5)


def test_a_ratio_is_the_ratio_of_the_means_and_not_the_mean_of_ratios() -> None:
    found = ratio_of_means([(1, 10), (30, 100)])
    assert found.mean == pytest.approx(31 / 110)


def test_the_jackknife_of_a_ratio_is_the_textbooks() -> None:
    pairs = [(3.0, 10.0), (5.0, 12.0), (2.0, 9.0), (6.0, 11.0)]
    n = len(pairs)
    whole = sum(a for a, _ in pairs) / sum(b for _, b in pairs)
    without = [
        sum(a for j, (a, _) in enumerate(pairs) if j != i)
        / sum(b for j, (_, b) in enumerate(pairs) if j != i)
        for i in range(n)
    ]
    pseudo = [n * whole - (n - 1) * w for w in without]
    error = float(np.std(pseudo, ddof=1)) / math.sqrt(n)
    half = float(stats.t.ppf(0.975, n - 1)) * error
    found = ratio_of_means(pairs)
    assert found.mean == pytest.approx(whole)
    assert found.sd == pytest.approx(float(np.std(pseudo, ddof=1)))
    assert found.ci95 == pytest.approx((whole - half, whole + half))


@given(st.lists(st.floats(1, 1e9), min_size=2, max_size=10), st.sampled_from((0.0, 0.25, 1.0)))
def test_a_constant_ratio_is_exactly_constant(below: list[float], ratio: float) -> None:
    found = ratio_of_means([(ratio * b, b) for b in below])
    assert found.mean == pytest.approx(ratio)
    assert found.sd == 0.0


def test_nothing_observed_says_nothing() -> None:
    assert mean_of([]) == NOTHING
    assert estimate(PLAIN, [None, None]) == NOTHING
    assert ratio_of_means([(0, 0), (0, 0)]) == Estimate(None, None, None, 2)


def test_one_replication_tells_no_interval() -> None:
    assert estimate(PLAIN, [5.0]) == Estimate(5.0, None, None, 1)
    assert estimate(RATIO, [(6.0, 3.0)]) == Estimate(2.0, None, None, 1)


def test_a_ratio_held_by_one_replication_alone_has_no_interval() -> None:
    assert ratio_of_means([(1, 4), (0, 0), (0, 0)]) == Estimate(0.25, None, None, 3)


def test_replications_that_saw_nothing_are_left_out_of_n() -> None:
    found = estimate(definition_of("campaigns", "duration_s"), [10.0, None, 14.0])
    assert (found.mean, found.n) == (12.0, 2)


def test_an_interval_stays_within_what_is_possible() -> None:
    share = estimate(SHARE, [(99, 100), (100, 100), (80, 100)])
    assert share.ci95 is not None
    assert share.ci95[1] == 1.0
    count = estimate(PLAIN, [0.0, 0.0, 9.0])
    assert count.ci95 is not None
    assert count.ci95[0] == 0.0


def test_a_quantile_of_one_replication_has_the_interval_of_its_order_statistics() -> None:
    found = estimate(QUANTILE, [3.0], bounds=(2.0, 5.0))
    assert (found.mean, found.ci95, found.n) == (3.0, (2.0, 5.0), 1)
    assert found.method is not None


def test_a_quantile_of_many_replications_is_their_mean() -> None:
    assert estimate(QUANTILE, [3.0, 5.0], bounds=(2.0, 5.0)).mean == 4.0


def test_ratios_of_few_replications_hold_the_true_ratio_about_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        below = rng.poisson(200, 10)
        above = rng.binomial(below, 0.03)
        ci95 = ratio_of_means(list(zip(above.astype(float), below.astype(float), strict=True))).ci95
        assert ci95 is not None
        held += ci95[0] <= 0.03 <= ci95[1]
    # 380 of 400, with a standard deviation of 4.4; few and skewed counts cost a little
    assert held >= 362


def autoregressive(rng: np.random.Generator, n: int, correlation: float) -> np.ndarray:
    noise = rng.normal(0.0, 1.0, n)
    for k in range(1, n):
        noise[k] += correlation * noise[k - 1]
    return 10.0 + noise


def batches_of(series: np.ndarray, count: int = 20) -> list[tuple[float, float]]:
    parts = np.array_split(series, count)
    return [(float(part.sum()), float(len(part))) for part in parts]


def test_batch_means_of_one_long_run_hold_the_true_mean_about_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(5)
    held = told = 0
    for _ in range(300):
        series = autoregressive(rng, 4_000, 0.9)
        pair = (float(series.sum()), float(len(series)))
        found = estimate(RATIO, [pair], batches=batches_of(series))
        if found.ci95 is not None:
            told += 1
            held += found.ci95[0] <= 10.0 <= found.ci95[1]
    assert told >= 285
    # 95%, with a standard deviation of 1.3%
    assert held >= 0.91 * told


def test_a_run_too_short_for_independent_batches_tells_no_interval() -> None:
    rng = np.random.default_rng(9)
    refused = 0
    for _ in range(50):
        series = np.cumsum(rng.normal(0.0, 1.0, 400))
        series -= series.min()
        pair = (float(series.sum()), float(len(series)))
        refused += estimate(RATIO, [pair], batches=batches_of(series)).ci95 is None
    assert refused >= 45


def test_the_batches_are_told() -> None:
    rng = np.random.default_rng(1)
    series = rng.normal(10.0, 1.0, 2_000)
    found = estimate(RATIO, [(float(series.sum()), 2_000.0)], batches=batches_of(series))
    assert found.method == "batch means, 20 batches of one replication"
    assert found.as_json()["method"] == found.method
