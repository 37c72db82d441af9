"""The most calls begun in any one second of the clock, counted from the start of the run."""

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import SECOND
from busyhour.results.columns import Instants

_MOST: Final = 2**16 - 1


@final
class PerSecond:
    """Two bytes a second and group: 63 MB for a year of calls."""

    __slots__ = ("_counts", "_groups", "_start")

    def __init__(self, groups: int, start: int) -> None:
        self._groups = groups
        self._start = start
        self._counts = np.zeros((1, groups), np.uint16)

    def add(self, at: Instants, group: NDArray[Any]) -> None:
        if not len(at):
            return
        second = (at - self._start) // SECOND
        first, last = int(second.min()), int(second.max())
        if last >= len(self._counts):
            grown = np.zeros((max(last + 1, 2 * len(self._counts)), self._groups), np.uint16)
            grown[: len(self._counts)] = self._counts
            self._counts = grown
        count = last + 1 - first
        begun = np.bincount((second - first) * self._groups + group, minlength=count * self._groups)
        here = self._counts[first : last + 1]
        here[:] = np.minimum(here + begun.reshape(count, self._groups), _MOST)

    def most(self) -> list[int]:
        """By group."""
        return [int(n) for n in self._counts.max(axis=0)] if self._groups else []
