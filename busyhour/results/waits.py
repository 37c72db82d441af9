"""Every wait of one replication, kept for exact quantiles: four bytes a call, eight where one waited over an
hour."""

import math
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import SECOND

QUANTILES: Final = {"wait_p50_s": 0.50, "wait_p90_s": 0.90, "wait_p95_s": 0.95, "wait_p99_s": 0.99}

WAIT_GRID_S: Final[NDArray[np.float64]] = np.concatenate(([0.0], np.logspace(-3.0, 5.0, 401)))
"""Seconds, float64[402]: where the tail of the waits is read for plots. 0, then 50 points a decade from 1 ms
to 28 hours."""

_BATCHES: Final = 30
_T_29: Final = 2.0452296
"""Student's t, 97.5 %, 29 degrees of freedom: for `_BATCHES` batches."""
_FOUR_BYTES: Final = 2**32


@dataclass(frozen=True, slots=True)
class WaitDistribution:
    """Of the calls that entered one queue."""

    entered: int
    quantiles_s: tuple[float | None, ...]
    """In the order of `QUANTILES`: the smallest wait with at least that share of waits at or below it."""
    bounds_s: tuple[tuple[float, float] | None, ...]
    """95% intervals of the same from this replication alone; None where it is too short for one."""
    longer: NDArray[np.int64]
    """By `WAIT_GRID_S`: calls that waited longer."""


@final
class WaitSamples:
    __slots__ = ("_waits",)

    def __init__(self, queues: int) -> None:
        self._waits: list[list[NDArray[Any]]] = [[] for _ in range(queues)]

    def add(self, queue: NDArray[np.int16], wait: NDArray[np.int64]) -> None:
        """Microseconds, in the order calls ended."""
        if not len(wait):
            return
        kind = np.uint32 if int(wait.max()) < _FOUR_BYTES else np.int64
        small = wait.astype(kind)
        if len(self._waits) == 1:
            self._waits[0].append(small)
            return
        order = np.argsort(queue, kind="stable")
        bounds = np.searchsorted(queue[order], np.arange(len(self._waits) + 1))
        for index, waits in enumerate(self._waits):
            chosen = order[bounds[index] : bounds[index + 1]]
            if len(chosen):
                waits.append(small[chosen])

    def distribution(self, queue: int) -> WaitDistribution:
        """Lets go of the queue's waits."""
        parts, self._waits[queue] = self._waits[queue], []
        waits = np.concatenate(parts) if parts else np.zeros(0, np.uint32)
        parts.clear()
        n = len(waits)
        if not n:
            nothing = (None,) * len(QUANTILES)
            return WaitDistribution(0, nothing, nothing, np.zeros(len(WAIT_GRID_S), np.int64))
        ordered = np.sort(waits)
        values = tuple(_at_rank(ordered, math.ceil(p * n)) for p in QUANTILES.values())
        bounds = tuple(_bounds(waits, ordered, p) for p in QUANTILES.values())
        at_most = np.searchsorted(ordered, (WAIT_GRID_S * SECOND).astype(np.int64), side="right")
        return WaitDistribution(n, tuple(v / SECOND for v in values), bounds, n - at_most)


def _at_rank(ordered: NDArray[Any], rank: int) -> int:
    return int(ordered[max(rank, 1) - 1])


def _bounds(waits: NDArray[Any], ordered: NDArray[Any], p: float) -> tuple[float, float] | None:
    """Order statistics whose ranks allow for the sampling error of the share of waits at or below the
    quantile.

    For independent waits that error is sqrt(p (1 - p) / n) (David & Nagaraja, Order Statistics, 2003, section
    7.1). Waits of a queue are anything but independent, so it is taken from batch means of the indicator "at
    or below the quantile" along the run (Heidelberger & Lewis, Operations Research 32, 1984), and never below
    the independent value.
    """
    n = len(waits)
    size = n // _BATCHES
    if size * (1.0 - p) < 1.0:
        return None
    below = waits[: size * _BATCHES] <= _at_rank(ordered, math.ceil(p * n))
    shares = below.reshape(_BATCHES, size).mean(axis=1)
    error = max(float(shares.std(ddof=1)) / math.sqrt(_BATCHES), math.sqrt(p * (1.0 - p) / n))
    low, high = math.floor((p - _T_29 * error) * n), math.ceil((p + _T_29 * error) * n) + 1
    if low < 1 or high > n:
        return None
    return _at_rank(ordered, low) / SECOND, _at_rank(ordered, high) / SECOND
