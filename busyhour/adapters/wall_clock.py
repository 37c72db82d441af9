"""The clock on the wall."""

import time
from dataclasses import dataclass
from typing import Final

from busyhour.core.ids import Instant

_MICROSECOND_NS: Final = 1_000


def elapsed_s() -> float:
    """Seconds since an arbitrary moment, never going back: the difference of two readings is a duration."""
    return time.perf_counter()


def wall_us() -> int:
    """Microseconds since 1970, as this machine has it."""
    return time.time_ns() // _MICROSECOND_NS


@dataclass(frozen=True, slots=True)
class ClockSetting:
    """A live run's clock, the same for all of its processes: at `origin_us` on the wall it is `instant_us`."""

    origin_us: int
    instant_us: Instant
    speed: float
    """Seconds of the run in a second; 1 for real calls."""


class RunClock:
    """Reads a live run's time. The wall is read once, and never goes back from there."""

    def __init__(self, setting: ClockSetting) -> None:
        self.setting = setting
        self._began = time.monotonic_ns()
        self._already_us = wall_us() - setting.origin_us

    def now(self) -> Instant:
        elapsed_us = self._already_us + (time.monotonic_ns() - self._began) // _MICROSECOND_NS
        return self.setting.instant_us + int(elapsed_us * self.setting.speed)

    def wait_s(self, until: Instant) -> float:
        """How long to wait for an instant; 0 when it has come."""
        return max(0.0, (until - self.now()) / self.setting.speed / 1_000_000)
