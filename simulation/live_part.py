"""One process's part of a scenario that runs live: hosts, and the simulated people and trunks around them.

Every process of a run assembles the whole scenario, for that is quick and gives everything the same numbers, and keeps
of it the machines it hosts and the occurrences that concern them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from busyhour.adapters.timezones import load_zone
from busyhour.core.call import Call
from busyhour.core.call_states import CREATED, WAITING
from busyhour.core.campaign import COMPLETED, LOAD_BATCH, STOPPED
from busyhour.core.dial_list import DialList
from busyhour.core.ids import ABSENT, SECOND, Instant
from busyhour.core.queue_snapshots import queues_snapshot, restore_queues
from busyhour.core.snapshots import campaign_snapshot, restore_campaign
from busyhour.core.wire import to_plain
from busyhour.driver import Driver
from busyhour.host import (
    CAMPAIGN_DEADLINE,
    QUEUE_DEADLINE,
    QUEUES,
    RECORDER,
    RUN_OVER,
    Host,
    HostIntake,
    calls_host,
    campaign_host,
)
from busyhour.results.tallies import Tallies
from simulation.agenda import CHANGES, Occurrence
from simulation.assembly import Assembly, World
from simulation.carrier import leg_of
from simulation.contact_supply import SimulatedContacts, UnlistedContacts
from simulation.desk import SimulatedDesk
from simulation.draws import Draws
from simulation.flow_assembly import give_flows
from simulation.freshness import Fresh
from simulation.inbound import CallerAgain
from simulation.live_callers import Callers
from simulation.live_ports import (
    AwaitedAdmission,
    LiveDesk,
    LiveLog,
    LiveTranscripts,
    MutedCarrier,
    MutedDesk,
    PromisedCarrier,
    StoredContacts,
    WrapUps,
)
from simulation.live_sessions import ShardSessions
from simulation.outbound_assembly import calling_hours_of, own_zone
from simulation.runs import Baseline
from simulation.scenario import Scenario
from simulation.timeline import CampaignChange, StaffChange, StatisticsStart

OCCURRENCES_A_TURN: Final = 1_024
RESERVATIONS_LOOKED_AT: Final = SECOND
"""How often a queue looks for reservations that nobody has taken up."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one process hosts to begin with."""

    queues: bool = False
    campaigns: Sequence[int] = ()
    calls: Sequence[int] = ()
    """Virtual shards."""

    def hosts(self) -> list[str]:
        """Names, which are those of their journals too."""
        names = [QUEUES] if self.queues else []
        names += [campaign_host(number) for number in self.campaigns]
        return names + [f"calls/{shard}" for shard in self.calls]


class _Nothing:
    """Where the assembled simulation's own rows would go."""

    def add(self, chunk: bytes) -> None:
        """None comes."""


class LivePart:
    """The hosts of one role. `restore` each of them, then `begin`; from then on `happen`, `apply` and `next_due`."""

    def __init__(
        self,
        scenario: Scenario,
        role: Role,
        call_hosts: int,
        replication: int = 0,
        stored: Sequence[int] = (),
        rows_to: str = RECORDER,
    ) -> None:
        """`call_hosts`: how many virtual shards there are in all. What is random is drawn as in that replication.
        `rows_to` is the host that takes the rows of ended calls.

        The contacts of the campaigns `stored` are read from the store, `contacts.asked` says when; of those the
        scenario's count says how many there are.
        """
        self.scenario = scenario
        self.role = role
        self.campaigns = list(role.campaigns)
        """Those hosted here."""
        self.shards: list[int] = []
        """Virtual shards of calls that are hosted here now."""
        self.closed: set[int] = set()
        """Those of them that take no new calls."""
        self.rows_to = rows_to
        self._call_hosts = call_hosts
        self.transcripts = LiveTranscripts()
        self.assembly = Assembly(scenario, replication)
        self.world: World = self.assembly.world(_Nothing(), None)
        give_flows(scenario, self.world.carrier, self.transcripts)
        world = self.world
        front = world.driver
        self.agenda = world.engine.agenda
        self.carrier = world.carrier
        self.admission = AwaitedAdmission()
        self.logs: dict[str, LiveLog] = {}
        """By host."""
        self.hosts: dict[str, Host] = {}
        self.baseline = Baseline(world)
        self._contacts = cast("SimulatedContacts", front.contacts)
        self.contacts = StoredContacts(front.contacts, [])
        for number in stored:
            self.store_contacts(number)
        self._reservations_looked_at: Instant = 0
        self.stopped = False
        """The run is over: nothing is dialled any more."""
        self.wrap_ups = WrapUps(
            Draws(self.assembly.substreams, "live", self.assembly.queue_times, None), world.log.wraps_up
        )
        people = cast("SimulatedDesk", front.desk)
        self.desk = LiveDesk(people, front.queues, self.wrap_ups)
        self.dialer = PromisedCarrier(self.carrier)
        self.intake = HostIntake(front, self.hosts, call_hosts)
        front.intake = self.intake
        self.callers = Callers(world.log.sources, self.agenda, call_hosts)
        self.sessions = ShardSessions(self.carrier.voice.agents, call_hosts)
        for name in role.hosts():
            self.open(name)

    def open(self, name: str) -> Host:
        """Host something more, whose machines are in the world."""
        front = self.world.driver
        driver = Driver(
            front.queues,
            front.campaigns,
            MutedCarrier(),
            MutedDesk(),
            self.admission,
            self.contacts,
            self.world.log,
        )
        driver.now = front.now
        host = Host(name, driver, self._call_hosts)
        log = LiveLog(
            host, self.carrier, self.world.log.sources, self.wrap_ups, self.transcripts, self.rows_to
        )
        self.logs[name] = log
        driver.log = log
        self.hosts[name] = host
        if front.post is None:
            front.post = host.post
        if name.startswith("campaigns/"):
            number = int(name.partition("/")[2])
            if number in self.contacts.stored:
                host.dial_lists[number] = self._dial_list(number)
        elif name.startswith("calls/"):
            shard = int(name.partition("/")[2])
            self.shards.append(shard)
            self.sessions.add(shard)
        return host

    def is_idle(self, shard: int) -> bool:
        """Whether nothing goes on in a closed virtual shard, and whatever it had to tell has been heard."""
        name = calls_host(shard, self._call_hosts)
        host = self.hosts[name]
        if not self.sessions.withdraw(shard) or host.driver.calls or host.has_inputs() or host.accepted:
            return False
        return not self.logs[name].ended and not any(box.unacknowledged for box in host.outboxes.values())

    def forget(self, shard: int) -> None:
        """Somebody else hosts the virtual shard."""
        name = calls_host(shard, self._call_hosts)
        self.sessions.withdraw(shard)
        self.shards.remove(shard)
        self.closed.discard(shard)
        del self.hosts[name], self.logs[name]

    def store_contacts(self, number: int) -> None:
        """The contacts of a campaign are read from the store."""
        supplies = self._contacts.supplies
        supplies[number] = UnlistedContacts(supplies[number].count)
        self.carrier.callees[number].contacts = supplies[number]
        self.contacts.stored.append(number)

    def _dial_list(self, number: int) -> DialList:
        """Of a campaign whose contacts are in the store."""
        own = own_zone(self.scenario)
        plan = list(self.scenario.campaigns.values())[number]
        hours, hours_zone = calling_hours_of(plan)
        contacts = self.world.driver.campaigns[number].contacts
        return DialList(number, contacts, hours, hours_zone, lambda name: load_zone(name) if name else own)

    def restore(self, name: str, snapshot: bytes | None, entries: Sequence[bytes]) -> None:
        """Bring a host to where its journal ends. Raises SnapshotError."""
        host = self.hosts[name]
        if snapshot is not None:
            plain = cast("dict[str, Any]", json.loads(snapshot))
            host.restore(plain["host"])
            if name == QUEUES:
                restore_queues(host.driver.queues, plain["machine"])
            elif name.startswith("campaigns/"):
                number = int(name.partition("/")[2])
                if number in host.dial_lists:
                    host.dial_lists[number].restore(plain["dial_list"])
                restore_campaign(host.driver.campaigns[number], plain["machine"])
                self._contacts.supplies[number].handed_over = plain["handed_over"]
            if host.chronicle is not None:
                host.chronicle.restored()
        for entry in entries:
            host.apply(json.loads(entry))

    def snapshot(self, name: str) -> bytes:
        """What stands for everything in the journal of a host."""
        host = self.hosts[name]
        plain: dict[str, Any] = {"host": host.snapshot()}
        if name == QUEUES:
            plain["machine"] = queues_snapshot(host.driver.queues)
        elif name.startswith("campaigns/"):
            number = int(name.partition("/")[2])
            plain["machine"] = campaign_snapshot(host.driver.campaigns[number])
            plain["handed_over"] = self._contacts.supplies[number].handed_over
            if number in host.dial_lists:
                plain["dial_list"] = host.dial_lists[number].snapshot()
        return json.dumps(plain, separators=(",", ":")).encode()

    def begin(self, now: Instant, answers_from: Instant = ABSENT) -> None:
        """The hosts are restored: from now on they act. What a predecessor's carrier held is lost.

        Whoever calls from `answers_from` on is answered here; ABSENT: nobody who calls is.
        """
        self.agenda.retain(self._concerns)
        began = any(self.hosts[calls_host(n, self._call_hosts)].turned_at != ABSENT for n in self.shards)
        self.callers.begin(answers_from, now if began else ABSENT)
        clock = self.scenario.clock
        if clock.warmup > 0:
            self.baseline.begins_at = clock.start_us + clock.warmup
            if self.baseline.begins_at > now:
                statistics = StatisticsStart(self.baseline.begin)
                self.agenda.at(self.baseline.begins_at, CHANGES, statistics)
        self.admission.asked.clear()
        self.contacts.asked.clear()
        for name in self.hosts:
            self.begin_host(name)
        for shard in self.shards if began else ():
            self.tell_free_sessions(shard)
        self.stopped = any(host.is_over for host in self.hosts.values())
        if self.stopped:
            self.stop()
        if self.role.queues:
            self.desk.resume()

    def begin_host(self, name: str) -> None:
        """It is restored, and acts from now on."""
        host = self.hosts[name]
        host.driver.carrier = self.dialer
        host.driver.desk = self.desk
        host.calls_waiting.clear()
        for call in host.driver.calls.values():
            # No carrier was told of an attempt that has not been dialled: it goes on.
            if call.state != CREATED or call.campaign == ABSENT:
                host.note(["CarrierLost", call.id])
        if self.stopped and not host.is_over:
            host.note([RUN_OVER])
        if name.startswith("campaigns/"):
            number = int(name.partition("/")[2])
            if self.world.driver.campaigns[number].claimed:
                self.admission.asked.append(number)
            if self.world.driver.campaigns[number].contacts.loading:
                self.contacts.asked[number] = LOAD_BATCH

    def tell_free_sessions(self, shard: int) -> None:
        """Voice sessions end with the process that had them: their campaigns would take them for busy for ever."""
        host = self.hosts[calls_host(shard, self._call_hosts)]
        for event in self.sessions.free(shard):
            host.note(to_plain(event))

    def _concerns(self, occurrence: Occurrence, due_at: Instant) -> bool:
        """Whether what the scenario has put on the agenda is for this process, and still to come."""
        if isinstance(occurrence, StaffChange):
            return self.role.queues and due_at > self.hosts[QUEUES].turned_at
        if isinstance(occurrence, CampaignChange):
            number = occurrence.campaign
            return number in self.campaigns and due_at > self.hosts[campaign_host(number)].turned_at
        # Trunks' changes that are past stay, too: nothing else remembers the trunks' state.
        return not isinstance(occurrence, CallerAgain)

    def happen(self, now: Instant) -> None:
        """Let whatever is due happen, and have the hosts note what comes of it."""
        front = self.world.driver
        if self.callers.sources:
            takers = [shard for shard in self.shards if shard not in self.closed]
            self.callers.number_into(takers or self.shards)
        while self.agenda.turn(front, now + 1, OCCURRENCES_A_TURN, None):
            pass
        front.now = now
        for shard in self.shards:
            self.hosts[calls_host(shard, self._call_hosts)].note_deadlines(now)
        for number in () if self.stopped else self.campaigns:
            due_at = front.campaigns[number].deadline()
            host = self.hosts[campaign_host(number)]
            if due_at != ABSENT and due_at <= now and not host.collected:
                host.note([CAMPAIGN_DEADLINE, number])
        if self.role.queues and now >= self._reservations_looked_at:
            self._reservations_looked_at = now + RESERVATIONS_LOOKED_AT
            due_at = front.queues.deadline()
            if due_at != ABSENT and due_at <= now:
                self.hosts[QUEUES].note([QUEUE_DEADLINE])

    def apply(self, host: Host, fresh: Fresh) -> bool:
        """Let happen what the host has in its journal. False, before the next entry, where it is no longer known that
        the journal is ours: whoever runs it must look, and may go on.
        """
        front = self.world.driver
        while host.unapplied:
            if not fresh.holds():
                return False
            host.apply(host.unapplied.popleft())
        front.now = host.at
        for call in host.calls_waiting:
            if call.state == WAITING and call.line is not None:
                self.carrier.begin_patience(leg_of(call), host.at)
        host.calls_waiting.clear()
        return True

    def next_due(self) -> Instant:
        """When something happens by itself; ABSENT when nothing does."""
        earliest = self.agenda.next_at()
        for number in () if self.stopped else self.campaigns:
            earliest = _earlier(earliest, self.world.driver.campaigns[number].deadline())
        for shard in self.shards:
            deadlines = self.hosts[calls_host(shard, self._call_hosts)].deadlines
            if deadlines:
                earliest = _earlier(earliest, deadlines[0][0])
        return earliest

    def stop(self) -> None:
        """The run is over: calls that are alive leave the record of what had happened, and none is dialled. May be
        repeated."""
        self.stopped = True
        self.agenda.clear()
        self.intake.arriving.clear()
        for host in self.hosts.values():
            if not host.is_over:
                host.note([RUN_OVER])

    def calls(self) -> list[Call]:
        """Those alive here."""
        return [call for host in self.hosts.values() for call in host.driver.calls.values()]

    def contacts_at_hand(self, number: int) -> int:
        """Counted one by one: those of a campaign that are loaded and nobody calls now, and those not loaded yet."""
        contacts = self.world.driver.campaigns[number].contacts
        loaded = len(contacts.fresh) + len(contacts.due) + len(contacts.returned)
        dial_list = self.hosts[campaign_host(number)].dial_lists.get(number)
        supply = self._contacts.supplies[number]
        read = supply.handed_over if dial_list is None else sum(dial_list.cursor.values())
        return loaded + contacts.total - read

    def is_work_over(self) -> bool:
        """No campaign here has work left."""
        campaigns = self.world.driver.campaigns
        return all(campaigns[number].state in (COMPLETED, STOPPED) for number in self.campaigns)

    def tallies(self, now: Instant) -> Tallies:
        """What was counted until `now`; only what this role hosts means anything."""
        front = self.world.driver
        front.events = sum(host.driver.events for host in self.hosts.values())
        front.stray_events = sum(host.driver.stray_events for host in self.hosts.values())
        return self.baseline.tallies(now, self.scenario)


def _earlier(one: Instant, other: Instant) -> Instant:
    if one == ABSENT:
        return other
    return one if other == ABSENT or one < other else other
