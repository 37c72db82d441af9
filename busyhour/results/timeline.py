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
        since = at - self.start
        bins = (
            since // self.width
        )  # numpy divides by a constant with multiplications here, and not in divmod: 5 times faster
        return bins, since - bins * self.width

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
    bins = -(-len(values) // factor)
    padded = np.zeros((bins * factor, *values.shape[1:]), np.int64)
    padded[: len(values)] = values
    return padded.reshape(bins, factor, *values.shape[1:]).sum(axis=1)


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

    Per bin only the net number that began (`change`) and how far into the bin they did (`offset`, net as
    well) are kept: the integral over a bin is its width times those under way when it began and those that
    began in it, less `offset`.
    """

    __slots__ = ("_before", "_from", "_groups", "_open", "_timeline", "change", "offset")

    def __init__(self, timeline: Timeline, groups: int, statistics_from: int) -> None:
        self._timeline = timeline
        self._groups = groups
        self._from = statistics_from
        self.change = np.zeros((1, groups), np.int64)
        self.offset = np.zeros((1, groups), np.int64)
        self._before = np.zeros(groups, np.int64)
        self._open: tuple[Instants, NDArray[Any]] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        timeline.keep(self)

    def add(self, begun: Instants, over: Instants, group: Numbers, latest: int) -> None:
        """`latest`: the last instant surely before the run's end, so that what reaches beyond it can be cut
        at `close`."""
        horizon = self._timeline.horizon
        if horizon is None:
            ends = np.concatenate((self._open[0], over))
            beyond = np.flatnonzero(ends > latest)
            self._open = (ends[beyond], np.concatenate((self._open[1], group))[beyond])
        else:
            over = np.minimum(over, horizon)
            begun = np.minimum(begun, horizon)
        self._integrate(begun, over, group)

    def close(self, end: int) -> None:
        """Cuts what reaches beyond the end, where that was not known before."""
        ends, groups = self._open
        beyond = np.flatnonzero(ends > end)
        self._integrate(ends[beyond], np.full(len(beyond), end, np.int64), groups[beyond])
        self._open = (ends[:0], groups[:0])

    def _integrate(self, begun: Instants, over: Instants, group: NDArray[Any]) -> None:
        if not len(begun):
            return
        if int(begun.min()) < self._from:
            length = np.minimum(over, self._from) - np.minimum(begun, self._from)
            self._before += _whole(np.bincount(group, length, self._groups))
        for at, sign in ((begun, 1), (over, -1)):
            bins, offset = self._timeline.bins(at)
            first = int(bins.min())
            count = int(bins.max()) - first + 1
            flat = (bins - first) * self._groups + group
            self.change = _grown(self.change, first + count)
            self.offset = _grown(self.offset, first + count)
            size, shape = count * self._groups, (count, self._groups)
            here = slice(first, first + count)
            self.change[here] += sign * np.bincount(flat, minlength=size).reshape(shape)
            self.offset[here] += sign * _whole(np.bincount(flat, offset, size)).reshape(shape)

    def merge(self, factor: int) -> None:
        bins_before = (np.arange(len(self.change)) % factor)[:, None]
        self.offset = merge_bins(self.offset + bins_before * self._timeline.width * self.change, factor)
        self.change = merge_bins(self.change, factor)

    def by_bin(self, bins: int) -> NDArray[np.int64]:
        """int64[bins, groups]: microseconds times the number under way. Nothing may reach beyond the last
        bin."""
        under_way = np.cumsum(_grown(self.change, bins)[:bins], axis=0)
        return under_way * self._timeline.width - _grown(self.offset, bins)[:bins]

    def inside(self) -> NDArray[np.int64]:
        """int64[groups]: the same from the beginning of statistics to the end."""
        return self.by_bin(len(self.change)).sum(axis=0) - self._before


def _whole(sums: NDArray[Any]) -> NDArray[np.int64]:
    return np.rint(sums).astype(np.int64)
