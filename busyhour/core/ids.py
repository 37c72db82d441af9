"""Units and absent values shared by every machine.

Instants are integer microseconds since the Unix epoch, UTC; durations are integer microseconds.
"""

from typing import Final

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""
Micros = int
"""A duration in microseconds."""

ABSENT: Final = -1
"""The instant of something that has not happened, and the number of something that is not there."""

MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000
MINUTE: Final = 60_000_000
HOUR: Final = 3_600_000_000
DAY: Final = 86_400_000_000
