"""Makes explicit what a scenario leaves to be understood, once `references` has found nothing wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from simulation.scenario.callees import Callees
from simulation.scenario.campaigns import Campaign
from simulation.scenario.distributions import Constant
from simulation.scenario.inbound import Inbound
from simulation.scenario.queues import Pool, Queue
from simulation.scenario.trunks import Trunk

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

TRUNK: Final = "simulated"
"""The trunk of campaigns in a file that defines none, without limits."""
CALLEES: Final = "default"
"""The callees of campaigns in a file that defines none."""
MESSAGE: Final = Constant(value=30_000_000)
"""What an agentless campaign plays that names neither queue nor voice agent."""


def filled(scenario: Scenario) -> dict[str, Any]:
    """The fields that change, by name. Filling a filled scenario changes nothing."""
    trunks, callees = dict(scenario.trunks), dict(scenario.callees)
    if scenario.campaigns and not trunks:
        trunks[TRUNK] = Trunk()
    if scenario.campaigns and not callees:
        callees[CALLEES] = Callees()
    agents = _pools(scenario)
    queues = {
        name: queue.model_copy(update={"agents": None, "pools": _pools_of(name, queue, agents)})
        for name, queue in scenario.queues.items()
    }
    return {
        "trunks": trunks,
        "callees": callees,
        "agents": agents,
        "queues": queues,
        "inbound": tuple(_inbound(line, queues) for line in scenario.inbound),
        "campaigns": {
            name: _campaign(campaign, next(iter(trunks)), next(iter(callees)), queues)
            for name, campaign in scenario.campaigns.items()
        },
    }


def _pools(scenario: Scenario) -> dict[str, Pool]:
    agents = {
        name: pool
        if pool.queues is not None
        else pool.model_copy(update={"queues": _queues_of(name, scenario)})
        for name, pool in scenario.agents.items()
    }
    for name, queue in scenario.queues.items():
        if queue.agents is not None:
            agents[name] = Pool(count=queue.agents, queues=(name,))
    return agents


def _queues_of(pool: str, scenario: Scenario) -> tuple[str, ...]:
    naming = [name for name, queue in scenario.queues.items() if pool in (queue.pools or ()) and name != pool]
    return (pool, *naming) if pool in scenario.queues else tuple(naming)


def _pools_of(name: str, queue: Queue, agents: dict[str, Pool]) -> tuple[str, ...]:
    """As the queue has them; else its own pool of the same name, then the others in the order of the file."""
    if queue.pools is not None:
        return queue.pools
    serving = [pool for pool, own in agents.items() if name in (own.queues or ())]
    return tuple(sorted(serving, key=lambda pool: pool != name))


def _inbound(line: Inbound, queues: dict[str, Queue]) -> Inbound:
    name = line.queue or next(iter(queues))
    queue = queues[name]
    return line.model_copy(
        update={
            "queue": name,
            "patience": line.patience if "patience" in line.model_fields_set else queue.patience,
            "handle_time": line.handle_time or queue.handle_time,
        }
    )


def _campaign(campaign: Campaign, trunk: str, callees: str, queues: dict[str, Queue]) -> Campaign:
    update: dict[str, Any] = {"trunk": campaign.trunk or trunk, "callees": campaign.callees or callees}
    queue = campaign.queue
    if queue is None and campaign.voice_agent is None and campaign.pacing.mode != "agentless":
        queue = update["queue"] = next(iter(queues))
    if campaign.handle_time is None and campaign.voice_agent is None:
        update["handle_time"] = MESSAGE if queue is None else queues[queue].handle_time
    return campaign.model_copy(update=update)
