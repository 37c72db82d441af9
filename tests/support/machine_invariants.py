"""What must hold of the machines between any two events, whatever happened before."""

from collections import Counter

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import (
    AGENT_STATES,
    BRIEFING,
    IDLE,
    OFFLINE,
    ON_PAUSE,
    RESERVED,
    RINGING,
    TALKING,
)
from busyhour.core.campaign import COMPLETED, RUNNING, STOPPED, STOPPING, Campaign
from busyhour.core.ids import ABSENT
from busyhour.core.waiting_line import UNLIMITED
from simulation.carrier import SimulatedCarrier


def check_queues(machine: AgentQueues) -> None:
    """Whoever is idle has nothing to do, each agent has one call at most and each call one place at most."""
    in_state = Counter(agent.state for agent in machine.agents)
    assert machine.has_reserved or in_state[RESERVED] == 0
    busy = (RESERVED, RINGING, BRIEFING, TALKING)
    serving = [agent.call for agent in machine.agents if agent.state in busy]
    assert len(set(serving)) == len(serving), f"a call with two agents: {serving}"
    for agent in machine.agents:
        assert (agent.call == ABSENT) == (agent.state in (IDLE, OFFLINE, ON_PAUSE)), AGENT_STATES[agent.state]
        assert agent.state != RINGING or machine.ringing[agent.call].agent is agent
        assert agent.after_call == IDLE or agent.state not in (IDLE, OFFLINE, ON_PAUSE)
    assert len(machine.ringing) == in_state[RINGING]
    for pool in machine.pools:
        members = [agent for agent in machine.agents if agent.pool == pool.id]
        idle = [agent for agent in members if agent.state == IDLE]
        assert sorted(agent.id for agent in pool.idle) == sorted(agent.id for agent in idle)
        assert [agent.since for agent in pool.idle] == sorted(agent.since for agent in idle)
        assert pool.staffed == sum(agent.state != OFFLINE for agent in members)
        for queue in pool.queues:
            assert not idle or machine.queues[queue].waiting == 0, "idle while a call waits"
    for queue in machine.queues:
        standing = [entry.call for line in queue.lines.values() for entry in line if not entry.gone]
        rung = [call for call, ring in machine.ringing.items() if ring.agent.queue == queue.id]
        assert sorted(standing + rung) == sorted(queue.by_call)
        assert queue.waiting == len(standing)
        assert queue.rung == sum(machine.ringing[call].transfer == ABSENT for call in rung)
        full = queue.waiting_places != UNLIMITED and queue.waiting > queue.waiting_places
        assert not full or any(agent.rings for agent in machine.agents), (
            "only one who was rung for may come back"
        )
        assert queue.gone <= queue.waiting + 64


def check_campaign(campaign: Campaign, loaded: int) -> None:
    """Every contact is in one state, with one call at most. `loaded`: contacts handed over to it so far."""
    contacts = campaign.contacts
    dialled = [lease.contact.id for lease in campaign.in_flight.values()]
    claimed = [lease.contact.id for lease in campaign.claimed]
    parked = [contact.id for _, _, _, contact in contacts.due]
    at_hand = [contact.id for contact in (*contacts.fresh, *contacts.returned)]
    in_memory = [*dialled, *claimed, *parked, *at_hand]
    assert len(set(in_memory)) == len(in_memory), "a contact in two states"
    assert contacts.leased == len(dialled) + len(claimed)
    done = contacts.completed + contacts.exhausted + contacts.skipped()
    assert len(in_memory) + done == loaded
    assert contacts.remaining() == contacts.total - contacts.leased - done >= 0
    assert contacts.awaiting_hours == sum(contact.awaits_hours for _, _, _, contact in contacts.due)
    assert campaign.max_concurrency == 0 or len(campaign.in_flight) <= campaign.max_concurrency
    assert campaign.attempts == len(dialled) + sum(campaign.ended_by_disposition)
    assert campaign.connects <= campaign.answered <= campaign.attempts
    lines = [*campaign.pacer.in_flight, *campaign.pacer.waiting]
    assert set(lines) <= set(campaign.in_flight)
    assert len(lines) == len(set(lines))
    if campaign.state in (STOPPED, COMPLETED):
        assert not in_memory or campaign.state == STOPPED
        assert not campaign.in_flight
        assert not campaign.claimed
    if campaign.state == COMPLETED:
        assert done == contacts.total
    if campaign.state == RUNNING and campaign.contacts.is_done():
        raise AssertionError("everybody is done, and the campaign is not complete")
    if campaign.state == STOPPING and not campaign.in_flight and not campaign.claimed:
        raise AssertionError("the last call has ended, and the campaign has not stopped")


def check_carrier(carrier: SimulatedCarrier) -> None:
    """No trunk has more calls than channels, no voice agent more than its capacity."""
    for trunk in carrier.trunks:
        assert trunk.in_use >= 0
        assert trunk.promised >= 0
        assert trunk.channels == UNLIMITED or trunk.in_use + trunk.promised <= trunk.channels or trunk.outages
        assert trunk.channels == UNLIMITED or trunk.in_use_max <= trunk.channels
    for agent in carrier.voice.agents:
        assert agent.busy >= 0
        assert agent.capacity == ABSENT or agent.busy_max <= agent.capacity


def check_nothing_is_left(carrier: SimulatedCarrier, machine: AgentQueues) -> None:
    """After a run until idle whose last letters have come and last wrap-ups are over."""
    assert [AGENT_STATES[a.state] for a in machine.agents if a.state not in (IDLE, OFFLINE, ON_PAUSE)] == []
    assert [queue.waiting for queue in machine.queues if queue.waiting] == []
    assert [trunk.in_use + trunk.promised for trunk in carrier.trunks if trunk.in_use or trunk.promised] == []
    assert [agent.busy for agent in carrier.voice.agents if agent.busy] == []
    assert not carrier.voice._serving
    assert not carrier.faults._overtaken
