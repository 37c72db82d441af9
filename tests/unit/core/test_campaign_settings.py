from busyhour.core.attempts import RetryRules
from busyhour.core.calling_hours import EVERY_DAY, CallingHours, Zone
from busyhour.core.campaign import CONCURRENCY, Campaign, DialPlan
from busyhour.core.campaign_settings import change_campaign
from busyhour.core.contact_list import ContactList
from busyhour.core.dial_list import DialList
from busyhour.core.disposition import BUSY
from busyhour.core.ids import ABSENT, HOUR, MINUTE, SECOND
from busyhour.core.pacing import POWER, PREDICTIVE, PREVIEW, PROGRESSIVE, pacer_for
from busyhour.core.pacing.predictive import PredictivePacer

SETTINGS: dict[str, object] = {
    "max_concurrency": 9,
    "pacing_mode": POWER,
    "lines_per_agent": 2.0,
    "max_lines_per_agent": 3.0,
    "abandonment_cap": 0.02,
    "dial_timeout": 30 * SECOND,
    "screens_answers": 1,
    "leaves_messages": 0,
    "max_attempts": 4,
    "max_per_day": 0,
    "retry": [[BUSY, MINUTE]],
}


def campaign_of(mode: int) -> Campaign:
    """With an idle agent, one who talks, a line in flight and a live answer that waits."""
    plan = DialPlan(0, 0, ABSENT, 20 * SECOND)
    campaign = Campaign(0, plan, ContactList(10, [], RetryRules(1, 0, {})), pacer_for(mode), 1)
    pacer = campaign.pacer
    pacer.agent_idle(1, 10)
    pacer.agent_talking(2, 20)
    pacer.dialed(7, 30)
    pacer.dialed(8, 40)
    pacer.answered(8, 50)
    return campaign


def test_another_mode_knows_the_lines_and_agents_that_there_are() -> None:
    for mode in (PROGRESSIVE, POWER, PREVIEW, PREDICTIVE):
        campaign = campaign_of(PROGRESSIVE)
        before = campaign.pacer.snapshot()
        change_campaign(campaign, {**SETTINGS, "pacing_mode": mode}, 60)
        after = campaign.pacer.snapshot()
        books = ("in_flight", "waiting", "agent_state", "agent_since", "queue_waiting", "unmatched")
        assert {name: after[name] for name in books} == {name: before[name] for name in books}
        assert campaign.pacer.idle == 1
        campaign.pacer.agent_idle(2, 70)
        campaign.pacer.connected(8, 70)
        assert campaign.pacer.waiting == {}


def test_predictive_dialling_keeps_what_it_has_learnt() -> None:
    campaign = campaign_of(PREDICTIVE)
    pacer = campaign.pacer
    assert isinstance(pacer, PredictivePacer)
    change_campaign(campaign, {**SETTINGS, "pacing_mode": PREDICTIVE}, 60)
    assert campaign.pacer is pacer
    assert (pacer.budget.cap, pacer.max_lines_per_agent, pacer.budget.live) == (0.02, 3.0, 1)


def test_limits_and_rules_are_new_and_a_campaign_that_was_held_by_its_limit_asks_again() -> None:
    campaign = campaign_of(PROGRESSIVE)
    campaign.blocked_by, campaign.held_until = CONCURRENCY, ABSENT
    change_campaign(campaign, SETTINGS, 60)
    assert (campaign.max_concurrency, campaign.held_until) == (9, 60)
    assert campaign.contacts.retry.after[BUSY] == MINUTE
    assert (campaign.contacts.retry.max_attempts, campaign.plan.dial_timeout) == (4, 30 * SECOND)
    assert campaign.plan.screens_answers


def test_whoever_waits_for_calling_hours_that_change_is_due_and_may_wait_for_the_new_ones() -> None:
    utc = Zone([], [0])
    contacts = ContactList(2, [], RetryRules(1, 0, {}))
    dial_list = DialList(0, contacts, CallingHours(8 * HOUR, 9 * HOUR), None, lambda name: utc)
    loaded = dial_list.read([(1, "", 0, 0), (2, "", 0, 0)], {}, True)
    contacts.load(loaded.contacts, loaded.exhausted)
    assert contacts.lease(HOUR) is None
    assert (contacts.awaiting_hours, contacts.next_due_at()) == (2, 8 * HOUR)
    dial_list.change_hours([2 * HOUR, 3 * HOUR, EVERY_DAY, ""], HOUR)
    assert contacts.lease(HOUR) is None
    assert contacts.next_due_at() == 2 * HOUR
    dial_list.change_hours(None, HOUR)
    leased = [contacts.lease(HOUR), contacts.lease(HOUR)]
    assert [lease.contact.id for lease in leased if lease is not None] == [1, 2]
    assert contacts.awaiting_hours == 0
