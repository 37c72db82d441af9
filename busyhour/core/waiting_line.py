"""The calls that wait in a queue, and who of them is next."""

from collections import deque
from typing import Final, final

from busyhour.core.ids import ABSENT, SECOND, Instant, Micros

UNLIMITED: Final = ABSENT
"""Waiting places of a queue that turns nobody away."""

RING_TIMEOUT: Final = 20 * SECOND
"""How long an agent is rung where the queue does not say it."""

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
        "longest_idle",
        "pools",
        "ring_timeout",
        "rung",
        "rung_area",
        "rung_at",
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
        self.longest_idle: bool = False
        """Whoever of all its agents has been idle longest takes a call, whatever the order of the pools."""
        self.ring_timeout: Micros = RING_TIMEOUT
        """How long an agent who has to accept is rung for one of its calls."""
        self.lines: dict[int, deque[WaitingCall]] = {}
        """Priority → its calls, longest waiting first."""
        self.by_call: dict[int, WaitingCall] = {}
        """Those who stand in a line, and those for whom an agent is being rung."""
        self.gone: int = 0
        """Withdrawn calls that still stand in a line."""
        self.campaigns: list[int] = []
        self.waiting: int = 0
        self.waiting_max: int = 0
        self.waiting_area: int = 0
        """Integral of `waiting` up to `waiting_at`, call-microseconds."""
        self.waiting_at: Instant = 0
        self.rung: int = 0
        """Callers out of the line for whom an agent is being rung: they wait, too."""
        self.rung_area: int = 0
        """Integral of `rung` up to `rung_at`, call-microseconds."""
        self.rung_at: Instant = 0

    def enter(self, call: int, priority: int, now: Instant) -> None:
        if not self.by_priority:
            priority = 0
        entry = WaitingCall(call, priority, now)
        line = self.lines.get(priority)
        if line is None:
            line = self._new_line(priority)
        line.append(entry)
        self.by_call[call] = entry
        self._count(1, now)

    def enter_again(self, entry: WaitingCall, now: Instant) -> None:
        """Put a call that an agent was rung for back before the others, whatever places there are."""
        line = self.lines.get(entry.priority)
        if line is None:
            line = self._new_line(entry.priority)
        line.appendleft(entry)
        self.by_call[entry.call] = entry
        self._count(1, now)

    def _new_line(self, priority: int) -> deque[WaitingCall]:
        line = deque[WaitingCall]()
        self.lines[priority] = line
        self.lines = dict(sorted(self.lines.items()))
        return line

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

    def next(self, now: Instant) -> WaitingCall:
        """Take out the call to be served next. One waits."""
        for line in self.lines.values():
            while line:
                entry = line.popleft()
                if not entry.gone:
                    del self.by_call[entry.call]
                    self._count(-1, now)
                    return entry
                self.gone -= 1
        raise AssertionError("somebody waits")

    def ring(self, change: int, now: Instant) -> None:
        """An agent is rung for one more of its callers, or for one less."""
        self.rung_area += self.rung * (now - self.rung_at)
        self.rung_at = now
        self.rung += change

    def waited_us(self, now: Instant) -> int:
        """How long its callers have waited until now, all together: for an agent, and for the agent to accept."""
        in_line = self.waiting_area + self.waiting * (now - self.waiting_at)
        return in_line + self.rung_area + self.rung * (now - self.rung_at)

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
