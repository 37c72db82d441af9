"""Ray's side of one actor of a live run: thin, so that what matters can be tested without Ray.

Its `__init__` does nothing. The first message activates it, after a crash too: Ray starts it again, and it goes on from
its journals. Ray repeats none of its calls, for what was asked and not answered may have been done.
"""

import asyncio
import logging
import os
from typing import Any, Final

from actors.plan import NAMESPACE, LivePlan, names_key
from actors.recorder import LiveRecorder
from actors.runner import Batch, Received, Runner
from busyhour.adapters.valkey.admission import UnconfiguredError
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import FencedError
from busyhour.core.ids import Instant
from busyhour.host import RECORDER
from busyhour.results.tallies import Tallies

ANSWER_S: Final = 10.0
"""An actor that has not taken a batch in by then is taken for dead; the batch goes to its successor."""
SUCCEEDED: Final = 75
"""Exit status of a process whose journals have a new owner."""

log = logging.getLogger("busyhour.live")


class RayCourier:
    """Finds actors by name, and again when one does not answer."""

    def __init__(self, plan: LivePlan, client: Any) -> None:
        self._plan = plan
        self._client = client
        self._handles: dict[str, Any] = {}

    async def deliver(self, actor: str, batch: Batch) -> Received:
        import ray

        try:
            handle = self._handles.get(actor)
            if handle is None:
                name = await self._client.hget(names_key(self._plan.scope), actor)
                handle = self._handles[actor] = ray.get_actor(name.decode(), namespace=NAMESPACE)
            return await asyncio.wait_for(handle.deliver.remote(batch), ANSWER_S)
        except Exception as failure:  # whatever it was, the batch is sent again
            self._handles.pop(actor, None)
            log.info("%s does not answer: %s", actor, type(failure).__name__)
            raise ConnectionError(actor) from failure


class LiveActor:
    """Hosts what `plan.roles[actor]` says, or the recorder. `name` is what Ray calls it."""

    def __init__(self, plan: LivePlan, actor: str, name: str) -> None:
        self._plan = plan
        self._actor = actor
        self._name = name
        self._work: Any = None
        self._task: asyncio.Task[None] | None = None
        self._activating = asyncio.Lock()

    async def activate(self) -> None:
        """Ready to begin. Harmless when it is already. Raises FencedError when there is a successor."""
        async with self._activating:
            if self._work is not None:
                return
            client: Any = await connect(self._plan.store_url)
            current = await client.hget(names_key(self._plan.scope), self._actor)
            if current is None or current.decode() != self._name:
                os._exit(SUCCEEDED)
            work: Any
            if self._actor == RECORDER:
                work = LiveRecorder(self._plan)
            else:
                work = Runner(self._plan, self._actor, RayCourier(self._plan, client))
            await work.activate()
            self._work = work
            if self._actor == RECORDER:
                self._task = asyncio.create_task(self._run())

    async def begin(self) -> None:
        """The clock runs. Harmless when it has begun."""
        await self.activate()
        async with self._activating:
            if self._task is None:
                await self._work.begin()
                self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """An actor that can't go on ends its process: Ray starts it again, unless it has a successor."""
        try:
            await self._work.run()
        except FencedError as fenced:
            log.warning("%s: %s", self._name, fenced)
            os._exit(SUCCEEDED)
        except BaseException:
            log.exception("%s has failed", self._name)
            logging.shutdown()
            os._exit(1)

    async def _ready(self) -> Any:
        await self.activate()
        if self._task is None:
            try:
                await self.begin()
            except UnconfiguredError:
                raise ConnectionError("the run has not begun") from None
        return self._work

    async def deliver(self, batch: Batch) -> Received:
        return await (await self._ready()).deliver(batch)

    async def status(self) -> dict[str, Any]:
        return {**(await self._ready()).status(), "name": self._name}

    async def stop(self, now: Instant) -> Tallies:
        return await (await self._ready()).stop(now)

    async def is_quiet(self) -> bool:
        return (await self._ready()).is_quiet()

    async def hurry(self) -> None:
        (await self._ready()).hurry()

    async def names(self) -> Any:
        """What the numbers in rows stand for; the recorder's."""
        return (await self._ready()).names
