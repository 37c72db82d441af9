"""Whatever crashes wherever: nothing is dialled twice, nobody is lost, every call ends once, no agent stays stuck."""

from collections import Counter

import pytest

from busyhour.core.call_states import CREATED
from busyhour.core.disposition import END_CUSTOMER_HUNG_UP, END_NO_CHANNEL, UNKNOWN
from busyhour.core.ids import ABSENT, MILLISECOND, MINUTE, SECOND
from simulation.live_part import Role
from simulation.scenario import Scenario, loads
from tests.support.live_cluster import AFTER_APPEND, Cluster
from tests.support.live_crashes import ROLES, SHARDS, assert_every_call_has_its_row, check_a_run, scenario


@pytest.mark.parametrize("seed", range(40))
def test_a_run_with_crashes_and_pauses_dials_nothing_twice_and_loses_nobody(seed: int) -> None:
    check_a_run(seed)


def test_the_crashes_come_at_every_step_and_woken_zombies_write_and_dial_nothing() -> None:
    crashed: Counter[str] = Counter()
    woken: Counter[str] = Counter()
    refused = 0
    for seed in range(12):
        cluster = Cluster(scenario(), ROLES, SHARDS, seed, crashes=0.005, pauses=0.02)
        cluster.run(cluster.now + MINUTE)
        crashed += cluster.crashed
        woken += cluster.woken
        refused += cluster.writes_refused
        assert max(cluster.dials.values()) == 1
        assert cluster.dialed_by_zombies == 0
    steps = {"before append", "after append", "after apply", "after claim", "after send", AFTER_APPEND}
    assert set(crashed) == steps
    assert refused > 10
    assert woken["gave up"] > 5
    assert woken["went on"] > 5


@pytest.mark.parametrize("seed", range(10))
def test_a_run_that_is_stopped_while_calls_begin_leaves_a_row_for_each(seed: int) -> None:
    cluster = Cluster(scenario(), ROLES, SHARDS, seed)
    begun = cluster.now
    cluster.run(begun + 10 * SECOND)
    while not any(letter.to.startswith("calls/") for letter in cluster.letters):
        cluster.run(cluster.now + MILLISECOND)
    assert cluster.alive()
    stopped_at = cluster.now
    cluster.stop()
    dialed_before = sum(cluster.dials.values())
    cluster.run(stopped_at + 5 * SECOND)
    assert not cluster.alive()
    assert_every_call_has_its_row(cluster)
    assert sum(cluster.dials.values()) == dialed_before, "none is dialled any more"


def test_an_attempt_that_no_carrier_was_told_of_is_dialled_by_the_successor() -> None:
    cluster = Cluster(scenario(), ROLES, SHARDS, 1)
    node = cluster.node_of["calls/0"]
    cluster.run(cluster.now + MILLISECOND)
    part = cluster.part_with("calls/0")
    waiting: set[int] = set()
    while not waiting:
        cluster.run(cluster.now + MILLISECOND)
        waiting = {call.id for call in part.calls() if call.state == CREATED}
    for name in node.role.hosts():
        cluster.journals[name].snapshot, cluster.journals[name].entries = part.snapshot(name), []
    node.part, node.up_at = None, cluster.now + SECOND
    cluster.run(cluster.now + 3 * MINUTE)
    successor = {call.id: call for call in cluster.rows if call.id in waiting}
    assert set(successor) == waiting
    assert all(call.disposition != UNKNOWN and call.dialed_at > 0 for call in successor.values())


def inbound() -> Scenario:
    return loads(
        """
name: full
seed: 1
clock: {start: 2026-03-02T17:00:00Z, horizon: 3m}
agents: {team: {count: 4}}
queues: {desk: {pools: [team], handle_time: 20s}}
trunks: {main: {channels: 6}}
callees: {all: {outcomes: {human: 1}, ring_time: {human: 3s}}}
inbound: [{queue: desk, rate: 20/min, trunk: main}]
campaigns:
  spring: {contacts: {count: 500}, queue: desk, trunk: main, callees: all, pacing: {mode: power, lines_per_agent: 1}}
"""
    )


def test_callers_and_attempts_of_all_shards_together_hold_no_more_channels_than_there_are() -> None:
    cluster = Cluster(inbound(), ROLES, SHARDS, 1)
    most = 0
    start = cluster.now
    for second in range(180):
        cluster.run(start + second * SECOND)
        calls = [call for node in cluster.nodes if node.part for call in node.part.calls()]
        most = max(most, sum(call.state != CREATED for call in calls))
    callers = [call for call in cluster.rows if call.campaign == ABSENT]
    assert most == 6
    assert {call.end_reason for call in callers} >= {END_CUSTOMER_HUNG_UP, END_NO_CHANNEL}
    assert all(call.end_reason != END_NO_CHANNEL for call in cluster.rows if call.campaign != ABSENT)


def voice() -> Scenario:
    return loads(
        """
name: voice
seed: 1
clock: {start: 2026-03-02T17:00:00Z, horizon: 20m}
trunks: {main: {channels: 200}}
callees: {all: {outcomes: {human: 1}, ring_time: {human: 2s}}}
voice_agents: {assistant: {capacity: 5, talk_time: 30s}}
campaigns:
  spring: {contacts: {count: 2000}, callees: all, voice_agent: assistant, trunk: main, pacing: {mode: progressive}}
"""
    )


def test_a_campaign_hears_that_the_voice_sessions_of_a_dead_shard_are_free() -> None:
    cluster = Cluster(voice(), [Role(campaigns=[0]), Role(calls=range(SHARDS))], SHARDS, 1)
    cluster.run(cluster.now + MINUTE)
    shard = cluster.nodes[1]
    assert shard.part is not None
    assert shard.part.world.carrier.voice.agents[0].busy == 5
    shard.part, shard.up_at = None, cluster.now + 2 * SECOND
    dialed_before = sum(cluster.dials.values())
    cluster.run(cluster.now + MINUTE)
    assert sum(cluster.dials.values()) >= dialed_before + 5


@pytest.mark.parametrize("shards", [1, 2, 4])
def test_all_shards_together_have_no_more_voice_sessions_than_the_voice_agent(shards: int) -> None:
    calls = [Role(calls=range(first, SHARDS, shards)) for first in range(shards)]
    cluster = Cluster(voice(), [Role(campaigns=[0]), *calls], SHARDS, 1)
    sessions = 0
    for node in cluster.nodes[1:]:
        cluster.start(node)
        assert node.part is not None
        sessions += node.part.world.carrier.voice.agents[0].capacity
    assert sessions == 5
