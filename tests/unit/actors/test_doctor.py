"""The doctor names what is broken in two looks, and nothing that is only on its way."""

from dataclasses import replace
from typing import Any

import pytest

from actors.doctor import Facts, findings
from busyhour.adapters.valkey.shards import VIRTUAL_SHARDS
from busyhour.core.agents import IDLE, RESERVED, TALKING, WRAP_UP

SECOND = 1_000_000
CAMPAIGN = {
    "total": 10,
    "remaining": 5,
    "leased": 2,
    "completed": 2,
    "exhausted": 1,
    "skipped": 0,
    "in_flight": [70, 71],
}
CALLS = Facts(
    "calls-0", calls=[[70, 0, 4, 1, -1], [71, 0, 5, 1, 3], [72, -1, -1, 1, 8]], shards=range(VIRTUAL_SHARDS)
)
QUEUES = Facts(
    "queues",
    agents=[
        [3, TALKING, 71, 90 * SECOND],
        [8, RESERVED, 72, SECOND],
        [9, IDLE, -1, 99 * SECOND],
        [10, WRAP_UP, 69, 99 * SECOND],
    ],
)
HEALTHY = [QUEUES, Facts("campaign-0", campaigns={0: CAMPAIGN}), CALLS, Facts("recorder")]


def with_(actor: str, **facts: Any) -> list[Facts]:
    """The healthy run, but for one actor."""
    return [replace(each, **facts) if each.actor == actor else each for each in HEALTHY]


def campaign(**facts: Any) -> list[Facts]:
    return with_("campaign-0", campaigns={0: {**CAMPAIGN, **facts}})


def test_nothing_is_wrong_with_a_healthy_run() -> None:
    assert findings([HEALTHY, HEALTHY]) == []


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (with_("calls-0", answers=False), "calls-0 does not answer"),
        (
            with_("queues", store_answers=False),
            "queues can't reach the store, so that nothing new is dialled",
        ),
        (
            with_("queues", unacknowledged=100_001),
            "queues has over 100,000 messages that nobody acknowledges",
        ),
        (
            with_("calls-0", calls=[*CALLS.calls, [73, 0, 4, 2, -1]]),
            "contact 4 of campaign 0 has 2 calls at once",
        ),
        (
            with_("calls-0", calls=[*CALLS.calls, [73, -1, -1, 1, 3]]),
            "agent 3 talks on 2 calls at once",
        ),
        (
            with_("calls-0", calls=[*CALLS.calls, [70, 0, 4, 1, -1]]),
            "call 70 lives in two places",
        ),
        (
            with_("queues", agents=[[3, TALKING, 60, 31 * SECOND]]),
            "agent 3 has been talking for over 30 s without a call that is alive",
        ),
        (
            with_("queues", agents=[[3, RESERVED, 60, 31 * SECOND]]),
            "agent 3 has been reserved for over 30 s without a call that is alive",
        ),
        (with_("calls-0", shards=range(1, VIRTUAL_SHARDS)), "nobody hosts virtual shard 0"),
        (
            [*HEALTHY, Facts("calls-1", shards=[7])],
            "virtual shard 7 is hosted by calls-0 and calls-1",
        ),
        (campaign(remaining=4), "campaign 0 has 10 contacts and 9 in some state"),
        (campaign(in_flight=[70, 71, 60]), "campaign 0 takes call 60 for alive, and nobody has it"),
        (campaign(in_flight=[70]), "campaign 0 knows nothing of call 71"),
    ],
)
def test_what_is_broken_in_every_look_is_named(broken: list[Facts], sentence: str) -> None:
    assert sentence in findings([broken, broken])
    assert findings([broken, HEALTHY]) == [], "it was on its way"


def test_an_agent_whose_call_is_only_late_is_not_stuck() -> None:
    late = with_("queues", agents=[[3, RESERVED, 60, 29 * SECOND]])
    assert findings([late, late]) == []


def test_of_a_run_with_an_actor_missing_only_that_is_said() -> None:
    silent = with_("calls-0", answers=False, calls=[])
    assert findings([silent, silent]) == ["calls-0 does not answer"]
