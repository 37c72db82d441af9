"""When a delivery that failed is tried again."""

from typing import Final

from busyhour.core.ids import ABSENT, DAY, HOUR, MINUTE, SECOND, Instant, Micros

DELAYS: Final = (
    0,
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""Before each attempt, from the one before it (Standard Webhooks 1.0.0, "Deliverability and reliability")."""
JITTER: Final = 0.1
"""Share of a delay that chance may add, so that what failed together is not tried together."""
FAILING_FOR: Final[Micros] = 5 * DAY
"""A webhook that has failed so long, without one success, is disabled."""
LONGEST_WAIT: Final[Micros] = 24 * HOUR
"""What a Retry-After may ask for at most."""


def next_attempt(attempts: int, now: Instant, chance: float, retry_after: Micros = 0) -> Instant:
    """After `attempts` that failed, the last of them now; ABSENT when that was the last. `chance` is in [0, 1)."""
    if attempts >= len(DELAYS):
        return ABSENT
    delay = DELAYS[attempts]
    return now + max(int(delay * (1 + JITTER * chance)), min(retry_after, LONGEST_WAIT))
