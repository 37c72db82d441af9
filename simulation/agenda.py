"""Virtual time: what is due, ordered by (instant, priority, sequence).

Things due at one instant happen in the order of these priorities, and within one priority in the order they were
scheduled: what frees capacity comes before what asks for it, and a caller whose patience ends at the very instant an
agent becomes free is served.
"""

from heapq import heappop, heappush
from typing import Final, final

from busyhour.core.ids import ABSENT, Instant

CHANGES: Final = 0
"""The timeline, shifts, the start of statistics."""
MESSAGES: Final = 1
"""Events between machines, where `clock.message_delay` makes them take time."""
ENDINGS: Final = 2
"""Talks, voice sessions and wrap-ups that end."""
PROGRESS: Final = 3
"""Callers who arrive, and what the carrier reports of attempts."""
PATIENCE: Final = 4
"""Waiting callers who hang up."""
DEADLINES: Final = 5
"""Timers of the machines themselves: dial timeouts, pacing reviews, retries that are due."""

_SEQUENCE_BITS: Final = 48


class Occurrence:
    """Something that will happen. `stage` tells apart the several things that can happen to one of them."""

    __slots__ = ()

    def happen(self, stage: int, now: Instant) -> None:
        raise NotImplementedError


@final
class Agenda:
    """A heap of (instant, priority and sequence in one number, occurrence, stage)."""

    __slots__ = ("_heap", "_sequence")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Occurrence, int]] = []
        self._sequence: int = 0

    def at(self, instant: Instant, priority: int, occurrence: Occurrence, stage: int = 0) -> None:
        self._sequence += 1
        heappush(self._heap, (instant, (priority << _SEQUENCE_BITS) + self._sequence, occurrence, stage))

    def next_at(self) -> Instant:
        """When the next thing happens; ABSENT when nothing is due any more."""
        if self._heap:
            return self._heap[0][0]
        return ABSENT

    def take(self) -> tuple[int, int, Occurrence, int]:
        """Remove the next thing. Raises IndexError when nothing is due."""
        return heappop(self._heap)
