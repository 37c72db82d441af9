"""Quantiles of the waits, their intervals and the tail that is plotted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from busyhour.results.waits import QUANTILES, WAIT_GRID_S, WaitSamples
from tests.unit.results.reference import HOUR, SECOND


def samples(waits: NDArray[np.int64], queue: NDArray[np.int16] | None = None, queues: int = 1) -> WaitSamples:
    kept = WaitSamples(queues)
    index = np.zeros(len(waits), np.int16) if queue is None else queue
    for part in range(0, len(waits), 7):
        kept.add(index[part : part + 7], waits[part : part + 7])
    return kept


@given(st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=300))
def test_quantiles_are_order_statistics(waits: list[int]) -> None:
    found = samples(np.array(waits, np.int64)).distribution(0)
    expected = np.quantile(np.array(waits), list(QUANTILES.values()), method="inverted_cdf") / SECOND
    assert found.quantiles_s == tuple(expected)
    assert found.entered == len(waits)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3 * HOUR)), min_size=1, max_size=100))
def test_queues_keep_their_waits_apart(entries: list[tuple[int, int]]) -> None:
    queue, wait = np.array(entries, np.int64).T
    kept = samples(wait, queue.astype(np.int16), queues=3)
    for index in range(3):
        mine = [w for q, w in entries if q == index]
        found = kept.distribution(index)
        assert found.entered == len(mine)
        assert found.longer.tolist() == [sum(w > int(t * SECOND) for w in mine) for t in WAIT_GRID_S]


def test_a_wait_beyond_four_bytes_of_microseconds_is_kept_whole() -> None:
    waits = np.array([2 * HOUR, 1], np.int64)
    assert samples(waits).distribution(0).quantiles_s[-1] == 7200


def test_a_queue_nobody_entered_has_no_quantile() -> None:
    found = WaitSamples(1).distribution(0)
    assert found.quantiles_s == (None,) * len(QUANTILES)
    assert found.entered == 0


def test_too_few_waits_give_no_interval() -> None:
    assert samples(np.arange(20, dtype=np.int64)).distribution(0).bounds_s == (None,) * len(QUANTILES)


@pytest.mark.parametrize("load", [0.0, 0.7])
def test_the_interval_of_one_run_holds_the_true_quantile_about_nineteen_times_in_twenty(load: float) -> None:
    """Waits of M/M/1 (Lindley's recursion), whose 90% quantile is known; load 0 stands for independent waits."""
    rng = np.random.default_rng(11)
    runs, held = 120, 0
    for _ in range(runs):
        if load:
            steps = rng.exponential(1.0, 40_000) - rng.exponential(1 / load, 40_000)
            walk = np.concatenate(([0.0], np.cumsum(steps)))
            waits = (walk - np.minimum.accumulate(walk))[2_000:]
            true = max(0.0, np.log(load / 0.1) / (1 - load))
        else:
            waits = rng.exponential(1.0, 5_000)
            true = np.log(10.0)
        kept = WaitSamples(1)
        kept.add(np.zeros(len(waits), np.int16), (waits * SECOND).astype(np.int64))
        bounds = kept.distribution(0).bounds_s[1]
        assert bounds is not None
        held += bounds[0] <= true <= bounds[1]
    # 95% of 120 is 114, with a standard deviation of 2.4
    assert held >= 105
