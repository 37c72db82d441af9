"""Calls per second, admitted evenly and exactly.

The generic cell rate algorithm (ITU-T I.371 annex A, "virtual scheduling") with a burst of one: after a call
is admitted the next one is due an interval later. The interval is `per_us / calls` microseconds, kept as a
whole number and a remainder over `calls`, so three calls a second stay three calls a second for ever. A
carrier that sells ten calls per second counts them in its own seconds, wherever those begin; a bucket that
saves tokens up while idle would send twenty across such a boundary.
"""

import math
from fractions import Fraction
from typing import Final, final

from busyhour.core.errors import InvalidValueError, SnapshotError
from busyhour.core.ids import SECOND, Instant, Micros

_LARGEST_DENOMINATOR: Final = 1_000_000
"""Rates come as decimals and quotients ("200/min"); this recovers 10/3 from its float, within 1e-12 of it."""


@final
class TokenBucket:
    """Admits at most `calls` calls every `per_us` microseconds, evenly spaced.

    Any half-open window of w microseconds, wherever it begins, holds at most ceil(w * calls / per_us)
    admissions: for ten calls per second never more than 10 in a second, for 1.5 never more than 2. Whoever
    takes at every `available_at` gets exactly the rate: the n-th admission is ceil(n * per_us / calls) after
    the first.
    """

    __slots__ = ("_calls", "_due_part", "_due_us", "_step_part", "_step_us")

    _calls: int
    """Zero when the rate is unlimited."""
    _step_us: Micros
    _step_part: int
    """Rest of the interval in 1/calls microseconds."""
    _due_us: Instant
    _due_part: int
    """Rest of the instant the next call is due, in 1/calls microseconds."""

    def __init__(self, calls: int, per_us: Micros = SECOND) -> None:
        """Raises InvalidValueError unless both are positive; `unlimited` makes the bucket that always
        admits.
        """
        if calls <= 0:
            raise InvalidValueError("calls", calls, "at least 1")
        if per_us <= 0:
            raise InvalidValueError("per_us", per_us, "at least 1 microsecond")
        self._calls = calls
        self._step_us = per_us // calls
        self._step_part = per_us % calls
        self._due_us = 0
        self._due_part = 0

    @staticmethod
    def from_rate(calls_per_second: float) -> "TokenBucket":
        """The bucket of a rate such as 10, 0.5 or 10 / 3; infinity gives the unlimited one.

        Raises InvalidValueError when the rate is zero, negative or not a number.
        """
        if math.isinf(calls_per_second) and calls_per_second > 0:
            return TokenBucket.unlimited()
        calls, per_us = exact_rate(calls_per_second)
        return TokenBucket(calls, per_us)

    @staticmethod
    def unlimited() -> "TokenBucket":
        """A bucket that admits every call at once."""
        bucket = TokenBucket(1)
        bucket._calls = 0
        return bucket

    def available_at(self, now: Instant) -> Instant:
        """First instant, not before `now`, at which `take` will admit a call."""
        if self._calls == 0:
            return now
        due = self._due_us + 1 if self._due_part > 0 else self._due_us
        return due if due > now else now

    def take(self, now: Instant) -> bool:
        """Admit one call at `now`, or change nothing and say no."""
        if self._calls == 0:
            return True
        due = self._due_us + 1 if self._due_part > 0 else self._due_us
        if now < due:
            return False
        # Taken in the very microsecond it was due, a call counts from the exact due instant, fraction too.
        if now > due:
            self._due_us = now
            self._due_part = 0
        self._due_us += self._step_us
        self._due_part += self._step_part
        if self._due_part >= self._calls:
            self._due_part -= self._calls
            self._due_us += 1
        return True

    def snapshot(self) -> dict[str, object]:
        """What `restore` needs, as plain numbers. The rate is configuration and not among them."""
        return {"due_us": self._due_us, "due_part": self._due_part, "calls": self._calls}

    def restore(self, snapshot: dict[str, object]) -> None:
        """Go on where `snapshot` was taken; under a changed rate the next call is due when it was.

        Raises SnapshotError when it is not a token bucket's.
        """
        due_us = snapshot.get("due_us")
        due_part = snapshot.get("due_part")
        if not isinstance(due_us, int) or not isinstance(due_part, int):
            raise SnapshotError("token bucket", f"due_us and due_part must be numbers, not {snapshot!r}")
        if snapshot.get("calls") == self._calls:
            self._due_us = due_us
            self._due_part = due_part
        else:
            self._due_us = due_us + 1 if due_part > 0 else due_us
            self._due_part = 0


def exact_rate(calls_per_second: float) -> tuple[int, Micros]:
    """`calls` every `per_us`, of a finite rate such as 10, 0.5 or 10 / 3.

    Raises InvalidValueError when the rate is zero, negative, infinite or not a number.
    """
    if not 0 < calls_per_second < math.inf:
        raise InvalidValueError("calls_per_second", calls_per_second, "above 0")
    if calls_per_second >= 1:
        ratio = Fraction(calls_per_second).limit_denominator(_LARGEST_DENOMINATOR)
    else:
        ratio = 1 / Fraction(1 / calls_per_second).limit_denominator(_LARGEST_DENOMINATOR)
    return ratio.numerator, SECOND * ratio.denominator
