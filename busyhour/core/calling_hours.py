"""When a campaign may dial: hours of the local clock, on days of the week, in a zone whose offset changes.

Reading a zone's rules is file input, so the core takes them as plain numbers in a `Zone`;
`busyhour.adapters.timezones` makes one from an IANA name. Everything is decided by what a clock on the wall
there shows. In a daylight-saving gap the hours the clock skips are skipped; in an overlap the hour it shows
twice counts twice, and a window that ends within it closes twice.
"""

from bisect import bisect_right
from typing import Final, final

from busyhour.core.errors import InvalidValueError
from busyhour.core.ids import ABSENT, DAY, HOUR, Instant, Micros

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Bit n of a days mask is the n-th of these."""
EVERY_DAY: Final = 127
WEEK: Final = 7 * DAY

_EPOCH_INTO_WEEK: Final = 3 * DAY
"""1970-01-01 was a Thursday."""


@final
class Zone:
    """Offsets of a place's clock from UTC: `offsets[0]` before `transitions[0]`, `offsets[i + 1]` from
    `transitions[i]` on."""

    __slots__ = ("offsets", "transitions")

    transitions: list[Instant]
    """Instants at which the offset changes, ascending."""
    offsets: list[Micros]
    """Microseconds to add to UTC, one more than there are transitions."""

    def __init__(self, transitions: list[Instant], offsets: list[Micros]) -> None:
        """Raises InvalidValueError when the lists do not fit each other or the transitions do not ascend."""
        if len(offsets) != len(transitions) + 1:
            raise InvalidValueError("offsets", len(offsets), f"{len(transitions) + 1} long")
        for i in range(1, len(transitions)):
            if transitions[i] <= transitions[i - 1]:
                raise InvalidValueError("transitions", transitions[i], f"after {transitions[i - 1]}")
        self.transitions = transitions
        self.offsets = offsets

    def offset_at(self, instant: Instant) -> Micros:
        """What to add to `instant` to get the local clock."""
        return self.offsets[bisect_right(self.transitions, instant)]

    def local(self, instant: Instant) -> Micros:
        """Microseconds between 1970-01-01T00:00 and `instant`, both as the local clock shows them."""
        return instant + self.offsets[bisect_right(self.transitions, instant)]


def utc() -> Zone:
    """The zone of a clock that shows UTC."""
    return Zone([], [0])


def local_day(zone: Zone, instant: Instant) -> int:
    """Number of the local calendar day, 0 being 1970-01-01: equal for two instants of one local date."""
    return zone.local(instant) // DAY


def local_hour(zone: Zone, instant: Instant) -> int:
    """Hour the local clock shows, 0 to 23."""
    return zone.local(instant) % DAY // HOUR


def days_mask(days: list[str]) -> int:
    """Mask of weekdays named as in `WEEKDAYS`. Raises InvalidValueError for any other name."""
    mask = 0
    for day in days:
        if day not in WEEKDAYS:
            raise InvalidValueError("days", day, f"one of {', '.join(WEEKDAYS)}")
        mask |= 1 << WEEKDAYS.index(day)
    return mask


@final
class CallingHours:
    """Open from `start_us` up to, not including, `end_us` of the local clock, on the days of `days_mask`.

    A window whose start is later than its end goes on past midnight and belongs to the day it starts on.
    Equal start and end mean the whole calendar day, midnight to midnight.
    """

    __slots__ = ("_flips", "_open_before")

    _flips: list[Micros]
    """Places in the week, from Monday 00:00 of the local clock, at which open and closed take turns."""
    _open_before: bool
    """Whether it is open before the first flip, which is how the week ends."""

    def __init__(self, start_us: Micros, end_us: Micros, days_mask: int = EVERY_DAY) -> None:
        """Times of day in microseconds: `start_us` in [0, 24 h), `end_us` in [0, 24 h].

        Raises InvalidValueError for a time outside the day or a mask that is not of seven bits.
        """
        if not 0 <= start_us < DAY:
            raise InvalidValueError("start_us", start_us, "a time of day, from 0 to below 24 h")
        if not 0 <= end_us <= DAY:
            raise InvalidValueError("end_us", end_us, "a time of day, from 0 to 24 h")
        if not 0 <= days_mask <= EVERY_DAY:
            raise InvalidValueError("days_mask", days_mask, "a mask of seven days, from 0 to 127")
        if start_us == end_us:
            start_us = 0
            end_us = DAY
        elif end_us < start_us:
            end_us += DAY
        self._open_before = _open_on_its_day(start_us, end_us, days_mask, WEEK - 1)
        edges: list[Micros] = []
        for day in range(7):
            if days_mask >> day & 1:
                edges.append((day * DAY + start_us) % WEEK)
                edges.append((day * DAY + end_us) % WEEK)
        edges.sort()
        self._flips = []
        is_open = self._open_before
        for edge in edges:
            opens = _open_on_its_day(start_us, end_us, days_mask, edge)
            if opens != is_open:
                self._flips.append(edge)
                is_open = opens

    def is_open(self, zone: Zone, instant: Instant) -> bool:
        """Whether the local clock stands within the hours."""
        return self._open_at((zone.local(instant) + _EPOCH_INTO_WEEK) % WEEK)

    def window(self, zone: Zone, now: Instant) -> tuple[bool, Instant]:
        """Whether the hours are open at `now`, and the first later instant at which that answer changes.

        The instant is ABSENT when it never does (every day whole, or no day at all). The answer holds for all
        callers in the zone until then, so it is worth keeping.
        """
        index = bisect_right(zone.transitions, now)
        local = now + zone.offsets[index] + _EPOCH_INTO_WEEK
        is_open = self._open_at(local % WEEK)
        if len(self._flips) == 0:
            return is_open, ABSENT
        instant = now
        while True:
            flip = instant + self._until_flip(local % WEEK)
            if index == len(zone.transitions) or flip < zone.transitions[index]:
                return is_open, flip
            instant = zone.transitions[index]
            index += 1
            local = instant + zone.offsets[index] + _EPOCH_INTO_WEEK
            if self._open_at(local % WEEK) != is_open:
                return is_open, instant

    def _open_at(self, into_week: Micros) -> bool:
        flipped = bisect_right(self._flips, into_week) % 2 == 1
        return self._open_before != flipped

    def _until_flip(self, into_week: Micros) -> Micros:
        place = bisect_right(self._flips, into_week)
        if place == len(self._flips):
            return self._flips[0] + WEEK - into_week
        return self._flips[place] - into_week


def _open_on_its_day(start_us: Micros, end_us: Micros, days_mask: int, into_week: Micros) -> bool:
    """Whether the window of that very day is open, which starts at `start_us` and ends later at `end_us`.

    At a window's edge and at the week's end that is all there is to know: yesterday's window, which may go on past
    midnight, ends at an edge of its own, and not after today's start.
    """
    is_on = bool(days_mask >> into_week // DAY & 1)
    return is_on and start_us <= into_week % DAY < end_us
