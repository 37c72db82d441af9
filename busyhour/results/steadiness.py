"""Whether a curve that is meant to be level is level: has it settled by the time statistics start, or at all?

MSER-5 proposes where to cut (White, Simulation 69, 1997), on the mean over replications as Welch's method has
it. On a curve that was level all along it proposes a cut at random, so the cut counts only when what it would
remove differs from the rest by more than the rest varies.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float64]

NEVER: Final = -1

_BATCH: Final = 5
_FEWEST_BATCHES: Final = 8
_WINDOWS: Final = 8
_DEVIATIONS: Final = 4.0
"""Against eight windows of a level curve, less than one false alarm in 200 (Student's t, 7 degrees of
freedom)."""
_TREND: Final = 0.6
"""Kendall's tau of ten windows with time: one in 60 where there is no trend (Kendall, Rank Correlation
Methods, table 1)."""


def settles_at(curve: Levels, start: int) -> int:
    """The point from which the curve is level: `start` where it is by then, NEVER where it moves
    throughout."""
    level = curve[start:]
    if len(level) < _BATCH * _FEWEST_BATCHES:
        return start
    cut = mser5(level)
    if cut == 0 or not _differs(level[:cut], level[cut:]):
        return start
    return NEVER if _has_trend(level[cut:]) else start + cut


def mser5(curve: Levels) -> int:
    """Points to leave out at the beginning: at most half, for later minima come of chance (Spratt's rule).

    The cut that makes the standard error of the mean of the rest smallest, in batches of five points.
    """
    batches = len(curve) // _BATCH
    means = curve[: batches * _BATCH].reshape(batches, _BATCH).mean(axis=1)
    errors = [float(means[cut:].var()) / (batches - cut) for cut in range(batches // 2 + 1)]
    return int(np.argmin(errors)) * _BATCH if errors else 0


def _differs(part: Levels, rest: Levels) -> bool:
    """The beginning of `part` is further from the mean of `rest` than stretches of `rest` of the same length
    are."""
    length = max(1, min(len(part), len(rest) // _WINDOWS))
    windows = len(rest) // length
    means = rest[: windows * length].reshape(windows, length).mean(axis=1)
    spread = float(means.std(ddof=1)) * np.sqrt(1 + 1 / windows)
    return abs(float(part[:length].mean()) - float(means.mean())) > _DEVIATIONS * spread


def _has_trend(curve: Levels) -> bool:
    means = np.array([float(part.mean()) for part in np.array_split(curve, 10)])
    signs = np.sign(means[None, :] - means[:, None])[np.triu_indices(10, 1)]
    return abs(float(signs.mean())) >= _TREND
