"""Whether curves that are meant to be level are: have they settled by the time statistics start, or at all?

A run starts empty, so what has not settled is lowest at first. MSER-5 proposes where to cut (White,
Simulation 69, 1997), on the mean over replications as Welch's method has it; on curves that were level all
along it proposes a cut at random. So it counts only when the replications agree that they begin lower than
they go on: one busy half hour in one of them is no warm-up.

Meant for the number of busy agents, which spreads evenly about its mean. A queue is empty for long and long
at times, so a few quiet beginnings in a row would look like a rise; and it settles with its agents.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from busyhour.results.estimates import student_point

Levels = NDArray[np.float64]
"""float64[replications, points]."""

NEVER: Final = -1

_BATCH: Final = 5
_FEWEST_BATCHES: Final = 8
_FEWEST_REPLICATIONS: Final = 3
_SURE: Final = 0.99
"""One-sided."""


def settles_at(levels: Levels, start: int) -> int:
    """The point from which the curves are level: `start` where they are by then, NEVER where they rise
    throughout.

    With fewer than three replications nothing is said to move: chance can't be told from a trend.
    """
    level = levels[:, start:]
    if len(level) < _FEWEST_REPLICATIONS or level.shape[1] < _BATCH * _FEWEST_BATCHES:
        return start
    cut = mser5(level.mean(axis=0))
    if not cut or not _rises(level[:, :_BATCH], level[:, cut:]):
        return start
    first, second = np.array_split(level[:, cut:], 2, axis=1)
    return NEVER if _rises(first, second) else start + cut


def mser5(curve: NDArray[np.float64]) -> int:
    """Points to leave out at the beginning: at most half, for later minima come of chance (Spratt's rule).

    The cut that makes the standard error of the mean of the rest smallest, in batches of five points.
    """
    batches = len(curve) // _BATCH
    means = curve[: batches * _BATCH].reshape(batches, _BATCH).mean(axis=1)
    errors = [float(means[cut:].var()) / (batches - cut) for cut in range(batches // 2 + 1)]
    return int(np.argmin(errors)) * _BATCH if errors else 0


def _rises(before: Levels, after: Levels) -> bool:
    """By a paired t-test over the replications."""
    rise = after.mean(axis=1) - before.mean(axis=1)
    n = len(rise)
    error = float(rise.std(ddof=1)) / math.sqrt(n)
    return float(rise.mean()) > student_point(n - 1, _SURE) * error
