"""What a campaign has read of its contacts elsewhere."""

import json

import pytest

from busyhour.core.attempts import RetryRules
from busyhour.core.calling_hours import Zone
from busyhour.core.contact_list import ContactList
from busyhour.core.dial_list import DialList
from busyhour.core.errors import SnapshotError
from busyhour.core.ids import ABSENT, HOUR

ZONES = {"": Zone([], [0]), "West": Zone([], [-8 * HOUR]), "East": Zone([], [9 * HOUR])}


def dial_list() -> tuple[DialList, ContactList]:
    contacts = ContactList(9, [], RetryRules(1, 0, {}))
    return DialList(4, contacts, None, None, ZONES.get), contacts


def test_a_page_becomes_contacts_in_its_order() -> None:
    reading, contacts = dial_list()
    rows = [(17, "West", 0, 14155550123), (3, "", 5, 4930123456), (8, "West", 5, 0)]
    event = reading.read(rows, {0: 1, 5: 2}, True)
    assert (event.campaign, event.exhausted, reading.cursor) == (4, True, {0: 1, 5: 2})
    assert [(c.id, c.zone, c.priority, c.phone) for c in event.contacts] == [
        (17, 0, 0, 14155550123),
        (3, 1, 5, 4930123456),
        (8, 0, 5, 0),
    ]
    assert [clock.zone for clock in contacts.zones] == [ZONES["West"], ZONES[""]]


def test_who_lives_in_no_known_zone_is_skipped_by_the_list() -> None:
    reading, contacts = dial_list()
    event = reading.read([(1, "Mars/Olympus", 0, 5), (2, "East", 0, 6)], {0: 2}, True)
    assert [contact.zone for contact in event.contacts] == [ABSENT, 0]
    contacts.load(event.contacts, event.exhausted)
    assert (contacts.skipped_unknown_zone, len(contacts.fresh)) == (1, 1)


def test_a_successor_gives_zones_the_same_numbers() -> None:
    reading, _ = dial_list()
    reading.read([(1, "Mars/Olympus", 0, 5), (2, "East", 0, 6), (3, "West", 3, 7)], {0: 2, 3: 1}, False)
    successor, contacts = dial_list()
    successor.restore(json.loads(json.dumps(reading.snapshot())))
    assert successor.snapshot() == reading.snapshot()
    assert successor.cursor == {0: 2, 3: 1}
    assert [c.zone for c in successor.read([(4, "West", 0, 8)], {}, True).contacts] == [1]
    assert len(contacts.zones) == 2


def test_what_is_no_snapshot_is_refused() -> None:
    reading, _ = dial_list()
    with pytest.raises(SnapshotError, match="dial list"):
        reading.restore({"zones": []})
