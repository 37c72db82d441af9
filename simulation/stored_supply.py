"""A campaign's contacts where they come from a store: asked for, and handed over once they are in the journal."""

from typing import cast, final

from busyhour.adapters.timezones import load_zone
from busyhour.core.attempts import Contact
from busyhour.core.calling_hours import CallingHours, Zone
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.events import ContactsLoaded
from busyhour.core.ids import ABSENT
from simulation.contact_supply import ContactSupply


@final
class StoredSupply(ContactSupply):
    """Its time zones come with the contacts who live in them, and are numbered as they come."""

    __slots__ = ("_hours", "_hours_zone", "_list", "_own", "_zone_of", "_zones", "asked", "cursor", "names")

    def __init__(self, own: Zone, zones: list[Zone]) -> None:
        """`own` is the zone of who has none; `zones` grows."""
        super().__init__(0)
        self._own: Zone = own
        self._zones: list[Zone] = zones
        self._zone_of: dict[int, int] = {}
        self._list: ContactList | None = None
        self._hours: CallingHours | None = None
        self._hours_zone: Zone | None = None
        self.asked: int = 0
        """How many are awaited; 0 when none are."""
        self.cursor: object = None
        """Where in the store the next ones are; None at the beginning."""
        self.names: list[str] = []
        """Of the zones; empty for `own`."""

    def serve(self, contacts: ContactList, hours: CallingHours | None, hours_zone: Zone | None) -> None:
        """`contacts` is the list that they come to. Before anything else."""
        self._list = contacts
        self._hours = hours
        self._hours_zone = hours_zone

    def zone(self, number: int) -> int:
        return self._zone_of.get(number, ABSENT)

    def load(self, campaign: int, count: int) -> ContactsLoaded | None:
        self.asked = count
        return None

    def loaded(self, campaign: int, facts: list[object]) -> ContactsLoaded:
        """`facts`: [(number, phone, priority, zone)…], the cursor, whether there are no more, how many are enrolled.

        Those that an order brings have no cursor: what was asked of the store is asked still.
        """
        contacts: list[Contact] = []
        for item in cast("list[list[object]]", facts[0]):
            number = cast("int", item[0])
            zone = self._number_of(cast("str", item[3]))
            self._zone_of[number] = zone
            contact = Contact(number, zone, cast("int", item[2]))
            contact.phone = cast("int", item[1])
            contacts.append(contact)
        self.handed_over += len(contacts)
        if facts[1] is not None:
            self.cursor = facts[1]
            self.asked = 0
        assert self._list is not None, "`serve` came before"
        self.count = self._list.total = max(cast("int", facts[3]), self.handed_over)
        return ContactsLoaded(campaign, contacts, cast("bool", facts[2]))

    def snapshot(self) -> object:
        zones = [[number, zone] for number, zone in self._zone_of.items()]
        return [self.handed_over, self.count, self.asked, self.cursor, self.names, zones]

    def restore(self, snapshot: object) -> None:
        handed_over, count, asked, cursor, names, zones = cast("list[object]", snapshot)
        for name in cast("list[str]", names):
            self._number_of(name)
        self._zone_of = dict(cast("list[tuple[int, int]]", zones))
        assert self._list is not None, "`serve` came before"
        self.handed_over = cast("int", handed_over)
        self.count = self._list.total = cast("int", count)
        self.asked = cast("int", asked)
        self.cursor = cursor

    def _number_of(self, name: str) -> int:
        """Of the time zone; ABSENT where there is none of this name."""
        if name in self.names:
            return self.names.index(name)
        zone = self._own if not name else load_zone(name)
        if zone is None:
            return ABSENT
        assert self._list is not None, "`serve` came before"
        self.names.append(name)
        self._zones.append(zone)
        self._list.zones.append(ZoneClock(zone, self._hours, self._hours_zone))
        return len(self.names) - 1
