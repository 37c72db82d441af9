"""A queue gets a closed form exactly where one holds, and every other queue a sentence that says why not."""

import math

import pytest

from busyhour.core.erlang import ErlangC, erlang_b
from busyhour.core.erlang_a import ErlangA
from simulation.analytic import analytic, wait_curve, why_not
from simulation.scenario import Scenario, loads
from simulation.scenario.kpis import KPIS

PLAIN = """
clock: {horizon: 8h, warmup: 30m}
queues:
  billing: {agents: 14, handle_time: {exponential: {mean: 180s}}, service_level: {threshold: 20s}}
inbound:
  - {queue: billing, rate: "200/h"}
"""


def scenario_of(text: str, *changes: str) -> Scenario:
    return loads(text, overrides=changes)


def kpis_of(scenario: Scenario, queue: str = "billing") -> dict[str, float]:
    found = analytic(scenario, queue)
    assert found is not None, why_not(scenario, queue)
    return {name: value for name, value in found.items() if isinstance(value, float)}


def test_callers_who_wait_for_ever_are_erlang_c() -> None:
    scenario = scenario_of(PLAIN)
    found = analytic(scenario, "billing")
    assert found is not None
    assert found["model"] == "Erlang C"
    assert "steady state" in str(found["note"])
    assert "30m" in str(found["note"])
    expected = ErlangC(14, 200 / 3600, 180.0)
    kpis = kpis_of(scenario)
    assert kpis == pytest.approx(
        {
            "wait_probability": expected.wait_probability,
            "service_level": expected.service_level(20.0),
            "asa_s": expected.wait_mean_s,
            "wait_mean_s": expected.wait_mean_s,
            "wait_p50_s": 0.0,
            "wait_p90_s": expected.wait_percentile_s(0.90),
            "wait_p95_s": expected.wait_percentile_s(0.95),
            "wait_p99_s": expected.wait_percentile_s(0.99),
            "queue_length_mean": expected.queue_length_mean,
            "occupancy": expected.occupancy,
        },
        rel=1e-12,
    )


@pytest.mark.parametrize("patience", ["infinite", "{exponential: {mean: 2m}}"])
def test_the_tail_of_the_waits_falls_from_those_who_wait_to_one_in_a_thousand(patience: str) -> None:
    scenario = scenario_of(PLAIN, f"queues.billing.patience={patience}")
    seconds, shares = zip(*wait_curve(scenario, "billing"), strict=True)
    assert list(seconds) == sorted(seconds)
    assert list(shares) == sorted(shares, reverse=True)
    assert (seconds[0], shares[0]) == (0.0, kpis_of(scenario)["wait_probability"])
    assert shares[-1] == pytest.approx(0.001)


def test_where_nobody_waits_or_no_closed_form_holds_there_is_no_tail() -> None:
    assert wait_curve(scenario_of(PLAIN, "queues.billing.waiting_places=0"), "billing") == []
    assert wait_curve(scenario_of(PLAIN, "queues.billing.wrap_up=10s"), "billing") == []


def test_callers_with_exponential_patience_are_erlang_a() -> None:
    scenario = scenario_of(PLAIN, "queues.billing.patience={exponential: {mean: 2m}}")
    found = analytic(scenario, "billing")
    assert found is not None
    assert found["model"] == "Erlang A"
    expected = ErlangA(14, 200 / 3600, 180.0, 120.0)
    kpis = kpis_of(scenario)
    assert kpis["abandonment_rate"] == pytest.approx(expected.abandonment, rel=1e-12)
    assert kpis["asa_s"] == pytest.approx(expected.asa_s, rel=1e-12)
    assert kpis["wait_mean_s"] == pytest.approx(expected.wait_mean_s, rel=1e-12)
    assert kpis["wait_p99_s"] == pytest.approx(expected.wait_percentile_s(0.99), rel=1e-12)
    assert kpis["service_level"] == pytest.approx(expected.service_level(20.0), rel=1e-12)


def test_callers_own_patience_and_talk_stand_before_the_queues() -> None:
    scenario = scenario_of(
        PLAIN,
        "queues.billing.patience={lognormal: {mean: 2m, sd: 1m}}",
        "queues.billing.handle_time=60s",
        "inbound.0.patience={exponential: {mean: 2m}}",
        "inbound.0.handle_time={exponential: {mean: 180s}}",
    )
    assert kpis_of(scenario)["occupancy"] == pytest.approx(ErlangA(14, 200 / 3600, 180.0, 120.0).occupancy)


def test_no_waiting_place_is_erlang_b_whatever_the_times() -> None:
    scenario = scenario_of(
        PLAIN,
        "queues.billing.waiting_places=0",
        "queues.billing.handle_time={lognormal: {mean: 150s, sd: 300s}}",
        "queues.billing.wrap_up={uniform: {low: 20s, high: 40s}}",
        "queues.billing.max_wait=10s",
        "queues.billing.patience={lognormal: {mean: 2m, sd: 1m}}",
    )
    found = analytic(scenario, "billing")
    assert found is not None
    assert found["model"] == "Erlang B"
    lost = erlang_b(14, 10.0)
    assert kpis_of(scenario) == pytest.approx(
        {"blocking_rate": lost, "service_level": 1 - lost, "occupancy": 10 * (1 - lost) / 14}, rel=1e-12
    )


def test_no_patience_at_all_loses_the_same_callers_by_abandonment() -> None:
    kpis = kpis_of(scenario_of(PLAIN, "queues.billing.patience=0s"))
    assert kpis["abandonment_rate"] == pytest.approx(erlang_b(14, 10.0), rel=1e-12)
    assert "blocking_rate" not in kpis


def test_overload_has_a_steady_state_once_callers_lose_patience_or_are_refused() -> None:
    assert (
        why_not(scenario_of(PLAIN, "queues.billing.agents=5", "queues.billing.waiting_places=0"), "billing")
        is None
    )
    assert (
        why_not(
            scenario_of(
                PLAIN, "queues.billing.agents=5", "queues.billing.patience={exponential: {mean: 2m}}"
            ),
            "billing",
        )
        is None
    )


@pytest.mark.parametrize(
    "change",
    [
        "queues.billing.handle_time={erlang: {k: 1, mean: 180s}}",
        "queues.billing.handle_time={gamma: {shape: 1, scale: 180s}}",
        "queues.billing.handle_time={weibull: {shape: 1, scale: 180s}}",
        "queues.billing.discipline=priority",
    ],
)
def test_the_same_by_another_name_is_as_plain(change: str) -> None:
    assert kpis_of(scenario_of(PLAIN, change)) == pytest.approx(kpis_of(scenario_of(PLAIN)), rel=1e-12)


def test_every_number_is_a_kpi_of_a_queue() -> None:
    for changes in (
        (),
        ("queues.billing.waiting_places=0",),
        ("queues.billing.patience=0s",),
        ("queues.billing.patience={exponential: {mean: 2m}}",),
    ):
        assert set(kpis_of(scenario_of(PLAIN, *changes))) <= set(KPIS["queues"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (["inbound.0.rate=0/h"], "Nobody calls it."),
        (["inbound.0.process=deterministic"], "evenly spaced"),
        (["inbound.0.busyness={gamma: {shape: 30}}"], "drawn anew in each replication"),
        (["inbound.0.retry={probability: 70%, after: 2m}"], "call again"),
        (["queues.billing.waiting_places=5"], "waiting places are bounded"),
        (["queues.billing.max_wait=60s"], "max_wait"),
        (["queues.billing.patience=60s"], "Patience is constant, not exponential."),
        (["queues.billing.handle_time={lognormal: {mean: 180s, sd: 90s}}"], "Talk times are lognormal"),
        (["queues.billing.handle_time={gamma: {shape: 2, scale: 90s}}"], "Talk times are gamma"),
        (["queues.billing.wrap_up={exponential: {mean: 5s}}"], "Talk and wrap-up together"),
        (["clock.message_delay=100ms"], "Messages take time"),
        (["queues.billing.agents=10"], "10 erlangs are too many for 10 agents"),
        (["queues.billing.agents=0"], "Nobody serves it."),
        (["queues.billing.patience={exponential: {mean: 3000d}}", "inbound.0.rate=1000/s"], "Palm's series"),
        (["timeline=[{at: 1h, set_agents: {pool: billing, count: 9}}]"], "changes the number of agents"),
    ],
)
def test_what_no_closed_form_knows_is_named(changes: list[str], reason: str) -> None:
    scenario = scenario_of(PLAIN, *changes)
    assert analytic(scenario, "billing") is None
    assert reason in str(why_not(scenario, "billing"))


INBOUND = '  - {queue: billing, rate: "200/h"}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            PLAIN.replace('rate: "200/h"', 'profile: [{from: 0s, rate: "200/h"}, {from: 1h, rate: "1/h"}]'),
            "changes",
        ),
        (
            PLAIN.replace('rate: "200/h"', 'sinusoid: {mean: "9/h", amplitude: "6/h", period: 8h}'),
            "changes over time",
        ),
        (PLAIN.replace(INBOUND, INBOUND + "\n" + INBOUND), "2 inbound lines call it"),
        (
            PLAIN.replace("agents: 14, ", "")
            + "agents: {billing: {shifts: [{count: 14, to: 2h}, {count: 9, from: 2h}]}}\n",
            "works in shifts",
        ),
        (
            PLAIN.replace("agents: 14, ", "") + "agents: {billing: {shifts: [{count: 14, from: 1s}]}}\n",
            "works in shifts",
        ),
        (
            PLAIN.replace("agents: 14, ", "") + "agents: {billing: {shifts: [{count: 14, to: 4h}]}}\n",
            "works in shifts",
        ),
        (
            PLAIN.replace("agents: 14, ", "")
            + "agents: {a: {count: 7, queues: [billing]}, b: {count: 7, queues: [billing]}}\n",
            "2 pools serve it",
        ),
        (
            PLAIN.replace("agents: 14, ", "").replace("inbound:", "  sales: {agents: 3}\ninbound:")
            + "agents: {a: {count: 14, queues: [billing, sales]}}\n",
            "The pool a serves other queues too.",
        ),
        (
            PLAIN + "campaigns: {spring: {contacts: {count: 5}, queue: billing}}\n",
            "The campaign spring brings it calls too.",
        ),
        (
            PLAIN + "voice_agents: {bot: {transfer: {share: 20%, to: billing}}}\n"
            "campaigns: {spring: {contacts: {count: 5}, voice_agent: bot, pacing: {mode: agentless}}}\n",
            "The voice agent bot transfers calls to it.",
        ),
        (
            PLAIN.replace('rate: "200/h"', 'rate: "200/h", trunk: main') + "trunks: {main: {channels: 30}}\n",
            "a trunk with a limit",
        ),
        (
            PLAIN.replace('rate: "200/h"', 'rate: "200/h", trunk: main')
            + "trunks: {main: {faults: {outages: [{from: 1h, to: 2h}]}}}\n",
            "a trunk with faults",
        ),
        (
            PLAIN.replace('rate: "200/h"', 'rate: "200/h", trunk: main')
            + "trunks: {main: {}}\ntimeline: [{at: 1h, trunk_down: main}]\n",
            "takes its trunk down",
        ),
    ],
)
def test_neighbours_that_spoil_a_closed_form_are_named(text: str, reason: str) -> None:
    scenario = scenario_of(text)
    assert analytic(scenario, "billing") is None
    assert reason in str(why_not(scenario, "billing"))


def test_nobody_calling_is_no_closed_form() -> None:
    text = PLAIN.replace("inbound:", "  idle: {agents: 3}\ninbound:")
    assert why_not(scenario_of(text), "idle") == "Nobody calls it."


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("inbound:", "  sales: {agents: 3}\ninbound:")
        + "campaigns: {spring: {contacts: {count: 5}, queue: sales}}\n"
        + "timeline: [{at: 1h, set_agents: {pool: sales, count: 2}}]\n",
        PLAIN.replace('rate: "200/h"', 'rate: "200/h", trunk: main') + "trunks: {main: {}}\n",
        PLAIN.replace("agents: 14, ", "") + "agents: {billing: {shifts: [{count: 14, to: 9h}]}}\n",
        PLAIN.replace("agents: 14, ", "") + "agents: {team: {count: 14, queues: [billing]}}\n",
        PLAIN.replace('rate: "200/h"', 'rate: "200/h", retry: {probability: 0%, after: 2m}'),
    ],
)
def test_neighbours_that_touch_nothing_leave_the_closed_form(text: str) -> None:
    assert kpis_of(scenario_of(text)) == pytest.approx(kpis_of(scenario_of(PLAIN)), rel=1e-12)


def test_note_of_a_run_without_warm_up_says_that_it_counts_from_the_start() -> None:
    found = analytic(scenario_of(PLAIN, "clock.warmup=0s"), "billing")
    assert found is not None
    assert "first call" in str(found["note"])


def test_numbers_are_finite() -> None:
    for changes in (
        (),
        ("queues.billing.waiting_places=0",),
        ("queues.billing.patience={exponential: {mean: 1ms}}",),
    ):
        assert all(math.isfinite(value) for value in kpis_of(scenario_of(PLAIN, *changes)).values())
