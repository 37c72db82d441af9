"""Calling hours agree with a wall clock read minute by minute, through every kind of offset change."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from busyhour.adapters.timezones import load_zone, zone_names
from busyhour.core.calling_hours import (
    EVERY_DAY,
    WEEKDAYS,
    CallingHours,
    Zone,
    days_mask,
    local_day,
    local_hour,
    utc,
)
from busyhour.core.errors import InvalidValueError
from busyhour.core.ids import ABSENT, DAY, HOUR, MINUTE, SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Zone and a local date at or just before an offset change.
CHANGES = [
    ("America/New_York", "2026-03-08"),  # gap 02:00-03:00
    ("America/New_York", "2026-11-01"),  # overlap 01:00-02:00
    ("America/New_York", "2099-03-08"),  # by the yearly rule, long after the listed transitions
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-04-05"),  # half an hour back
    ("Australia/Lord_Howe", "2026-10-04"),  # half an hour forward
    ("Asia/Kolkata", "2026-03-08"),  # no change, half-hour offset
    ("Asia/Kathmandu", "1985-12-31"),  # +5:30 to +5:45
    ("Pacific/Apia", "2011-12-30"),  # the day that never was
    ("Pacific/Kwajalein", "1993-08-20"),  # another
    ("America/Sao_Paulo", "2018-11-04"),  # gap at midnight: the day begins at 01:00
    ("America/Sao_Paulo", "2018-02-17"),  # overlap at midnight: 23:00-24:00 twice
    ("Africa/Casablanca", "2026-02-15"),  # Ramadan
]

# Start, end, days, all around midnight, the small hours and the day.
HOURS = [
    ("08:00", "21:00", "mon tue wed thu fri sat"),
    ("00:00", "24:00", "mon tue wed thu fri sat sun"),
    ("00:00", "24:00", "sat sun"),
    ("09:00", "09:00", "sun fri"),
    ("22:00", "06:00", "sat fri mon"),
    ("23:30", "00:30", "mon tue wed thu fri sat sun"),
    ("02:15", "02:45", "sun"),
    ("01:30", "01:45", "sun sat"),
    ("01:10", "01:05", "mon tue wed thu fri sat sun"),
    ("00:00", "01:30", "sun"),
    ("20:00", "00:00", "sat thu"),
    ("08:00", "21:00", ""),
]


def minutes(hh_mm: str) -> int:
    hours, _, rest = hh_mm.partition(":")
    return int(hours) * 60 + int(rest)


def hours_of(start: str, end: str, days: str) -> CallingHours:
    return CallingHours(minutes(start) * MINUTE, minutes(end) * MINUTE, days_mask(days.split()))


def zone_of(name: str) -> Zone:
    zone = load_zone(name)
    assert zone is not None
    return zone


@lru_cache
def reference_zone(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def reads_open(wall: datetime, start: int, end: int, days: list[str]) -> bool:
    """The rule in words, for the minute a clock on the wall shows."""
    minute = wall.hour * 60 + wall.minute
    today = WEEKDAYS[wall.weekday()] in days
    yesterday = WEEKDAYS[(wall.weekday() - 1) % 7] in days
    if start == end:
        return today
    if start < end:
        return today and start <= minute < end
    return (today and minute >= start) or (yesterday and minute < end)


@pytest.mark.parametrize(("name", "date"), CHANGES)
def test_hours_agree_with_the_wall_clock_minute_by_minute(name: str, date: str) -> None:
    first = datetime.fromisoformat(date).replace(tzinfo=UTC) - timedelta(days=2)
    moments = [first + timedelta(minutes=m) for m in range(5 * 1440)]
    walls = [moment.astimezone(reference_zone(name)) for moment in moments]
    zone = zone_of(name)
    for start, end, days in HOURS:
        hours = hours_of(start, end, days)
        expected = [reads_open(wall, minutes(start), minutes(end), days.split()) for wall in walls]
        past_the_end = micros(moments[-1]) + MINUTE
        changes_at = ABSENT
        for place in reversed(range(len(moments))):
            now = micros(moments[place])
            if place + 1 < len(moments) and expected[place + 1] != expected[place]:
                changes_at = now + MINUTE
            is_open, found = hours.window(zone, now)
            assert is_open == expected[place] == hours.is_open(zone, now), (walls[place], start, end, days)
            if changes_at != ABSENT:
                assert found == changes_at, (walls[place], start, end, days)
            else:
                assert found == ABSENT or found >= past_the_end, (walls[place], start, end, days)


def test_window_is_half_open_to_the_microsecond() -> None:
    hours = hours_of("08:00", "21:00", "mon tue wed thu fri sat sun")
    assert hours.window(utc(), 8 * HOUR - 1) == (False, 8 * HOUR)
    assert hours.window(utc(), 8 * HOUR) == (True, 21 * HOUR)
    assert hours.window(utc(), 21 * HOUR - 1) == (True, 21 * HOUR)
    assert hours.window(utc(), 21 * HOUR) == (False, DAY + 8 * HOUR)


def test_overnight_window_belongs_to_the_day_it_starts_on() -> None:
    hours = hours_of("22:00", "06:00", "thu")
    thursday = 0
    assert not hours.is_open(utc(), thursday + 3 * HOUR)
    assert hours.window(utc(), thursday + 22 * HOUR) == (True, DAY + 6 * HOUR)
    assert hours.window(utc(), DAY + 6 * HOUR) == (False, 7 * DAY + 22 * HOUR)


def test_sunday_night_runs_into_monday() -> None:
    hours = hours_of("22:00", "06:00", "sun")
    sunday = 3 * DAY
    assert hours.window(utc(), sunday + 23 * HOUR) == (True, sunday + DAY + 6 * HOUR)
    assert hours.window(utc(), sunday + DAY + HOUR) == (True, sunday + DAY + 6 * HOUR)


def test_equal_times_are_the_whole_day_and_a_minute_less_is_a_minute_less() -> None:
    assert hours_of("08:00", "08:00", " ".join(WEEKDAYS)).window(utc(), 5) == (True, ABSENT)
    assert hours_of("08:00", "07:59", " ".join(WEEKDAYS)).window(utc(), 0) == (True, 8 * HOUR - MINUTE)


def test_every_whole_day_never_closes_and_no_day_never_opens() -> None:
    new_york = zone_of("America/New_York")
    assert CallingHours(0, DAY).window(new_york, 0) == (True, ABSENT)
    assert CallingHours(8 * HOUR, 21 * HOUR, 0).window(new_york, 0) == (False, ABSENT)


def test_hour_skipped_by_the_clock_opens_nothing() -> None:
    new_york = zone_of("America/New_York")
    hours = hours_of("02:15", "02:45", "sun")
    before = micros(datetime(2026, 3, 8, 6, 0, tzinfo=UTC))
    assert hours.window(new_york, before) == (False, micros(datetime(2026, 3, 15, 6, 15, tzinfo=UTC)))


def test_hour_shown_twice_opens_twice() -> None:
    new_york = zone_of("America/New_York")
    hours = hours_of("01:15", "01:45", "sun")
    first = micros(datetime(2026, 11, 1, 5, 15, tzinfo=UTC))
    assert hours.window(new_york, first) == (True, first + 30 * MINUTE)
    assert hours.window(new_york, first + 30 * MINUTE) == (False, first + HOUR)
    assert hours.window(new_york, first + HOUR) == (True, first + HOUR + 30 * MINUTE)


def test_gap_that_swallows_the_opening_opens_at_the_gap() -> None:
    new_york = zone_of("America/New_York")
    gap = micros(datetime(2026, 3, 8, 7, 0, tzinfo=UTC))
    assert hours_of("02:30", "09:00", "sun").window(new_york, gap - HOUR) == (False, gap)


def test_days_and_hours_are_the_local_clocks() -> None:
    apia = zone_of("Pacific/Apia")
    last = micros(datetime(2011, 12, 30, 9, 59, tzinfo=UTC))
    assert local_day(apia, last + MINUTE) - local_day(apia, last) == 2
    assert (local_hour(apia, last), local_hour(apia, last + MINUTE)) == (23, 0)
    kolkata = zone_of("Asia/Kolkata")
    assert (local_day(kolkata, 18 * HOUR + 30 * MINUTE), local_hour(kolkata, 18 * HOUR + 30 * MINUTE)) == (
        1,
        0,
    )
    assert (local_day(kolkata, 18 * HOUR + 30 * MINUTE - 1), local_hour(kolkata, 0)) == (0, 5)


def test_instants_before_1970_have_their_day_and_hour() -> None:
    assert (local_day(utc(), -1), local_hour(utc(), -1)) == (-1, 23)
    assert hours_of("23:00", "24:00", "wed").window(utc(), -1) == (True, 0)


@pytest.mark.parametrize("name", sorted(zone_names())[::29])
def test_loaded_offsets_are_the_ones_zoneinfo_gives(name: str) -> None:
    zone, reference = zone_of(name), reference_zone(name)
    instants = [*range(0, 4_133_980_800 * SECOND, 97 * DAY + 12_345_678), *zone.transitions]
    for instant in instants:
        for moment in (instant, instant - SECOND):
            offset = datetime.fromtimestamp(moment // SECOND, reference).utcoffset()
            if moment >= 0:
                assert offset == timedelta(microseconds=zone.offset_at(moment))


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "America", "america/new_york", "America/New_York/..",
     "zone.tab", "x\0y", "\udc80", "Europe\\London"],
)  # fmt: skip
def test_unknown_and_hostile_names_are_no_zone(name: str) -> None:
    assert load_zone(name) is None


@pytest.mark.parametrize(
    ("start", "end", "mask"), [(-1, 5, 1), (DAY, 5, 1), (5, DAY + 1, 1), (5, 6, 128), (5, 6, -1)]
)
def test_times_outside_the_day_are_refused(start: int, end: int, mask: int) -> None:
    with pytest.raises(InvalidValueError):
        CallingHours(start, end, mask)


def test_zone_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidValueError):
        Zone([1], [0])
    with pytest.raises(InvalidValueError):
        Zone([2, 2], [0, 1, 2])


def test_weekday_that_is_none_is_refused() -> None:
    assert days_mask(list(WEEKDAYS)) == EVERY_DAY
    with pytest.raises(InvalidValueError, match="monday"):
        days_mask(["monday"])
