"""Every KPI of a replication, against its definition worked out a call at a time."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busyhour.core import disposition as d
from busyhour.results.definitions import KPI_NAMES
from busyhour.results.kpis import Observation
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import Names
from busyhour.results.tallies import CampaignTally, PoolTally, QueueTally, TrunkTally, VoiceAgentTally
from tests.unit.results.reference import (
    HOUR,
    MINUTE,
    NAMES,
    SECOND,
    START,
    ByHand,
    Call,
    call,
    mmc,
    record,
    staffed,
    tallied,
)
from tests.unit.results.strategies import calls

AGENTS = (2, 1)


def compare(result: ReplicationResult, by_hand: ByHand, names: Names = NAMES) -> None:
    expected = {
        "campaigns": {name: by_hand.campaign(k) for k, name in enumerate(names.campaigns)},
        "queues": {name: by_hand.queue(k) for k, name in enumerate(names.queues)},
        "agents": {name: by_hand.pool(k) for k, name in enumerate(names.pools)},
        "trunks": {name: by_hand.trunk(k) for k, name in enumerate(names.trunks)},
        "voice_agents": {name: by_hand.voice_agent(k) for k, name in enumerate(names.voice_agents)},
    }
    observed: dict[str, Any] = {
        section: {
            name: {kpi: value for kpi, value in kpis.items() if kpi in expected[section][name]}
            for name, kpis in by_name.items()
        }
        for section, by_name in result.kpis.items()
    }
    assert observed == expected


@given(calls(), st.sampled_from((0, 7 * MINUTE, 30 * MINUTE)))
def test_kpis_are_what_their_definitions_say(made: Sequence[Call], warmup: int) -> None:
    result = record(made, warmup=warmup, pools=staffed(*AGENTS))
    compare(result, ByHand(made, NAMES, warmup, HOUR, AGENTS))


@given(calls(), st.sampled_from((0, 7 * MINUTE)), st.integers(1, 5))
def test_kpis_do_not_depend_on_chunks_nor_on_knowing_the_end(
    made: Sequence[Call], warmup: int, chunk_rows: int
) -> None:
    known = record(made, warmup=warmup, pools=staffed(*AGENTS))
    open_ended = record(
        made, warmup=warmup, horizon=None, ended_at=HOUR, chunk_rows=chunk_rows, pools=staffed(*AGENTS)
    )
    assert open_ended.kpis == known.kpis
    assert open_ended.digest == known.digest


@pytest.mark.parametrize("warmup", [0, 20 * MINUTE])
def test_kpis_of_a_queue_that_loses_callers_are_what_their_definitions_say(warmup: int) -> None:
    names = Names(queues=["q"], pools=["p"], agent_pool=[0] * 4, queue_pools=[[0]])
    made = mmc(7, agents=4, arrivals_per_s=0.05, talk_s=90, horizon=4 * HOUR, patience_s=120)
    result = record(made, names=names, horizon=4 * HOUR, warmup=warmup, chunk_rows=97, pools=staffed(4))
    compare(result, ByHand(made, names, warmup, 4 * HOUR, (4,)), names)


@given(calls(), st.sampled_from((0, 7 * MINUTE)))
def test_littles_law_holds_between_the_queues_length_and_the_rows(made: Sequence[Call], warmup: int) -> None:
    result = record(made, warmup=warmup, queues=tallied(made, 2, warmup, HOUR))
    assert len(result.checks) == 2
    assert result.consistent


def test_an_area_that_disagrees_with_the_rows_is_told() -> None:
    made = [call(created_at=0, queued_at=0, connected_at=10 * SECOND, ended_at=MINUTE, queue=0, agent_no=0)]
    result = record(made, queues=[QueueTally(10 * SECOND + 1)])
    (check,) = result.checks
    assert (check.integrated_us, check.from_rows_us) == (10 * SECOND + 1, 10 * SECOND)
    assert not result.consistent


def test_wrap_up_beyond_the_end_is_cut_there() -> None:
    made = [
        call(
            created_at=0,
            queued_at=0,
            connected_at=0,
            ended_at=50 * SECOND,
            queue=0,
            agent_no=0,
            wrap_up_us=MINUTE,
        )
    ]
    for horizon, ended_at in ((MINUTE, None), (None, MINUTE)):
        result = record(made, horizon=horizon, ended_at=ended_at, pools=staffed(1, 1))
        assert result.kpis["agents"]["sales"]["wrap_up_share"] == (10 * SECOND, MINUTE)


def test_a_wait_as_long_as_the_threshold_is_in_time() -> None:
    made = [
        call(created_at=0, queued_at=0, connected_at=20 * SECOND, ended_at=MINUTE, queue=0, agent_no=0),
        call(created_at=0, queued_at=0, connected_at=20 * SECOND + 1, ended_at=MINUTE, queue=0, agent_no=1),
    ]
    assert record(made).kpis["queues"]["sales"]["service_level"] == (1, 2)


def test_calls_created_in_warm_up_are_not_counted_but_their_time_after_it_is() -> None:
    made = [call(created_at=0, queued_at=0, connected_at=0, ended_at=30 * MINUTE, queue=0, agent_no=0)]
    result = record(made, warmup=10 * MINUTE, pools=staffed(1, 0))
    assert result.kpis["queues"]["sales"]["offered"] == 0
    assert result.kpis["agents"]["sales"]["talk_share"] == (20 * MINUTE, 50 * MINUTE)


def test_a_call_cut_off_by_an_outage_was_not_blocked() -> None:
    common = {"campaign": 0, "direction": d.OUTBOUND, "trunk": 0, "end_reason": d.END_TRUNK_DOWN}
    made = [
        call(created_at=0, dialed_at=0, answered_at=SECOND, ended_at=MINUTE, **common),
        call(created_at=0, dialed_at=0, ended_at=0, **common),
    ]
    result = record(made)
    assert result.kpis["trunks"]["main"]["blocked"] == 1
    assert result.kpis["trunks"]["main"]["channels_mean"] == (MINUTE, HOUR)


def test_what_was_tallied_stands_where_the_rows_cannot_tell() -> None:
    result = record(
        [call(created_at=0, ended_at=0)],
        campaigns=[
            CampaignTally(10, 4, 1, 5, launched_at=START, finished_at=START + MINUTE),
            CampaignTally(20, contacts_attempted=7, launched_at=START),
        ],
        queues=[QueueTally(0, 9)],
        trunks=[TrunkTally(0, 12, calls_per_second_max=3)],
        voice_agents=[VoiceAgentTally(0, 2)],
    )
    retail, renewals = result.kpis["campaigns"]["retail"], result.kpis["campaigns"]["renewals"]
    contacts = (
        "contacts_total",
        "contacts_completed",
        "contacts_exhausted",
        "contacts_remaining",
        "duration_s",
    )
    assert [retail[kpi] for kpi in contacts] == [10, 4, 1, 5, 60]
    assert renewals["duration_s"] is None
    assert renewals["attempts_per_contact"] == (0, 7)
    assert result.unfinished == ("renewals",)
    assert result.kpis["queues"]["sales"]["queue_length_max"] == 9
    assert result.kpis["trunks"]["main"]["channels_max"] == 12
    assert result.kpis["trunks"]["main"]["calls_per_second_max"] == 3
    assert result.kpis["voice_agents"]["qualifier"]["concurrent_max"] == 2


def test_staffed_time_follows_the_shifts() -> None:
    shifts = [(START, 2), (START + 15 * MINUTE, 4), (START + 45 * MINUTE, 0)]
    for warmup, expected in ((0, 150 * MINUTE), (30 * MINUTE, 60 * MINUTE)):
        result = record([call(created_at=0, ended_at=0)], warmup=warmup, pools=[PoolTally(staffing=shifts)])
        assert result.kpis["agents"]["sales"]["agents_mean"] == (expected, HOUR - warmup)


def test_a_pool_nobody_counted_has_no_occupancy() -> None:
    result = record([call(created_at=0, ended_at=0)], pools=[PoolTally(HOUR)])
    assert result.kpis["agents"]["sales"]["occupancy"] == (0, HOUR)
    assert result.kpis["agents"]["seniors"]["occupancy"] is None
    assert result.kpis["queues"]["sales"]["occupancy"] is None


def test_every_kpi_is_there_for_every_name() -> None:
    result = record([call(created_at=0, ended_at=0)])
    for section, by_name in result.kpis.items():
        for kpis in by_name.values():
            assert tuple(kpis) == KPI_NAMES[section]


def test_a_replication_without_a_call_has_empty_kpis() -> None:
    result = record([], pools=staffed(*AGENTS))
    nothing: Observation = (0, 0)
    assert result.calls == 0
    assert result.kpis["queues"]["sales"]["service_level"] == nothing
    assert result.kpis["queues"]["sales"]["wait_p95_s"] is None
    assert result.kpis["agents"]["sales"]["idle_share"] == (2 * HOUR, 2 * HOUR)
