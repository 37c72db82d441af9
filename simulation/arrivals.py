"""The instants at which one inbound source's callers arrive.

`Arrivals` is compiled with the engine; the vectorised side stays in `arrival_processes` and `rates`.
"""

from collections.abc import Callable
from typing import final

from busyhour.core.ids import ABSENT, Instant


@final
class Arrivals:
    """A source's instants in order, each once."""

    _instants: list[int]
    _place: int
    _more: Callable[[], list[int]]

    __slots__ = ("_instants", "_more", "_place")

    def __init__(self, more: Callable[[], list[int]]) -> None:
        """more() → the next instants in order, [] when there are none."""
        self._instants = []
        self._place = 0
        self._more = more

    def next(self) -> Instant:
        """The next arrival's instant, or ABSENT when there is none (and never again will be)."""
        place = self._place
        if place == len(self._instants):
            self._instants = self._more()
            self._place = 0
            if not self._instants:
                return ABSENT
            place = 0
        self._place = place + 1
        return self._instants[place]
