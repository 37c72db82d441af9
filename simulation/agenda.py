"""Virtual time: what is due, ordered by (instant, priority, sequence).

Things due at one instant happen in the order of these priorities, and within one priority in the order they were
scheduled: what frees capacity comes before what asks for it, and a caller whose patience ends at the very instant an
agent becomes free is served. Priority and sequence are one number; 48 bits are left below a priority for the sequence.
"""

from heapq import heappop, heappush
from typing import Final, final

from mypy_extensions import mypyc_attr

from busyhour.core.ids import Instant

CHANGES: Final = 0 << 48
"""The timeline, shifts, the start of statistics."""
MESSAGES: Final = 1 << 48
"""Events between machines, where `clock.message_delay` makes them take time."""
ENDINGS: Final = 2 << 48
"""Talks, voice sessions and wrap-ups that end."""
PROGRESS: Final = 3 << 48
"""Callers who arrive, and what the carrier reports of attempts."""
PATIENCE: Final = 4 << 48
"""Waiting callers who hang up."""
DEADLINES: Final = 5 << 48
"""Timers of the machines themselves: dial timeouts, pacing reviews, retries that are due."""


@mypyc_attr(acyclic=True)
class Occurrence:
    """Something that will happen. `stage` tells apart the several things that can happen to one of them."""

    __slots__ = ()

    def happen(self, stage: int, now: Instant) -> None:
        raise NotImplementedError


@final
class Agenda:
    """What is due. The engine takes the first entry of `heap`, or `held` when that comes before, and lets it happen.

    A stream of arrivals has one entry at a time, and always a new one as soon as it is taken: held beside the heap, it
    costs no sifting.
    """

    __slots__ = ("_sequence", "heap", "held")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, Occurrence, int]] = []
        """(instant, priority and sequence in one number, occurrence, stage), least first."""
        self.held: tuple[int, int, Occurrence, int] | None = None
        self._sequence: int = 0

    def at_next(self, instant: Instant, priority: int, occurrence: Occurrence) -> None:
        """`at`, for the next entry of a stream; stage 0."""
        self._sequence += 1
        entry = (instant, priority + self._sequence, occurrence, 0)
        held = self.held
        if held is None:
            self.held = entry
        elif instant < held[0]:
            self.held = entry
            heappush(self.heap, held)
        else:
            heappush(self.heap, entry)

    def take(self, bound: Instant) -> tuple[int, int, Occurrence, int] | None:
        """Remove what happens next, if it does before `bound`."""
        heap = self.heap
        held = self.held
        if held is not None and (not heap or held < heap[0]):
            if held[0] >= bound:
                return None
            self.held = None
            return held
        if not heap or heap[0][0] >= bound:
            return None
        return heappop(heap)

    def at(self, instant: Instant, priority: int, occurrence: Occurrence, stage: int = 0) -> None:
        sequence = self._sequence + 1
        self._sequence = sequence
        heappush(self.heap, (instant, priority + sequence, occurrence, stage))

    def clear(self) -> None:
        """Forget what is due: the run is over, and what was to happen holds on to everything else."""
        self.heap.clear()
        self.held = None
