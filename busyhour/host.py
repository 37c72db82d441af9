"""Machines behind a journal: what makes a driver durable.

A host receives nothing that is not in its journal. What comes for it is noted, appended in one step, and only then
applied; so that its machines, and what they send, are a function of the journal alone, and whoever replays it is where
its predecessor was. Commands for the outside are carried out when an entry is applied, and never by a replay.

What hosts send each other is numbered by sender and addressee, kept until it is acknowledged, and sent again after a
crash; a number that has been noted already is not noted again. So every event is received once, however often it comes.

Nothing here does I/O: whoever runs a host appends what `collect` gives, says so by `appended`, has each entry of
`unapplied` applied, and delivers what `to_send` gives.
"""

import json
from collections import deque
from heapq import heappop, heappush
from typing import Final, cast, final

from busyhour.core.call import Call
from busyhour.core.call_states import CREATED, ENDED, RINGING, WAITING
from busyhour.core.campaign_settings import change_campaign
from busyhour.core.dial_list import ContactRow, DialList
from busyhour.core.disposition import END_HORIZON, FAILED
from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    ATTEMPT_ADMITTED,
    CALL_ARRIVED,
    CallEvent,
    CampaignEvent,
    CarrierRefused,
    ClaimsAnswered,
    Event,
    HangUpRequested,
)
from busyhour.core.ids import ABSENT, Instant
from busyhour.core.plain import mapping
from busyhour.core.snapshots import call_facts, call_of_facts
from busyhour.core.wire import from_plain, to_plain
from busyhour.driver import Driver
from busyhour.outbox import Outbox, Plain
from busyhour.ports import Intake, Post

QUEUES: Final = "queues"
"""The host of the queues and their agents."""
RECORDER: Final = "recorder"
"""Takes the rows of ended calls."""

# Entries that are no events.
CALL_BEGUN: Final = "CallBegun"
DIAL_AT: Final = "DialAt"
RUN_OVER: Final = "RunOver"
CALL_DEADLINE: Final = "CallDeadline"
QUEUE_DEADLINE: Final = "QueueDeadline"
CAMPAIGN_DEADLINE: Final = "CampaignDeadline"
CAMPAIGN_CHANGED: Final = "CampaignChanged"
QUEUE_WATCHED: Final = "QueueWatched"
CONTACTS_ENROLLED: Final = "ContactsEnrolled"
CLAIMS_ANSWERED: Final = "ClaimsAnswered"
CONTACTS_READ: Final = "ContactsRead"
ROW: Final = "Row"


def calls_host(call: int, call_hosts: int) -> str:
    """Who hosts a call: one of `call_hosts` virtual shards."""
    return f"calls/{call % call_hosts}"


def campaign_host(campaign: int) -> str:
    return f"campaigns/{campaign}"


def addressee(event: Event, call_hosts: int) -> str:
    """The host of the machine that `event` is for."""
    if isinstance(event, CallEvent):
        return calls_host(event.call, call_hosts)
    if isinstance(event, CampaignEvent):
        return campaign_host(event.campaign)
    return QUEUES


class Chronicle:
    """Sees each entry of a host's journal happen, in a replay too, so that what it sends has the same numbers."""

    __slots__ = ()

    def before(self, entry: Plain) -> None:
        """It is about to happen."""
        raise NotImplementedError

    def after(self, entry: Plain) -> None:
        """It has happened."""
        raise NotImplementedError

    def restored(self) -> None:
        """The host is where a snapshot was taken of it, up to which everything has been told."""
        raise NotImplementedError


@final
class Host:
    """The machines of one driver, behind the journal `name`."""

    __slots__ = (
        "accepted",
        "at",
        "calls_waiting",
        "changed",
        "chronicle",
        "collected",
        "deadlines",
        "dial_lists",
        "driver",
        "is_over",
        "lines",
        "name",
        "noted",
        "outboxes",
        "post",
        "received",
        "turned_at",
        "unapplied",
        "_batch",
        "_inputs",
    )

    def __init__(self, name: str, driver: Driver, call_hosts: int) -> None:
        """`driver` has no post yet, and is the host's own from now on."""
        self.name: str = name
        self.driver: Driver = driver
        self.post: HostPost = HostPost(self, call_hosts)
        driver.post = self.post
        self.at: Instant = driver.now
        """Of the latest entry."""
        self.turned_at: Instant = ABSENT
        """Of the latest entry that was collected here: whatever was due until then is in the journal."""
        self.received: dict[str, int] = {}
        """Sender → number of the latest that is durable here."""
        self.noted: dict[str, int] = {}
        """The same of what is noted and may not be durable yet."""
        self.outboxes: dict[str, Outbox] = {}
        self.lines: dict[int, Call] = {}
        """Calls that the carrier holds already and that are about to begin here."""
        self.deadlines: list[tuple[Instant, int]] = []
        """Heap of (due, call), the dialling of those that were admitted ahead among them; an entry whose call has moved
        on is stale."""
        self.calls_waiting: list[Call] = []
        """Calls that have begun to wait since the list was last emptied: their carrier would like to know."""
        self.accepted: list[Call] = []
        """Calls that their carrier has taken since the list was last emptied: the limits would like to know."""
        self.dial_lists: dict[int, DialList] = {}
        """Of the campaigns here whose contacts are read from the store."""
        self.changed: dict[int, dict[str, object]] = {}
        """Campaign → the settings it was last given, of those here that were ever given others."""
        self.collected: list[bytes] = []
        """What is being appended."""
        self.chronicle: Chronicle | None = None
        """Watches what becomes of the machines, where somebody wants to know."""
        self.unapplied: deque[Plain] = deque()
        """What is in the journal and has not happened yet, oldest first."""
        self.is_over: bool = False
        """The run is over: whatever call there is ends, and none is dialled."""
        self._batch: list[Plain] = []
        self._inputs: list[tuple[str, int, Plain]] = []

    # What comes in ------------------------------------------------------------------------------------------------

    def note(self, plain: Plain) -> None:
        """Something that happened here: what a carrier or a person reports, a deadline."""
        self._inputs.append(("", 0, plain))

    def note_from(self, sender: str, number: int, plain: Plain) -> bool:
        """Something that another host sent; False when what came before it is missing."""
        latest = self.noted.get(sender, 0)
        if number <= latest:
            return True
        if number > latest + 1:
            return False
        self.noted[sender] = number
        self._inputs.append((sender, number, plain))
        return True

    def note_deadlines(self, now: Instant) -> None:
        """Note the calls whose deadline has come, and those that are to be dialled."""
        while self.deadlines and self.deadlines[0][0] <= now:
            due_at, call_id = heappop(self.deadlines)
            call = self.driver.calls.get(call_id)
            if call is not None:
                if call.state == CREATED:
                    self.note(["AttemptAdmitted", call_id])
                elif call.deadline() == due_at:
                    self.note([CALL_DEADLINE, call_id])

    def has_inputs(self) -> bool:
        return len(self._inputs) > 0 or len(self.collected) > 0 or len(self.unapplied) > 0

    def backlog(self) -> int:
        """How much is noted and not in the journal yet."""
        return len(self._inputs) + len(self.collected)

    def collect(self, now: Instant) -> list[bytes]:
        """The entries to append, the same until `appended` says that they are durable; none before what is durable has
        been applied."""
        if not self.collected and self._inputs and not self.unapplied:
            at = now if now > self.at else self.at
            for sender, number, plain in self._inputs:
                entry: Plain = [at, sender, number]
                entry.extend(plain)
                self._batch.append(entry)
                self.collected.append(json.dumps(entry, separators=(",", ":")).encode())
            self._inputs = []
        return self.collected

    def appended(self) -> None:
        """What `collect` gave is durable: it may happen."""
        self.unapplied.extend(self._batch)
        self._batch = []
        self.collected = []

    def apply(self, entry: Plain) -> None:
        """Let an entry of the journal happen. Raises SnapshotError when it is none."""
        if len(entry) < 4:
            raise SnapshotError(self.name, f"{entry!r} is no entry")
        chronicle = self.chronicle
        if chronicle is None:
            self._happen(entry)
            return
        chronicle.before(entry)
        self._happen(entry)
        chronicle.after(entry)

    def _happen(self, entry: Plain) -> None:
        at = cast("int", entry[0])
        sender = str(entry[1])
        self.at = at
        self.driver.now = at
        if sender:
            number = cast("int", entry[2])
            self.received[sender] = number
            if self.noted.get(sender, 0) < number:
                self.noted[sender] = number
        name = str(entry[3])
        if name != CLAIMS_ANSWERED:
            self.turned_at = at
        if name == CALL_BEGUN:
            call_id = cast("int", entry[4])
            held = self.lines.pop(call_id, None)
            self.driver.calls[call_id] = held if held is not None else call_of_facts(entry[5])
            if self.is_over:
                self.driver.receive(HangUpRequested(call_id, END_HORIZON))
        elif name == DIAL_AT:
            call_id, due_at = cast("int", entry[4]), cast("int", entry[5])
            if due_at > at:
                heappush(self.deadlines, (due_at, call_id))
            elif call_id in self.driver.calls:
                self._event(CallEvent(ATTEMPT_ADMITTED, call_id))
        elif name == RUN_OVER:
            self.is_over = True
            for call_id in list(self.driver.calls):
                self.driver.receive(HangUpRequested(call_id, END_HORIZON))
        elif name == CALL_DEADLINE:
            call = self.driver.calls.get(cast("int", entry[4]))
            if call is not None:
                self.driver.call_deadline_passed(call)
        elif name == QUEUE_DEADLINE:
            self.driver.queue_deadline()
        elif name == CONTACTS_ENROLLED:
            self.driver.contacts_enrolled(self.driver.campaigns[cast("int", entry[4])])
        elif name == CAMPAIGN_CHANGED:
            campaign = cast("int", entry[4])
            self._change(campaign, mapping(entry[5], self.name))
            self.driver.campaign_deadline(self.driver.campaigns[campaign])
        elif name == QUEUE_WATCHED:
            self.driver.queue_watched(cast("int", entry[4]), cast("int", entry[5]))
        elif name == CAMPAIGN_DEADLINE:
            self.driver.campaign_deadline(self.driver.campaigns[cast("int", entry[4])])
        elif name == CLAIMS_ANSWERED:
            self._claims_answered(entry)
        elif name == CONTACTS_READ:
            self._contacts_read(entry)
        else:
            self._event(from_plain(entry[3:]))

    def _event(self, event: Event) -> None:
        """One for a machine elsewhere comes from a carrier here, and is sent on."""
        if addressee(event, self.post.call_hosts) != self.name:
            self.post.send(event, self.at)
            return
        if not isinstance(event, CallEvent):
            self.driver.receive(event)
            return
        call = self.driver.calls.get(event.call)
        state = ENDED if call is None else call.state
        self.driver.receive(event)
        if call is not None and call.state != state and call.state != ENDED:
            due_at = call.deadline()
            if due_at != ABSENT:
                heappush(self.deadlines, (due_at, call.id))
            if call.state == WAITING:
                self.calls_waiting.append(call)
            elif call.state == RINGING:
                self.accepted.append(call)

    def _claims_answered(self, entry: Plain) -> None:
        """[at, "", 0, name, campaign, calls by place, blocked_by, retry_at, due]; `due` of the granted ones."""
        number = cast("int", entry[4])
        calls = cast("list[int]", entry[5])
        granted = [call for call in calls if call >= 0]
        self.post.due = dict(zip(granted, cast("list[int]", entry[8]), strict=True))
        claimed = self.driver.campaigns[number].claimed
        self.driver.claims_answered(
            ClaimsAnswered(number, claimed, calls, cast("int", entry[6]), cast("int", entry[7]))
        )

    def _change(self, campaign: int, settings: dict[str, object]) -> None:
        self.changed[campaign] = settings
        change_campaign(self.driver.campaigns[campaign], settings, self.at)
        if campaign in self.dial_lists:
            self.dial_lists[campaign].change_hours(settings["calling_hours"], self.at)

    def note_contacts(
        self, campaign: int, rows: list[ContactRow], cursor: dict[int, int], is_last: bool
    ) -> None:
        """A page of the campaign's contacts has been read."""
        pairs = [[priority, place] for priority, place in cursor.items()]
        self.note([CONTACTS_READ, campaign, [list(row) for row in rows], pairs, 1 if is_last else 0])

    def _contacts_read(self, entry: Plain) -> None:
        """[at, "", 0, name, campaign, rows, pairs of the cursor, whether they are the last]"""
        rows = [
            (cast("int", row[0]), str(row[1]), cast("int", row[2]), cast("int", row[3]))
            for row in cast("list[list[object]]", entry[5])
        ]
        cursor = {pair[0]: pair[1] for pair in cast("list[list[int]]", entry[6])}
        dial_list = self.dial_lists[cast("int", entry[4])]
        self.driver.receive(dial_list.read(rows, cursor, entry[7] == 1))

    # What goes out ------------------------------------------------------------------------------------------------

    def send(self, to: str, plain: Plain) -> None:
        outbox = self.outboxes.get(to)
        if outbox is None:
            outbox = Outbox()
            self.outboxes[to] = outbox
        outbox.add(plain)

    def to_send(self, to: str, at_most: int) -> list[tuple[int, Plain]]:
        """`Outbox.to_send` of what is for `to`."""
        return self.outboxes[to].to_send(at_most)

    # As plain data --------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, object]:
        """All but the machines that are the driver's own by number: queues and campaigns have their snapshots, which
        are restored after this."""
        return {
            "at": self.at,
            "turned_at": self.turned_at,
            "received": self.received,
            "outboxes": {
                to: [outbox.last, [[number, plain] for number, plain in outbox.unacknowledged]]
                for to, outbox in self.outboxes.items()
            },
            "calls": [call_facts(call) for call in self.driver.calls.values()],
            "to_dial": [[due_at, call] for due_at, call in self.deadlines if self._is_to_dial(call)],
            "changed": [[campaign, settings] for campaign, settings in self.changed.items()],
            "is_over": self.is_over,
            "events": self.driver.events,
            "stray_events": self.driver.stray_events,
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        """Raises SnapshotError."""
        try:
            self.at = cast("int", snapshot["at"])
            self.turned_at = cast("int", snapshot["turned_at"])
            self.received = dict(cast("dict[str, int]", snapshot["received"]))
            for to, state in cast("dict[str, list[object]]", snapshot["outboxes"]).items():
                outbox = Outbox()
                outbox.last = cast("int", state[0])
                for item in cast("list[list[object]]", state[1]):
                    outbox.unacknowledged.append((cast("int", item[0]), cast("Plain", item[1])))
                self.outboxes[to] = outbox
            for facts in cast("list[object]", snapshot["calls"]):
                call = call_of_facts(facts)
                self.driver.calls[call.id] = call
                if call.deadline() != ABSENT:
                    heappush(self.deadlines, (call.deadline(), call.id))
            for to_dial in cast("list[list[int]]", snapshot["to_dial"]):
                heappush(self.deadlines, (to_dial[0], to_dial[1]))
            for change in cast("list[list[object]]", snapshot["changed"]):
                self._change(cast("int", change[0]), mapping(change[1], self.name))
            self.is_over = cast("bool", snapshot["is_over"])
            self.driver.events = cast("int", snapshot["events"])
            self.driver.stray_events = cast("int", snapshot["stray_events"])
        except (KeyError, TypeError, ValueError, IndexError) as wrong:
            raise SnapshotError(self.name, f"{wrong!r}") from wrong
        self.noted = dict(self.received)

    def _is_to_dial(self, call_id: int) -> bool:
        """Whether the call's deadline is the instant to dial it."""
        call = self.driver.calls.get(call_id)
        return call is not None and call.state == CREATED


@final
class HostPost(Post):
    """What a host's machines send: to machines of its own at once, else into an outbox."""

    __slots__ = ("call_hosts", "due", "host")

    def __init__(self, host: Host, call_hosts: int) -> None:
        self.host: Host = host
        self.call_hosts: int = call_hosts
        self.due: dict[int, Instant] = {}
        """Call → when to dial it, of the calls that are about to begin."""

    def send(self, event: Event, now: Instant) -> None:
        host = self.host
        to = addressee(event, self.call_hosts)
        if to == host.name:
            host.driver.receive_next(event)
        else:
            host.send(to, to_plain(event))

    def begin(self, call: Call, now: Instant) -> bool:
        to = calls_host(call.id, self.call_hosts)
        self.host.send(to, [CALL_BEGUN, call.id, call_facts(call)])
        self.host.send(to, [DIAL_AT, call.id, self.due[call.id]])
        return True


@final
class HostIntake(Intake):
    """What a carrier or a desk reports, noted by the host whose call or agents it is about."""

    __slots__ = ("arriving", "call_hosts", "front", "hosts")

    def __init__(self, front: Driver, hosts: dict[str, Host], call_hosts: int) -> None:
        """`front` is the driver that carrier and desk know. What is for machines elsewhere the first host sends on."""
        self.front: Driver = front
        self.hosts: dict[str, Host] = hosts
        self.call_hosts: int = call_hosts
        self.arriving: list[tuple[int, int, Host]] = []
        """(trunk, call, its host) of calls that come in over a trunk and have not been let in or turned away."""

    def take(self, event: Event) -> None:
        host = self.hosts.get(addressee(event, self.call_hosts))
        if host is None:
            if not self.hosts:
                return  # it is about a call that has ended, whose host has gone
            host = next(iter(self.hosts.values()))
        if isinstance(event, CallEvent):
            call = self.front.calls.pop(event.call, None)
            if call is not None:
                host.lines[call.id] = call
                host.note([CALL_BEGUN, call.id, call_facts(call)])
                if call.trunk != ABSENT and event.kind == CALL_ARRIVED:
                    self.arriving.append((call.trunk, call.id, host))
                    return
        host.note(to_plain(event))

    def answer(self, call_id: int, host: Host, turned_away: int) -> None:
        """What the limits say of a call that arrives: ABSENT where it has a channel, else the end reason."""
        if turned_away == ABSENT:
            host.note(to_plain(CallEvent(CALL_ARRIVED, call_id)))
        else:
            host.note(to_plain(CarrierRefused(call_id, 503, FAILED, turned_away)))

    def take_deadline(self, call: Call) -> None:
        """The host looks at its calls' deadlines itself."""

    def take_queue_deadline(self) -> None:
        self.hosts[QUEUES].note([QUEUE_DEADLINE])
