"""Machines as plain data, and back: what JSON can carry, and nothing of the configuration.

`restore_…` makes a machine that was built from the same configuration go on where the snapshot was taken; both then
answer every event alike. A call is all state: `restored_call` makes it anew. Anything else than what `…_snapshot` gave
raises SnapshotError.
"""

from collections import deque
from typing import Final, cast

from busyhour.core.agent_queue import AGENT_STATES, IDLE, RESERVED, AgentQueues, Queue, WaitingCall
from busyhour.core.attempts import Contact, Lease
from busyhour.core.call import Call
from busyhour.core.call_states import CALL_STATES
from busyhour.core.campaign import Campaign
from busyhour.core.contact_list import ContactList
from busyhour.core.disposition import INBOUND
from busyhour.core.errors import SnapshotError
from busyhour.core.ids import ABSENT

Plain = dict[str, object]

_CALL: Final = "call"
_QUEUES: Final = "group of queues"
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


def call_snapshot(call: Call) -> Plain:
    """Every attribute, yes and no as such."""
    return {name: getattr(call, name) for name in _CALL_ATTRIBUTES}


def restored_call(snapshot: Plain) -> Call:
    """The call that `snapshot` was taken from. Raises SnapshotError."""
    call = Call(0, INBOUND, ABSENT, ABSENT, 0, 0)
    for name in _CALL_ATTRIBUTES:
        value = _int(snapshot, name, _CALL)
        if name in _CALL_FLAGS:
            setattr(call, name, value != 0)
        else:
            setattr(call, name, value)
    if not 0 <= call.state < len(CALL_STATES):
        raise SnapshotError(_CALL, f"there is no call state {call.state}")
    return call


def call_facts(call: Call) -> list[int]:
    """The same in the fewest bytes: the numbers, in the order of the attributes."""
    return [int(getattr(call, name)) for name in _CALL_ATTRIBUTES]


def call_of_facts(facts: object) -> Call:
    """The call whose `call_facts` these are. Raises SnapshotError."""
    numbers = _ints(facts, _CALL)
    if len(numbers) != len(_CALL_ATTRIBUTES):
        raise SnapshotError(_CALL, f"{numbers} is no call")
    return restored_call({name: numbers[i] for i, name in enumerate(_CALL_ATTRIBUTES)})


# Agent queues -------------------------------------------------------------------------------------------------------


def queues_snapshot(machine: AgentQueues) -> Plain:
    """Every agent's state, the calls that wait and what has been counted."""
    return {
        "agents": [[a.state, a.since, a.call, a.queue, 1 if a.leaving else 0] for a in machine.agents],
        "idle": [[agent.id for agent in pool.idle] for pool in machine.pools],
        "pools": [[pool.staffed, pool.staffed_area, pool.staffed_at] for pool in machine.pools],
        "queues": [_queue_snapshot(queue) for queue in machine.queues],
        "illegal_events": machine.illegal_events,
    }


def _queue_snapshot(queue: Queue) -> Plain:
    waiting: list[list[int]] = []
    for priority, line in queue.lines.items():
        for entry in line:
            if not entry.gone:
                waiting.append([priority, entry.call, entry.since])
    return {
        "campaigns": list(queue.campaigns),
        "waiting": waiting,
        "waiting_max": queue.waiting_max,
        "waiting_area": queue.waiting_area,
        "waiting_at": queue.waiting_at,
    }


def restore_queues(machine: AgentQueues, snapshot: Plain) -> None:
    """`machine` has the same queues, pools and agents, and may have more, who are new. Raises SnapshotError."""
    agents = _lists(snapshot, "agents", _QUEUES, 5)
    idle = _list(snapshot, "idle", _QUEUES)
    pools = _lists(snapshot, "pools", _QUEUES, 3)
    queues = _list(snapshot, "queues", _QUEUES)
    if len(agents) > len(machine.agents) or len(queues) > len(machine.queues):
        raise SnapshotError(_QUEUES, "has more queues or agents than the machine")
    if len(pools) > len(machine.pools) or len(idle) != len(pools):
        raise SnapshotError(_QUEUES, "has other pools than the machine")
    machine.reserved = 0
    for i in range(len(agents)):
        agent = machine.agents[i]
        agent.state = agents[i][0]
        if not 0 <= agent.state < len(AGENT_STATES):
            raise SnapshotError(_QUEUES, f"there is no agent state {agent.state}")
        agent.since = agents[i][1]
        agent.call = agents[i][2]
        agent.queue = agents[i][3]
        agent.leaving = agents[i][4] != 0
        if agent.state == RESERVED:
            machine.reserved += 1
    for i in range(len(pools)):
        pool = machine.pools[i]
        pool.idle.clear()
        for number in _ints(idle[i], _QUEUES):
            if not 0 <= number < len(machine.agents) or machine.agents[number].state != IDLE:
                raise SnapshotError(_QUEUES, f"agent {number} is not idle")
            pool.idle.append(machine.agents[number])
        pool.staffed = pools[i][0]
        pool.staffed_area = pools[i][1]
        pool.staffed_at = pools[i][2]
    for i in range(len(queues)):
        _restore_queue(machine.queues[i], _dict(queues[i], _QUEUES))
    for pool in machine.pools:
        pool.campaigns = []
        for number in pool.queues:
            pool.campaigns.extend(machine.queues[number].campaigns)
    machine.illegal_events = _int(snapshot, "illegal_events", _QUEUES)


def _restore_queue(queue: Queue, snapshot: Plain) -> None:
    queue.lines = {}
    queue.by_call = {}
    queue.gone = 0
    queue.campaigns = _ints(_list(snapshot, "campaigns", _QUEUES), _QUEUES)
    for item in _list(snapshot, "waiting", _QUEUES):
        place = _ints(item, _QUEUES)
        if len(place) != 3 or place[1] in queue.by_call:
            raise SnapshotError(_QUEUES, f"{place} is no place in a line")
        entry = WaitingCall(place[1], place[0], place[2])
        line = queue.lines.get(entry.priority)
        if line is None:
            line = deque[WaitingCall]()
            queue.lines[entry.priority] = line
        line.append(entry)
        queue.by_call[entry.call] = entry
    queue.lines = dict(sorted(queue.lines.items()))
    queue.waiting = len(queue.by_call)
    queue.waiting_max = _int(snapshot, "waiting_max", _QUEUES)
    queue.waiting_area = _int(snapshot, "waiting_area", _QUEUES)
    queue.waiting_at = _int(snapshot, "waiting_at", _QUEUES)


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
    for item in _list(snapshot, "returned", _CONTACTS):
        contacts.returned.append(_contact_of(_ints(item, _CONTACTS), 0, zones))
    contacts.due = []
    contacts.awaiting_hours = 0
    for item in _list(snapshot, "due", _CONTACTS):
        numbers = _ints(item, _CONTACTS)
        contact = _contact_of(numbers, 2, zones)
        contacts.due.append((numbers[0], contact.priority, numbers[1], contact))
        if contact.awaits_hours:
            contacts.awaiting_hours += 1
    contacts.fresh.clear()
    for item in _list(snapshot, "fresh", _CONTACTS):
        contacts.fresh.append(_contact_of(_ints(item, _CONTACTS), 0, zones))
    contacts.loading = _int(snapshot, "loading", _CONTACTS) != 0
    contacts.loaded_all = _int(snapshot, "loaded_all", _CONTACTS) != 0
    contacts.opens_at = _int(snapshot, "opens_at", _CONTACTS)
    contacts.sequence = _int(snapshot, "sequence", _CONTACTS)
    contacts.leased = _int(snapshot, "leased", _CONTACTS)
    contacts.completed = _int(snapshot, "completed", _CONTACTS)
    contacts.exhausted = _int(snapshot, "exhausted", _CONTACTS)
    contacts.skipped_unknown_zone = _int(snapshot, "skipped_unknown_zone", _CONTACTS)
    contacts.skipped_do_not_call = _int(snapshot, "skipped_do_not_call", _CONTACTS)
    contacts.put_off_max_per_day = _int(snapshot, "put_off_max_per_day", _CONTACTS)


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
    restore_contacts(campaign.contacts, _dict(snapshot.get("contacts"), _CAMPAIGN))
    try:
        campaign.pacer.restore(_dict(snapshot.get("pacer"), _CAMPAIGN))
    except (KeyError, TypeError) as wrong:
        raise SnapshotError(_CAMPAIGN, f"its pacer's part: {wrong}") from wrong
    zones = len(campaign.contacts.zones)
    campaign.in_flight = {}
    for item in _list(snapshot, "in_flight", _CAMPAIGN):
        numbers = _ints(item, _CAMPAIGN)
        campaign.in_flight[numbers[0]] = Lease(_contact_of(numbers, 2, zones), numbers[1])
    campaign.claimed = []
    for item in _list(snapshot, "claimed", _CAMPAIGN):
        numbers = _ints(item, _CAMPAIGN)
        campaign.claimed.append(Lease(_contact_of(numbers, 1, zones), numbers[0]))
    campaign.state = _int(snapshot, "state", _CAMPAIGN)
    campaign.batch = _int(snapshot, "batch", _CAMPAIGN)
    campaign.held_until = _int(snapshot, "held_until", _CAMPAIGN)
    campaign.stopping = _int(snapshot, "stopping", _CAMPAIGN)
    campaign.blocked_by = _int(snapshot, "blocked_by", _CAMPAIGN)
    campaign.blocked_since = _int(snapshot, "blocked_since", _CAMPAIGN)
    campaign.blocked_us = _counts(snapshot, "blocked_us", len(campaign.blocked_us))
    campaign.launched_at = _int(snapshot, "launched_at", _CAMPAIGN)
    campaign.ended_at = _int(snapshot, "ended_at", _CAMPAIGN)
    campaign.attempts = _int(snapshot, "attempts", _CAMPAIGN)
    campaign.answered = _int(snapshot, "answered", _CAMPAIGN)
    campaign.connects = _int(snapshot, "connects", _CAMPAIGN)
    campaign.ended_by_disposition = _counts(
        snapshot, "ended_by_disposition", len(campaign.ended_by_disposition)
    )
    campaign.illegal_events = _int(snapshot, "illegal_events", _CAMPAIGN)


# Plain data ---------------------------------------------------------------------------------------------------------


def _int(snapshot: Plain, name: str, machine: str) -> int:
    value = snapshot.get(name)
    if not isinstance(value, int):
        raise SnapshotError(machine, f"{name} must be a whole number, not {value!r}")
    return value


def _dict(plain: object, machine: str) -> Plain:
    if not isinstance(plain, dict):
        raise SnapshotError(machine, f"a mapping was expected, not {plain!r}")
    return cast("dict[str, object]", plain)


def _list(snapshot: Plain, name: str, machine: str) -> list[object]:
    value = snapshot.get(name)
    if not isinstance(value, list):
        raise SnapshotError(machine, f"{name} must be a list, not {value!r}")
    return cast("list[object]", value)


def _ints(plain: object, machine: str) -> list[int]:
    if not isinstance(plain, list):
        raise SnapshotError(machine, f"a list was expected, not {plain!r}")
    numbers: list[int] = []
    for item in cast("list[object]", plain):
        if not isinstance(item, int):
            raise SnapshotError(machine, f"a whole number was expected, not {item!r}")
        numbers.append(item)
    return numbers


def _lists(snapshot: Plain, name: str, machine: str, width: int) -> list[list[int]]:
    found = [_ints(item, machine) for item in _list(snapshot, name, machine)]
    for numbers in found:
        if len(numbers) != width:
            raise SnapshotError(machine, f"an entry of {name} has {len(numbers)} numbers, not {width}")
    return found


def _counts(snapshot: Plain, name: str, count: int) -> list[int]:
    counts = _ints(snapshot.get(name), _CAMPAIGN)
    if len(counts) != count:
        raise SnapshotError(_CAMPAIGN, f"{name} has {len(counts)} entries, not {count}")
    return counts
