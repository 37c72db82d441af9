"""From a scenario's campaigns to machines, contact lists and the people on them."""

from array import array
from dataclasses import dataclass, field

from busyhour.adapters.timezones import load_zone
from busyhour.core.attempts import BLOCKED, RetryRules
from busyhour.core.calling_hours import CallingHours, Zone, days_mask
from busyhour.core.campaign import Campaign, DialPlan
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.disposition import AMD_HUMAN, AMD_MACHINE, DISPOSITIONS
from busyhour.core.ids import ABSENT, SECOND, Micros
from busyhour.core.pacing import PACING_MODES, pacer_for
from busyhour.core.phones import phone_of
from simulation.callees import AS_DRAWN, FOREVER, OUTCOMES, Callees, CalleeTimes, Script
from simulation.contact_supply import ContactSupply, CountedContacts, ListedContacts
from simulation.draws import QueueTimes
from simulation.scenario import Scenario
from simulation.scenario import callees as scenario_callees
from simulation.scenario.campaigns import Campaign as CampaignPlan
from simulation.scenario.contact_files import contact_rows
from simulation.scenario.contacts import Behaviour, ContactCount
from simulation.scenario.filling import MESSAGE
from simulation.substreams import Substreams


@dataclass(slots=True)
class OutboundAssembly:
    """Builds campaigns one after another, in the order of the file."""

    scenario: Scenario
    substreams: Substreams
    queue_times: list[QueueTimes]
    queue_no: dict[str, int]
    trunk_no: dict[str, int]
    voice_no: dict[str, int]
    supplies: list[ContactSupply] = field(default_factory=list[ContactSupply])
    callees: list[Callees] = field(default_factory=list[Callees])
    labels: list[list[str] | None] = field(default_factory=list[list[str] | None])
    """By campaign: what its contacts are called, None where they are only counted."""

    def campaign(self, number: int, name: str) -> Campaign:
        """The machine; its contacts and callees are added to `supplies` and `callees`."""
        scenario = self.scenario
        plan = scenario.campaigns[name]
        zones, supply = self._contacts(name, plan)
        self.supplies.append(supply)
        self.callees.append(self._callees(name, plan, zones, supply))
        hours, hours_zone = calling_hours_of(plan)
        clocks = [ZoneClock(zone, hours, hours_zone) for zone in zones]
        contacts = ContactList(supply.count, clocks, _retry(plan))
        pacing = plan.pacing
        mode = pacing.mode
        if plan.voice_agent is not None and scenario.voice_agents[plan.voice_agent].capacity is None:
            mode = "agentless"  # There is a session for every call, so that limits alone hold dialling.
        pacer = pacer_for(
            PACING_MODES.index(mode),
            pacing.lines_per_agent,
            pacing.max_lines_per_agent,
            pacing.abandonment_cap,
            pacing.reserve_agents,
            pacing.preview_time,
        )
        dial = DialPlan(
            self.trunk_no[plan.trunk],
            ABSENT if plan.queue is None else self.queue_no[plan.queue],
            ABSENT if plan.voice_agent is None else self.voice_no[plan.voice_agent],
            plan.dial_timeout,
        )
        dial.max_wait = _max_wait(scenario, plan)
        dial.priority = plan.priority
        dial.screens_answers = plan.amd.enabled
        dial.leaves_messages = plan.amd.on_machine == "leave_message"
        return Campaign(number, dial, contacts, pacer, plan.limits.max_concurrency or 0)

    def _contacts(self, name: str, plan: CampaignPlan) -> tuple[list[Zone], ContactSupply]:
        """The zones that contacts live in, by number, and the contacts.

        Who has no zone lives by the clock's own offset, who has an unknown one gets none.
        """
        own = own_zone(self.scenario)
        zones: list[Zone] = []
        number_of: dict[str | None, int] = {}

        def zone_no(timezone: str | None) -> int:
            if timezone not in number_of:
                zone = own if timezone is None else load_zone(timezone)
                number_of[timezone] = ABSENT if zone is None else len(zones)
                if zone is not None:
                    zones.append(zone)
            return number_of[timezone]

        contacts = plan.contacts
        if isinstance(contacts, ContactCount):
            self.labels.append(None)
            cumulated: list[tuple[float, int]] = []
            total = 0.0
            for timezone, share in (contacts.timezones or {None: 1.0}).items():
                total += share
                cumulated.append((total, zone_no(timezone)))
            chances = self.substreams.uniforms(f"campaigns/{name}/contacts", "timezone")
            return zones, CountedContacts(contacts.count, cumulated, chances)
        zone_numbers: list[int] = []
        priorities: list[int] = []
        phones = array("q")
        labels: list[str] = []
        for contact in contact_rows(self.scenario, name):
            zone_numbers.append(zone_no(contact.timezone))
            priorities.append(contact.priority)
            phones.append(phone_of(contact.phone))
            labels.append(contact.external_id or contact.phone)
        self.labels.append(labels)
        return zones, ListedContacts(zone_numbers, priorities, phones)

    def _callees(self, name: str, plan: CampaignPlan, zones: list[Zone], contacts: ContactSupply) -> Callees:
        people = self.scenario.callees[plan.callees]
        ring = people.ring_time
        handle_time = plan.handle_time
        if handle_time is None and plan.queue is None and plan.voice_agent is None:
            handle_time = MESSAGE
        callees = Callees(
            name,
            self.substreams,
            self.queue_times,
            handle_time,
            CalleeTimes(
                [getattr(ring, outcome) for outcome in OUTCOMES],
                people.patience,
                people.amd.decision_time,
                people.amd.machine_talk_time,
                plan.amd.message_time,
            ),
            _cumulated(people.outcomes),
            {hour: _cumulated(outcomes) for hour, outcomes in people.by_hour.items()},
            zones,
            contacts,
        )
        callees.machine_as_human = people.amd.machine_as_human
        callees.human_as_machine = people.amd.human_as_machine
        if not isinstance(plan.contacts, ContactCount):
            for number, contact in enumerate(contact_rows(self.scenario, name)):
                if contact.behaviour:
                    callees.scripts[number] = [_script(entry) for entry in contact.behaviour]
        return callees


def _max_wait(scenario: Scenario, plan: CampaignPlan) -> Micros:
    """In the queue that its calls may wait in; those of a flow wait in none."""
    name = plan.queue
    if plan.voice_agent is not None:
        transfer = scenario.voice_agents[plan.voice_agent].transfer
        name = None if transfer is None else transfer.to
    return 0 if name is None else scenario.queues[name].max_wait_us


def calling_hours_of(plan: CampaignPlan) -> tuple[CallingHours | None, Zone | None]:
    """The hours, and whose clock they are read on where that is not each contact's own."""
    hours = plan.calling_hours
    if hours is None:
        return None, None
    zone = None
    if hours.timezone != "recipient":
        zone = load_zone(hours.timezone)
        assert zone is not None, "the scenario's model knows its time zones"
    return CallingHours(hours.start, hours.end, days_mask(list(hours.days))), zone


def own_zone(scenario: Scenario) -> Zone:
    """Where those live who name no zone: the clock's own offset."""
    offset = scenario.clock.start.utcoffset()
    assert offset is not None, "the scenario's model insists on an offset"
    return Zone([], [round(offset.total_seconds()) * SECOND])


def _retry(plan: CampaignPlan) -> RetryRules:
    codes = {name: code for code, name in enumerate(DISPOSITIONS)} | {"blocked": BLOCKED}
    after = {codes[rule.outcome]: rule.after for rule in plan.retry.rules}
    return RetryRules(plan.retry.max_attempts, plan.retry.max_per_day or 0, after)


def _cumulated(outcomes: scenario_callees.Outcomes) -> list[float]:
    total = 0.0
    cumulated: list[float] = []
    for outcome in OUTCOMES:
        total += getattr(outcomes, outcome)
        cumulated.append(total)
    return cumulated


def _script(entry: Behaviour) -> Script:
    amd = AS_DRAWN
    if entry.amd is not None:
        amd = AMD_HUMAN if entry.amd == "human" else AMD_MACHINE

    def given(value: int | None) -> int:
        return AS_DRAWN if value is None else value

    patience = FOREVER if entry.patience == FOREVER else given(entry.patience)
    return Script(OUTCOMES.index(entry.outcome), given(entry.after), patience, given(entry.talk), amd)
