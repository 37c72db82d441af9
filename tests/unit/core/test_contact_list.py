"""A campaign's contacts: whose turn it is, who waits for what, and what stays out of memory."""

from datetime import UTC, datetime

import pytest

from busyhour.adapters.timezones import load_zone
from busyhour.core.attempts import Contact, RetryRules
from busyhour.core.calling_hours import CallingHours, Zone, utc
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.disposition import BUSY, CANCELLED, FAILED, HUMAN
from busyhour.core.errors import SnapshotError
from busyhour.core.ids import ABSENT, DAY, HOUR, MINUTE, SECOND, Instant
from busyhour.core.snapshots import contacts_snapshot, restore_contacts

DAYTIME = CallingHours(8 * HOUR, 21 * HOUR)
NOON: Instant = 20_000 * DAY + 12 * HOUR
MIDNIGHT: Instant = 20_001 * DAY


def at(text: str) -> Instant:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def zone_of(name: str) -> Zone:
    zone = load_zone(name)
    assert zone is not None
    return zone


def contact_list(
    *contacts: Contact, clocks: list[ZoneClock] | None = None, max_attempts: int = 3, max_per_day: int = 0
) -> ContactList:
    rules = RetryRules(max_attempts, max_per_day, {BUSY: 10 * MINUTE, FAILED: 0})
    found = ContactList(len(contacts), clocks or [ZoneClock(utc(), None)], rules)
    found.load(list(contacts), True)
    return found


def numbered(*numbers: int, zone: int = 0) -> list[Contact]:
    return [Contact(number, zone, 0) for number in numbers]


def leased(contacts: ContactList, now: Instant) -> list[int]:
    """Everybody who may be called now, in order; their leases are given back."""
    leases = []
    while (lease := contacts.lease(now)) is not None:
        leases.append(lease)
    contacts.give_back(leases)
    return [lease.contact.id for lease in leases]


def try_once(contacts: ContactList, now: Instant, outcome: int) -> int:
    """Dial whoever is next; the attempt ends at once. Who it was."""
    lease = contacts.lease(now)
    assert lease is not None
    contacts.dialed(lease, now)
    contacts.ended(lease, outcome, now)
    return lease.contact.id


def test_who_came_back_is_first_then_who_is_due_then_the_fresh_in_their_order() -> None:
    contacts = contact_list(*numbered(1, 2, 3, 4))
    assert try_once(contacts, NOON, BUSY) == 1
    second = contacts.lease(NOON)
    assert second is not None
    contacts.give_back([second])
    assert leased(contacts, NOON + 10 * MINUTE - 1) == [2, 3, 4]
    assert leased(contacts, NOON + 10 * MINUTE) == [2, 3, 4, 1]


def test_of_those_due_at_one_instant_the_lower_priority_number_is_first() -> None:
    contacts = contact_list(Contact(1, 0, 5), Contact(2, 0, 1), Contact(3, 0, 1))
    for number in (1, 2, 3):
        assert try_once(contacts, NOON, BUSY) == number
    assert leased(contacts, NOON + HOUR) == [2, 3, 1]


def test_a_reached_contact_is_done_and_one_out_of_attempts_too() -> None:
    contacts = contact_list(*numbered(1, 2), max_attempts=1)
    try_once(contacts, NOON, HUMAN)
    assert not contacts.is_done()
    try_once(contacts, NOON, BUSY)
    assert (contacts.completed, contacts.exhausted, contacts.remaining()) == (1, 1, 0)
    assert contacts.is_done()


def test_a_cancelled_attempt_keeps_its_number_uses_none_up_and_is_made_up_for_first() -> None:
    contacts = contact_list(*numbered(1, 2), max_attempts=2)
    try_once(contacts, NOON, CANCELLED)
    again = contacts.lease(NOON)
    assert again is not None
    assert (again.contact.id, again.attempt) == (1, 2)
    contacts.dialed(again, NOON)
    contacts.ended(again, BUSY, NOON)
    assert contacts.exhausted == 0
    assert try_once(contacts, NOON, HUMAN) == 2
    assert try_once(contacts, NOON + HOUR, BUSY) == 1
    assert contacts.exhausted == 1


def test_a_cancelled_attempt_counts_for_the_day_because_the_phone_may_have_rung() -> None:
    contacts = contact_list(*numbered(1), max_per_day=1)
    try_once(contacts, NOON, CANCELLED)
    assert contacts.lease(NOON) is None
    assert contacts.next_due_at() == MIDNIGHT


def test_two_attempts_a_day_are_two_however_far_apart() -> None:
    contacts = contact_list(*numbered(1), max_attempts=5, max_per_day=2)
    try_once(contacts, NOON, BUSY)
    try_once(contacts, NOON + HOUR, BUSY)
    assert contacts.lease(NOON + 2 * HOUR) is None
    assert contacts.next_due_at() == MIDNIGHT
    assert leased(contacts, MIDNIGHT) == [1]


def test_nobody_is_called_whose_time_zone_is_unknown() -> None:
    contacts = contact_list(*numbered(1, 2, zone=ABSENT))
    assert contacts.skipped_unknown_zone == 2
    assert contacts.is_done()


def test_outside_the_hours_contacts_wait_for_the_opening_in_their_order() -> None:
    contacts = contact_list(*numbered(1, 2), clocks=[ZoneClock(utc(), DAYTIME)])
    assert contacts.lease(MIDNIGHT) is None
    assert contacts.awaits_hours()
    assert contacts.next_due_at() == MIDNIGHT + 8 * HOUR
    assert leased(contacts, MIDNIGHT + 8 * HOUR) == [1, 2]
    assert not contacts.awaits_hours()


def test_a_retry_that_waits_for_its_time_does_not_wait_for_the_hours() -> None:
    contacts = contact_list(*numbered(1), clocks=[ZoneClock(utc(), DAYTIME)])
    try_once(contacts, NOON, BUSY)
    assert contacts.lease(NOON) is None
    assert not contacts.awaits_hours()


def test_hours_that_never_begin_give_everybody_up() -> None:
    contacts = contact_list(*numbered(1, 2, 3), clocks=[ZoneClock(utc(), CallingHours(0, HOUR, 0))])
    assert contacts.lease(NOON) is None
    assert contacts.exhausted == 3
    assert contacts.is_done()


def test_hours_of_the_whole_week_never_end() -> None:
    contacts = contact_list(*numbered(1), clocks=[ZoneClock(utc(), CallingHours(0, DAY))])
    for day in range(3):
        assert leased(contacts, NOON + day * DAY) == [1]


def test_overnight_no_more_contacts_are_loaded_than_the_morning_needs() -> None:
    clocks = [ZoneClock(utc(), DAYTIME), ZoneClock(Zone([], [-5 * HOUR]), DAYTIME)]
    contacts = ContactList(1_000_000, clocks, RetryRules(1, 0, {}))
    assert not contacts.wants_more(MIDNIGHT + 6 * HOUR)
    assert contacts.awaits_hours()
    assert contacts.next_due_at() == MIDNIGHT + 8 * HOUR
    assert contacts.wants_more(MIDNIGHT + 8 * HOUR)
    assert contacts.wants_more(MIDNIGHT + HOUR), "it is still evening five hours to the west"


@pytest.mark.parametrize(
    ("zone", "first", "next_day"),
    [
        ("UTC", "2026-03-02T23:59:59", "2026-03-03T00:00:00"),
        ("America/New_York", "2026-03-08T05:30:00", "2026-03-09T04:00:00"),  # a day of 23 hours
        ("America/New_York", "2026-11-01T04:30:00", "2026-11-02T05:00:00"),  # a day of 25 hours
        ("America/Havana", "2026-03-07T12:00:00", "2026-03-08T05:00:00"),  # whose clock skips midnight
        ("Asia/Kolkata", "2026-03-02T12:00:00", "2026-03-02T18:30:00"),
    ],
)
def test_the_next_day_begins_at_the_contact_s_own_midnight(zone: str, first: str, next_day: str) -> None:
    contacts = contact_list(*numbered(1), clocks=[ZoneClock(zone_of(zone), None)], max_per_day=1)
    try_once(contacts, at(first), FAILED)
    assert contacts.lease(at(first)) is None
    assert contacts.next_due_at() == at(next_day)
    assert leased(contacts, at(next_day)) == [1]


def test_a_day_is_the_contact_s_own_whoever_s_clock_the_hours_are_read_on() -> None:
    clock = ZoneClock(Zone([], [9 * HOUR]), DAYTIME, utc())
    contacts = contact_list(*numbered(1), clocks=[clock], max_per_day=1)
    try_once(contacts, MIDNIGHT + 14 * HOUR, BUSY)
    assert contacts.lease(MIDNIGHT + 14 * HOUR + 10 * MINUTE) is None
    assert contacts.next_due_at() == MIDNIGHT + 15 * HOUR
    assert leased(contacts, MIDNIGHT + 15 * HOUR) == [1]


def test_a_clock_put_back_over_midnight_gives_nobody_a_second_day() -> None:
    back_at = MIDNIGHT + MINUTE
    clock = ZoneClock(Zone([back_at], [0, -HOUR]), None)
    contacts = contact_list(*numbered(1), clocks=[clock], max_per_day=1)
    try_once(contacts, MIDNIGHT, BUSY)
    assert clock.local_day(back_at + 10 * MINUTE) < clock.local_day(MIDNIGHT)
    assert contacts.lease(back_at + 10 * MINUTE) is None


def test_the_first_of_a_million_needs_no_other_in_memory() -> None:
    contacts = ContactList(1_000_000, [ZoneClock(utc(), None)], RetryRules(1, 0, {}))
    contacts.load(numbered(0), False)
    assert not contacts.wants_more(NOON)
    assert try_once(contacts, NOON, HUMAN) == 0
    assert contacts.wants_more(NOON)
    assert contacts.remaining() == 999_999


@pytest.mark.parametrize(
    "wrong",
    [
        {"fresh": [[1, 2, 3]]},
        {"fresh": [[1, 5, 0, 0, 0, 0, 0, 0]]},
        {"due": [[1, 2]]},
        {"due": 3},
        {"leased": "one"},
        {"returned": [["1"]]},
    ],
)
def test_what_is_no_snapshot_is_refused(wrong: dict[str, object]) -> None:
    contacts = contact_list(*numbered(1))
    with pytest.raises(SnapshotError):
        restore_contacts(contact_list(), {**contacts_snapshot(contacts), **wrong})
