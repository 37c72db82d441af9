"""A campaign's rest as a scenario."""

from typing import Any

import pytest

from actors.platform_plan import PlatformPlan
from busyhour.core.ids import SECOND
from serve_app.forecasts import CAMPAIGN, ENOUGH_CALLS, ENOUGH_TALKS, Rest
from simulation.scenario.distributions import Empirical
from simulation.scenario.trunk_file import loads_trunks

PLATFORM = PlatformPlan.of(
    "p", "redis://", loads_trunks("trunks: {main: {channels: 7}}\ncallees: {c: {outcomes: {busy: 1}}}")
)


def rest(**changes: Any) -> Rest:
    plan = {"contacts": [], "trunk": "main", "queue": "q", "voice_agent": None}
    facts: dict[str, Any] = {
        "now": 1_772_000_000 * SECOND,
        "plan": plan,
        "contacts": 300,
        "timezones": {"America/New_York": 0.25, "UTC": 0.75},
        "agents": 4,
        "queue": {"wrap_up": 5 * SECOND},
        "voice_agent": None,
        "dispositions": {},
        "talks_s": [],
    }
    return Rest(**{**facts, **changes})


def test_without_measurements_it_is_as_the_platform_assumes() -> None:
    scenario = rest().scenario(PLATFORM)
    assert scenario.trunks[CAMPAIGN].channels == 7
    assert scenario.callees[CAMPAIGN].outcomes.busy == 1
    assert (scenario.agents[CAMPAIGN].count, scenario.replications) == (4, 20)
    assert scenario.clock.start_us == 1_772_000_000 * SECOND


def test_what_was_measured_often_enough_counts() -> None:
    few = rest(dispositions={"human": ENOUGH_CALLS - 1, "cancelled": 9}, talks_s=[1.0] * (ENOUGH_TALKS - 1))
    assert (few.has_outcomes, few.has_talks) == (False, False)
    dispositions = {"human": ENOUGH_CALLS // 2, "abandoned": ENOUGH_CALLS // 4, "busy": ENOUGH_CALLS // 4}
    scenario = rest(dispositions=dispositions, talks_s=[30.0] * ENOUGH_TALKS).scenario(PLATFORM)
    assert scenario.callees[CAMPAIGN].outcomes.human == pytest.approx(0.75)
    talk = scenario.queues[CAMPAIGN].handle_time
    assert isinstance(talk, Empirical)
    assert set(talk.values) == {30 * SECOND}


def test_a_voice_agent_has_a_session_for_each_call_it_may_hold_and_large_campaigns_are_rehearsed_less_often() -> (
    None
):
    scenario = rest(
        contacts=50_000,
        queue=None,
        voice_agent={"capacity": 9},
        plan={"contacts": [], "trunk": "simulated", "queue": None, "voice_agent": "v"},
    ).scenario(PLATFORM)
    assert (scenario.voice_agents[CAMPAIGN].capacity, scenario.replications) == (9, 3)
