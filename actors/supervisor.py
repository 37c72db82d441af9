"""Sees that the actors of a live run live: what is wanted against what there is, and what an operator hears of it.

An actor that answers is alive, while it starts too, which takes as long as its journals and contact lists are long. Ray
starts one again whose process has died. One that is silent, because it hangs or is paused, is succeeded by another,
whose epochs fence it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from actors.live_actor import RUNNING, LiveActor
from actors.plan import NAMESPACE, LivePlan
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


@dataclass(slots=True)
class _Watched:
    """One actor, as it was last seen."""

    handle: Any = None
    generation: int = 0
    asked: Any = None
    """The question it has not answered yet."""
    pid: int = 0
    """Of the process that was last seen at work; 0: none was."""
    silent_at_s: float = 0.0
    """When it is taken for dead, unless it says something before."""
    down_since_s: float | None = None
    """It was at work, and is not."""
    trouble: str = ""


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
        self._tell = tell
        self._watched: dict[str, _Watched] = {actor: _Watched() for actor in plan.actors}
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
        return list(self._watched)

    def handle(self, actor: str) -> Any:
        """Ray's, of the actor as it is now."""
        return self._watched[actor].handle

    def create(self, actor: str) -> None:
        """Raises StoreRefusedError, RedisError, OSError, RayError."""
        watched = self._watched[actor]
        name = f"{self._plan.scope}/{actor}#{watched.generation + 1}"
        asyncio.run(self._name(actor, name))
        watched.generation += 1
        remote = self._ray.remote(
            num_cpus=0,
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=1_000,
            name=name,
            namespace=NAMESPACE,
            lifetime=self._lifetime,
        )(LiveActor)
        watched.handle = remote.remote(self._plan, actor, name)
        watched.asked = None
        watched.silent_at_s = elapsed_s() + ACTIVATE_S

    def adopt(self, actor: str) -> bool:
        """Watch over the actor as a predecessor has created it; False where there is none. Raises as `create`."""
        name = asyncio.run(self._last_name(actor))
        if not name:
            return False
        watched = self._watched[actor]
        watched.generation = int(name.rpartition("#")[2])
        try:
            watched.handle = self._ray.get_actor(name, namespace=NAMESPACE)
        except ValueError:
            return False
        watched.silent_at_s = elapsed_s() + ACTIVATE_S
        return True

    async def _last_name(self, actor: str) -> str:
        async with await connect(self._plan.store_url) as client:
            anyhow: Any = client
            name = await anyhow.hget(names_key(self._plan.scope), actor)
            return "" if name is None else name.decode()

    async def _name(self, actor: str, name: str) -> None:
        async with await connect(self._plan.store_url) as client:
            anyhow: Any = client
            await anyhow.hset(names_key(self._plan.scope), actor, name)

    # Looking --------------------------------------------------------------------------------------------------------

    def look(self, wait_s: float) -> dict[str, dict[str, Any]]:
        """Ask every actor how it is, wait a little, and succeed those that have been silent for too long."""
        for watched in self._watched.values():
            if watched.asked is None:
                watched.asked = watched.handle.status.remote()
        pending = [watched.asked for watched in self._watched.values()]
        done, _ = self._ray.wait(pending, num_returns=len(pending), timeout=wait_s)
        now_s = elapsed_s()
        for actor, watched in self._watched.items():
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
        return self.statuses

    def _heard(self, actor: str, watched: _Watched, status: dict[str, Any], now_s: float) -> None:
        self.statuses[actor] = status
        if watched.pid not in (0, status["pid"]):
            self._lost(actor, watched, now_s)
        if status["trouble"] != watched.trouble:
            watched.trouble = status["trouble"]
            self._tell(f"{actor}: {watched.trouble}" if watched.trouble else f"{actor} goes on")
        if status["state"] != RUNNING:
            return  # `silent_at_s` is how long it may take to start
        watched.silent_at_s = now_s + LEASE_S
        watched.pid = status["pid"]
        if watched.down_since_s is not None:
            self._tell(
                f"{actor} is back after {now_s - watched.down_since_s:.1f} s, as process {watched.pid}"
            )
            watched.down_since_s = None

    def _lost(self, actor: str, watched: _Watched, now_s: float) -> None:
        """Its process is no more; Ray starts another."""
        if watched.pid == 0:
            return
        self.deaths[actor] += 1
        self._tell(f"{actor} has died, process {watched.pid}: it is started again")
        watched.pid = 0
        watched.down_since_s = now_s
        watched.silent_at_s = now_s + ACTIVATE_S

    def _succeed(self, actor: str, watched: _Watched, now_s: float) -> None:
        """The successor's epochs fence its predecessor, who is ended when it can be reached."""
        predecessor, pid = watched.handle, watched.pid
        try:
            self.create(actor)
        except (BusyhourError, RedisError, OSError) as failure:
            log.warning("%s is silent, and nothing can take its place: %s", actor, failure)
            return  # the next look tries again
        self.successions[actor] += 1
        self._tell(f"{actor} is silent, process {pid or 'unknown'}: another takes its place")
        watched.pid = 0
        watched.down_since_s = watched.down_since_s or now_s
        self._ray.kill(predecessor, no_restart=True)

    def _hear_of_store(self, now_s: float) -> None:
        silent = [actor for actor, status in self.statuses.items() if not status["store_answers"]]
        if silent and self._store_down_since_s is None:
            self._store_down_since_s = now_s
            self.store_failures += 1
            self._tell("the store does not answer: nothing is dialled")
        elif not silent and self._store_down_since_s is not None:
            down_s = now_s - self._store_down_since_s
            self._store_down_s += down_s
            self._store_down_since_s = None
            self._tell(f"the store answers again, after {down_s:.1f} s")

    # The end --------------------------------------------------------------------------------------------------------

    def incidents(self) -> Sequence[str]:
        """What the results of the run must be read with: a sentence each."""
        told = [
            f"{actor} died {_times(count)} and was started again"
            + (
                "; the calls that it held ended as unknown, or human if they had been connected."
                if _has_calls(actor)
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
        for watched in self._watched.values():
            if watched.handle is not None:
                self._ray.kill(watched.handle, no_restart=True)


def _has_calls(actor: str) -> bool:
    return actor.startswith("calls-")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
