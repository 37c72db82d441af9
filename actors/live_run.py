"""Starts the actors of a live run, sees that they live, and concludes it: what is wanted against what there is."""

import asyncio
import logging
from dataclasses import replace
from typing import Any, Final

from actors.doctor import Listed, enlist
from actors.live_actor import LiveActor
from actors.plan import NAMESPACE, LivePlan, names_key
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.wall_clock import elapsed_s, pause
from busyhour.core.ids import ABSENT, Instant
from busyhour.host import QUEUES, RECORDER
from busyhour.results.tallies import Tallies, TrunkTally, VoiceAgentTally
from simulation.scenario import Scenario

LEASE_S: Final = 5.0
"""An actor that says nothing for so long is succeeded by another."""
ACTIVATE_S: Final = 60.0
QUIET_S: Final = 60.0
"""How long calls' last rows may take at the end."""

log = logging.getLogger("busyhour.live")


class LiveRun:
    """One run of a plan on the cluster that `ray` is connected to."""

    def __init__(self, ray: Any, plan: LivePlan, scenario: Scenario) -> None:
        self._ray = ray
        self.plan = plan
        self._scenario = scenario
        self._handles: dict[str, Any] = {}
        self._generation: dict[str, int] = {}
        self._asked: dict[str, Any] = {}
        self._heard: dict[str, float] = {}
        self.statuses: dict[str, dict[str, Any]] = {}
        self.successions = 0
        """Actors that were succeeded because they were silent."""

    @property
    def actors(self) -> list[str]:
        return [*self.plan.roles, RECORDER]

    def start(self) -> None:
        """Everything is up and the clock runs when this returns. Raises RayError, BusyhourError, RedisError."""
        for actor in self.actors:
            self._create(actor)
        self._ray.get([self._handles[a].activate.remote() for a in self.actors], timeout=ACTIVATE_S)
        asyncio.run(self._configure())
        self._ray.get([self._handles[a].begin.remote() for a in self.plan.roles], timeout=ACTIVATE_S)
        now = elapsed_s()
        self._heard = dict.fromkeys(self.actors, now)

    def _create(self, actor: str) -> None:
        generation = self._generation.get(actor, 0) + 1
        self._generation[actor] = generation
        name = f"{self.plan.scope}/{actor}#{generation}"
        asyncio.run(self._name(actor, name))
        remote = self._ray.remote(
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=1_000,
            name=name,
            namespace=NAMESPACE,
        )(LiveActor)
        self._handles[actor] = remote.remote(self.plan, actor, name)
        self._asked.pop(actor, None)

    async def _name(self, actor: str, name: str) -> None:
        async with await connect(self.plan.store_url) as client:
            anyhow: Any = client
            await anyhow.hset(names_key(self.plan.scope), actor, name)

    async def _configure(self) -> None:
        """The limits, then the clock."""
        scenario = self._scenario
        async with await connect(self.plan.store_url) as client:
            admission = StoreAdmission(client, self.plan.scope)
            for number, trunk in enumerate(scenario.trunks.values()):
                channels = ABSENT if trunk.channels is None else trunk.channels
                rate = float("inf") if trunk.calls_per_second is None else trunk.calls_per_second
                await admission.configure_trunk(number, channels, rate)
            for number, campaign in enumerate(scenario.campaigns.values()):
                limits = campaign.limits
                rate = float("inf") if limits.calls_per_second is None else limits.calls_per_second
                await admission.configure_campaign(
                    number, rate, limits.max_concurrency or 0, campaign.retry.max_per_day or 0
                )
            await admission.start_clock(scenario.clock.start_us, self.plan.speed)
            await enlist(
                client, self.plan.scope, Listed(scenario.name, self.actors, list(scenario.campaigns))
            )

    # While it runs --------------------------------------------------------------------------------------------------

    def look(self, wait_s: float) -> dict[str, dict[str, Any]]:
        """Ask every actor how it is, wait a little, and succeed those that have been silent for too long."""
        for actor in self.actors:
            if actor not in self._asked:
                self._asked[actor] = self._handles[actor].status.remote()
        pending = list(self._asked.values())
        done, _ = self._ray.wait(pending, num_returns=len(pending), timeout=wait_s)
        now = elapsed_s()
        for actor in self.actors:
            reference = self._asked.get(actor)
            if reference in done:
                del self._asked[actor]
                try:
                    self.statuses[actor] = self._ray.get(reference)
                    self._heard[actor] = now
                except self._ray.exceptions.RayError as failure:
                    log.info("%s: %s", actor, type(failure).__name__)
            if now - self._heard[actor] > LEASE_S:
                self._succeed(actor)
        return self.statuses

    def _succeed(self, actor: str) -> None:
        """The successor's epochs fence its predecessor, who is ended when it can be reached."""
        log.warning("%s has been silent for %g s: another takes its place", actor, LEASE_S)
        self.successions += 1
        predecessor = self._handles[actor]
        self._create(actor)
        self._heard[actor] = elapsed_s() + LEASE_S  # to start takes a moment
        self._handles[actor].activate.remote()
        self._ray.kill(predecessor, no_restart=True)

    def is_over(self) -> bool:
        """No campaign has work left and no call is alive."""
        said = [self.statuses.get(actor) for actor in self.plan.roles]
        return all(status is not None and status["work_over"] and not status["calls"] for status in said)

    # The end --------------------------------------------------------------------------------------------------------

    def stop(self, now: Instant) -> Tallies:
        """Dialling ends, calls that are alive leave their rows; what was counted until `now`."""
        by_actor: dict[str, Tallies] = {}
        order = sorted(self.plan.roles, key=lambda actor: (len(self.plan.roles[actor].calls), actor))
        for actor in order:
            by_actor[actor] = self._ray.get(self._handles[actor].stop.remote(now), timeout=ACTIVATE_S)
        until = elapsed_s() + QUIET_S
        while elapsed_s() < until:
            self._ray.get(self._handles[RECORDER].hurry.remote(), timeout=ACTIVATE_S)
            quiet = self._ray.get([self._handles[a].is_quiet.remote() for a in order], timeout=ACTIVATE_S)
            if all(quiet):
                break
            pause(0.1)
        return self._together(by_actor)

    def _together(self, by_actor: dict[str, Tallies]) -> Tallies:
        """Each actor's tallies of what it hosts, as one. What rows tell as well is left to them: an actor that was
        succeeded has begun to count anew."""
        every = list(by_actor.values())
        shards = [by_actor[actor] for actor, role in self.plan.roles.items() if role.calls]
        queues = by_actor.get(QUEUES, every[0])
        campaigns = [
            by_actor[f"campaign-{number}"].campaigns[number]
            for number in range(len(self._scenario.campaigns))
        ]
        trunks = [
            TrunkTally(
                ABSENT,
                sum(tally.trunks[n].channels_max for tally in shards),
                [
                    sum(most)
                    for most in zip(*(t.trunks[n].channels_max_by_interval for t in shards), strict=False)
                ],
            )
            for n in range(len(self._scenario.trunks))
        ]
        voice = [
            VoiceAgentTally(
                ABSENT,
                sum(tally.voice_agents[n].concurrent_max for tally in shards),
            )
            for n in range(len(self._scenario.voice_agents))
        ]
        return replace(
            queues,
            events=sum(t.events for t in every),
            illegal_events=sum(t.illegal_events for t in every),
            campaigns=campaigns,
            trunks=trunks,
            voice_agents=voice,
        )

    def names(self) -> Any:
        return self._ray.get(self._handles[RECORDER].names.remote(), timeout=ACTIVATE_S)

    def end(self) -> None:
        """End every actor."""
        for handle in self._handles.values():
            self._ray.kill(handle, no_restart=True)
        asyncio.run(self._delist())

    async def _delist(self) -> None:
        async with await connect(self.plan.store_url) as client:
            await enlist(client, self.plan.scope, None)
