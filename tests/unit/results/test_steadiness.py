"""Level curves are let be, a rising start is found, a trend is told."""

import numpy as np
import pytest
from numpy.typing import NDArray

from busyhour.results.steadiness import NEVER, settles_at


def noise(rng: np.random.Generator, replications: int, points: int = 160) -> NDArray[np.float64]:
    """Correlated, as the number of busy agents is, and stationary from its first point on."""
    made = rng.normal(0.0, 1.0, (replications, points + 50))
    for k in range(1, points + 50):
        made[:, k] += 0.8 * made[:, k - 1]
    return made[:, 50:]


@pytest.mark.parametrize("replications", [5, 10])
def test_a_rising_start_is_found(replications: int) -> None:
    rng = np.random.default_rng(2)
    levels = 100 * np.minimum(np.arange(160) / 40, 1.0) + noise(rng, replications)
    assert 30 <= settles_at(levels, 0) <= 80
    assert settles_at(levels, 60) == 60


@pytest.mark.parametrize("replications", [3, 6, 20])
def test_level_curves_rarely_raise_a_false_alarm(replications: int) -> None:
    rng = np.random.default_rng(4)
    alarms = sum(settles_at(1.0 + noise(rng, replications), 0) != 0 for _ in range(300))
    assert alarms <= 9


def test_one_burst_in_one_replication_is_no_warm_up() -> None:
    rng = np.random.default_rng(5)
    levels = noise(rng, 6)
    levels[0, :30] += 500
    assert settles_at(levels, 0) == 0


def test_curves_that_rise_throughout_never_settle() -> None:
    rng = np.random.default_rng(6)
    assert settles_at(np.arange(160) + noise(rng, 5), 0) == NEVER


def test_what_is_too_short_or_too_few_to_tell_is_let_be() -> None:
    rising = np.tile(np.arange(160.0), (10, 1))
    assert settles_at(rising[:, :30], 0) == 0
    assert settles_at(rising[:2], 0) == 0
