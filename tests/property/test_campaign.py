"""A campaign and its contacts against a ledger: whatever happens, in any order, more than once, at any time."""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from busyhour.adapters.timezones import load_zone
from busyhour.core.agents import AGENT_STATES, IDLE
from busyhour.core.attempts import BLOCKED, DO_NOT_CALL, MAX_PER_DAY, RETURNED, Contact, RetryRules
from busyhour.core.calling_hours import CallingHours, days_mask
from busyhour.core.campaign import (
    AGENTS,
    BLOCKED_BY,
    CALLING_HOURS,
    CALLS_PER_SECOND,
    CAMPAIGN_STATES,
    CANCEL_UNANSWERED,
    CLAIM_BATCH,
    CONCURRENCY,
    CONTACTS,
    HANG_UP,
    NOTHING,
    Campaign,
    DialPlan,
)
from busyhour.core.commands import ClaimAttempts, Command, LoadContacts
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.disposition import (
    DISPOSITIONS,
    END_CANCELLED,
    END_COMPLETED,
    END_NO_CHANNEL,
    END_TRUNK_DOWN,
    FAILED,
)
from busyhour.core.events import (
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    CAMPAIGN_LAUNCHED,
    CAMPAIGN_PAUSED,
    CAMPAIGN_RESUMED,
    AgentChanged,
    AttemptEnded,
    AttemptEvent,
    CampaignEvent,
    CampaignStopped,
    ClaimsAnswered,
    ContactsLoaded,
    HangUpRequested,
)
from busyhour.core.ids import ABSENT, HOUR, MINUTE, SECOND, Instant
from busyhour.core.pacing import AGENTLESS, POWER, PREVIEW, PROGRESSIVE, pacer_for
from busyhour.core.snapshots import campaign_snapshot, restore_campaign
from tests.support.campaign_reference import NEVER, Hours, Ledger, Person, Rules
from tests.support.machine_invariants import check_campaign
from tests.support.random_campaigns import NEW_YORK_FALLS, NEW_YORK_SPRINGS, ZONES, hours, people, pick, rules


class CampaignAndLedger(RuleBasedStateMachine):
    @initialize(
        people=people,
        hours=hours,
        rules=rules,
        mode=st.sampled_from([AGENTLESS, AGENTLESS, PROGRESSIVE, POWER, PREVIEW]),
        most=st.sampled_from([0, 0, 1, 3]),
        start=st.sampled_from([NEW_YORK_SPRINGS, NEW_YORK_FALLS, 1_767_600_000 * SECOND]),
        at_once=st.sampled_from([(True, True), (True, False), (False, True), (True, True)]),
    )
    def begin(
        self,
        people: list[tuple[str | None, int]],
        hours: Hours | None,
        rules: Rules,
        mode: int,
        most: int,
        start: Instant,
        at_once: tuple[bool, bool],
    ) -> None:
        """`at_once`: contacts are loaded, and claims are granted, as soon as the campaign asks."""
        self.loads_at_once, self.admits_at_once = at_once
        listed = sorted(people, key=lambda person: person[1])
        self.ledger = Ledger(
            [Person(number, zone, priority) for number, (zone, priority) in enumerate(listed)],
            hours,
            rules,
            list(ZONES),
        )
        self.mode, self.most = mode, most
        self.campaign = self.built()
        self.now = start
        self.state = "stopped"
        self.claimed: list[Person] = []
        self.live: dict[int, Person] = {}
        self.answered: set[int] = set()
        self.connected: set[int] = set()
        self.batch = CLAIM_BATCH
        self.held_until: Instant = 0
        self.held_by = NOTHING
        self.stops: str = "drain"
        self.calls = 0
        self.asked_for_contacts = False
        self.past: list[CampaignEvent] = []
        self.last_blocked = NOTHING
        for agent in range(2):
            self.tell(AgentChanged(0, agent, IDLE))
        self.launch()

    def built(self) -> Campaign:
        ledger = self.ledger
        own = None
        own_zone = None
        if ledger.hours is not None:
            own = CallingHours(ledger.hours.start, ledger.hours.end, days_mask(list(ledger.hours.days)))
            own_zone = load_zone(ledger.hours.zone) if ledger.hours.zone else None
        clocks: list[ZoneClock] = []
        for name in ZONES:
            zone = load_zone(name)
            assert zone is not None
            clocks.append(ZoneClock(zone, own, own_zone))
        codes = {name: code for code, name in enumerate(DISPOSITIONS)} | {"blocked": BLOCKED}
        after = {codes[outcome]: delay for outcome, delay in ledger.rules.after}
        retry = RetryRules(ledger.rules.max_attempts, ledger.rules.max_per_day or 0, after)
        contacts = ContactList(len(ledger.people), clocks, retry)
        return Campaign(0, DialPlan(0, 0, ABSENT, 0), contacts, pacer_for(self.mode, 1.5), self.most)

    # What happens -------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.state == "stopped")
    @rule()
    def launch(self) -> None:
        self.state, self.held_until = "running", self.now
        self.tell(CampaignEvent(CAMPAIGN_LAUNCHED, 0))

    @precondition(lambda self: self.state in ("running", "paused"))
    @rule(
        act=st.sampled_from(["pause", "pause", "stop"]),
        in_flight=st.sampled_from([0, CANCEL_UNANSWERED, HANG_UP]),
    )
    def interfere(self, act: str, in_flight: int) -> None:
        if self.state == "paused" or act == "pause":
            self.pause_or_resume()
        elif self.calls:
            self.stop(in_flight)

    def pause_or_resume(self) -> None:
        if self.state == "running":
            self.state = "paused"
            self.tell(CampaignEvent(CAMPAIGN_PAUSED, 0))
        else:
            self.state, self.held_until = "running", self.now
            self.tell(CampaignEvent(CAMPAIGN_RESUMED, 0))

    def stop(self, in_flight: int) -> None:
        self.state = "stopping"
        self.stops = ("drain", "unanswered", "all")[in_flight]
        hung_up = {
            "drain": [],
            "unanswered": [call for call in self.live if call not in self.answered],
            "all": list(self.live),
        }[self.stops]
        self.tell(CampaignStopped(0, in_flight), hung_up)

    @precondition(lambda self: self.asked_for_contacts)
    @rule(count=st.integers(1, 6))
    def load(self, count: int) -> None:
        self.asked_for_contacts = False
        those = self.ledger.load(count)
        contacts = [
            Contact(p.number, ABSENT if p.zone is None else ZONES.index(p.zone), p.priority) for p in those
        ]
        self.tell(ContactsLoaded(0, contacts, self.ledger.all_loaded()))

    @precondition(lambda self: self.claimed)
    @rule(
        share=st.sampled_from([0, 1, 2, 64, 64]),
        rejections=st.lists(st.sampled_from([0, 0, 0, DO_NOT_CALL, MAX_PER_DAY]), max_size=4),
        blocked_by=st.sampled_from([CALLS_PER_SECOND, CONCURRENCY]),
        wait=st.sampled_from([1, SECOND, 5 * MINUTE]),
        tells=st.booleans(),
    )
    def admit(self, share: int, rejections: list[int], blocked_by: int, wait: int, tells: bool) -> None:
        """Reject some, grant the first of the others; the rest come back with a time, or until a call ends."""
        claimed, self.claimed = self.claimed, []
        leases = list(self.campaign.claimed)
        retry_at = self.now + wait
        if blocked_by == CONCURRENCY and tells and self.live:
            retry_at = ABSENT
        answers: list[int] = []
        granted: list[int] = []
        returned: list[Person] = []
        for place, person in enumerate(claimed):
            if place < len(rejections) and rejections[place] != 0:
                answers.append(rejections[place])
                self.ledger.rejected(person, rejections[place] == DO_NOT_CALL, self.now)
            elif len(granted) < share:
                self.calls += 1
                answers.append(self.calls)
                granted.append(self.calls)
                self.live[self.calls] = person
                self.ledger.dialled(person, self.now)
            else:
                answers.append(RETURNED)
                returned.append(person)
        self.held_until = self.now
        if not returned:
            self.batch = min(2 * self.batch, CLAIM_BATCH)
        else:
            self.batch = max(1, len(claimed) - len(returned))
            self.ledger.give_back(returned)
            if self.state == "running":
                self.held_until, self.held_by = retry_at, blocked_by
        hung_up = granted if self.state == "stopping" and self.stops != "drain" else []
        self.tell(ClaimsAnswered(0, leases, answers, blocked_by, retry_at), hung_up)

    @precondition(lambda self: self.live)
    @rule(place=pick, connects=st.booleans())
    def answer(self, place: int, connects: bool) -> None:
        call = list(self.live)[place % len(self.live)]
        kind = ATTEMPT_CONNECTED if connects else ATTEMPT_ANSWERED
        self.tell_of_answer(kind, call)

    def tell_of_answer(self, kind: int, call: int) -> None:
        if kind == ATTEMPT_ANSWERED and call in self.answered | self.connected:
            return self.tell(AttemptEvent(kind, 0, call), legal=False)
        if kind == ATTEMPT_CONNECTED and call in self.connected:
            return self.tell(AttemptEvent(kind, 0, call), legal=False)
        (self.connected if kind == ATTEMPT_CONNECTED else self.answered).add(call)
        self.answered.add(call)
        self.tell(AttemptEvent(kind, 0, call))

    @precondition(lambda self: self.live)
    @rule(
        places=st.lists(pick, min_size=1, max_size=4),
        outcome=st.sampled_from(
            [
                "human",
                "machine",
                "busy",
                "no_answer",
                "invalid",
                "abandoned",
                "cancelled",
                "blocked",
                "unknown",
            ]
        ),
    )
    def end(self, places: list[int], outcome: str) -> None:
        for place in places:
            if self.live:
                self.end_one(list(self.live)[place % len(self.live)], place, outcome)

    def end_one(self, call: int, place: int, outcome: str) -> None:
        person = self.live.pop(call)
        rule_of = outcome
        if outcome == "blocked" and "blocked" not in dict(self.ledger.rules.after):
            rule_of = "failed"
        self.ledger.ended(person, rule_of, self.now)
        if self.held_until == ABSENT or (
            self.held_by == CONCURRENCY and self.campaign.blocked_by == CONCURRENCY
        ):
            self.held_until = self.now
        disposition = FAILED if outcome == "blocked" else DISPOSITIONS.index(outcome)
        reasons = {"blocked": [END_NO_CHANNEL, END_TRUNK_DOWN][place % 2], "cancelled": END_CANCELLED}
        self.tell(AttemptEnded(0, call, disposition, reasons.get(outcome, END_COMPLETED)))

    @rule(agent=st.integers(0, 2), state=st.integers(0, len(AGENT_STATES) - 1))
    def agent_changes(self, agent: int, state: int) -> None:
        self.tell(AgentChanged(0, agent, state))

    @precondition(lambda self: self.past)
    @rule(place=st.integers(0, 200))
    def repeat(self, place: int) -> None:
        """What was said of a call that is over, or answered already, is said again."""
        event = self.past[place % len(self.past)]
        wanted_in = {CAMPAIGN_LAUNCHED: "stopped", CAMPAIGN_RESUMED: "paused"}
        if event.kind in wanted_in and self.state != wanted_in[event.kind]:
            self.tell(event, legal=False)
        elif isinstance(event, AttemptEvent) and event.call in self.live:
            self.tell_of_answer(event.kind, event.call)
            return
        answers_nothing = isinstance(event, ClaimsAnswered) and not self.claimed
        if answers_nothing or isinstance(event, AttemptEvent | AttemptEnded):
            self.tell(event, legal=False)

    @rule(passes=st.sampled_from([0, 1, SECOND, 45 * MINUTE, 3 * HOUR, 11 * HOUR]))
    def let_time_pass(self, passes: int) -> None:
        until = self.now + passes
        for _ in range(60):
            due_at = self.campaign.deadline()
            if due_at == ABSENT or due_at > until or self.claimed:
                break
            self.now = max(self.now + 1, due_at)
            self.compare(self.campaign.on_deadline(self.now), [])
        self.now = max(self.now, until)

    @rule()
    def rebuild(self) -> None:
        plain = json.loads(json.dumps(campaign_snapshot(self.campaign)))
        campaign = self.built()
        restore_campaign(campaign, plain)
        assert json.loads(json.dumps(campaign_snapshot(campaign))) == plain
        self.campaign = campaign

    # Telling both -------------------------------------------------------------------------------------------------

    def tell(self, event: CampaignEvent, hung_up: list[int] | None = None, legal: bool = True) -> None:
        self.past.append(event)
        counted = self.campaign.illegal_events
        commands = self.campaign.receive(event, self.now)
        if not legal:
            assert self.campaign.illegal_events == counted + 1
        self.compare(commands, hung_up or [])
        if self.loads_at_once and self.asked_for_contacts:
            self.load(5)
        elif self.admits_at_once and self.claimed:
            self.admit(64, [], NOTHING, 0, False)

    def compare(self, commands: list[Command], hung_up: list[int]) -> None:
        assert [c.call for c in commands if isinstance(c, HangUpRequested)] == hung_up
        claims = [c for c in commands if isinstance(c, ClaimAttempts)]
        loads = [c for c in commands if isinstance(c, LoadContacts)]
        blocked, claimed, loading = self.expected()
        assert [(lease.contact.id, lease.attempt) for c in claims for lease in c.leases] == [
            (person.number, person.dials + 1) for person in claimed
        ]
        assert len(loads) == loading
        assert BLOCKED_BY[self.campaign.blocked_by] == BLOCKED_BY[blocked]
        self.claimed += claimed
        self.asked_for_contacts = self.asked_for_contacts or loading
        self.last_blocked = blocked

    def expected(self) -> tuple[int, list[Person], bool]:
        """(what holds dialling, whom to dial, whether to load) after whatever has just happened."""
        ledger, now = self.ledger, self.now
        if self.state == "stopping" and not self.live and not self.claimed:
            self.state = "stopped"
        if self.state != "running":
            return NOTHING, [], False
        if self.claimed:
            return self.last_blocked, [], False
        if self.held_until == ABSENT or now < self.held_until:
            return (self.held_by if self.held_by != NOTHING else CONCURRENCY), [], False
        self.held_by = NOTHING
        wanted = self.campaign.pacer.lines_wanted(now)
        if wanted == 0:
            if ledger.is_done():
                self.state = "completed"
                return NOTHING, [], False
            return AGENTS, [], False
        wanted = min(wanted, self.batch)
        if self.most and wanted > self.most - len(self.live):
            wanted = self.most - len(self.live)
            if wanted == 0:
                self.held_until, self.held_by = ABSENT, CONCURRENCY
                return CONCURRENCY, [], False
        claimed: list[Person] = []
        while len(claimed) < wanted and (person := ledger.next(now)) is not None:
            claimed.append(person)
        loading = ledger.wants_more(now)
        blocked = NOTHING
        if not claimed:
            if ledger.is_done():
                self.state = "completed"
            else:
                blocked = CALLING_HOURS if ledger.awaits_hours(now) else CONTACTS
        ledger.loading = ledger.loading or loading
        return blocked, claimed, loading

    # What must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "campaign"):
            return
        campaign, ledger = self.campaign, self.ledger
        assert CAMPAIGN_STATES[campaign.state] == self.state
        contacts = campaign.contacts
        assert contacts.completed == ledger.count("completed")
        assert contacts.exhausted == ledger.count("exhausted")
        assert contacts.skipped() == ledger.count("skipped")
        assert contacts.leased == ledger.count("live", "claimed")
        assert contacts.remaining() == ledger.count("unloaded", "fresh", "returned", "parked")
        assert set(campaign.in_flight) == set(self.live)
        assert (campaign.ended_at != ABSENT) == (self.state in ("stopped", "completed"))

    @invariant()
    def the_deadline_is_when_something_may_change(self) -> None:
        if not hasattr(self, "campaign") or self.state != "running" or self.claimed:
            return
        due_at = self.campaign.deadline()
        if self.campaign.blocked_by in (CALLS_PER_SECOND, CONCURRENCY):
            assert due_at == self.held_until
        elif self.campaign.blocked_by in (CONTACTS, CALLING_HOURS):
            next_due_at = self.ledger.next_due_at(self.now)
            assert due_at == (ABSENT if next_due_at == NEVER else next_due_at)

    @invariant()
    def nothing_is_amiss(self) -> None:
        if hasattr(self, "campaign"):
            check_campaign(self.campaign, self.ledger.handed_over)


TestCampaign = CampaignAndLedger.TestCase
TestCampaign.settings = settings(max_examples=150, stateful_step_count=50)
