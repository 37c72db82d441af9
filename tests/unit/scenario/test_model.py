"""What a file means: defaults, short forms, and how the parts belong together once it is loaded."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from busyhour.core.ids import DAY, HOUR, MINUTE, SECOND
from simulation.scenario import Scenario, loads
from simulation.scenario.callees import Callees, Outcomes
from simulation.scenario.campaigns import DAYS, CallingHours, Retry, RetryRule
from simulation.scenario.clock import Clock
from simulation.scenario.contacts import Behaviour, Contact, ContactCount
from simulation.scenario.distributions import Constant, Exponential, Gamma, Lognormal
from simulation.scenario.inbound import Inbound
from simulation.scenario.queues import Pool, Queue, Shift
from simulation.scenario.timeline import SetAgents

RETAIL = """\
schema: busyhour.scenario/v1
name: retail-evening
description: Predictive dialling into a sales queue
seed: 42
replications: 10
clock:
  start: "2026-03-02T17:00:00-05:00"
  horizon: 4h
  warmup: 0s
  message_delay: 0s
trunks:
  main: {channels: 240, calls_per_second: 10, post_dial_delay: {lognormal: {mean: 2s, sd: 800ms}}}
callees:
  consumer:
    outcomes: {human: 0.28, machine: 0.22, no_answer: 0.40, busy: 0.06, invalid: 0.02, failed: 0.02}
    by_hour: {"19": {human: 0.34, machine: 0.20, no_answer: 0.38, busy: 0.05, invalid: 0.02, failed: 0.01}}
    ring_time: {human: {lognormal: {mean: 9s, sd: 4s}}, machine: 20s}
    patience: 2s
    amd: {machine_as_human: 0.08, human_as_machine: 0.05, decision_time: 1500ms}
queues:
  sales:
    agents: 40
    handle_time: {lognormal: {mean: 180s, sd: 120s}}
    wrap_up: {exponential: {mean: 20s}}
    patience: infinite
    waiting_places: unlimited
    discipline: fifo
    service_level: {threshold: 20s, target: 80%}
  billing: {agents: 12}
agents:
  seniors:
    count: 8
    queues: [billing, sales]
voice_agents:
  qualifier: {capacity: 200, talk_time: {lognormal: {mean: 45s, sd: 30s}}, transfer: {share: 20%, to: sales}}
inbound:
  - {queue: billing, rate: "48/min", process: poisson, patience: {exponential: {mean: 2m}}, priority: 0}
campaigns:
  retail:
    contacts: {count: 20000, timezones: {America/New_York: 0.6, America/Chicago: 0.4}}
    callees: consumer
    trunk: main
    queue: sales
    pacing: {mode: predictive, abandonment_cap: 3%, max_lines_per_agent: 3}
    limits: {max_concurrency: 240, calls_per_second: 10}
    dial_timeout: 25s
    calling_hours: {start: "08:00", end: "21:00", days: [mon, tue, wed, thu, fri, sat], timezone: recipient}
    retry: {max_attempts: 3, max_per_day: 2, rules: [{outcome: busy, after: 10m}, {outcome: no_answer, after: 1h}]}
    launch_at: 0s
timeline:
  - {at: 1h, set_agents: {pool: sales, count: 30}}
  - {at: 90m, trunk_down: main}
  - {at: 95m, trunk_up: main}
  - {at: 2h, stop: retail}
expect:
  - campaigns.retail.abandonment_rate <= 3%
  - queues.sales.occupancy >= 0.75
  - campaigns.retail.attempts > 10000
"""


@pytest.fixture(scope="module")
def retail() -> Scenario:
    return loads(RETAIL)


def test_the_clock_is_in_microseconds(retail: Scenario) -> None:
    start = int(datetime(2026, 3, 2, 22, 0, tzinfo=UTC).timestamp()) * SECOND
    assert (retail.clock.start_us, retail.clock.horizon, retail.clock.end_us) == (
        start,
        4 * HOUR,
        start + 4 * HOUR,
    )


def test_trunks_and_callees_hold_what_the_file_says(retail: Scenario) -> None:
    main, consumer = retail.trunks["main"], retail.callees["consumer"]
    assert (main.channels, main.calls_per_second) == (240, 10.0)
    assert main.post_dial_delay == Lognormal(mean=2 * SECOND, sd=0.8 * SECOND)
    assert consumer.by_hour == {
        19: Outcomes(human=0.34, machine=0.20, no_answer=0.38, busy=0.05, invalid=0.02, failed=0.01)
    }
    assert consumer.ring_time.machine == Constant(value=20 * SECOND)
    assert consumer.ring_time.no_answer is None
    assert consumer.amd.human_as_machine == 0.05


def test_the_short_form_of_a_pool_is_a_pool(retail: Scenario) -> None:
    assert list(retail.agents) == ["seniors", "sales", "billing"]
    assert retail.agents["sales"] == Pool(count=40, queues=("sales",))
    assert retail.queues["sales"].agents is None


def test_a_queue_knows_its_pools_its_own_first(retail: Scenario) -> None:
    assert retail.queues["sales"].pools == ("sales", "seniors")
    assert retail.queues["billing"].pools == ("billing", "seniors")


def test_an_inbound_line_takes_what_it_leaves_out_from_its_queue() -> None:
    scenario = loads(
        "clock: {horizon: 1h}\n"
        "queues: {sales: {agents: 5, patience: 30s, handle_time: 90s}}\n"
        "inbound: [{rate: 1/s}, {rate: 1/s, patience: infinite, handle_time: 60s}]"
    )
    first, second = scenario.inbound
    assert (first.queue, first.patience, first.handle_time) == (
        "sales",
        Constant(value=30 * SECOND),
        Constant(value=90 * SECOND),
    )
    assert (second.patience, second.handle_time) == (None, Constant(value=60 * SECOND))


def test_a_campaign_holds_what_the_file_says(retail: Scenario) -> None:
    campaign = retail.campaigns["retail"]
    assert campaign.contacts == ContactCount(
        count=20000, timezones={"America/New_York": 0.6, "America/Chicago": 0.4}
    )
    assert (campaign.pacing.mode, campaign.pacing.abandonment_cap) == ("predictive", 0.03)
    assert campaign.calling_hours == CallingHours(start=8 * HOUR, end=21 * HOUR, days=DAYS[:6])
    assert campaign.retry == Retry(
        max_attempts=3,
        max_per_day=2,
        rules=(RetryRule(outcome="busy", after=10 * MINUTE), RetryRule(outcome="no_answer", after=HOUR)),
    )
    assert campaign.handle_time == retail.queues["sales"].handle_time


def test_timeline_entries_name_what_they_do(retail: Scenario) -> None:
    assert [(entry.at, entry.verb) for entry in retail.timeline] == [
        (HOUR, "set_agents"),
        (90 * MINUTE, "trunk_down"),
        (95 * MINUTE, "trunk_up"),
        (2 * HOUR, "stop"),
    ]
    assert retail.timeline[0].set_agents == SetAgents(pool="sales", count=30)


def test_expectations_are_taken_apart(retail: Scenario) -> None:
    first = retail.expect[0]
    assert (first.section, first.name, first.kpi, first.operator, first.value) == (
        "campaigns",
        "retail",
        "abandonment_rate",
        "<=",
        0.03,
    )
    assert (first.holds(0.03), first.holds(0.031)) == (True, False)


def test_a_time_in_an_expectation_is_in_seconds(smallest: str) -> None:
    lines = ["queues.sales.asa_s < 1m30s", "queues.sales.asa_s<90", "queues.sales.offered != -1"]
    scenario = loads(smallest, overrides=[f"expect={lines}"])
    assert [expectation.value for expectation in scenario.expect] == [90.0, 90.0, -1.0]


def test_the_smallest_file_is_a_clock_a_queue_and_an_inbound_line(smallest: str) -> None:
    scenario = loads(smallest)
    queue = scenario.queues["sales"]
    assert (scenario.seed, scenario.replications, scenario.clock.warmup) == (1, 1, 0)
    assert (queue.discipline, queue.waiting_places, queue.patience) == ("fifo", None, None)
    assert scenario.agents == {"sales": Pool(count=5, queues=("sales",))}
    assert scenario.inbound[0].process == "poisson"


def test_the_smallest_campaign_needs_contacts_and_a_queue() -> None:
    scenario = loads("clock: {until: idle}\nqueues: {q: {agents: 1}}\ncampaigns: {c: {contacts: {count: 9}}}")
    campaign = scenario.campaigns["c"]
    assert (campaign.queue, campaign.trunk, campaign.callees) == ("q", "simulated", "default")
    assert (scenario.trunks["simulated"].channels, scenario.callees["default"]) == (None, Callees())
    assert (campaign.pacing.mode, campaign.retry.max_attempts, campaign.calling_hours) == (
        "progressive",
        1,
        None,
    )
    assert scenario.clock.end_us is None


def test_retry_without_rules_tries_the_busy_and_the_unanswered_again() -> None:
    head = "clock: {until: idle}\nqueues: {q: {agents: 1}}\n"
    scenario = loads(head + "campaigns: {c: {contacts: {count: 9}, retry: {max_attempts: 5}}}")
    assert [rule.outcome for rule in scenario.campaigns["c"].retry.rules] == ["busy", "no_answer"]


def test_an_agentless_campaign_may_play_a_message_alone() -> None:
    scenario = loads(
        "clock: {until: idle}\ncampaigns: {c: {contacts: {count: 9}, pacing: {mode: agentless}}}"
    )
    campaign = scenario.campaigns["c"]
    assert (campaign.queue, campaign.voice_agent) == (None, None)
    assert campaign.handle_time == Constant(value=30 * SECOND)


def test_a_pool_named_as_a_queue_serves_it() -> None:
    scenario = loads(
        "clock: {horizon: 1h}\nqueues: {a: {}, b: {pools: [a]}}\nagents: {a: {count: 3}}\n"
        "inbound: [{queue: a, rate: 1/s}]"
    )
    assert scenario.agents["a"].queues == ("a", "b")
    assert (scenario.queues["a"].pools, scenario.queues["b"].pools) == (("a",), ("a",))


def test_shifts_say_who_works_when() -> None:
    scenario = loads(
        "clock: {horizon: 8h}\nqueues: {q: {}}\n"
        "agents: {q: {shifts: [{count: 8, to: 2h}, {count: 5, from: 2h}]}}\ninbound: [{rate: 1/s}]"
    )
    assert scenario.agents["q"].staffing == (
        Shift(count=8, to=2 * HOUR),
        Shift(count=5, **{"from": 2 * HOUR}),
    )
    assert Pool(count=3).staffing == (Shift(count=3),)


def test_scripts_name_what_happens_at_each_attempt() -> None:
    scenario = loads(
        "clock: {until: idle}\nqueues: {q: {agents: 1}}\ncampaigns:\n  c:\n    contacts:\n"
        '      - phone: "+14155550123"\n        behaviour:\n'
        "          - busy\n          - {no_answer: {after: 20s}}\n          - {machine: }\n"
        "          - {human: {after: 6s, patience: 30s, talk: 40s, amd: machine}}\n"
    )
    contacts = scenario.campaigns["c"].contacts
    assert contacts == (
        Contact(
            phone="+14155550123",
            behaviour=(
                Behaviour(outcome="busy"),
                Behaviour(outcome="no_answer", after=20 * SECOND),
                Behaviour(outcome="machine"),
                Behaviour(
                    outcome="human", after=6 * SECOND, patience=30 * SECOND, talk=40 * SECOND, amd="machine"
                ),
            ),
        ),
    )


def test_hours_may_be_written_as_numbers() -> None:
    scenario = loads(
        "clock: {until: idle}\nqueues: {q: {agents: 1}}\ncampaigns: {c: {contacts: {count: 1}}}\n"
        "callees: {x: {by_hour: {8: {human: 1}, '09': {busy: 1}}}}"
    )
    assert list(scenario.callees["x"].by_hour) == [8, 9]


def test_an_unknown_timezone_of_contacts_is_left_to_the_run() -> None:
    scenario = loads(
        "clock: {until: idle}\nqueues: {q: {agents: 1}}\n"
        "campaigns: {c: {contacts: {count: 1, timezones: {Mars/Olympus: 100%}}}}"
    )
    contacts = scenario.campaigns["c"].contacts
    assert isinstance(contacts, ContactCount)
    assert contacts.timezones == {"Mars/Olympus": 1.0}


def test_an_instant_takes_the_offset_that_the_file_gives() -> None:
    clock = Clock(start=datetime(2026, 1, 1, tzinfo=UTC), horizon=DAY)
    assert clock.start_us == int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * SECOND


def test_a_scenario_made_in_python_is_completed_and_checked_alike() -> None:
    scenario = Scenario(
        clock=Clock(horizon=HOUR),
        queues={"q": Queue(agents=3, wrap_up=Exponential(mean=20 * SECOND))},
        inbound=(Inbound(rate=0.5, busyness=Gamma(shape=2, scale=0.5)),),
    )
    assert scenario.agents == {"q": Pool(count=3, queues=("q",))}
    assert scenario.inbound[0].queue == "q"
    with pytest.raises(ValidationError, match='there is no queue "r"'):
        Scenario(
            clock=Clock(horizon=HOUR), queues={"q": Queue(agents=3)}, inbound=(Inbound(rate=1, queue="r"),)
        )


def test_nothing_of_a_scenario_can_be_changed(retail: Scenario) -> None:
    with pytest.raises(ValidationError):
        retail.seed = 5  # pyright: ignore[reportAttributeAccessIssue]
