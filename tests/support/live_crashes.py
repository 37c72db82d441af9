"""One small campaign on four nodes that crash and pause, from a seed, and what must hold when it is over."""

from collections import Counter

from busyhour.core.agents import IDLE
from busyhour.core.campaign import COMPLETED
from busyhour.core.ids import MINUTE, SECOND
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


def check_a_run(seed: int) -> None:
    """With crashes and pauses for three minutes, and then until it has come to its end without any."""
    cluster = Cluster(scenario(), ROLES, SHARDS, seed, crashes=0.0004, pauses=0.002)
    cluster.run(cluster.now + 3 * MINUTE)
    check_to_the_end(cluster)


def check_to_the_end(cluster: Cluster) -> None:
    """What has happened has harmed nothing; from now on nothing does."""
    cluster.crashes = cluster.pauses = 0.0
    cluster.run(cluster.now + 10 * SECOND)
    campaign = cluster.part_with("campaigns/0").world.driver.campaigns[0]
    until = cluster.now + 10 * MINUTE
    while cluster.now < until and (campaign.state != COMPLETED or cluster.alive() or cluster.letters):
        cluster.run(cluster.now + MINUTE // 2)

    assert max(cluster.dials.values()) == 1, "no attempt is dialled twice"
    assert cluster.dialed_by_zombies == 0, "nor after a successor has closed its call"
    contacts = campaign.contacts
    assert campaign.state == COMPLETED
    assert contacts.completed + contacts.exhausted == contacts.total == 150
    assert not cluster.alive()
    assert not campaign.in_flight
    assert_every_call_has_its_row(cluster)
    queues = cluster.part_with("queues").world.driver.queues
    assert {agent.state for agent in queues.agents} == {IDLE}


def assert_every_call_has_its_row(cluster: Cluster) -> None:
    campaign = cluster.part_with("campaigns/0").world.driver.campaigns[0]
    assert Counter(call.id for call in cluster.rows) == Counter(cluster.admitted), "every call has one row"
    assert campaign.attempts == len(cluster.admitted)
    assert not cluster.holding, "every channel is free"
