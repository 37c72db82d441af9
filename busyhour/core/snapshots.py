"""Machines as plain data, and back: what JSON can carry, and nothing of the configuration.

`restore_…` makes a machine that was built from the same configuration go on where the snapshot was taken; both then
answer every event alike. A call is all state: `restored_call` makes it anew. Anything else than what `…_snapshot` gave
raises SnapshotError.
"""

from typing import Final

from busyhour.core.attempts import Contact, Lease
from busyhour.core.call import Call
from busyhour.core.call_states import CALL_STATES, TRANSFERRING
from busyhour.core.campaign import Campaign
from busyhour.core.contact_list import ContactList
from busyhour.core.disposition import INBOUND
from busyhour.core.errors import SnapshotError
from busyhour.core.ids import ABSENT
from busyhour.core.plain import Plain, counts_at, int_at, list_at, mapping, whole_numbers
from busyhour.core.transfer import Transfer

_CALL: Final = "call"
_CONTACTS: Final = "contact list"
_CAMPAIGN: Final = "campaign"


# Calls --------------------------------------------------------------------------------------------------------------

_CALL_ATTRIBUTES: Final = (
    "id",
    "direction",
    "state",
    "campaign",
    "contact",
    "phone",
    "attempt",
    "queue",
    "trunk",
    "voice_agent",
    "agent",
    "priority",
    "screens_answers",
    "leaves_messages",
    "dial_timeout",
    "max_wait",
    "created_at",
    "dialed_at",
    "ringing_at",
    "answered_at",
    "voice_connected_at",
    "queued_at",
    "connected_at",
    "ended_at",
    "disposition",
    "end_reason",
    "sip_code",
    "amd",
    "illegal_events",
)
"""All but `line`, which is the carrier's."""
_CALL_FLAGS: Final = ("screens_answers", "leaves_messages")


_TRANSFER_ATTRIBUTES: Final = (
    "number",
    "queue",
    "way",
    "asked_at",
    "due_at",
    "state",
    "failure",
    "agent",
)


def call_snapshot(call: Call) -> Plain:
    """Every attribute, yes and no as such; those of the latest transfer as a list."""
    plain: Plain = {name: getattr(call, name) for name in _CALL_ATTRIBUTES}
    plain["transfer"] = _transfer_numbers(call)
    return plain


def _transfer_numbers(call: Call) -> list[int]:
    """Empty where none was asked for."""
    if call.transfer is None:
        return []
    return [int(getattr(call.transfer, name)) for name in _TRANSFER_ATTRIBUTES]


def restored_call(snapshot: Plain) -> Call:
    """The call that `snapshot` was taken from. Raises SnapshotError."""
    call = Call(0, INBOUND, ABSENT, ABSENT, 0, 0)
    for name in _CALL_ATTRIBUTES:
        value = int_at(snapshot, name, _CALL)
        if name in _CALL_FLAGS:
            setattr(call, name, value != 0)
        else:
            setattr(call, name, value)
    if not 0 <= call.state < len(CALL_STATES):
        raise SnapshotError(_CALL, f"there is no call state {call.state}")
    numbers = whole_numbers(snapshot.get("transfer"), _CALL)
    if numbers:
        if len(numbers) != len(_TRANSFER_ATTRIBUTES):
            raise SnapshotError(_CALL, f"{numbers} is no transfer")
        call.transfer = Transfer(0, ABSENT, 0, 0, 0)
        for i, name in enumerate(_TRANSFER_ATTRIBUTES):
            setattr(call.transfer, name, numbers[i])
    if (call.state == TRANSFERRING) > (call.transfer is not None):
        raise SnapshotError(_CALL, f"call {call.id} is transferring without a transfer")
    return call


def call_facts(call: Call) -> list[int]:
    """The same in the fewest bytes: the numbers, in the order of the attributes, those of a transfer last."""
    facts = [int(getattr(call, name)) for name in _CALL_ATTRIBUTES]
    if call.transfer is not None:
        facts.extend(_transfer_numbers(call))
    return facts


def call_of_facts(facts: object) -> Call:
    """The call whose `call_facts` these are. Raises SnapshotError."""
    numbers = whole_numbers(facts, _CALL)
    if len(numbers) < len(_CALL_ATTRIBUTES):
        raise SnapshotError(_CALL, f"{numbers} is no call")
    plain: Plain = {name: numbers[i] for i, name in enumerate(_CALL_ATTRIBUTES)}
    plain["transfer"] = numbers[len(_CALL_ATTRIBUTES) :]
    return restored_call(plain)


# Contact lists ------------------------------------------------------------------------------------------------------


def contacts_snapshot(contacts: ContactList) -> Plain:
    """The contacts in memory and where they stand; those not loaded yet are the store's."""
    return {
        "returned": [_contact(contact) for contact in contacts.returned],
        "due": [[due_at, sequence, *_contact(contact)] for due_at, _, sequence, contact in contacts.due],
        "fresh": [_contact(contact) for contact in contacts.fresh],
        "loading": 1 if contacts.loading else 0,
        "loaded_all": 1 if contacts.loaded_all else 0,
        "opens_at": contacts.opens_at,
        "sequence": contacts.sequence,
        "leased": contacts.leased,
        "completed": contacts.completed,
        "exhausted": contacts.exhausted,
        "skipped_unknown_zone": contacts.skipped_unknown_zone,
        "skipped_do_not_call": contacts.skipped_do_not_call,
        "put_off_max_per_day": contacts.put_off_max_per_day,
    }


def restore_contacts(contacts: ContactList, snapshot: Plain) -> None:
    """`contacts` has the same total, zones and rules. Raises SnapshotError."""
    zones = len(contacts.zones)
    contacts.returned.clear()
    for item in list_at(snapshot, "returned", _CONTACTS):
        contacts.returned.append(_contact_of(whole_numbers(item, _CONTACTS), 0, zones))
    contacts.due = []
    contacts.awaiting_hours = 0
    for item in list_at(snapshot, "due", _CONTACTS):
        numbers = whole_numbers(item, _CONTACTS)
        contact = _contact_of(numbers, 2, zones)
        contacts.due.append((numbers[0], contact.priority, numbers[1], contact))
        if contact.awaits_hours:
            contacts.awaiting_hours += 1
    contacts.fresh.clear()
    for item in list_at(snapshot, "fresh", _CONTACTS):
        contacts.fresh.append(_contact_of(whole_numbers(item, _CONTACTS), 0, zones))
    contacts.loading = int_at(snapshot, "loading", _CONTACTS) != 0
    contacts.loaded_all = int_at(snapshot, "loaded_all", _CONTACTS) != 0
    contacts.opens_at = int_at(snapshot, "opens_at", _CONTACTS)
    contacts.sequence = int_at(snapshot, "sequence", _CONTACTS)
    contacts.leased = int_at(snapshot, "leased", _CONTACTS)
    contacts.completed = int_at(snapshot, "completed", _CONTACTS)
    contacts.exhausted = int_at(snapshot, "exhausted", _CONTACTS)
    contacts.skipped_unknown_zone = int_at(snapshot, "skipped_unknown_zone", _CONTACTS)
    contacts.skipped_do_not_call = int_at(snapshot, "skipped_do_not_call", _CONTACTS)
    contacts.put_off_max_per_day = int_at(snapshot, "put_off_max_per_day", _CONTACTS)


def _contact(contact: Contact) -> list[int]:
    return [
        contact.id,
        contact.zone,
        contact.priority,
        contact.attempts,
        contact.cancelled,
        contact.day,
        contact.attempts_today,
        1 if contact.awaits_hours else 0,
        contact.phone,
    ]


def _contact_of(numbers: list[int], first: int, zones: int) -> Contact:
    """The contact whose numbers begin at `first`."""
    if len(numbers) != first + 9:
        raise SnapshotError(_CONTACTS, f"{numbers} is no contact")
    contact = Contact(numbers[first], numbers[first + 1], numbers[first + 2])
    if not 0 <= contact.zone < zones:
        raise SnapshotError(_CONTACTS, f"contact {contact.id} lives in zone {contact.zone}")
    contact.attempts = numbers[first + 3]
    contact.cancelled = numbers[first + 4]
    contact.day = numbers[first + 5]
    contact.attempts_today = numbers[first + 6]
    contact.awaits_hours = numbers[first + 7] != 0
    contact.phone = numbers[first + 8]
    return contact


# Campaigns ----------------------------------------------------------------------------------------------------------


def campaign_snapshot(campaign: Campaign) -> Plain:
    """The campaign, its contacts and its pacer."""
    return {
        "state": campaign.state,
        "in_flight": [
            [call, lease.attempt, *_contact(lease.contact)] for call, lease in campaign.in_flight.items()
        ],
        "claimed": [[lease.attempt, *_contact(lease.contact)] for lease in campaign.claimed],
        "batch": campaign.batch,
        "held_until": campaign.held_until,
        "stopping": campaign.stopping,
        "blocked_by": campaign.blocked_by,
        "blocked_since": campaign.blocked_since,
        "blocked_us": list(campaign.blocked_us),
        "launched_at": campaign.launched_at,
        "ended_at": campaign.ended_at,
        "attempts": campaign.attempts,
        "answered": campaign.answered,
        "connects": campaign.connects,
        "ended_by_disposition": list(campaign.ended_by_disposition),
        "illegal_events": campaign.illegal_events,
        "contacts": contacts_snapshot(campaign.contacts),
        "pacer": campaign.pacer.snapshot(),
    }


def restore_campaign(campaign: Campaign, snapshot: Plain) -> None:
    """`campaign` has the same plan, contact list and pacer settings. Raises SnapshotError."""
    restore_contacts(campaign.contacts, mapping(snapshot.get("contacts"), _CAMPAIGN))
    try:
        campaign.pacer.restore(mapping(snapshot.get("pacer"), _CAMPAIGN))
    except (KeyError, TypeError) as wrong:
        raise SnapshotError(_CAMPAIGN, f"its pacer's part: {wrong}") from wrong
    zones = len(campaign.contacts.zones)
    campaign.in_flight = {}
    for item in list_at(snapshot, "in_flight", _CAMPAIGN):
        numbers = whole_numbers(item, _CAMPAIGN)
        campaign.in_flight[numbers[0]] = Lease(_contact_of(numbers, 2, zones), numbers[1])
    campaign.claimed = []
    for item in list_at(snapshot, "claimed", _CAMPAIGN):
        numbers = whole_numbers(item, _CAMPAIGN)
        campaign.claimed.append(Lease(_contact_of(numbers, 1, zones), numbers[0]))
    campaign.state = int_at(snapshot, "state", _CAMPAIGN)
    campaign.batch = int_at(snapshot, "batch", _CAMPAIGN)
    campaign.held_until = int_at(snapshot, "held_until", _CAMPAIGN)
    campaign.stopping = int_at(snapshot, "stopping", _CAMPAIGN)
    campaign.blocked_by = int_at(snapshot, "blocked_by", _CAMPAIGN)
    campaign.blocked_since = int_at(snapshot, "blocked_since", _CAMPAIGN)
    campaign.blocked_us = counts_at(snapshot, "blocked_us", _CAMPAIGN, len(campaign.blocked_us))
    campaign.launched_at = int_at(snapshot, "launched_at", _CAMPAIGN)
    campaign.ended_at = int_at(snapshot, "ended_at", _CAMPAIGN)
    campaign.attempts = int_at(snapshot, "attempts", _CAMPAIGN)
    campaign.answered = int_at(snapshot, "answered", _CAMPAIGN)
    campaign.connects = int_at(snapshot, "connects", _CAMPAIGN)
    campaign.ended_by_disposition = counts_at(
        snapshot, "ended_by_disposition", _CAMPAIGN, len(campaign.ended_by_disposition)
    )
    campaign.illegal_events = int_at(snapshot, "illegal_events", _CAMPAIGN)
