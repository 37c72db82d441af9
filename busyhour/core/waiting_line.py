"""The calls that wait in a queue, and who of them is next."""

from collections import deque
from typing import Final, final

from busyhour.core.ids import ABSENT, Instant

UNLIMITED: Final = ABSENT
"""Waiting places of a queue that turns nobody away."""

GONE_AT_MOST: Final = 64
"""Withdrawn calls, beyond as many as wait, that may stand in a queue's lines."""


@final
class WaitingCall:
    """A call that waits. `gone` marks one that was withdrawn but still stands in its line."""

    __slots__ = ("call", "gone", "priority", "since")

    def __init__(self, call: int, priority: int, since: Instant) -> None:
        self.call: int = call
        self.priority: int = priority
        self.since: Instant = since
        self.gone: bool = False


@final
class Queue:
    """Waiting calls of one queue. `pools` is the order in which a call looks for an agent."""

    __slots__ = (
        "by_call",
        "by_priority",
        "campaigns",
        "gone",
        "id",
        "lines",
        "pools",
        "waiting",
        "waiting_area",
        "waiting_at",
        "waiting_max",
        "waiting_places",
        "wraps_up",
    )

    def __init__(
        self, id: int, pools: list[int], waiting_places: int, by_priority: bool, wraps_up: bool
    ) -> None:
        self.id: int = id
        self.pools: list[int] = pools
        self.waiting_places: int = waiting_places
        self.by_priority: bool = by_priority
        self.wraps_up: bool = wraps_up
        self.lines: dict[int, deque[WaitingCall]] = {}
        """Priority → its calls, longest waiting first."""
        self.by_call: dict[int, WaitingCall] = {}
        self.gone: int = 0
        """Withdrawn calls that still stand in a line."""
        self.campaigns: list[int] = []
        self.waiting: int = 0
        self.waiting_max: int = 0
        self.waiting_area: int = 0
        """Integral of `waiting` up to `waiting_at`, call-microseconds."""
        self.waiting_at: Instant = 0

    def enter(self, call: int, priority: int, now: Instant) -> None:
        if not self.by_priority:
            priority = 0
        entry = WaitingCall(call, priority, now)
        line = self.lines.get(priority)
        if line is None:
            line = deque[WaitingCall]()
            self.lines[priority] = line
            self.lines = dict(sorted(self.lines.items()))
        line.append(entry)
        self.by_call[call] = entry
        self._count(1, now)

    def withdraw(self, call: int, now: Instant) -> bool:
        """Take a call out wherever it stands; False when it does not wait here."""
        entry = self.by_call.pop(call, None)
        if entry is None:
            return False
        entry.gone = True
        self._count(-1, now)
        self.gone += 1
        if self.gone > self.waiting + GONE_AT_MOST:
            self._sweep()
        return True

    def next(self, now: Instant) -> int:
        """Take out the call to be served next; ABSENT when none waits."""
        if self.waiting == 0:
            return ABSENT
        for line in self.lines.values():
            while line:
                entry = line.popleft()
                if not entry.gone:
                    del self.by_call[entry.call]
                    self._count(-1, now)
                    return entry.call
                self.gone -= 1
        return ABSENT

    def _sweep(self) -> None:
        """Lines that nobody serves would grow with every caller who gives up."""
        self.gone = 0
        for line in self.lines.values():
            for _ in range(len(line)):
                entry = line.popleft()
                if not entry.gone:
                    line.append(entry)

    def _count(self, change: int, now: Instant) -> None:
        self.waiting_area += self.waiting * (now - self.waiting_at)
        self.waiting_at = now
        self.waiting += change
        if self.waiting > self.waiting_max:
            self.waiting_max = self.waiting
