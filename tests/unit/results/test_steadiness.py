"""A level curve is let be, a rising start is found, a trend is told."""

import numpy as np
from numpy.typing import NDArray

from busyhour.results.steadiness import NEVER, settles_at


def noise(rng: np.random.Generator, points: int, correlation: float = 0.8) -> NDArray[np.float64]:
    made = rng.normal(0.0, 0.02, points)
    for k in range(1, points):
        made[k] += correlation * made[k - 1]
    return made


def test_a_rising_start_is_found() -> None:
    rng = np.random.default_rng(2)
    curve = np.minimum(np.arange(160) / 40, 1.0) + noise(rng, 160)
    assert 30 <= settles_at(curve, 0) <= 80
    assert settles_at(curve, 60) == 60


def test_a_level_curve_rarely_raises_a_false_alarm() -> None:
    rng = np.random.default_rng(4)
    alarms = sum(settles_at(1.0 + noise(rng, 160), 0) != 0 for _ in range(300))
    assert alarms <= 9


def test_a_curve_that_moves_throughout_never_settles() -> None:
    rng = np.random.default_rng(6)
    assert settles_at(np.arange(160) / 40 + noise(rng, 160), 0) == NEVER


def test_a_curve_too_short_to_tell_is_let_be() -> None:
    assert settles_at(np.arange(30.0), 0) == 0
