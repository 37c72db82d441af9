"""The clock on the wall."""

import time
from typing import Final

from busyhour.core.ids import Instant

_MICROSECOND_NS: Final = 1_000


def now() -> Instant:
    """What the clock on the wall shows. It may be set back."""
    return time.time_ns() // _MICROSECOND_NS


def elapsed_s() -> float:
    """Seconds since an arbitrary moment, never going back: the difference of two readings is a duration."""
    return time.perf_counter()


def since_boot_s() -> float:
    """`elapsed_s` that goes on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def pause(seconds: float) -> None:
    """Let so much time pass."""
    time.sleep(seconds)


class RunClock:
    """A live run's time in one process: it was `instant` when this was made, and goes on `speed` times as fast as the
    wall's. It never goes back.
    """

    def __init__(self, instant: Instant, speed: float = 1.0) -> None:
        self.speed: Final = speed
        self._instant = instant
        self._began = time.monotonic_ns()

    def now(self) -> Instant:
        elapsed_us = (time.monotonic_ns() - self._began) // _MICROSECOND_NS
        return self._instant + int(elapsed_us * self.speed)

    def wait_s(self, until: Instant) -> float:
        """How long to wait for an instant; 0 when it has come."""
        return max(0.0, (until - self.now()) / self.speed / 1_000_000)
