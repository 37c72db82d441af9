"""Sees that the actors of a live run live: what is wanted against what there is, and what an operator hears of it.

An actor that answers is alive, while it starts too, which takes as long as its journals and contact lists are long. Ray
starts one again whose process has died. One that is silent, because it hangs or is paused, is succeeded by another,
whose epochs fence it. Where actors are, and which of them there are, `placing` sees to.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from actors.live_actor import RUNNING, LiveActor
from actors.placing import EVERY_S, Placing, on_node
from actors.plan import NAMESPACE, LivePlan, has_calls
from actors.platform_plan import PlatformPlan
from actors.runs import names_key
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.errors import BusyhourError

LEASE_S: Final = 5.0
"""An actor that works and says nothing for so long is succeeded by another."""
ACTIVATE_S: Final = 120.0
"""The same of one that starts."""

log = logging.getLogger("busyhour.live")


@dataclass(frozen=True, slots=True)
class Coming:
    """A process that starts, and knows nothing of what it will host."""

    handle: Any
    name: str
    node: str
    asked: Any
    """Answered when it is there."""
    until_s: float
    """When it is given up."""


@dataclass(slots=True)
class Watched:
    """One actor, as it was last seen."""

    handle: Any
    generation: int
    node: str
    """Id of the Ray node on which it is, or is to start."""
    asked: Any = None
    """The question it has not answered yet."""
    pid: int = 0
    """Of the process that was last seen at work; 0: none was."""
    silent_at_s: float = 0.0
    """When it is taken for dead, unless it says something before."""
    down_since_s: float | None = None
    """It was at work, and is not."""
    trouble: str = ""
    coming: "Coming | None" = None
    """Who is to take its place on another node."""


class Supervisor:
    """Creates the actors of a plan and succeeds them; `tell` has a sentence for the operator whenever something dies,
    hangs, or is back.
    """

    def __init__(
        self,
        ray: Any,
        plan: LivePlan | PlatformPlan,
        tell: Callable[[str], None],
        outlived: bool = False,
    ) -> None:
        """Where it is `outlived` by what it has created, its successor finds that by `adopt`."""
        self._ray = ray
        self._lifetime = "detached" if outlived else None
        self._plan = plan
        self.tell = tell
        self.watched: dict[str, Watched] = {}
        """By actor."""
        self._placing = Placing(ray, self, plan)
        self._next_placing_s = 0.0
        self._settled = False
        self._store_down_since_s: float | None = None
        self._store_down_s = 0.0
        self.statuses: dict[str, dict[str, Any]] = {}
        """What each actor said last."""
        self.deaths: Counter[str] = Counter()
        self.successions: Counter[str] = Counter()
        """By actor: how often it was silent for too long."""
        self.store_failures = 0

    @property
    def actors(self) -> list[str]:
        """Those that there are now."""
        return list(self.watched)

    def handle(self, actor: str) -> Any:
        """Ray's, of the actor as it is now."""
        return self.watched[actor].handle

    def start(self, adopts: bool = False) -> None:
        """Create the actors that there should be, spread over the nodes; where it `adopts`, watch over those that a
        predecessor has created. May be repeated when it fails.

        Raises StoreRefusedError, RedisError, OSError, RayError.
        """
        asyncio.run(self._start(adopts))

    async def _start(self, adopts: bool) -> None:
        others = [actor for actor in self._plan.actors if not has_calls(actor)]
        wanted = await self._placing.wanted(others)
        places = self._placing.spread(wanted)
        async with await connect(self._plan.store_url) as client:
            for actor in wanted:
                if actor not in self.watched and not (adopts and await self._adopt(client, actor)):
                    await self.create(client, actor, places.get(actor, ""))

    async def create(self, client: Any, actor: str, node: str) -> None:
        """On the Ray node of that id, or wherever Ray likes; a successor, where it is watched already.

        Raises RedisError, OSError, RayError.
        """
        watched = self.watched.get(actor)
        generation = 1 + (watched.generation if watched else await self._last_generation(client, actor))
        name = self._name(actor, generation)
        await client.hset(names_key(self._plan.scope), actor, name)
        handle = self._created(actor, name, node)
        if watched is None:
            self.watched[actor] = watched = Watched(handle, generation, node)
        watched.generation = generation
        self._begins(watched, handle, node)

    def _name(self, actor: str, generation: int) -> str:
        return f"{self._plan.scope}/{actor}#{generation}"

    def _created(self, actor: str, name: str, node: str) -> Any:
        """One that a predecessor has created under that name may be there: it is as good."""
        where: dict[str, Any] = on_node(self._ray, node) if node else {"num_cpus": 0}
        remote = self._ray.remote(
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=1_000,
            name=name,
            namespace=NAMESPACE,
            lifetime=self._lifetime,
            get_if_exists=True,
            **where,
        )(LiveActor)
        return remote.remote(self._plan, actor, name)

    def _begins(self, watched: Watched, handle: Any, node: str) -> None:
        watched.handle, watched.node = handle, node
        watched.asked = None
        watched.silent_at_s = elapsed_s() + ACTIVATE_S

    async def _adopt(self, client: Any, actor: str) -> bool:
        """Watch over the actor as a predecessor has created it; False where there is none."""
        generation = await self._last_generation(client, actor)
        try:
            handle = self._ray.get_actor(f"{self._plan.scope}/{actor}#{generation}", namespace=NAMESPACE)
        except ValueError:
            return False
        self.watched[actor] = Watched(handle, generation, "", silent_at_s=elapsed_s() + ACTIVATE_S)
        return True

    async def _last_generation(self, client: Any, actor: str) -> int:
        name = await client.hget(names_key(self._plan.scope), actor)
        return 0 if name is None else int(name.decode().rpartition("#")[2])

    def move(self, actor: str, node: str) -> None:
        """Have it succeeded on another node, as soon as a process is there that needs but read its journals. Raises
        RayError.
        """
        watched = self.watched[actor]
        watched.generation += 1
        name = self._name(actor, watched.generation)
        handle = self._created(actor, name, node)
        until_s = elapsed_s() + ACTIVATE_S
        watched.coming = Coming(handle, name, node, handle.is_there.remote(), until_s)

    def is_moving(self, actor: str) -> bool:
        return self.watched[actor].coming is not None

    def _look_who_comes(self, now_s: float) -> None:
        for actor, watched in self.watched.items():
            coming = watched.coming
            if coming is None:
                continue
            done, _ = self._ray.wait([coming.asked], num_returns=1, timeout=0)
            try:
                if done:
                    self._ray.get(coming.asked)
                    asyncio.run(self._take_place(actor, watched, coming))
                    watched.coming = None
                elif now_s > coming.until_s:
                    self._give_up(watched)
            except self._ray.exceptions.RayError as failure:
                log.warning("%s does not move yet: %s", actor, failure)
                self._give_up(watched)
            except (BusyhourError, RedisError, OSError) as failure:
                log.info("%s moves when the store answers: %s", actor, failure)

    async def _take_place(self, actor: str, watched: Watched, coming: Coming) -> None:
        async with await connect(self._plan.store_url) as client:
            await client.hset(names_key(self._plan.scope), actor, coming.name)
        self._ray.kill(watched.handle, no_restart=True)
        self._begins(watched, coming.handle, coming.node)
        watched.pid = 0
        watched.down_since_s = watched.down_since_s or elapsed_s()

    def _give_up(self, watched: Watched) -> None:
        if watched.coming is not None:
            self._ray.kill(watched.coming.handle, no_restart=True)
            watched.coming = None

    async def replace(self, client: Any, actor: str, node: str) -> None:
        """Have it succeeded on another node at once, for its own has died. Raises as `create`."""
        watched = self.watched[actor]
        predecessor = watched.handle
        if watched.pid != 0:
            self.deaths[actor] += 1
        await self.create(client, actor, node)
        watched.pid = 0
        watched.down_since_s = watched.down_since_s or elapsed_s()
        self._ray.kill(predecessor, no_restart=True)

    def dismiss(self, actor: str) -> None:
        """There shall be no such actor any more."""
        watched = self.watched.pop(actor)
        self._give_up(watched)
        self._ray.kill(watched.handle, no_restart=True)
        self.statuses.pop(actor, None)

    def settle(self) -> None:
        """The run is about to end: no actor comes, moves or goes any more, but for successors of those that fail."""
        self._settled = True

    # Looking --------------------------------------------------------------------------------------------------------

    def look(self, wait_s: float) -> dict[str, dict[str, Any]]:
        """Ask every actor how it is, wait a little, and succeed those that have been silent for too long."""
        for watched in self.watched.values():
            if watched.asked is None:
                watched.asked = watched.handle.status.remote()
        pending = [watched.asked for watched in self.watched.values()]
        done, _ = self._ray.wait(pending, num_returns=len(pending), timeout=wait_s)
        now_s = elapsed_s()
        for actor, watched in self.watched.items():
            if watched.asked in done:
                answer, watched.asked = watched.asked, None
                try:
                    self._heard(actor, watched, self._ray.get(answer), now_s)
                except self._ray.exceptions.RayError as failure:
                    log.info("%s: %s", actor, failure)
                    self._lost(actor, watched, now_s)
            if now_s > watched.silent_at_s:
                self._succeed(actor, watched, now_s)
        self._hear_of_store(now_s)
        self._look_who_comes(now_s)
        if now_s >= self._next_placing_s and not self._settled:
            self._next_placing_s = now_s + EVERY_S
            try:
                asyncio.run(self._placing.look())
            except (BusyhourError, RedisError, OSError, self._ray.exceptions.RayError) as failure:
                log.info("where actors are is seen to later: %s", failure)
        return self.statuses

    def _heard(self, actor: str, watched: Watched, status: dict[str, Any], now_s: float) -> None:
        self.statuses[actor] = status
        if watched.pid not in (0, status["pid"]):
            self._lost(actor, watched, now_s, is_back=True)
        if status["trouble"] != watched.trouble:
            watched.trouble = status["trouble"]
            self.tell(f"{actor}: {watched.trouble}" if watched.trouble else f"{actor} goes on")
        if status["state"] != RUNNING:
            return  # `silent_at_s` is how long it may take to start
        watched.silent_at_s = now_s + LEASE_S
        watched.pid, watched.node = status["pid"], status["node"]
        if watched.down_since_s is not None:
            self.tell(f"{actor} is back after {now_s - watched.down_since_s:.1f} s, as process {watched.pid}")
            watched.down_since_s = None

    def _lost(self, actor: str, watched: Watched, now_s: float, is_back: bool = False) -> None:
        """Its process is no more; Ray starts another, or has, unless the node is no more either."""
        if watched.pid == 0:
            return
        self.deaths[actor] += 1
        pid, watched.pid = watched.pid, 0
        watched.down_since_s = now_s
        watched.silent_at_s = now_s + ACTIVATE_S
        if is_back or self._placing.node_answers(watched.node):
            self.tell(f"{actor} has died, process {pid}: it is started again")
        else:
            self.tell(f"{actor} has died with its node, process {pid}: it is started on another")
            self._start_successor(actor, watched)

    def _succeed(self, actor: str, watched: Watched, now_s: float) -> None:
        """The successor's epochs fence its predecessor, who is ended when it can be reached."""
        pid = watched.pid
        if not self._start_successor(actor, watched):
            return  # the next look tries again
        self.successions[actor] += 1
        self.tell(f"{actor} is silent, process {pid or 'unknown'}: another takes its place")
        watched.pid = 0
        watched.down_since_s = watched.down_since_s or now_s

    def _start_successor(self, actor: str, watched: Watched) -> bool:
        """False where the store does not let it."""
        predecessor = watched.handle
        try:
            asyncio.run(self._create_successor(actor))
        except (BusyhourError, RedisError, OSError) as failure:
            log.warning("nothing can take the place of %s: %s", actor, failure)
            watched.silent_at_s = elapsed_s()
            return False
        self._ray.kill(predecessor, no_restart=True)
        return True

    async def _create_successor(self, actor: str) -> None:
        async with await connect(self._plan.store_url) as client:
            await self.create(client, actor, self._placing.successor_node(actor))

    def _hear_of_store(self, now_s: float) -> None:
        silent = [actor for actor, status in self.statuses.items() if not status["store_answers"]]
        if silent and self._store_down_since_s is None:
            self._store_down_since_s = now_s
            self.store_failures += 1
            self.tell("the store does not answer: nothing is dialled")
        elif not silent and self._store_down_since_s is not None:
            down_s = now_s - self._store_down_since_s
            self._store_down_s += down_s
            self._store_down_since_s = None
            self.tell(f"the store answers again, after {down_s:.1f} s")

    # The end --------------------------------------------------------------------------------------------------------

    def incidents(self) -> Sequence[str]:
        """What the results of the run must be read with: a sentence each."""
        told = [
            f"{actor} died {_times(count)} and was started again"
            + (
                "; the calls that it held ended as unknown, or human if they had been connected."
                if has_calls(actor)
                else "."
            )
            for actor, count in sorted(self.deaths.items())
        ]
        told += [
            f"{actor} was silent for over {LEASE_S:g} s {_times(count)} and was succeeded by another process."
            for actor, count in sorted(self.successions.items())
        ]
        if self.store_failures:
            told.append(
                f"The store did not answer {_times(self.store_failures)}, for {self._store_down_s:.1f} s in all: "
                "nothing was dialled meanwhile."
            )
        return told

    def end(self) -> None:
        """End every actor."""
        for watched in self.watched.values():
            self._give_up(watched)
            self._ray.kill(watched.handle, no_restart=True)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
