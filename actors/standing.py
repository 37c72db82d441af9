"""How the campaigns and queues of one actor stand, as it tells the store for whoever asks the API."""

from typing import Any

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import AGENT_STATES
from busyhour.core.campaign import BLOCKED_BY, CAMPAIGN_STATES, Campaign
from busyhour.core.disposition import DISPOSITIONS
from busyhour.core.ids import SECOND, Instant
from simulation.live_part import LivePart


def standing_of(part: LivePart, now: Instant) -> dict[str, Any]:
    """`calls` that are alive here, `campaigns` and `queues` by number."""
    driver = part.world.driver
    return {
        "calls": len(part.calls()),
        "campaigns": {number: _campaign(driver.campaigns[number]) for number in part.campaigns},
        "queues": _queues(driver.queues, now) if part.role.queues else {},
    }


def _campaign(campaign: Campaign) -> dict[str, Any]:
    contacts = campaign.contacts
    return {
        "state": CAMPAIGN_STATES[campaign.state],
        "blocked_by": BLOCKED_BY[campaign.blocked_by] or None,
        "attempts": campaign.attempts,
        "answered": campaign.answered,
        "connected": campaign.connects,
        "in_flight": len(campaign.in_flight),
        "ringing": len(campaign.pacer.in_flight),
        "contacts": {
            "enrolled": contacts.total,
            "remaining": contacts.remaining(),
            "in_progress": contacts.leased,
            "completed": contacts.completed,
            "exhausted": contacts.exhausted,
            "excluded": contacts.skipped(),
        },
        "dispositions": {
            name: count
            for name, count in zip(DISPOSITIONS, campaign.ended_by_disposition, strict=True)
            if count
        },
    }


def _queues(machine: AgentQueues, now: Instant) -> dict[int, dict[str, Any]]:
    """An agent of several queues is available, offline or paused in each of them, and on a call in one."""
    told: dict[int, dict[str, Any]] = {}
    for queue in machine.queues:
        counts = dict.fromkeys(AGENT_STATES, 0)
        for agent in machine.agents:
            if agent.queue == queue.id or (agent.queue < 0 and queue.id in machine.pools[agent.pool].queues):
                counts[AGENT_STATES[agent.state]] += 1
        oldest = min((entry.since for entry in queue.by_call.values()), default=now)
        told[queue.id] = {
            "counts": counts,
            "waiting": queue.waiting,
            "longest_wait_s": round((now - oldest) / SECOND, 3),
        }
    return told
