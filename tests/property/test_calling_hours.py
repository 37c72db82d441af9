"""Calling hours agree with a clock on the wall, for any hours, any days, any zone and any instant."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from busyhour.adapters.timezones import load_zone, zone_names
from busyhour.core.calling_hours import CallingHours, local_day, local_hour
from busyhour.core.ids import ABSENT, DAY, MINUTE, SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Since 1980 every offset is of whole minutes, so the answer can only change on one.
moments = st.integers(10 * 365, 130 * 365).flatmap(
    lambda day: st.timedeltas(timedelta(day), timedelta(day + 1)).map(lambda after: EPOCH + after)
)
minutes_of_day = st.one_of(st.integers(0, 1439), st.sampled_from([0, 60, 90, 120, 180, 1380, 1439]))
masks = st.integers(0, 127)
names = st.sampled_from(sorted(zone_names()))
near_changes = st.timedeltas(timedelta(days=-2), timedelta(days=2))


@lru_cache(maxsize=64)
def reference_zone(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def reads_open(wall: datetime, start: int, end: int, mask: int) -> bool:
    minute = wall.hour * 60 + wall.minute
    today = bool(mask >> wall.weekday() & 1)
    yesterday = bool(mask >> (wall.weekday() - 1) % 7 & 1)
    if start == end:
        return today
    if start < end:
        return today and start <= minute < end
    return (today and minute >= start) or (yesterday and minute < end)


@settings(deadline=None)
@given(minutes_of_day, minutes_of_day, masks, names, moments, st.data())
def test_the_answer_holds_until_it_changes_and_changes_then(
    start: int, end: int, mask: int, name: str, moment: datetime, data: st.DataObject
) -> None:
    zone = load_zone(name)
    assert zone is not None
    later = [t for t in zone.transitions if t * 1e-6 > moment.timestamp()]
    if later and data.draw(st.booleans()):
        moment = EPOCH + timedelta(microseconds=later[0]) + data.draw(near_changes)
    now = (moment - EPOCH) // timedelta(microseconds=1)
    reference = reference_zone(name)
    is_open, changes_at = CallingHours(start * MINUTE, end * MINUTE, mask).window(zone, now)
    assert is_open == reads_open(moment.astimezone(reference), start, end, mask)
    until = changes_at if changes_at != ABSENT else now + 8 * DAY
    assert until > now
    for instant in range(now - now % MINUTE + MINUTE, until, MINUTE):
        wall = datetime.fromtimestamp(instant // SECOND, reference)
        assert reads_open(wall, start, end, mask) == is_open, wall
    if changes_at != ABSENT:
        assert changes_at % MINUTE == 0
        wall = datetime.fromtimestamp(changes_at // SECOND, reference)
        assert reads_open(wall, start, end, mask) != is_open, wall


@given(names, moments)
def test_local_day_and_hour_are_the_wall_clocks(name: str, moment: datetime) -> None:
    zone = load_zone(name)
    assert zone is not None
    now = (moment - EPOCH) // timedelta(microseconds=1)
    wall = moment.astimezone(reference_zone(name))
    assert local_hour(zone, now) == wall.hour
    assert local_day(zone, now) == (wall.date() - EPOCH.date()).days
