"""A campaign: what holds its dialling, what its operator's commands do, and when it is over. See tests/property too."""

from typing import Any

import pytest

from busyhour.core.agents import IDLE, OFFLINE, TALKING, WRAP_UP
from busyhour.core.attempts import DO_NOT_CALL, MAX_PER_DAY, RETURNED, Contact, RetryRules
from busyhour.core.calling_hours import CallingHours, utc
from busyhour.core.campaign import (
    BLOCKED_BY,
    CALLS_PER_SECOND,
    CAMPAIGN_STATES,
    CAMPAIGN_TRANSITIONS,
    CANCEL_UNANSWERED,
    CONCURRENCY,
    DRAIN,
    HANG_UP,
    NOTHING,
    Campaign,
    DialPlan,
)
from busyhour.core.commands import ClaimAttempts, Command, LoadContacts
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.disposition import ABANDONED, BUSY, CANCELLED, END_BUSY, END_CANCELLED, END_NO_AGENT, HUMAN
from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    CAMPAIGN_LAUNCHED,
    CAMPAIGN_PAUSED,
    CAMPAIGN_RESUMED,
    CAMPAIGN_STOPPED,
    AgentChanged,
    AttemptEnded,
    AttemptEvent,
    CampaignEvent,
    CampaignStopped,
    ClaimsAnswered,
    ContactsLoaded,
    HangUpRequested,
)
from busyhour.core.ids import ABSENT, DAY, HOUR, MINUTE, SECOND, Instant
from busyhour.core.pacing import AGENTLESS, PREDICTIVE, PREVIEW, PROGRESSIVE, pacer_for
from busyhour.core.snapshots import campaign_snapshot, restore_campaign

MIDNIGHT: Instant = 20_001 * DAY
NOON: Instant = MIDNIGHT + 12 * HOUR
LAUNCH, PAUSE, RESUME = (
    CampaignEvent(kind, 0) for kind in (CAMPAIGN_LAUNCHED, CAMPAIGN_PAUSED, CAMPAIGN_RESUMED)
)


class Dialler:
    """A campaign of `contacts` people whose claims are granted as asked, unless a test says otherwise."""

    def __init__(
        self,
        contacts: int,
        mode: int = AGENTLESS,
        most: int = 0,
        hours: CallingHours | None = None,
        max_attempts: int = 2,
        now: Instant = NOON,
    ) -> None:
        rules = RetryRules(max_attempts, 0, {BUSY: 10 * MINUTE})
        people = ContactList(contacts, [ZoneClock(utc(), hours)], rules)
        self.campaign = Campaign(0, DialPlan(0, 0, ABSENT, 0), people, pacer_for(mode), most)
        self.now = now
        self.calls = 0
        self.claimed: list[Any] = []
        self.hung_up: list[int] = []
        self.to_load = [Contact(number, 0, 0) for number in range(contacts)]

    def tell(self, event: CampaignEvent) -> "Dialler":
        self._take(self.campaign.receive(event, self.now))
        return self

    def launch(self) -> "Dialler":
        return self.tell(LAUNCH)

    def at(self, now: Instant) -> "Dialler":
        """Time passes; the campaign is asked to think again if it wanted to by then."""
        self.now = now
        due_at = self.campaign.deadline()
        if due_at != ABSENT and due_at <= now:
            self._take(self.campaign.on_deadline(now))
        return self

    def _take(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, LoadContacts):
                self.tell(ContactsLoaded(0, self.to_load, True))
            elif isinstance(command, ClaimAttempts):
                self.claimed = command.leases
            elif isinstance(command, HangUpRequested):
                self.hung_up.append(command.call)

    def admit(self, most: int = 64, blocked_by: int = NOTHING, retry_at: Instant = ABSENT) -> list[int]:
        """Answer the claim; the calls granted."""
        leases, self.claimed = self.claimed, []
        granted = min(most, len(leases))
        calls = list(range(self.calls, self.calls + granted))
        self.calls += granted
        answers = calls + [RETURNED] * (len(leases) - granted)
        self.tell(ClaimsAnswered(0, leases, answers, blocked_by, retry_at))
        return calls

    def end(self, call: int, disposition: int = BUSY, end_reason: int = END_BUSY) -> "Dialler":
        return self.tell(AttemptEnded(0, call, disposition, end_reason))

    def state(self) -> str:
        return CAMPAIGN_STATES[self.campaign.state]

    def held_by(self) -> str:
        return BLOCKED_BY[self.campaign.blocked_by]


def agent(number: int, state: int) -> AgentChanged:
    return AgentChanged(0, number, state)


def answered(call: int) -> AttemptEvent:
    return AttemptEvent(ATTEMPT_ANSWERED, 0, call)


def connected(call: int) -> AttemptEvent:
    return AttemptEvent(ATTEMPT_CONNECTED, 0, call)


# What holds dialling --------------------------------------------------------------------------------------------------


def test_without_an_idle_agent_it_is_agents() -> None:
    dialler = Dialler(5, PROGRESSIVE).launch()
    assert dialler.held_by() == "agents"
    dialler.tell(agent(1, IDLE))
    assert [lease.contact.id for lease in dialler.claimed] == [0]


@pytest.mark.parametrize("mode", [PROGRESSIVE, PREVIEW])
def test_with_a_line_for_each_idle_agent_it_is_agents_too(mode: int) -> None:
    dialler = Dialler(5, mode).tell(agent(1, IDLE)).launch()
    if mode == PREVIEW:
        assert dialler.held_by() == "agents", "the agent looks at the contact first"
        dialler.at(dialler.campaign.deadline())
    dialler.admit()
    assert dialler.held_by() == "agents"


def test_of_a_predictive_campaign_with_idle_agents_it_is_the_abandonment_cap() -> None:
    dialler = Dialler(5, PREDICTIVE).tell(agent(1, IDLE)).launch()
    dialler.admit()
    assert dialler.held_by() == "abandonment_cap"
    assert dialler.tell(agent(1, TALKING)).held_by() == "agents"


def test_at_its_own_limit_it_is_concurrency_until_a_call_ends() -> None:
    dialler = Dialler(5, most=2).launch()
    assert dialler.admit() == [0, 1]
    assert dialler.held_by() == "concurrency"
    assert dialler.campaign.deadline() == ABSENT
    dialler.end(0)
    assert [lease.contact.id for lease in dialler.claimed] == [2]


def test_what_admission_holds_is_asked_again_at_its_time_and_in_the_same_order() -> None:
    dialler = Dialler(3).launch()
    dialler.admit(1, CALLS_PER_SECOND, NOON + SECOND)
    assert dialler.held_by() == "calls_per_second"
    assert dialler.campaign.deadline() == NOON + SECOND
    dialler.tell(agent(1, IDLE))
    assert dialler.claimed == []
    dialler.at(NOON + SECOND)
    assert [lease.contact.id for lease in dialler.claimed] == [1]


def test_what_admission_holds_until_a_call_ends_is_asked_again_then_whatever_held_it() -> None:
    dialler = Dialler(3).launch()
    (call,) = dialler.admit(1, CALLS_PER_SECOND, ABSENT)
    assert dialler.campaign.deadline() == ABSENT
    dialler.end(call)
    assert [lease.contact.id for lease in dialler.claimed] == [1]


def test_outside_the_hours_it_is_calling_hours_and_the_deadline_is_their_beginning() -> None:
    dialler = Dialler(3, hours=CallingHours(8 * HOUR, 21 * HOUR), now=MIDNIGHT).launch()
    assert dialler.held_by() == "calling_hours"
    assert dialler.campaign.deadline() == MIDNIGHT + 8 * HOUR
    dialler.at(MIDNIGHT + 8 * HOUR)
    assert len(dialler.claimed) == 3


def test_when_all_wait_for_a_retry_or_are_on_the_phone_it_is_contacts() -> None:
    dialler = Dialler(2, hours=CallingHours(8 * HOUR, 21 * HOUR)).launch()
    first, _ = dialler.admit()
    assert dialler.held_by() == "contacts"
    assert dialler.end(first).campaign.deadline() == NOON + 10 * MINUTE
    assert dialler.held_by() == "contacts"


def test_time_is_counted_under_what_held_it() -> None:
    dialler = Dialler(2, most=1).launch()
    dialler.admit()
    dialler.at(NOON + 3 * SECOND).end(0, HUMAN)
    dialler.admit()
    dialler.at(NOON + 5 * SECOND).tell(PAUSE)
    dialler.at(NOON + 50 * SECOND).tell(RESUME)
    assert dialler.campaign.blocked_us[CONCURRENCY] == 5 * SECOND


# Commands -------------------------------------------------------------------------------------------------------------


def test_a_paused_campaign_dials_nothing_and_is_held_by_nothing() -> None:
    dialler = Dialler(3, PROGRESSIVE).launch().tell(PAUSE)
    dialler.tell(agent(1, IDLE))
    assert (dialler.state(), dialler.held_by(), dialler.claimed) == ("paused", "", [])
    assert dialler.campaign.deadline() == ABSENT
    dialler.tell(RESUME)
    assert len(dialler.claimed) == 1


def test_a_resumed_campaign_asks_again_whatever_admission_had_said() -> None:
    dialler = Dialler(3).launch()
    dialler.admit(0, CALLS_PER_SECOND, NOON + HOUR)
    dialler.tell(PAUSE).tell(RESUME)
    assert [lease.contact.id for lease in dialler.claimed] == [0]


@pytest.mark.parametrize(
    ("in_flight", "hung_up"), [(DRAIN, []), (CANCEL_UNANSWERED, [0]), (HANG_UP, [0, 1, 2])]
)
def test_a_stop_ends_the_calls_it_names_and_waits_for_all(in_flight: int, hung_up: list[int]) -> None:
    dialler = Dialler(3).launch()
    assert dialler.admit() == [0, 1, 2]
    dialler.tell(answered(1)).tell(connected(2)).tell(CampaignStopped(0, in_flight))
    assert dialler.hung_up == hung_up
    dialler.end(0, CANCELLED, END_CANCELLED).end(1)
    assert dialler.state() == "stopping"
    dialler.end(2, HUMAN)
    assert (dialler.state(), dialler.campaign.ended_at) == ("stopped", NOON)


@pytest.mark.parametrize(("in_flight", "hung_up"), [(DRAIN, []), (CANCEL_UNANSWERED, [0]), (HANG_UP, [0])])
def test_a_stop_reaches_the_claim_that_was_under_way(in_flight: int, hung_up: list[int]) -> None:
    dialler = Dialler(1).launch()
    assert dialler.tell(CampaignStopped(0, in_flight)).state() == "stopping"
    dialler.admit()
    assert dialler.hung_up == hung_up
    assert dialler.end(0).state() == "stopped"


def test_a_claim_refused_after_the_stop_stops_the_campaign() -> None:
    dialler = Dialler(1).launch().tell(CampaignStopped(0, DRAIN))
    dialler.admit(0, CONCURRENCY, ABSENT)
    assert dialler.state() == "stopped"


def test_launched_again_it_goes_on_with_those_whom_the_stop_cut_off() -> None:
    dialler = Dialler(2, most=1).launch()
    dialler.admit()
    dialler.tell(CampaignStopped(0, HANG_UP)).end(0, CANCELLED, END_CANCELLED)
    dialler.at(NOON + HOUR).launch()
    assert (dialler.state(), dialler.campaign.ended_at, dialler.campaign.launched_at) == (
        "running",
        ABSENT,
        NOON,
    )
    assert [(lease.contact.id, lease.attempt) for lease in dialler.claimed] == [(0, 2)]


def test_what_the_table_does_not_allow_changes_nothing_and_is_counted() -> None:
    dialler = Dialler(1)
    for event in (PAUSE, RESUME, CampaignStopped(0, HANG_UP)):
        dialler.tell(event)
    assert (dialler.state(), dialler.campaign.illegal_events) == ("draft", 3)
    assert {kind for _, kind in CAMPAIGN_TRANSITIONS} == {*range(CAMPAIGN_LAUNCHED, CAMPAIGN_STOPPED + 1)}


# Ends and counts ------------------------------------------------------------------------------------------------------


def test_it_is_complete_the_instant_its_last_contact_is_done() -> None:
    dialler = Dialler(2, max_attempts=1).launch()
    dialler.admit()
    assert dialler.end(0).state() == "running"
    assert dialler.end(1, HUMAN).state() == "completed"
    assert dialler.campaign.ended_at == NOON
    assert (dialler.campaign.contacts.completed, dialler.campaign.contacts.exhausted) == (1, 1)


def test_it_is_complete_too_when_no_agent_is_left() -> None:
    dialler = Dialler(1, PROGRESSIVE).tell(agent(1, IDLE)).launch()
    dialler.admit()
    assert dialler.tell(agent(1, OFFLINE)).end(0, HUMAN).state() == "completed"


def test_nobody_to_call_is_complete_at_once() -> None:
    assert Dialler(0).launch().state() == "completed"


def test_events_of_unknown_calls_change_nothing_and_are_counted() -> None:
    dialler = Dialler(1).launch()
    before = campaign_snapshot(dialler.campaign)
    for event in (answered(9), connected(9), AttemptEnded(0, 9, HUMAN, END_BUSY)):
        dialler.tell(event)
    assert campaign_snapshot(dialler.campaign) == {**before, "illegal_events": 3}


def test_an_answer_told_twice_counts_once() -> None:
    dialler = Dialler(1).launch()
    (call,) = dialler.admit()
    for event in (answered(call), answered(call), connected(call), connected(call)):
        dialler.tell(event)
    assert (dialler.campaign.answered, dialler.campaign.connects) == (1, 1)


def test_a_connection_or_a_loss_without_its_answer_counts_as_answered() -> None:
    dialler = Dialler(2).launch()
    first, second = dialler.admit()
    dialler.tell(connected(first)).end(second, ABANDONED, END_NO_AGENT)
    assert (dialler.campaign.answered, dialler.campaign.connects) == (2, 1)


def test_an_answer_to_no_claim_or_to_another_is_refused() -> None:
    dialler = Dialler(2).launch()
    leases = dialler.claimed
    dialler.tell(ClaimsAnswered(0, leases[:1], [7], NOTHING, ABSENT))
    assert dialler.campaign.in_flight == {}
    dialler.admit()
    dialler.tell(ClaimsAnswered(0, leases, [7, 8], NOTHING, ABSENT))
    assert set(dialler.campaign.in_flight) == {0, 1}
    assert dialler.campaign.illegal_events == 2


def test_each_lease_is_answered_in_its_place() -> None:
    dialler = Dialler(4).launch()
    leases, dialler.claimed = dialler.claimed, []
    answers = [DO_NOT_CALL, 7, RETURNED, 8]
    dialler.tell(ClaimsAnswered(0, leases, answers, CONCURRENCY, NOON + SECOND))
    campaign = dialler.campaign
    assert {call: lease.contact.id for call, lease in campaign.in_flight.items()} == {7: 1, 8: 3}
    assert campaign.contacts.skipped_do_not_call == 1
    assert [contact.id for contact in campaign.contacts.returned] == [2]
    assert campaign.deadline() == NOON + SECOND
    assert campaign.contacts.remaining() == 1


def test_a_campaign_of_which_nobody_may_be_called_is_over_at_once() -> None:
    dialler = Dialler(2).launch()
    leases, dialler.claimed = dialler.claimed, []
    dialler.tell(ClaimsAnswered(0, leases, [DO_NOT_CALL] * 2, NOTHING, ABSENT))
    assert dialler.state() == "completed"
    assert (dialler.campaign.contacts.skipped(), dialler.campaign.contacts.exhausted) == (2, 0)


def test_a_rejection_holds_up_nobody_else() -> None:
    dialler = Dialler(70).launch()
    leases, dialler.claimed = dialler.claimed, []
    dialler.tell(ClaimsAnswered(0, leases, [DO_NOT_CALL] * 64, NOTHING, ABSENT))
    assert [lease.contact.id for lease in dialler.claimed] == [64, 65, 66, 67, 68, 69]


def test_who_had_all_of_the_day_s_attempts_is_called_on_the_next() -> None:
    dialler = Dialler(1).launch()
    leases, dialler.claimed = dialler.claimed, []
    dialler.tell(ClaimsAnswered(0, leases, [MAX_PER_DAY], NOTHING, ABSENT))
    contacts = dialler.campaign.contacts
    assert (contacts.put_off_max_per_day, contacts.remaining()) == (1, 1)
    assert dialler.campaign.deadline() == MIDNIGHT + DAY
    assert not dialler.at(MIDNIGHT + DAY - 1).claimed
    assert [lease.attempt for lease in dialler.at(MIDNIGHT + DAY).claimed] == [1]


def test_a_new_call_is_as_the_plan_says() -> None:
    dialler = Dialler(1).launch()
    plan = dialler.campaign.plan
    plan.dial_timeout, plan.max_wait, plan.priority, plan.screens_answers = 25, 30, 2, True
    dialler.claimed[0].contact.phone = 14155550123
    call = dialler.campaign.new_call(9, dialler.claimed[0], NOON)
    assert (call.campaign, call.contact, call.attempt, call.created_at) == (0, 0, 1, NOON)
    assert call.phone == 14155550123
    assert (call.dial_timeout, call.max_wait, call.priority) == (25, 30, 2)
    assert (call.screens_answers, call.leaves_messages) == (True, False)


def test_pacing_sees_agents_as_they_are() -> None:
    dialler = Dialler(1, PROGRESSIVE)
    for state, idle in ((IDLE, 1), (TALKING, 0), (WRAP_UP, 0), (IDLE, 1), (OFFLINE, 0)):
        dialler.tell(agent(3, state))
        assert dialler.campaign.pacer.idle == idle


@pytest.mark.parametrize(
    "wrong",
    [
        {"contacts": None},
        {"pacer": {}},
        {"pacer": {"in_flight": 3}},
        {"in_flight": [[]]},
        {"blocked_us": [1]},
        {"state": None},
        {"claimed": [[1, 2]]},
    ],
)
def test_what_is_no_snapshot_is_refused(wrong: dict[str, object]) -> None:
    plain = {**campaign_snapshot(Dialler(1).launch().campaign), **wrong}
    with pytest.raises(SnapshotError, match="the snapshot of a"):
        restore_campaign(Dialler(1).campaign, plain)
