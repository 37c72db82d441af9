"""What a campaign has read of its contacts in the store: how far, and which time zones they live in.

A page of contacts is an answer from outside, so it stands in the campaign's journal; whoever replays that has read as
far, and has given the zones the same numbers.
"""

from collections.abc import Callable
from typing import Final, cast, final

from busyhour.core.attempts import Contact
from busyhour.core.calling_hours import CallingHours, Zone
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.errors import SnapshotError
from busyhour.core.events import ContactsLoaded
from busyhour.core.ids import ABSENT, Instant

ContactRow = tuple[int, str, int, int]
"""(number, time zone or "", priority, phone): one contact of a page."""
_MACHINE: Final = "dial list"


@final
class DialList:
    """One campaign's. Its contact list knows no zone but those that are read."""

    __slots__ = ("_campaign", "_contacts", "_hours", "_hours_zone", "_zone_no", "_zone_of", "cursor")

    def __init__(
        self,
        campaign: int,
        contacts: ContactList,
        hours: CallingHours | None,
        hours_zone: Zone | None,
        zone_of: Callable[[str], Zone | None],
    ) -> None:
        """`zone_of` knows every zone by name, None where it does not, and what "" stands for."""
        self._campaign: int = campaign
        self._contacts: ContactList = contacts
        self._hours: CallingHours | None = hours
        self._hours_zone: Zone | None = hours_zone
        self._zone_of: Callable[[str], Zone | None] = zone_of
        self._zone_no: dict[str, int] = {}
        """In the order in which they were met; ABSENT for what is no zone."""
        self.cursor: dict[int, int] = {}
        """Priority → how many of its contacts have been read."""
        contacts.zones = []

    def read(self, rows: list[ContactRow], cursor: dict[int, int], is_last: bool) -> ContactsLoaded:
        """A page has come."""
        self.cursor = cursor
        contacts: list[Contact] = []
        for number, zone, priority, phone in rows:
            contact = Contact(number, self._number_of(zone), priority)
            contact.phone = phone
            contacts.append(contact)
        return ContactsLoaded(self._campaign, contacts, is_last)

    def change_hours(self, plain: object, now: Instant) -> None:
        """Have other calling hours: None, or `[start, end, days, zone]`, where the zone "" is each contact's own.
        Whoever waits for the old ones is looked at anew. Raises SnapshotError.
        """
        self._hours, self._hours_zone = None, None
        if plain is not None:
            try:
                start, end, days, zone = cast("list[object]", plain)
                self._hours = CallingHours(cast("int", start), cast("int", end), cast("int", days))
            except (TypeError, ValueError) as wrong:
                raise SnapshotError(_MACHINE, f"{plain!r} are no hours") from wrong
            self._hours_zone = self._zone_of(cast("str", zone)) if zone else None
        self._contacts.change_hours(self._hours, self._hours_zone, now)

    def snapshot(self) -> dict[str, object]:
        return {
            "cursor": [[priority, place] for priority, place in self.cursor.items()],
            "zones": list(self._zone_no),
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        """Before the campaign's own snapshot, whose contacts live in these zones. Raises SnapshotError."""
        try:
            pairs = cast("list[list[int]]", snapshot["cursor"])
            self.cursor = {pair[0]: pair[1] for pair in pairs}
            for zone in cast("list[str]", snapshot["zones"]):
                self._number_of(zone)
        except (KeyError, TypeError, IndexError) as wrong:
            raise SnapshotError(_MACHINE, f"{wrong!r}") from wrong

    def _number_of(self, name: str) -> int:
        number = self._zone_no.get(name)
        if number is None:
            zone = self._zone_of(name)
            number = ABSENT
            if zone is not None:
                number = len(self._contacts.zones)
                self._contacts.zones.append(ZoneClock(zone, self._hours, self._hours_zone))
            self._zone_no[name] = number
        return number
