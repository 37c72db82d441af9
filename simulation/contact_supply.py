"""A campaign's enrolled contacts, handed over as the campaign asks for them."""

from array import array
from typing import final

from busyhour.core.attempts import Contact
from busyhour.core.events import CampaignEvent, ContactsLoaded
from busyhour.core.ids import ABSENT, Instant
from busyhour.ports import Contacts
from simulation.substreams import UniformStream


class ContactSupply:
    """One campaign's contacts in dialling order."""

    __slots__ = ("count", "handed_over")

    def __init__(self, count: int) -> None:
        self.count: int = count
        self.handed_over: int = 0

    def contact(self, place: int) -> Contact:
        """The contact at `place` in dialling order."""
        raise NotImplementedError

    def zone(self, number: int) -> int:
        """Where the contact with this number lives; ABSENT when that is unknown."""
        raise NotImplementedError


@final
class CountedContacts(ContactSupply):
    """So many contacts made up, spread over time zones by shares; contact i always lives in the same one."""

    __slots__ = ("_chances", "_cumulated")

    def __init__(self, count: int, cumulated: list[tuple[float, int]], chances: UniformStream) -> None:
        """`cumulated`: (share of the zones so far, zone), ascending."""
        super().__init__(count)
        self._cumulated: list[tuple[float, int]] = cumulated
        self._chances: UniformStream = chances

    def contact(self, place: int) -> Contact:
        return Contact(place, self.zone(place), 0)

    def zone(self, number: int) -> int:
        if len(self._cumulated) == 1:
            return self._cumulated[0][1]
        chance = self._chances.at(number)
        zone = ABSENT
        for share, candidate in self._cumulated:
            zone = candidate
            if chance < share:
                break
        return zone


@final
class ListedContacts(ContactSupply):
    """Contacts of a file or a list. A contact's number is its place there, whatever its priority."""

    __slots__ = ("_order", "_phones", "_priorities", "_zones")

    def __init__(self, zones: list[int], priorities: list[int], phones: "array[int]") -> None:
        super().__init__(len(zones))
        self._phones: array[int] = phones
        self._zones: list[int] = zones
        self._priorities: list[int] = priorities
        self._order: list[int] = sorted(range(len(zones)), key=priorities.__getitem__)

    def contact(self, place: int) -> Contact:
        number = self._order[place]
        contact = Contact(number, self._zones[number], self._priorities[number])
        contact.phone = self._phones[number]
        return contact

    def zone(self, number: int) -> int:
        return self._zones[number]


@final
class UnlistedContacts(ContactSupply):
    """Contacts that somebody else reads, a page at a time: only how many there are is known here."""

    __slots__ = ()

    def zone(self, number: int) -> int:
        return ABSENT


@final
class SimulatedContacts(Contacts):
    """Every campaign's supply."""

    __slots__ = ("supplies",)

    def __init__(self, supplies: list[ContactSupply]) -> None:
        self.supplies: list[ContactSupply] = supplies

    def load(self, campaign: int, count: int, now: Instant) -> CampaignEvent | None:
        supply = self.supplies[campaign]
        first = supply.handed_over
        last = first + count
        if last > supply.count:
            last = supply.count
        contacts: list[Contact] = []
        place = first
        while place < last:
            contacts.append(supply.contact(place))
            place += 1
        supply.handed_over = last
        return ContactsLoaded(campaign, contacts, last == supply.count)
