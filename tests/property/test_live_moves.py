"""Virtual shards move from node to node under load: no call is lost by it, whatever else happens."""

from collections import Counter

import pytest

from busyhour.core.disposition import UNKNOWN
from busyhour.core.ids import ABSENT, MINUTE, SECOND
from simulation.live_part import Role
from simulation.scenario import Scenario, loads
from tests.support.live_cluster import Cluster
from tests.support.live_crashes import assert_every_call_has_its_row, check_to_the_end, scenario
from tests.support.live_moves import MovingCluster

SHARDS = 8
ROLES = [Role(queues=True), Role(campaigns=[0]), *(Role(calls=range(n, SHARDS, 3)) for n in range(3))]


@pytest.mark.parametrize("seed", range(10))
def test_no_call_is_lost_by_moving(seed: int) -> None:
    cluster = MovingCluster(scenario(), ROLES, SHARDS, seed, moves=0.05)
    cluster.run(cluster.now + 3 * MINUTE)
    check_to_the_end(cluster)
    assert cluster.moved > 10
    assert UNKNOWN not in {call.disposition for call in cluster.rows}


@pytest.mark.parametrize("seed", range(20))
def test_moves_amid_crashes_and_pauses_dial_nothing_twice_and_lose_nobody(seed: int) -> None:
    cluster = MovingCluster(scenario(), ROLES, SHARDS, seed, moves=0.05, crashes=0.0004, pauses=0.002)
    cluster.run(cluster.now + 3 * MINUTE)
    check_to_the_end(cluster)
    assert cluster.moved > 10


def test_the_crashes_come_at_every_step_of_a_move() -> None:
    crashed: Counter[str] = Counter()
    for seed in range(12):
        cluster = MovingCluster(scenario(), ROLES, SHARDS, seed, moves=0.2, crashes=0.01)
        cluster.run(cluster.now + MINUTE)
        assert max(cluster.dials.values()) == 1
        crashed += cluster.crashed
    assert set(crashed) >= {"before hand-over", "after hand-over", "before taking", "after taking"}


def test_a_run_that_is_stopped_while_shards_move_leaves_a_row_for_each_call() -> None:
    cluster = MovingCluster(scenario(), ROLES, SHARDS, 1, moves=0.2)
    cluster.run(cluster.now + 20 * SECOND)
    cluster.stop()
    cluster.run(cluster.now + 5 * SECOND)
    assert not cluster.alive()
    assert_every_call_has_its_row(cluster)


def callers() -> Scenario:
    return loads(
        """
name: callers
seed: 1
clock: {start: 2026-03-02T17:00:00Z, horizon: 5m}
agents: {team: {count: 8}}
queues: {desk: {pools: [team], handle_time: 8s}}
trunks: {main: {channels: 100}}
inbound:
  - {queue: desk, rate: 40/min, trunk: main}
  - {queue: desk, rate: 2/min, trunk: main}
"""
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_caller_is_answered_by_one_node_whichever_callers_reach(seed: int) -> None:
    roles = [ROLES[0], *ROLES[2:]]
    still = Cluster(callers(), roles, SHARDS, seed)
    moving = MovingCluster(callers(), roles, SHARDS, seed, moves=0.05)
    for cluster in (still, moving):
        cluster.run(cluster.now + 3 * MINUTE)
        cluster.stop()
        cluster.run(cluster.now + 5 * SECOND)
    assert moving.faced > 5
    assert moving.moved > 10
    assert len(moving.rows) == len(still.rows) > 100
    assert len({call.id for call in moving.rows}) == len(moving.rows)
    assert {call.created_at for call in moving.rows} == {call.created_at for call in still.rows}
    assert UNKNOWN not in {call.disposition for call in moving.rows}
    assert all(call.campaign == ABSENT for call in moving.rows)


def voice() -> Scenario:
    return loads(
        """
name: voice
seed: 1
clock: {start: 2026-03-02T17:00:00Z, horizon: 20m}
trunks: {main: {channels: 200}}
callees: {all: {outcomes: {human: 1}, ring_time: {human: 2s}}}
voice_agents: {assistant: {capacity: 16, talk_time: 5s}}
campaigns:
  spring: {contacts: {count: 2000}, callees: all, voice_agent: assistant, trunk: main, pacing: {mode: progressive}}
"""
    )


def test_voice_sessions_go_with_their_shards_and_are_never_more_than_there_are() -> None:
    cluster = MovingCluster(voice(), ROLES[1:], SHARDS, 1, moves=0.05)
    begun = cluster.now
    for second in range(60):
        cluster.run(begun + second * SECOND)
        agents = [node.part.carrier.voice.agents[0] for node in cluster.nodes[1:] if node.part is not None]
        assert sum(agent.busy for agent in agents) <= 16
        assert sum(agent.capacity for agent in agents) <= 16
    assert cluster.moved > 10
    cluster.moves = 0.0
    cluster.run(cluster.now + MINUTE)
    agents = [node.part.carrier.voice.agents[0] for node in cluster.nodes[1:] if node.part is not None]
    assert not cluster.bound
    assert sum(agent.capacity for agent in agents) == 16
    assert sum(agent.busy for agent in agents) >= 12, "campaigns know that they are free"
