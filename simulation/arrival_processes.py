"""Arrivals in vectorised blocks: a unit-rate process, sent through a rate's inverse."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulation import portable_math as portable
from simulation.philox import Words
from simulation.rates import ConstantRate, ProfileRate, Rate, SinusoidRate

if TYPE_CHECKING:
    from simulation.scenario.inbound import Inbound

Floats = NDArray[np.float64]
UnitProcess = Callable[[int, int], Floats]
"""(start, count) → the next count points of a process with one point a unit of time; called in order."""

_FIRST_BLOCK: Final = 64
_BLOCK: Final = 4096
_SMALLEST_GAP: Final = 2.0**-53
"""Stands in for u = 0: an arrival at count 0 would come before a profile's first step above zero."""


class PoissonPoints:
    """A Poisson process of rate one: sums of exponentials."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._reached = 0.0

    def __call__(self, start: int, count: int) -> Floats:
        gaps = -portable.log(1.0 - np.maximum(self._words.uniforms(start, count), _SMALLEST_GAP))
        gaps[0] += self._reached
        points = np.cumsum(gaps)
        self._reached = float(points[-1])
        return points


def even_points(start: int, count: int) -> Floats:
    """1, 2, 3, …: a deterministic process, the first arrival one interval after the start."""
    return np.arange(start + 1, start + count + 1, dtype=np.float64)


class InstantBlocks:
    """Blocks of instants, whole microseconds (each the one an arrival falls in), in order."""

    def __init__(self, points: UnitProcess, rate: Rate, factor: float, start: int, end: int) -> None:
        """factor multiplies the rate; start: instant of its time 0; none comes at or after end, if >= 0."""
        self._points = points
        self._rate = rate
        self._factor = factor
        self._start = start
        self._length = float(end - start) if end >= 0 else float("inf")
        self._made = 0
        self._over = factor <= 0.0

    def __call__(self) -> list[int]:
        """The next block; [] once no arrival is left."""
        if self._over:
            return []
        count = _FIRST_BLOCK if not self._made else _BLOCK
        times = np.floor(self._rate.times(self._points(self._made, count) / self._factor))
        self._made += count
        kept = int(np.searchsorted(times, self._length, side="left"))
        if kept < count:
            self._over = True
        return (times[:kept].astype(np.int64) + self._start).tolist()


def rate_of(inbound: "Inbound") -> Rate:
    """The rate of an inbound line; exactly one of its three forms is given."""
    if inbound.profile is not None:
        return ProfileRate([(step.from_, step.rate) for step in inbound.profile])
    if inbound.sinusoid is not None:
        wave = inbound.sinusoid
        return SinusoidRate(wave.mean, wave.amplitude, wave.period)
    return ConstantRate(inbound.rate or 0.0)
