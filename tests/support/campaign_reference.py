"""A campaign's contacts as the specification says them: a ledger for each, and a wall clock to read hours and days on.

The order of dialling: who came back undialled, then whose time has come, then the rest as loaded.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from busyhour.core.ids import DAY, HOUR, MINUTE, Instant

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER = 1 << 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = 15 * MINUTE
"""Hours, days and offsets of the zones used here all change at multiples of it."""


@dataclass(frozen=True)
class Hours:
    start: int
    end: int
    days: tuple[str, ...]
    zone: str | None
    """Whose clock: None for each contact's own."""


@dataclass(frozen=True)
class Rules:
    max_attempts: int
    max_per_day: int | None
    after: tuple[tuple[str, int], ...]
    """(outcome, delay)."""


def wall(zone: str, instant: Instant) -> datetime:
    return (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


@cache
def is_open(hours: Hours, zone: str, instant: Instant) -> bool:
    local = wall(zone, instant)
    since = local.hour * HOUR + local.minute * MINUTE + local.second * 1_000_000 + local.microsecond
    today, yesterday = WEEKDAYS[local.weekday()], WEEKDAYS[local.weekday() - 1]
    if hours.start < hours.end:
        return today in hours.days and hours.start <= since < hours.end
    return (today in hours.days and since >= hours.start) or (yesterday in hours.days and since < hours.end)


def opens_at(hours: Hours | None, zone: str, now: Instant) -> Instant:
    """`now`, or the first quarter of an hour after it at which the window is open."""
    if hours is None or is_open(hours, hours.zone or zone, now):
        return now
    instant = now - now % QUARTER + QUARTER
    while not is_open(hours, hours.zone or zone, instant):
        instant += QUARTER
        assert instant < now + 15 * DAY
    return instant


def next_day_at(zone: str, now: Instant) -> Instant:
    """The first quarter of an hour of the next local date."""
    today = wall(zone, now).date()
    instant = now - now % QUARTER + QUARTER
    while wall(zone, instant).date() <= today:
        instant += QUARTER
    return instant


@dataclass
class Person:
    number: int
    zone: str | None
    priority: int
    where: str = "unloaded"
    """unloaded, fresh, returned, parked, claimed, live, completed, exhausted or skipped."""
    dials: int = 0
    cancelled: int = 0
    by_day: Counter[date] = field(default_factory=Counter[date])
    due_at: Instant = 0
    awaits_hours: bool = False


@dataclass
class Ledger:
    people: list[Person]
    hours: Hours | None
    rules: Rules
    zones: list[str]
    """Zones that the campaign knows, whether anybody lives there or not."""
    line: list[Person] = field(default_factory=list[Person])
    """Fresh ones, in order."""
    back: list[Person] = field(default_factory=list[Person])
    """Returned ones, in order."""
    parked: list[Person] = field(default_factory=list[Person])
    """In the order of parking."""
    handed_over: int = 0
    loading: bool = False

    def all_loaded(self) -> bool:
        return self.handed_over == len(self.people)

    def load(self, count: int) -> list[Person]:
        """The next ones in dialling order."""
        those = self.people[self.handed_over : self.handed_over + count]
        self.handed_over += len(those)
        self.loading = False
        for person in those:
            person.where = "fresh" if person.zone is not None else "skipped"
            if person.zone is not None:
                self.line.append(person)
        return those

    def wants_more(self, now: Instant) -> bool:
        if self.line or self.loading or self.all_loaded():
            return False
        return any(opens_at(self.hours, zone, now) == now for zone in self.zones)

    def next(self, now: Instant) -> Person | None:
        while (person := self._candidate(now)) is not None:
            zone = person.zone or ""
            opening = opens_at(self.hours, zone, now)
            if opening > now:
                self._park(person, opening, awaits_hours=True)
            elif self._dialled_on(person, wall(zone, now).date()) >= (self.rules.max_per_day or NEVER):
                self._park(person, next_day_at(zone, now))
            else:
                person.where = "claimed"
                return person
        return None

    def _dialled_on(self, person: Person, today: date) -> int:
        """On this date or, the clock having been put back over midnight, on a later one."""
        latest = max(person.by_day, default=today)
        return person.by_day[max(latest, today)]

    def _candidate(self, now: Instant) -> Person | None:
        if self.back:
            return self.back.pop(0)
        due = [person for person in self.parked if person.due_at <= now]
        if due:
            person = min(due, key=lambda p: (p.due_at, p.priority))
            self.parked.remove(person)
            person.awaits_hours = False
            return person
        return self.line.pop(0) if self.line else None

    def _park(self, person: Person, due_at: Instant, awaits_hours: bool = False) -> None:
        person.where, person.due_at, person.awaits_hours = "parked", due_at, awaits_hours
        self.parked.append(person)

    def dialled(self, person: Person, now: Instant) -> None:
        person.where = "live"
        person.dials += 1
        person.by_day[wall(person.zone or "", now).date()] += 1

    def give_back(self, people: list[Person]) -> None:
        for person in people:
            person.where = "returned"
        self.back[:0] = people

    def rejected(self, person: Person, for_ever: bool, now: Instant) -> None:
        if for_ever:
            person.where = "skipped"
        else:
            self._park(person, next_day_at(person.zone or "", now))

    def ended(self, person: Person, outcome: str, now: Instant) -> None:
        after = {"unknown": 15 * MINUTE, **dict(self.rules.after)}
        if outcome == "human":
            person.where = "completed"
        elif outcome == "cancelled":
            person.where = "returned"
            person.cancelled += 1
            self.back.append(person)
        elif outcome in after and person.dials - person.cancelled < self.rules.max_attempts:
            self._park(person, now + after[outcome])
        else:
            person.where = "exhausted"

    def count(self, *places: str) -> int:
        return sum(person.where in places for person in self.people)

    def is_done(self) -> bool:
        return self.count("completed", "exhausted", "skipped") == len(self.people)

    def awaits_hours(self, now: Instant) -> bool:
        """Somebody is called later because of the hours: parked for them, or not even loaded."""
        held = not self.line and not self.loading and not self.all_loaded() and not self.wants_more(now)
        return held or any(person.awaits_hours for person in self.parked)

    def next_due_at(self, now: Instant) -> Instant:
        """When to look again; NEVER when nothing is waited for."""
        due = [person.due_at for person in self.parked]
        if not self.line and not self.loading and not self.all_loaded() and not self.wants_more(now):
            due += [opens_at(self.hours, zone, now) for zone in self.zones]
        return min(due, default=NEVER)
