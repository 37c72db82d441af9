"""The most calls begun in any one second of the clock, counted from the start of the run."""

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import SECOND
from busyhour.results.columns import Instants

_DAY: Final = 86_400
"""Seconds that are counted in one array: of days without calls there is none."""


@final
class PerSecond:
    """Four bytes a second and group of every day with calls: 126 MB for a year of them."""

    __slots__ = ("_days", "_groups", "_start")

    def __init__(self, groups: int, start: int) -> None:
        self._groups = groups
        self._start = start
        self._days: dict[int, NDArray[np.uint32]] = {}

    def add(self, at: Instants, group: NDArray[Any]) -> None:
        second = (at - self._start) // SECOND
        day = second // _DAY
        for number in np.unique(day).tolist():
            counts = self._days.get(number)
            if counts is None:
                counts = self._days[number] = np.zeros(_DAY * self._groups, np.uint32)
            here = day == number
            cell = (second[here] - number * _DAY) * self._groups + group[here]
            first, last = int(cell.min()), int(cell.max())
            counts[first : last + 1] += np.bincount(cell - first, minlength=last + 1 - first).astype(
                np.uint32
            )

    def most(self) -> list[int]:
        """By group."""
        most = np.zeros(self._groups, np.uint32)
        for counts in self._days.values():
            np.maximum(most, counts.reshape(_DAY, self._groups).max(axis=0), out=most)
        return [int(n) for n in most]
