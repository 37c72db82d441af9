"""What no KPI says, read off the rows of `calls/` as a user of the files would.

Each reading says of one replication what a KPI does: a number, or the two parts of a ratio.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from busyhour.core.ids import HOUR, SECOND
from busyhour.results.kpis import Observation

COLUMNS = ("created_at", "connected_at", "ended_at", "trunk", "end_reason", "wait_s")


class Calls:
    """One replication's rows of calls that came in `[begin, end)`, and of those before that lasted into it.

    Instants are microseconds since 1970 UTC, -1 where it did not happen.
    """

    def __init__(self, file: Path, begin: int, end: int) -> None:
        self._table: Any = pq.read_table(file, columns=list(COLUMNS))
        self.begin = begin
        self.end = end
        self.created_at = self._instants("created_at")
        self.connected_at = self._instants("connected_at")
        self.ended_at = self._instants("ended_at")
        self.wait_s: NDArray[np.float64] = self._table["wait_s"].to_numpy()
        self.counted = self.created_at >= begin

    def _instants(self, column: str) -> NDArray[np.int64]:
        return self._table[column].cast("int64").fill_null(-1).to_numpy()

    def equal(self, column: str, text: str) -> NDArray[np.bool_]:
        """Rows that say `text` there."""
        return pc.equal(self._table[column], pa.scalar(text)).fill_null(False).to_numpy()


class Reading(ABC):
    """`str` of it is what it is called."""

    @abstractmethod
    def observe(self, calls: Calls) -> Observation:
        """Of one replication."""


@dataclass(frozen=True)
class MeanWait(Reading):
    """Seconds, of the calls that came over one trunk."""

    trunk: str

    def __str__(self) -> str:
        return f"mean wait_s over {self.trunk}"

    def observe(self, calls: Calls) -> Observation:
        chosen = calls.counted & calls.equal("trunk", self.trunk)
        return float(calls.wait_s[chosen].sum()), float(chosen.sum())


@dataclass(frozen=True)
class AnsweredWithin(Reading):
    """Number of calls."""

    threshold_s: float

    def __str__(self) -> str:
        return f"answered within {self.threshold_s:g} s"

    def observe(self, calls: Calls) -> Observation:
        in_time = calls.counted & (calls.connected_at >= 0) & (calls.wait_s <= self.threshold_s)
        return float(in_time.sum())


@dataclass(frozen=True)
class CallsAt(Reading):
    """Connected and not ended so long after a period's start, the mean over all periods."""

    hours: float
    period_hours: float

    def __str__(self) -> str:
        return f"calls at {self.hours:g} h"

    def observe(self, calls: Calls) -> Observation:
        connected = calls.connected_at >= 0
        begun, over = np.sort(calls.connected_at[connected]), np.sort(calls.ended_at[connected])
        period = int(self.period_hours * HOUR)
        instants = np.arange(calls.begin, calls.end - period + 1, period) + int(self.hours * HOUR)
        busy = np.searchsorted(begun, instants, "right") - np.searchsorted(over, instants, "right")
        return float(busy.mean())


@dataclass(frozen=True)
class ShareOfTime(Reading):
    """With so many calls connected."""

    calls: int

    def __str__(self) -> str:
        return f"share of time with {self.calls} calls"

    def observe(self, calls: Calls) -> Observation:
        connected = calls.connected_at >= 0
        at = np.concatenate([calls.connected_at[connected], calls.ended_at[connected]])
        step = np.repeat([1, -1], int(connected.sum()))
        order = np.argsort(at, kind="stable")
        busy = np.concatenate([[0], np.cumsum(step[order])])
        edges = np.clip(np.concatenate([[calls.begin], at[order], [calls.end]]), calls.begin, calls.end)
        lasting = np.diff(edges)
        return float(lasting[busy == self.calls].sum()), float(calls.end - calls.begin)


@dataclass(frozen=True)
class Orbit(Reading):
    """Mean number of callers about to call again: by Little's law, blocked calls × mean time until they do."""

    until_retry_s: float

    def __str__(self) -> str:
        return "mean callers in orbit"

    def observe(self, calls: Calls) -> Observation:
        blocked = calls.counted & calls.equal("end_reason", "queue_full")
        return float(blocked.sum()) * self.until_retry_s, (calls.end - calls.begin) / SECOND
