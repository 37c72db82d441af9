"""Crashes at every step of a live run while agents are rung and callers transferred: nobody lost, no agent stuck."""

from collections import Counter

import pytest

from busyhour.core.agents import IDLE
from busyhour.core.campaign import COMPLETED
from busyhour.core.ids import MINUTE
from busyhour.core.transfer import FAILURES, HANDED_OFF, TRANSFER_STATES
from simulation.live_part import Role
from simulation.scenario import Scenario, loads
from tests.support.live_cluster import Cluster
from tests.support.live_crashes import SHARDS


def scenario_with_people_who_are_rung() -> Scenario:
    return loads(
        """
name: crashes-while-phones-ring
seed: 1
clock: {start: 2026-03-02T17:00:00Z, horizon: 3m}
agents:
  team: {count: 6, answer: {after: {exponential: {mean: 3s}}, decline: 20%, no_answer: 10%, away: 20s}}
queues:
  desk: {pools: [team], handle_time: {exponential: {mean: 15s}}, wrap_up: 5s, ring_timeout: 8s}
trunks: {main: {channels: 25, calls_per_second: 5}}
callees: {people: {outcomes: {human: 0.7, no_answer: 0.3}, patience: 20s, ring_time: {human: 5s}}}
voice_agents:
  robot:
    talk_time: 10s
    transfer: {share: 80%, to: desk, kind: warm, briefing: 4s, timeout: 15s, fallback: async_handoff}
campaigns:
  spring: {contacts: {count: 60}, queue: desk, trunk: main, pacing: {mode: power, lines_per_agent: 1}}
  autumn:
    {contacts: {count: 60}, voice_agent: robot, trunk: main, limits: {max_concurrency: 12}, pacing: {mode: agentless}}
"""
    )


RINGING_ROLES = [Role(queues=True), Role(campaigns=[0, 1]), Role(calls=[0, 1]), Role(calls=[2, 3])]


@pytest.mark.parametrize("seed", range(16))
def test_crashes_while_people_are_rung_and_callers_transferred_lose_nobody_and_leave_no_agent_stuck(
    seed: int,
) -> None:
    cluster = Cluster(scenario_with_people_who_are_rung(), RINGING_ROLES, SHARDS, seed, crashes=0.0004)
    start = cluster.now
    cluster.run(start + 3 * MINUTE)
    cluster.crashes = 0.0
    cluster.run(start + 13 * MINUTE)

    assert max(cluster.dials.values()) == 1, "no attempt is dialled twice"
    assert not cluster.alive()
    assert Counter(call.id for call in cluster.rows) == Counter(cluster.admitted), "every call has one row"
    assert not cluster.holding, "every channel is free"
    for number in (0, 1):
        campaign = cluster.part_with(f"campaigns/{number}").world.driver.campaigns[number]
        assert campaign.state == COMPLETED
        assert campaign.contacts.completed + campaign.contacts.exhausted == 60
    queues = cluster.part_with("queues").world.driver.queues
    assert {agent.state for agent in queues.agents} == {IDLE}
    assert not queues.ringing
    assert [queue.waiting + queue.rung for queue in queues.queues] == [0]
    transfers = [call.transfer for call in cluster.rows if call.transfer is not None]
    over = {TRANSFER_STATES[transfer.state] for transfer in transfers}
    assert over <= {"bridged", "failed", "refused", "handed_off"}
    handed_off = sorted(
        call.id for call in cluster.rows if call.transfer and call.transfer.state == HANDED_OFF
    )
    recorded = sorted(callback.call for callback in queues.callbacks.of(0))
    assert set(handed_off) <= set(recorded)
    assert len(set(recorded)) == len(recorded), "one callback a call"


def test_without_crashes_transfers_come_to_every_end_that_people_can_bring_about() -> None:
    cluster = Cluster(scenario_with_people_who_are_rung(), RINGING_ROLES, SHARDS, 1)
    cluster.run(cluster.now + 8 * MINUTE)
    ends = {
        (TRANSFER_STATES[call.transfer.state], FAILURES[call.transfer.failure])
        for call in cluster.rows
        if call.transfer is not None
    }
    assert ends >= {
        ("bridged", ""),
        ("handed_off", ""),
        ("failed", "agent_no_answer"),
        ("failed", "agent_declined"),
    }
