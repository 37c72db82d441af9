"""What one replication comes to: small enough to send between processes, enough to summarise and to plot."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import HOUR
from busyhour.results.definitions import Section
from busyhour.results.kpis import Observations
from busyhour.results.sums import Sums
from busyhour.results.timeline import BIN_WIDTHS, merge_bins
from busyhour.results.window import Window as Window  # part of what a caller of the recorder needs

PLOTTED_BINS: Final = 160

_WIDER: Final = (*BIN_WIDTHS, *(h * HOUR // 2 for h in (1, 2, 4, 6, 8, 12, 24, 48, 96, 336)))


@dataclass(frozen=True, slots=True)
class AreaCheck:
    """Little's law: what was integrated while the replication ran against what its rows add up to. Exact
    integers."""

    section: Section
    name: str
    integrated_us: int
    from_rows_us: int

    @property
    def holds(self) -> bool:
        return self.integrated_us == self.from_rows_us


@dataclass(frozen=True, slots=True)
class Series:
    """The replication over time, in at most `PLOTTED_BINS` bins from the start of the run, warm-up
    included."""

    start: int
    bin_us: int
    length_us: int
    """To the end of the replication; the last bin may be cut short."""
    sums: Sums
    """With a leading axis of bins."""
    staffed_us: NDArray[np.int64]
    """int64[bins, pools]; -1 where not known."""

    def widened(self, bin_us: int) -> "Series":
        """In bins of `bin_us`, a multiple of the present width."""
        factor = bin_us // self.bin_us
        if factor <= 1:
            return self
        merged = {f.name: merge_bins(getattr(self.sums, f.name), factor) for f in fields(Sums)}
        staffed = merge_bins(self.staffed_us, factor)
        staffed[:, (self.staffed_us < 0).any(axis=0)] = -1
        return Series(self.start, self.bin_us * factor, self.length_us, Sums(**merged), staffed)


def plotted_width(bin_us: int, length_us: int) -> int:
    """The narrowest round multiple of `bin_us` that gives at most `PLOTTED_BINS` bins."""
    for width in _WIDER:
        if width % bin_us == 0 and length_us <= width * PLOTTED_BINS:
            return width
    week = _WIDER[-1]
    return -(-length_us // (PLOTTED_BINS * week)) * week


@dataclass(frozen=True, slots=True)
class ReplicationResult:
    replication: int
    digest: str
    """SHA-256 of the packed rows, in hex."""
    calls: int
    events: int
    illegal_events: int
    virtual_us: int
    wall_s: float
    kpis: Observations
    checks: tuple[AreaCheck, ...] = ()
    contacts_skipped: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """By campaign and reason."""
    blocked_us: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])
    """By campaign and what held its dialler back: microseconds."""
    unfinished: tuple[str, ...] = ()
    """Campaigns that had not completed at the end."""
    wait_tails: Mapping[str, NDArray[np.int64]] = field(default_factory=dict[str, NDArray[np.int64]])
    """By queue: calls that waited longer than each point of `WAIT_GRID_S`; the calls that entered come
    first."""
    quantile_bounds: Mapping[str, Mapping[str, tuple[float, float] | None]] = field(
        default_factory=dict[str, Mapping[str, tuple[float, float] | None]]
    )
    """By queue and KPI: 95% intervals from this replication alone."""
    series: Series | None = None

    @property
    def consistent(self) -> bool:
        """Little's law holds in every queue, and every other area that was integrated agrees with the
        rows."""
        return all(check.holds for check in self.checks)


def common_series(results: Sequence[ReplicationResult]) -> list[Series]:
    """The series of those replications that have one, all in the same bins."""
    series = [result.series for result in results if result.series is not None]
    if not series:
        return []
    width = math.lcm(*(s.bin_us for s in series))
    width = plotted_width(width, max(s.length_us for s in series))
    return [s.widened(width) for s in series]
