"""Whatever crashes wherever: nothing is dialled twice, nobody is lost, every call ends once, no agent stays stuck."""

from collections import Counter

import pytest

from busyhour.core.agent_queue import IDLE
from busyhour.core.campaign import COMPLETED
from busyhour.core.ids import MINUTE
from simulation.live_part import Role
from simulation.scenario import Scenario, loads
from tests.support.live_cluster import Cluster

SHARDS = 4
ROLES = [
    Role(queues=True),
    Role(campaigns=[0]),
    Role(calls=[0, 1]),
    Role(calls=[2, 3]),
]


def scenario() -> Scenario:
    return loads(
        """
name: crashes
seed: 1
clock: {start: 2026-03-02T17:00:00Z, horizon: 3m}
agents: {team: {count: 6}}
queues: {desk: {pools: [team], handle_time: {exponential: {mean: 20s}}, wrap_up: 5s}}
trunks: {main: {channels: 25, calls_per_second: 5}}
campaigns:
  spring:
    contacts: {count: 150}
    queue: desk
    trunk: main
    pacing: {mode: power, lines_per_agent: 2}
    retry:
      max_attempts: 2
      rules: [{outcome: no_answer, after: 20s}, {outcome: busy, after: 10s}, {outcome: unknown, after: 30s}]
"""
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_run_with_crashes_dials_nothing_twice_and_loses_nobody(seed: int) -> None:
    cluster = Cluster(scenario(), ROLES, SHARDS, seed, crashes=0.0004)
    start = cluster.now
    cluster.run(start + 3 * MINUTE)
    cluster.crashes = 0.0
    cluster.run(start + 13 * MINUTE)

    assert max(cluster.dials.values()) == 1, "no attempt is dialled twice"
    campaign = cluster.part_with("campaigns/0").world.driver.campaigns[0]
    contacts = campaign.contacts
    assert campaign.state == COMPLETED
    assert contacts.completed + contacts.exhausted == contacts.total == 150
    assert not cluster.alive()
    assert not campaign.in_flight
    assert Counter(call.id for call in cluster.rows) == Counter(cluster.admitted), "every call has one row"
    assert campaign.attempts == len(cluster.admitted)
    assert not cluster.holding, "every channel is free"
    queues = cluster.part_with("queues").world.driver.queues
    assert {agent.state for agent in queues.agents} == {IDLE}
    assert queues.reserved == 0


def test_the_crashes_come_at_every_step_and_woken_zombies_write_nothing() -> None:
    crashed: Counter[str] = Counter()
    refused = 0
    for seed in range(12):
        cluster = Cluster(scenario(), ROLES, SHARDS, seed, crashes=0.003)
        cluster.run(cluster.now + MINUTE)
        crashed += cluster.crashed
        refused += cluster.writes_refused
        assert max(cluster.dials.values()) == 1
    assert set(crashed) == {"before append", "after append", "after apply", "after claim", "after send"}
    assert refused > 10
