"""Arrival rates over time, and their cumulative rates turned round.

If Λ(t) = ∫ rate from 0 to t, and y₁ < y₂ < … are the arrivals of a Poisson process of rate one, then
Λ⁻¹(y₁) < Λ⁻¹(y₂) < … are those of a Poisson process of that rate (Çinlar, "Introduction to Stochastic
Processes", 1975, 4.7; Law, "Simulation Modeling and Analysis", 5th ed., 8.6.2). Inversion, unlike thinning,
moves every arrival a little when a rate changes a little, which is what common random numbers want.

Times are float64 microseconds from the source's start, rates are per second.
"""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulation import portable_math as portable

Floats = NDArray[np.float64]

PER_SECOND: Final = 1e-6
_TWO_PI: Final = float.fromhex("0x1.921fb54442d18p+2")
_PIECES: Final = 1024
_STEPS: Final = 60
_CLOSE_US: Final = 1e-3


class Rate(Protocol):
    """A rate that never is negative."""

    def expected(self, until: Floats) -> Floats:
        """Mean number of arrivals from 0 to each time."""
        ...

    def times(self, expected: Floats) -> Floats:
        """The first time by which so many (> 0) arrivals are expected; infinity if that never comes."""
        ...


class ConstantRate:
    """So many arrivals a second for ever."""

    def __init__(self, per_second: float) -> None:
        if not 0.0 <= per_second < float("inf"):
            raise ValueError("a rate is finite and not negative", per_second)
        self._per_us = per_second * PER_SECOND

    def expected(self, until: Floats) -> Floats:
        return until * self._per_us

    def times(self, expected: Floats) -> Floats:
        if not self._per_us:
            return np.full_like(expected, np.inf)
        return expected / self._per_us


class ProfileRate:
    """Steps: zero before the first, the last for ever."""

    def __init__(self, steps: list[tuple[int, float]]) -> None:
        """steps: (from, microseconds; rate per second), in order of time."""
        starts = [start for start, _ in steps]
        if not steps or starts != sorted(set(starts)) or starts[0] < 0:
            raise ValueError("a profile's steps begin one after the other", starts)
        if any(not 0.0 <= per_second < float("inf") for _, per_second in steps):
            raise ValueError("a rate is finite and not negative", steps)
        self._starts = np.asarray(starts, dtype=np.float64)
        self._per_us = np.asarray([per_second for _, per_second in steps]) * PER_SECOND
        widths = self._starts[1:] - self._starts[:-1]
        self._before = np.concatenate([[0.0], np.cumsum(widths * self._per_us[:-1])])

    def expected(self, until: Floats) -> Floats:
        step = np.maximum(np.searchsorted(self._starts, until, side="right") - 1, 0)
        return self._before[step] + np.maximum(until - self._starts[step], 0.0) * self._per_us[step]

    def times(self, expected: Floats) -> Floats:
        # side="left": the step in which the count is reached has a rate above zero, unless it is the last.
        step = np.maximum(np.searchsorted(self._before, expected, side="left") - 1, 0)
        per_us = self._per_us[step]
        with np.errstate(divide="ignore", invalid="ignore"):
            times = self._starts[step] + (expected - self._before[step]) / per_us
        return np.where(per_us > 0.0, times, np.inf)


class SinusoidRate:
    """mean + amplitude sin(2πt / period), the amplitude at most the mean."""

    def __init__(self, mean_per_second: float, amplitude_per_second: float, period_us: int) -> None:
        if not 0.0 <= amplitude_per_second <= mean_per_second < float("inf") or period_us <= 0:
            raise ValueError("a sinusoid's rate is never negative", mean_per_second, amplitude_per_second)
        self._mean = mean_per_second * PER_SECOND
        self._swing = amplitude_per_second * PER_SECOND * period_us / _TWO_PI
        self._period = float(period_us)
        self._knots = np.arange(_PIECES + 1, dtype=np.float64) * (self._period / _PIECES)
        self._at_knots = self.expected(self._knots)

    def expected(self, until: Floats) -> Floats:
        return until * self._mean + (1.0 - portable.cosine_of_turns(until / self._period)) * self._swing

    def _rate(self, time: Floats) -> Floats:
        sine = portable.cosine_of_turns(time / self._period - 0.25)
        return sine * (self._swing * _TWO_PI / self._period) + self._mean

    def times(self, expected: Floats) -> Floats:
        """By Newton's method within the piece of the period with the answer, halving where a step leaves it.

        The times of counts that rise do not fall.
        """
        whole_period = self._mean * self._period
        if not whole_period:
            return np.full_like(expected, np.inf)
        periods = np.floor(expected / whole_period)
        wanted = expected - periods * whole_period
        piece = np.clip(np.searchsorted(self._at_knots, wanted, side="right") - 1, 0, _PIECES - 1)
        low = self._knots[piece]
        high = self._knots[piece + 1]
        time = 0.5 * (low + high)
        for _ in range(_STEPS):
            excess = self.expected(time) - wanted
            over = excess > 0.0
            high = np.where(over, time, high)
            low = np.where(over, low, time)
            with np.errstate(divide="ignore", invalid="ignore"):
                step = time - excess / self._rate(time)
            inside = (step >= low) & (step <= high)
            following = np.where(inside, step, 0.5 * (low + high))
            moved = float(np.max(np.abs(following - time), initial=0.0))
            time = following
            if moved < _CLOSE_US:
                break
        return np.maximum.accumulate(periods * self._period + time)
