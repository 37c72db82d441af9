"""A live run from its start to its end: actors, limits and clock; then, in two steps, the last rows and the tallies."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from redis.exceptions import RedisError

from actors.plan import LivePlan, first_owners, has_calls
from actors.runs import Listed, clear, enlist
from actors.supervisor import ACTIVATE_S, Supervisor
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.shards import StoredShards
from busyhour.adapters.wall_clock import elapsed_s, pause
from busyhour.core.errors import BusyhourError
from busyhour.core.ids import ABSENT, Instant
from busyhour.host import QUEUES, RECORDER
from busyhour.results.tallies import Tallies, TrunkTally, VoiceAgentTally
from simulation.scenario import Scenario

STOP_S: Final = 120.0
"""How long each step of the end may take, whatever dies in it."""
LOOK_S: Final = 0.2

log = logging.getLogger("busyhour.live")


class SilentActorsError(BusyhourError):
    """`actors` did not do `what` within `within_s` seconds; `troubles` are theirs, where they told any."""

    actors: Sequence[str]
    what: str
    within_s: float
    troubles: Sequence[str]

    def __init__(self, actors: Sequence[str], what: str, within_s: float, troubles: Sequence[str]) -> None:
        super().__init__(actors, what, within_s, troubles)
        self.actors = actors
        self.what = what
        self.within_s = within_s
        self.troubles = troubles

    def __str__(self) -> str:
        reasons = f" ({'; '.join(self.troubles)})" if self.troubles else ""
        return f"{', '.join(self.actors)} did not {self.what} within {self.within_s:g} s{reasons}"


def silence(sentence: str) -> None:
    """Nobody is told."""


class LiveRun:
    """One run of a plan on the cluster that `ray` is connected to; `tell` gets what an operator should hear of it."""

    def __init__(
        self, ray: Any, plan: LivePlan, scenario: Scenario, tell: Callable[[str], None] = silence
    ) -> None:
        self._ray = ray
        self.plan = plan
        self._scenario = scenario
        self.supervisor = Supervisor(ray, plan, tell)

    def start(self) -> None:
        """Everything is up and the clock runs when this returns.

        Raises RayError, StoreRefusedError, RedisError, and SilentActorsError where it takes too long.
        """
        asyncio.run(self._draw_map())
        self.supervisor.start()
        self._each(self.supervisor.actors, "activate", "start", ACTIVATE_S)
        asyncio.run(self._configure())
        self._each(self.supervisor.actors, "begin", "begin", ACTIVATE_S)

    async def _draw_map(self) -> None:
        async with await connect(self.plan.store_url) as client:
            await StoredShards(client, self.plan.scope).begin(first_owners(self.plan.roles))

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
            await enlist(
                client,
                self.plan.scope,
                Listed(scenario.name, list(scenario.campaigns)),
            )
            await admission.start_clock(scenario.clock.start_us, self.plan.speed)

    # While it runs --------------------------------------------------------------------------------------------------

    @property
    def statuses(self) -> dict[str, dict[str, Any]]:
        """What each actor said last."""
        return self.supervisor.statuses

    def look(self, wait_s: float) -> dict[str, dict[str, Any]]:
        """Ask every actor how it is, wait a little, and see that they live."""
        return self.supervisor.look(wait_s)

    def is_over(self) -> bool:
        """No campaign has work left and no call is alive."""
        said = [self.statuses.get(actor, {}) for actor in self.supervisor.actors if actor != RECORDER]
        return all(status.get("work_over", False) and not status.get("calls", 1) for status in said)

    def _each(
        self, actors: Sequence[str], method: str, what: str, within_s: float, *arguments: object
    ) -> dict[str, Any]:
        """Every actor's answer to `method`, which may be asked again: of those that die meanwhile, their successors'.

        Raises SilentActorsError.
        """
        answers: dict[str, Any] = {}
        asked: dict[str, tuple[Any, Any]] = {}
        until_s = elapsed_s() + within_s
        while waiting := [actor for actor in actors if actor not in answers]:
            if elapsed_s() > until_s:
                troubles = [t for t in (self.statuses.get(a, {}).get("trouble") for a in waiting) if t]
                raise SilentActorsError(waiting, what, within_s, troubles)
            for actor in waiting:
                handle = self.supervisor.handle(actor)
                if actor not in asked or asked[actor][0] is not handle:
                    asked[actor] = handle, getattr(handle, method).remote(*arguments)
            references = [asked[actor][1] for actor in waiting]
            done, _ = self._ray.wait(references, num_returns=len(references), timeout=LOOK_S)
            for actor in waiting:
                if asked[actor][1] in done:
                    _, reference = asked.pop(actor)
                    try:
                        answers[actor] = self._ray.get(reference)
                    except self._ray.exceptions.RayError as failure:
                        log.info("%s: %s", actor, failure)
            if len(answers) < len(actors):
                self.look(LOOK_S)
        return answers

    # The end --------------------------------------------------------------------------------------------------------

    def stop(self, now: Instant) -> Tallies:
        """Dialling ends, calls that are alive leave their rows; what was counted until `now`.

        Campaigns first: when each of their calls has been taken in where calls are, the shards end them all.

        Raises SilentActorsError.
        """
        self.supervisor.settle()
        others = [actor for actor, role in self.plan.roles.items() if not role.calls]
        shards = [actor for actor in self.supervisor.actors if has_calls(actor)]
        by_actor = self._each(others, "stop", "stop", STOP_S, now)
        by_actor |= self._each(shards, "stop", "stop", STOP_S, now)
        until_s = elapsed_s() + STOP_S
        while not all(self._each([*others, *shards], "is_quiet", "answer", STOP_S).values()):
            if elapsed_s() > until_s:
                raise SilentActorsError([RECORDER], "write the last rows", STOP_S, [])
            self._each([RECORDER], "hurry", "answer", STOP_S)
            pause(LOOK_S / 2)
        return self._together(by_actor)

    def _together(self, by_actor: dict[str, Tallies]) -> Tallies:
        """Each actor's tallies of what it hosts, as one. What rows tell as well is left to them: an actor that was
        succeeded has begun to count anew."""
        every = list(by_actor.values())
        shards = [tallies for actor, tallies in by_actor.items() if has_calls(actor)]
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
        return self._each([RECORDER], "names", "answer", STOP_S)[RECORDER]

    def end(self) -> None:
        """End every actor, and leave nothing of the run in the store, if it answers."""
        self.supervisor.end()
        try:
            asyncio.run(self._clear())
        except (BusyhourError, RedisError, OSError) as failure:
            log.warning("the run stays listed in the store: %s", failure)

    async def _clear(self) -> None:
        async with await connect(self.plan.store_url) as client:
            await clear(client, self.plan.scope)
