"""Each warning appears when it should, and only then."""

from dataclasses import replace
from typing import Any

import pytest

from busyhour.core import disposition as d
from busyhour.results.replication import AreaCheck, ReplicationResult
from busyhour.results.summary import summarise
from busyhour.results.tallies import CampaignTally, TrunkTally
from busyhour.results.window import Window
from tests.unit.results.made_up import facts, names_of, results
from tests.unit.results.reference import HOUR, MINUTE, START, Call, call, mmc, record, staffed


def warned(found: list[ReplicationResult], **changes: Any) -> str:
    return "\n".join(summarise(found, facts(replications=len(found), **changes)).warnings)


def test_a_plain_run_of_many_replications_warns_of_little() -> None:
    assert warned(results(6), abandonment_caps={}) == (
        "Campaign sales-campaign was not finished in 6 of 6 replications; 600 contacts remained on average."
    )


def test_one_replication_tells_no_interval() -> None:
    assert "One replication tells no 95% interval; --replications 10 does." in warned(results(1))


def test_few_replications_are_warned_of() -> None:
    assert "Intervals from 3 replications are wide" in warned(results(3))


def test_an_interval_wider_than_the_question_says_how_many_replications_would_tell() -> None:
    found = results(6)
    estimate = summarise(found, facts(replications=6)).estimates["queues"]["sales"]["occupancy"]
    assert estimate.mean is not None
    assert estimate.ci95 is not None
    half = estimate.ci95[1] - estimate.mean
    text = f"queues.sales.occupancy <= {estimate.mean + 0.4 * half}"
    said = warned(found, expectations=[text])
    assert f"is wider than the question “{text}”: about 38 replications would tell." in said


def test_a_question_answered_by_its_interval_is_not_warned_of() -> None:
    assert "question" not in warned(results(6), expectations=["queues.sales.occupancy <= 0.99999"])


def test_what_was_never_observed_is_warned_of() -> None:
    said = warned(results(6), expectations=["campaigns.sales-campaign.duration_s <= 100"])
    assert "Nothing was observed for “campaigns.sales-campaign.duration_s <= 100”" in said


def test_a_law_that_fails_is_told_with_both_numbers() -> None:
    found = results(2)
    found[1] = replace(found[1], checks=(AreaCheck("queues", "sales", 1_000_001, 1_000_000),))
    said = warned(found)
    assert "Little's law fails in replication 1, queues sales: 1.000001 s were integrated" in said
    assert "add up to 1.000000 s" in said


def test_skipped_contacts_are_counted_by_reason() -> None:
    found = [
        record(
            [call(created_at=0, ended_at=0)],
            names=names_of(),
            replication=k,
            campaigns=[CampaignTally(10, contacts_skipped={"unknown_timezone": 4})],
        )
        for k in range(6)
    ]
    assert "Campaign sales-campaign: 4 contacts a replication were skipped, unknown timezone." in warned(
        found
    )


def test_a_full_trunk_that_blocks_is_told() -> None:
    common = {"campaign": 0, "trunk": 0, "direction": d.OUTBOUND}
    made = [
        call(created_at=0, dialed_at=0, ended_at=MINUTE, **common),
        call(
            created_at=1, dialed_at=1, ended_at=1, end_reason=d.END_NO_CHANNEL, disposition=d.FAILED, **common
        ),
    ]
    found = [
        record(made, names=names_of(), replication=k, trunks=[TrunkTally(channels_max=20)]) for k in range(6)
    ]
    assert "Trunk sales-trunk was full: all 20 channels in use, 50.0% of attempts blocked." in warned(found)


def test_a_rate_surely_over_its_cap_is_told() -> None:
    found = results(6)
    assert "over its cap of 0.01%." in warned(found, abandonment_caps={"sales-campaign": 0.0001})
    assert "over its cap" not in warned(found, abandonment_caps={"sales-campaign": 0.5})


def overloaded(seed: int) -> list[Call]:
    return mmc(seed, agents=4, arrivals_per_s=0.06, talk_s=100, horizon=4 * HOUR)


def test_a_queue_that_grows_throughout_is_told() -> None:
    found = [
        record(overloaded(k), names=names_of(), horizon=4 * HOUR, replication=k, pools=staffed(4))
        for k in range(5)
    ]
    said = warned(found, window=Window(START, START + 4 * HOUR), steady_state=True)
    assert "Queue sales grows throughout" in said


@pytest.mark.parametrize(("warmup", "told"), [(0, True), (2 * HOUR, False)])
def test_a_warm_up_too_short_is_told_with_the_one_it_takes(warmup: int, told: bool) -> None:
    """Forty agents who talk for twenty minutes, from an empty start: an hour until they are as busy as they get."""
    found: list[ReplicationResult] = []
    names = replace(names_of(), agents=[str(k) for k in range(40)], agent_pool=[0] * 40)
    for k in range(5):
        made = mmc(k, agents=40, arrivals_per_s=0.02, talk_s=1200, horizon=8 * HOUR)
        found.append(
            record(made, names=names, horizon=8 * HOUR, warmup=warmup, replication=k, pools=staffed(40))
        )
    window = Window(START, START + 8 * HOUR, warmup)
    said = warned(found, window=window, names=names, steady_state=True)
    assert ("Warm-up too short: the number of busy agents in sales settles after about" in said) is told
    assert "Warm-up" not in warned(found, window=window, names=names, steady_state=False)


def test_agents_who_get_busier_throughout_are_told() -> None:
    """Talks of a day: whoever calls is still there in the end."""
    names = replace(names_of(), agents=[str(k) for k in range(400)], agent_pool=[0] * 400)
    found = [
        record(
            mmc(k, agents=400, arrivals_per_s=0.01, talk_s=86_400, horizon=8 * HOUR),
            names=names,
            horizon=8 * HOUR,
            replication=k,
            pools=staffed(400),
        )
        for k in range(5)
    ]
    said = warned(found, window=Window(START, START + 8 * HOUR), names=names, steady_state=True)
    assert "The number of busy agents in sales has not settled by the end of the run" in said


def test_what_the_run_itself_has_to_say_comes_first() -> None:
    summary = summarise(results(6), facts(replications=6, warnings=["The moon is full."]))
    assert summary.warnings[0] == "The moon is full."
