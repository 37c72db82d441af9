"""The replications over time, as the curves a plot shows: their mean, and the band that holds 90% of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import ABSENT, MINUTE
from busyhour.results.replication import ReplicationResult, Series, common_series
from busyhour.results.waits import WAIT_GRID_S

_LOW, _HIGH = 0.05, 0.95
_FEWEST_CALLS_A_BIN: Final = 12.0
_FEWEST_BINS: Final = 24
_FEWEST_ANSWERS: Final = 30

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """float64[points] each, NaN where there is nothing to show; `low` and `high` are None with one
    replication."""

    x: list[str] | list[float]
    mean: Values
    low: Values | None
    high: Values | None


class Curves:
    """Of the replications that have a series. Instants come out as local times of `time_zone`, as plotly
    reads them."""

    def __init__(self, results: Sequence[ReplicationResult], time_zone: str) -> None:
        """`time_zone` is an IANA name or an offset such as "-05:00"; raises ValueError for anything else."""
        self._zone = zone_of(time_zone)
        self.series: list[Series] = common_series(results)

    def __bool__(self) -> bool:
        return bool(self.series)

    @property
    def bins(self) -> int:
        """Those that at least half of the replications lived through most of."""
        lengths = sorted(s.length_us for s in self.series)
        longest = lengths[-1 - (len(lengths) - 1) // 2]
        return max(1, round(longest / self.series[0].bin_us))

    def flow(self, counts: Callable[[Series], NDArray[np.int64]]) -> Curve:
        """Calls a minute, from counts by bin. Bins are widened until they hold enough calls for a line to
        show a rate."""
        bin_us, bins = self.series[0].bin_us, self.bins
        stacked = np.stack([_padded(counts(s), bins) for s in self.series]).astype(np.float64)
        factor = 1
        while stacked.mean() < _FEWEST_CALLS_A_BIN and stacked.shape[1] >= 2 * _FEWEST_BINS:
            odd = stacked.shape[1] % 2
            stacked = stacked[:, : stacked.shape[1] - odd]
            stacked = stacked[:, ::2] + stacked[:, 1::2]
            factor *= 2
        width = bin_us * factor
        return self._curve(stacked * (MINUTE / width), self._middles(width, stacked.shape[1]))

    def level(self, areas: Callable[[Series], NDArray[np.int64]]) -> Curve:
        """A number under way, from its integrals by bin; replications that had ended are left out of its
        mean."""
        bin_us, bins = self.series[0].bin_us, self.bins
        return self._curve(
            np.stack([_level(s, areas(s), bins) for s in self.series]), self._middles(bin_us, bins)
        )

    def rate_so_far(
        self,
        above: Callable[[Series], NDArray[np.int64]],
        below: Callable[[Series], NDArray[np.int64]],
        warmup: int,
    ) -> Curve:
        """A ratio of counts from the end of the warm-up (microseconds) to that of each bin, once there are
        enough to divide by."""
        bin_us, bins = self.series[0].bin_us, self.bins
        before = min(-(-warmup // bin_us), bins)
        a, b = (
            np.stack([_padded(counts(s), bins) for s in self.series]).astype(np.float64)
            for counts in (above, below)
        )
        for counted in (a, b):
            counted[:, :before] = 0.0
            np.cumsum(counted, axis=1, out=counted)
        with np.errstate(divide="ignore", invalid="ignore"):
            each: Values = np.where(b >= _FEWEST_ANSWERS, a / b, np.nan)
            pooled = np.where(np.median(b, axis=0) >= _FEWEST_ANSWERS, a.sum(axis=0) / b.sum(axis=0), np.nan)
        x = [self._local(self.series[0].start + (k + 1) * bin_us) for k in range(bins)]
        curve = self._curve(each, x)
        return Curve(x, pooled, curve.low, curve.high)

    def warm_up(self, length: int) -> tuple[str, str] | None:
        """Its beginning and end, of `length` microseconds; None where there is none."""
        start = self.series[0].start
        return (self._local(start), self._local(start + length)) if length else None

    def _middles(self, width: int, count: int) -> list[str]:
        return [self._local(self.series[0].start + k * width + width // 2) for k in range(count)]

    def _local(self, instant: int) -> str:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=instant)
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    @staticmethod
    def _curve(each: Values, x: list[str]) -> Curve:
        seen = ~np.isnan(each)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(seen, each, 0.0).sum(axis=0) / seen.sum(axis=0)
        if len(each) < 2:
            return Curve(x, mean, None, None)
        return Curve(x, mean, _quantile(each, _LOW), _quantile(each, _HIGH))


def wait_tail(results: Sequence[ReplicationResult], queue: str) -> Curve | None:
    """Share of the calls that entered `queue` and waited longer than each number of seconds; None if none
    entered."""
    tails = [r.wait_tails[queue] for r in results if queue in r.wait_tails and r.wait_tails[queue][0] > 0]
    if not tails:
        return None
    each = np.stack([tail[1:] / tail[0] for tail in tails])
    total = np.sum(tails, axis=0)
    pooled = total[1:] / total[0]
    # to the wait that one call in 300 exceeds, and no finer than a line can show
    last = int(np.searchsorted(-pooled, -1 / 300)) + 1
    longest_s = float(WAIT_GRID_S[min(last, len(pooled) - 1)])
    first = int(np.searchsorted(WAIT_GRID_S, longest_s / 500))
    chosen = np.concatenate(([0], np.arange(max(1, first), max(2, last + 1)))).clip(max=len(pooled) - 1)
    x = [float(seconds) for seconds in WAIT_GRID_S[chosen]]
    if len(tails) < 2:
        return Curve(x, pooled[chosen], None, None)
    return Curve(x, pooled[chosen], _quantile(each, _LOW)[chosen], _quantile(each, _HIGH)[chosen])


def zone_of(name: str) -> tzinfo:
    """Raises ValueError for what is neither an IANA time zone nor an offset such as "-05:00"."""
    try:
        offset = datetime.strptime(name, "%z").utcoffset()
    except ValueError:
        return ZoneInfo(name)
    assert offset is not None
    return timezone(offset)


def _padded(values: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    padded = np.zeros(bins, np.int64)
    padded[: min(bins, len(values))] = values[:bins]
    return padded


def _level(series: Series, areas: NDArray[np.int64], bins: int) -> Values:
    length = np.clip(series.length_us - np.arange(bins) * series.bin_us, 0, series.bin_us)
    level = np.full(bins, np.nan)
    count = min(bins, len(areas))
    known = (length[:count] > 0) & (areas[:count] != ABSENT)
    level[:count][known] = areas[:count][known] / length[:count][known]
    return level


def _quantile(each: Values, share: float) -> Values:
    """By column, of what is there; NaN where nothing is."""
    ordered = np.sort(each, axis=0)  # NaN last
    seen = (~np.isnan(each)).sum(axis=0)
    place = share * np.maximum(seen - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(seen - 1, 0))
    columns = np.arange(len(seen))
    low, high = ordered[below, columns], ordered[above, columns]
    return low + (high - low) * (place - below)
