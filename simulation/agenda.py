"""Virtual time: what is due, ordered by (instant, priority, sequence).

Things due at one instant happen in the order of these priorities, and within one priority in the order they were
scheduled: what frees capacity comes before what asks for it, and a caller whose patience ends at the very instant an
agent becomes free is served. Priority and sequence are one number; 48 bits are left below a priority for the sequence.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final, final

from mypy_extensions import mypyc_attr

from busyhour.core.ids import ABSENT, Instant
from busyhour.driver import Driver

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


class Watch:
    """Looks on after each occurrence."""

    __slots__ = ()

    def is_over(self, now: Instant) -> bool:
        """Whether nothing is left to do."""
        raise NotImplementedError


Entry = tuple[Any, ...]
"""(instant, priority and sequence in one number, occurrence, stage). Any, for compiled code would else unpack and pack
all four wherever it looks at one."""

NEVER: Final = 1 << 61
LAST: Final[Entry] = (NEVER, 0, None, 0)
"""Later than everything: always on the heap, so that it is never empty."""


@final
class Agenda:
    """What is due: the first entry of a heap, or the held one when that comes before.

    A stream of arrivals has one entry at a time, and always a new one as soon as it is taken: held beside the heap, it
    costs no sifting.
    """

    __slots__ = ("_heap", "_held", "_held_at", "_held_order", "_sequence")

    def __init__(self) -> None:
        self._heap: list[Entry] = [LAST]
        self._sequence: int = 0
        self._held: Occurrence | None = None
        self._held_at: Instant = NEVER
        """NEVER when none is held."""
        self._held_order: int = 0

    def at(self, instant: Instant, priority: int, occurrence: Occurrence, stage: int = 0) -> None:
        """Have `occurrence` happen at `instant`, which is not before now."""
        sequence = self._sequence + 1
        self._sequence = sequence
        heappush(self._heap, (instant, priority + sequence, occurrence, stage))

    def at_next(self, instant: Instant, priority: int, occurrence: Occurrence) -> None:
        """`at`, for the next entry of a stream; stage 0."""
        sequence = self._sequence + 1
        self._sequence = sequence
        held = self._held
        if held is not None:
            if instant >= self._held_at:
                heappush(self._heap, (instant, priority + sequence, occurrence, 0))
                return
            heappush(self._heap, (self._held_at, self._held_order, held, 0))
        self._held = occurrence
        self._held_at = instant
        self._held_order = priority + sequence

    def turn(self, driver: Driver, bound: Instant, most: int, watch: Watch | None) -> bool:
        """Let at most `most` occurrences happen, those before `bound`, each with the driver's clock at its instant.

        False when there is none left, or when `watch`, which looks on after each, says that this is the end.
        """
        heap = self._heap
        for _ in range(most):
            first: Entry = heap[0]
            now: Instant = first[0]
            held_at = self._held_at
            if held_at < now or (held_at == now and self._held_order < first[1]):
                if held_at >= bound:
                    return False
                held = self._held
                assert held is not None, "it is due"
                self._held = None
                self._held_at = NEVER
                now = held_at
                driver.now = now
                held.happen(0, now)
            elif now >= bound:
                return False
            else:
                heappop(heap)
                driver.now = now
                occurrence: Occurrence = first[2]
                occurrence.happen(first[3], now)
            if watch is not None and watch.is_over(now):
                return False
        return True

    def occurrences(self) -> list[Occurrence]:
        """Everything that is due, in no order."""
        due: list[Occurrence] = [entry[2] for entry in self._heap if entry is not LAST]
        if self._held is not None:
            due.append(self._held)
        return due

    def next_at(self) -> Instant:
        """When the next thing happens; ABSENT when nothing is due."""
        at: int = min(self._heap[0][0], self._held_at)
        return at if at < NEVER else ABSENT

    def retain(self, keeps: Callable[[Occurrence, Instant], bool]) -> None:
        """Forget whatever `keeps(occurrence, instant)` says no to."""
        kept = [entry for entry in self._heap if entry is not LAST and keeps(entry[2], entry[0])]
        self._heap[:] = [LAST]
        for entry in kept:
            heappush(self._heap, entry)
        if self._held is not None and not keeps(self._held, self._held_at):
            self._held = None
            self._held_at = NEVER

    def clear(self) -> None:
        """Forget what is due: the run is over, and what was to happen holds on to everything else."""
        self._heap[:] = [LAST]
        self._held = None
        self._held_at = NEVER
