"""Simulated trunks: channels, calls per second, outages, faults, and the rest an ill trunk is given."""

from typing import Any, Final, final

from busyhour.core.ids import ABSENT, MINUTE, SECOND, Instant
from busyhour.core.token_bucket import TokenBucket

UNLIMITED: Final = ABSENT

REFUSALS_BEFORE_REST: Final = 3
"""Refusals in a row after which a trunk is rested; single ones are ordinary."""
LONGEST_REST: Final = 30 * SECOND

INTERVAL: Final = 15 * MINUTE
"""As the rows of `intervals/`."""


@final
class FaultShares:
    """How often which fault befalls the events of a trunk. `late_by` is an opaque distribution of delays."""

    __slots__ = ("duplicate", "late", "late_by", "lost", "refuse", "reorder")

    def __init__(
        self, late: float, late_by: Any, duplicate: float, reorder: float, lost: float, refuse: float
    ) -> None:
        self.late: float = late
        self.late_by: Any = late_by
        self.duplicate: float = duplicate
        self.reorder: float = reorder
        self.lost: float = lost
        self.refuse: float = refuse


@final
class SimulatedTrunk:
    """One carrier connection. Areas are integrals over time of what is counted, in microseconds times channels."""

    __slots__ = (
        "bucket",
        "channels",
        "faults",
        "in_use",
        "in_use_area",
        "in_use_at",
        "in_use_max",
        "interval_ends",
        "interval_max",
        "outages",
        "post_dial_delay",
        "promised",
        "refusals_in_a_row",
        "rests_until",
    )

    def __init__(
        self,
        channels: int,
        bucket: TokenBucket | None,
        post_dial_delay: Any,
        faults: FaultShares | None,
        begins_at: Instant,
    ) -> None:
        self.channels: int = channels
        self.bucket: TokenBucket | None = bucket
        self.post_dial_delay: Any = post_dial_delay
        self.faults: FaultShares | None = faults
        self.outages: int = 0
        """How many causes hold the trunk down now (the timeline, overlapping outages)."""
        self.promised: int = 0
        """Channels of attempts that were admitted and are about to be dialled."""
        self.in_use: int = 0
        self.in_use_area: int = 0
        self.in_use_at: Instant = 0
        self.in_use_max: int = 0
        self.interval_ends: Instant = begins_at
        self.interval_max: list[int] = []
        """The most channels in use in each INTERVAL from `begins_at` to now."""
        self.refusals_in_a_row: int = 0
        self.rests_until: Instant = 0

    def is_full(self) -> bool:
        """Whether no channel is left for another call."""
        return self.channels != UNLIMITED and self.in_use + self.promised >= self.channels

    def seize(self, now: Instant) -> None:
        if now >= self.interval_ends:
            self.begin_interval(now)
        self.in_use_area += self.in_use * (now - self.in_use_at)
        self.in_use_at = now
        self.in_use += 1
        if self.in_use > self.in_use_max:
            self.in_use_max = self.in_use
        if self.in_use > self.interval_max[-1]:
            self.interval_max[-1] = self.in_use

    def begin_interval(self, now: Instant) -> None:
        """Begin every interval up to the one that `now` lies in, each with the channels that are in use."""
        while now >= self.interval_ends:
            self.interval_max.append(self.in_use)
            self.interval_ends += INTERVAL

    def release(self, now: Instant) -> None:
        if now >= self.interval_ends:
            self.begin_interval(now)
        self.in_use_area += self.in_use * (now - self.in_use_at)
        self.in_use_at = now
        self.in_use -= 1

    def refused(self, now: Instant) -> None:
        """The carrier turned a call away: after a few in a row the trunk rests, each time twice as long.

        As a circuit breaker does: an outage then costs a handful of contacts an attempt, not the whole list.
        """
        self.refusals_in_a_row += 1
        if self.refusals_in_a_row >= REFUSALS_BEFORE_REST:
            doublings = self.refusals_in_a_row - REFUSALS_BEFORE_REST
            rest = SECOND << doublings if doublings < 5 else LONGEST_REST
            self.rests_until = now + rest

    def accepted(self) -> None:
        self.refusals_in_a_row = 0
