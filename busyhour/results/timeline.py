"""Counts and exact integrals over time, kept in bins: one pass over a block of rows, no loop over calls.

A bin is a divisor of 15 minutes, so that bins add up to the intervals; where the end is not known at the
start, bins are merged into wider ones as the run grows, which changes no sum.
"""

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import MINUTE, SECOND
from busyhour.results.columns import Flags, Instants, Numbers

INTERVAL: Final = 15 * MINUTE
"""Microseconds: the intervals of the `intervals/` dataset, counted from the start of the run."""

FINE_BINS: Final = 240
"""About as many as a plot can show."""

BIN_WIDTHS: Final = tuple(
    s * SECOND for s in (1, 2, 3, 4, 5, 6, 9, 10, 12, 15, 20, 30, 60, 90, 100, 150, 180, 300, 900)
)
_GROWING: Final = tuple(s * SECOND for s in (1, 5, 15, 30, 60, 180, 900))
"""Each divides the next."""


@final
class Timeline:
    """The bins that everything in a replication shares: `width` microseconds each, from `start`."""

    __slots__ = ("_binned", "horizon", "start", "width")

    def __init__(self, start: int, horizon: int | None) -> None:
        self.start = start
        self.horizon = horizon
        self._binned: list[Tabulation | Spans] = []
        if horizon is None:
            self.width = _GROWING[0]
        else:
            wanted = (horizon - start) / FINE_BINS
            self.width = next((w for w in BIN_WIDTHS if w >= wanted), BIN_WIDTHS[-1])

    def keep(self, binned: "Tabulation | Spans") -> None:
        self._binned.append(binned)

    def make_room(self, latest: int) -> None:
        """Widens the bins, where the end is open, until there are not too many up to `latest`."""
        while self.horizon is None and (latest - self.start) // self.width >= 4 * FINE_BINS:
            wider = next((w for w in _GROWING if w > self.width), None)
            if wider is None:
                return
            for binned in self._binned:
                binned.merge(wider // self.width)
            self.width = wider

    def bins(self, at: Instants) -> tuple[Numbers, Numbers]:
        """Each instant's bin and its microseconds into it."""
        bins, offset = np.divmod(at - self.start, self.width)
        return bins, offset

    def count(self, end: int) -> int:
        """Bins up to `end`, the last of which may be cut short. At least one."""
        return max(1, -(-(end - self.start) // self.width))


def _grown(values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    if length <= len(values):
        return values
    grown = np.zeros((max(length, 2 * len(values)), *values.shape[1:]), np.int64)
    grown[: len(values)] = values
    return grown


def merge_bins(values: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    """Sums of `factor` bins in a row; the last may be of fewer."""
    padded = np.zeros((-(-len(values) // factor) * factor, *values.shape[1:]), np.int64)
    padded[: len(values)] = values
    return padded.reshape(-1, factor, *values.shape[1:]).sum(1)


def _fitted(values: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """Exactly so many bins; what lies beyond (an event at the very end) goes into the last."""
    values = _grown(values, bins)
    fitted = values[:bins].copy()
    fitted[-1] += values[bins:].sum(0)
    return fitted


@final
class Tabulation:
    """Counts and sums by bin, group and measure.

    Every row has a group (say, a queue) and a code (which of the things we count are true of it);
    `measures[code]` says which counts it adds to. `sums[code]` says which sums its weights go into. `values`:
    int64[bins, groups, measures + sums]. Weights are microseconds: exact while the weights of one block add
    up to less than 2^53 (285 years).
    """

    __slots__ = ("_groups", "_measures", "_sums", "_timeline", "early", "values")

    def __init__(
        self,
        timeline: Timeline,
        groups: int,
        measures: NDArray[np.int64],
        sums: NDArray[np.float64] | None = None,
    ) -> None:
        self._timeline = timeline
        self._groups = groups
        self._measures = measures
        self._sums = np.zeros((len(measures), 0)) if sums is None else sums
        width = measures.shape[1] + self._sums.shape[1]
        self.values = np.zeros((1, groups, width), np.int64)
        self.early = np.zeros((groups, width), np.int64)
        """What of `values` belongs to calls created during warm-up."""
        timeline.keep(self)

    def add(
        self, at: Instants, group: NDArray[Any], code: NDArray[Any], early: Flags | None, *weights: Numbers
    ) -> None:
        """One entry a row. `early` marks calls created during warm-up; None: there are none."""
        if not len(at):
            return
        bins, _ = self._timeline.bins(at)
        first = int(bins.min())
        count = int(bins.max()) - first + 1
        self.values = _grown(self.values, first + count)
        table = self._table((bins - first) * self._groups + group, count, code, weights)
        self.values[first : first + count] += table
        if early is not None and early.any():
            chosen = tuple(w[early] for w in weights)
            self.early += self._table(group[early].astype(np.int64), 1, code[early], chosen)[0]

    def _table(
        self, cell: Numbers, count: int, code: NDArray[Any], weights: tuple[Numbers, ...]
    ) -> NDArray[np.int64]:
        codes = len(self._measures)
        flat = cell * codes + code
        shape = (count, self._groups, codes)
        size = count * self._groups * codes
        parts = [np.bincount(flat, minlength=size).reshape(shape) @ self._measures]
        for index, weight in enumerate(weights):
            summed = np.bincount(flat, weights=weight, minlength=size).reshape(shape) @ self._sums[:, index]
            parts.append(np.rint(summed).astype(np.int64)[..., None])
        return np.concatenate(parts, axis=2)

    def merge(self, factor: int) -> None:
        self.values = merge_bins(self.values, factor)

    def by_bin(self, bins: int) -> NDArray[np.int64]:
        """int64[bins, groups, measures], warm-up included."""
        return _fitted(self.values, bins)

    def counted(self) -> NDArray[np.int64]:
        """int64[groups, measures] over calls created after warm-up."""
        return self.values.sum(0) - self.early


@final
class Spans:
    """How many were under way: stretches of time by group, integrated exactly.

    Per bin only the net number that began (`change`) and their time left in that bin (`rest`) are kept: the
    integral over a bin is then its width times those under way when it began, plus `rest`.
    """

    __slots__ = ("_from", "_groups", "_open", "_timeline", "change", "inside", "rest")

    def __init__(self, timeline: Timeline, groups: int, statistics_from: int) -> None:
        self._timeline = timeline
        self._groups = groups
        self._from = statistics_from
        self.change = np.zeros((1, groups), np.int64)
        self.rest = np.zeros((1, groups), np.int64)
        self.inside = np.zeros(groups, np.int64)
        """Microseconds within [statistics_from, end]."""
        self._open: tuple[Instants, NDArray[Any]] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        timeline.keep(self)

    def add(self, begun: Instants, over: Instants, group: Numbers, latest: int) -> None:
        """`latest`: the last instant surely before the run's end, so that what reaches beyond it can be cut
        at `close`."""
        horizon = self._timeline.horizon
        if horizon is None:
            ends = np.concatenate((self._open[0], over))
            groups = np.concatenate((self._open[1], group))
            beyond = ends > latest
            self._open = (ends[beyond], groups[beyond])
        else:
            over = np.minimum(over, horizon)
            begun = np.minimum(begun, horizon)
        self._integrate(begun, over, group, 1)

    def close(self, end: int) -> None:
        """Cuts what reaches beyond the end, where that was not known before."""
        ends, groups = self._open
        beyond = ends > end
        if beyond.any():
            self._integrate(np.full(int(beyond.sum()), end, np.int64), ends[beyond], groups[beyond], -1)
        self._open = (ends[:0], groups[:0])

    def _integrate(self, begun: Instants, over: Instants, group: NDArray[Any], sign: int) -> None:
        if not len(begun):
            return
        length = np.maximum(over, self._from) - np.maximum(begun, self._from)
        self.inside += sign * _whole(np.bincount(group, weights=length, minlength=self._groups))
        bins, offset = self._timeline.bins(np.concatenate((begun, over)))
        first = int(bins.min())
        count = int(bins.max()) - first + 1
        flat = (bins - first) * self._groups + np.concatenate((group, group))
        signs = np.repeat(np.array((sign, -sign), np.int64), len(begun))
        shape = (count, self._groups)
        size = count * self._groups
        self.change = _grown(self.change, first + count)
        self.rest = _grown(self.rest, first + count)
        self.change[first : first + count] += _whole(np.bincount(flat, signs, size)).reshape(shape)
        left = signs * (self._timeline.width - offset)
        self.rest[first : first + count] += _whole(np.bincount(flat, left, size)).reshape(shape)

    def merge(self, factor: int) -> None:
        bins_after = (factor - 1 - np.arange(len(self.change)) % factor)[:, None]
        self.rest = merge_bins(self.rest + bins_after * self._timeline.width * self.change, factor)
        self.change = merge_bins(self.change, factor)

    def by_bin(self, bins: int) -> NDArray[np.int64]:
        """int64[bins, groups]: microseconds times the number under way. Nothing may reach beyond the last
        bin."""
        change = _grown(self.change, bins)[:bins]
        under_way = np.cumsum(change, axis=0) - change
        return under_way * self._timeline.width + _grown(self.rest, bins)[:bins]


def _whole(sums: NDArray[Any]) -> NDArray[np.int64]:
    return np.rint(sums).astype(np.int64)
