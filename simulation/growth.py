"""Adds to an assembled world, while it runs, what an assembly would have had from the beginning.

Everything is numbered in the order in which it comes, as an assembly numbers it in the order of the file, and is made
of the same parts; a world that was grown behaves as one that was assembled whole. Nobody is told: agents have still to
join, and queues to hear who watches them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from busyhour.core.agent_queue import Agent, Pool
from busyhour.core.campaign import Campaign
from busyhour.core.ids import ABSENT
from simulation.admission import SimulatedAdmission
from simulation.assembly import Assembly, World, bucket_of, queue_machine, queue_times
from simulation.desk import SimulatedDesk
from simulation.scenario import Scenario
from simulation.scenario.callees import Callees
from simulation.scenario.campaigns import Campaign as CampaignPlan
from simulation.scenario.clock import Clock
from simulation.scenario.queues import Queue as QueuePlan
from simulation.scenario.queues import VoiceAgent as VoiceAgentPlan
from simulation.scenario.trunks import Trunk

BEGINNING = datetime(1971, 1, 1, tzinfo=UTC)
"""Before everything that happens in a world that only grows."""


def bare_scenario(trunks: dict[str, Trunk], callees: dict[str, Callees], seed: int = 1) -> Scenario:
    """Where there is nobody yet, and nothing to be done: no file could say that. It is Growth's own from then on."""
    return Scenario.model_construct(
        name="platform",
        seed=seed,
        clock=Clock(start=BEGINNING, until="idle"),
        trunks=trunks,
        callees=callees,
        queues={},
        agents={},
        voice_agents={},
        campaigns={},
    )


class Growth:
    """`assembly` has made `world`, and its scenario has been nobody else's since."""

    def __init__(self, assembly: Assembly, world: World) -> None:
        self._assembly = assembly
        self._scenario = assembly.scenario
        self._world = world
        self._pool_of: dict[tuple[int, ...], Pool] = {
            tuple(pool.queues): pool for pool in world.driver.queues.pools
        }

    def add_queue(self, name: str, plan: QueuePlan) -> None:
        assembly, world = self._assembly, self._world
        machine = world.driver.queues
        queue = queue_machine(len(machine.queues), plan, [])
        queue.longest_idle = True  # whoever adds agents one by one means none of them to come first
        machine.queues.append(queue)
        self._scenario.queues[name] = plan
        assembly.queue_no[name] = queue.id
        assembly.queue_times.append(queue_times(plan))
        for callees in assembly.outbound.callees:
            callees.add_queue()
        world.log.wraps_up.append(queue.wraps_up)

    def change_queue(self, queue: int, plan: QueuePlan) -> None:
        """Calls that end from now on are written up for as long as `plan` says. Whoever draws is to be told."""
        self._assembly.queue_times[queue] = queue_times(plan)

    def add_agent(self, queues: Sequence[int]) -> None:
        """An agent who is offline yet and serves `queues`, the first of them first."""
        machine = self._world.driver.queues
        pool = self._pool_of.get(tuple(queues))
        if pool is None:
            pool = Pool(len(machine.pools), list(queues))
            pool.campaigns = [number for queue in queues for number in machine.queues[queue].campaigns]
            machine.pools.append(pool)
            for queue in queues:
                machine.queues[queue].pools.append(pool.id)
            self._pool_of[tuple(queues)] = pool
        machine.agents.append(Agent(len(machine.agents), pool.id))
        cast(SimulatedDesk, self._world.driver.desk).add_agent()

    def add_voice_agent(self, name: str, plan: VoiceAgentPlan) -> None:
        """One that holds any number of calls: its campaigns have the limit."""
        agents = self._world.carrier.voice.agents
        self._scenario.voice_agents[name] = plan
        self._assembly.voice_no[name] = len(agents)
        agents.append(self._assembly.voice_agent(plan))

    def add_campaign(self, name: str, plan: CampaignPlan) -> Campaign:
        """`plan` names its trunk and its callees. Whoever has its queue is to have it watched."""
        driver = self._world.driver
        self._scenario.campaigns[name] = plan
        self._assembly.campaign_no[name] = len(driver.campaigns)
        campaign = self._assembly.outbound.campaign(len(driver.campaigns), name)
        driver.campaigns.append(campaign)
        admission = cast(SimulatedAdmission, driver.admission)
        admission.add_campaign(campaign.plan.trunk, bucket_of(plan.limits.calls_per_second))
        if plan.voice_agent is not None:
            voice_agent = self._world.carrier.voice.agents[campaign.plan.voice_agent]
            assert voice_agent.capacity == ABSENT, "its sessions would have to be counted"
            voice_agent.campaigns.append(campaign.id)
        return campaign
