"""Ray's side of one actor of a live run: thin, so that what matters can be tested without Ray.

Its `__init__` does nothing. The first message wakes it, after a crash too: Ray starts it again, and it goes on from its
journals, for as long as it takes; meanwhile it answers how it is. Ray repeats none of its calls, for what was asked and
not answered may have been done.
"""

import asyncio
import logging
import os
from typing import Any, Final, NoReturn

from redis.exceptions import RedisError

from actors.ledger import Ledger
from actors.plan import NAMESPACE, LivePlan
from actors.platform_plan import PlatformPlan
from actors.platform_runner import PlatformRunner
from actors.post import RETRY_S, Answer, Batch
from actors.recorder import LiveRecorder
from actors.runner import Runner
from actors.runs import Process, names_key, sign
from busyhour.adapters.valkey.admission import UnconfiguredError
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.errors import StoreRefusedError
from busyhour.adapters.valkey.journal import FencedError
from busyhour.chronicle import LEDGER
from busyhour.core.ids import Instant
from busyhour.host import RECORDER
from busyhour.results.tallies import Tallies

ANSWER_S: Final = 4.0
"""An actor that has not taken a batch in by then is asked again: less than the lease after which it is succeeded."""
LOOK_S: Final = 1.0
"""How often a courier that waits looks whether the actor has a successor."""
SUCCEEDED: Final = 75
"""Exit status of a process whose journals have a new owner."""
STARTING: Final = "starting"
READY: Final = "ready"
"""It waits for the run's clock."""
RUNNING: Final = "running"

log = logging.getLogger("busyhour.live")


class RayCourier:
    """Finds actors by the names in the store, and again when one does not answer or has another name."""

    def __init__(self, scope: str, client: Any) -> None:
        self._names = names_key(scope)
        self._client = client
        self._known: dict[str, tuple[bytes, Any]] = {}
        """Actor → its name and Ray's handle."""

    async def deliver(self, actor: str, batch: Batch) -> Answer:
        try:
            name, handle = self._known.get(actor) or await self._found(actor)
            asked = asyncio.ensure_future(handle.deliver.remote(batch))
            waited_s = 0.0
            while waited_s < ANSWER_S:
                done, _ = await asyncio.wait([asked], timeout=LOOK_S)
                if done:
                    return asked.result()
                waited_s += LOOK_S
                if await self._client.hget(self._names, actor) != name:
                    raise ConnectionError(f"{actor} has a successor")
            raise ConnectionError(f"{actor} has not answered for {ANSWER_S:g} s")
        except Exception as failure:  # whatever it was, the batch is sent again
            self._known.pop(actor, None)
            log.info("%s takes no batch: %s: %s", actor, type(failure).__name__, failure)
            raise ConnectionError(actor) from failure

    async def _found(self, actor: str) -> tuple[bytes, Any]:
        import ray

        name: bytes = await self._client.hget(self._names, actor)
        self._known[actor] = name, ray.get_actor(name.decode(), namespace=NAMESPACE)
        return self._known[actor]


class LiveActor:
    """Hosts what `plan.roles[actor]` says, or the recorder. `name` is what Ray calls it."""

    def __init__(self, plan: LivePlan | PlatformPlan, actor: str, name: str) -> None:
        self._plan = plan
        self._actor = actor
        self._name = name
        self._work: Any = None
        self._process: Process | None = None
        self._state = STARTING
        self._trouble = ""
        """Why it has not begun yet; empty where nothing is in its way."""
        self._ready = asyncio.Event()
        self._running = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._node = ""

    # Its life -------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._life is None:
            self._life = asyncio.create_task(self._live())

    async def _live(self) -> None:
        """An actor that can't go on ends its process: Ray starts it again, unless it has a successor."""
        try:
            work = await self._activated()
            self._state = READY
            self._ready.set()
            await self._begin(work)
            self._work, self._state = work, RUNNING
            self._running.set()
            await work.run()
        except FencedError as fenced:
            self._give_up(str(fenced))
        except BaseException:
            log.exception("%s has failed", self._name)
            logging.shutdown()
            os._exit(1)

    async def _activated(self) -> Any:
        """Recorder or runner, where its journals end. Tried until the store and the disk let it."""
        client: Any = None
        while True:
            try:
                client = client or await connect(self._plan.store_url)
                current = await client.hget(names_key(self._plan.scope), self._actor)
                if current is None or current.decode() != self._name:
                    self._give_up(f"{current!r} is {self._actor} now")
                self._process = await sign(client, self._plan.scope, self._actor, _node_id())
                work: Any
                courier = RayCourier(self._plan.scope, client)
                if isinstance(self._plan, PlatformPlan):
                    if self._actor == LEDGER:
                        work = Ledger(self._plan, client)
                    else:
                        work = PlatformRunner(self._plan, self._actor, courier, client)
                elif self._actor == RECORDER:
                    work = LiveRecorder(self._plan, client)
                else:
                    work = Runner(self._plan, self._actor, courier, client)
                await work.activate()
            except (StoreRefusedError, RedisError, OSError) as failure:
                await self._wait(failure)
            else:
                self._trouble = ""
                return work

    async def _begin(self, work: Any) -> None:
        while True:
            try:
                await work.begin()
            except UnconfiguredError:  # the run's clock has not been started
                await asyncio.sleep(RETRY_S / 4)
            except (RedisError, OSError) as failure:
                await self._wait(failure)
            else:
                self._trouble = ""
                return

    async def _wait(self, failure: Exception) -> None:
        self._trouble = str(failure)
        log.warning("%s can't begin yet: %s", self._name, failure)
        await asyncio.sleep(RETRY_S)

    def _give_up(self, reason: str) -> NoReturn:
        log.warning("%s ends: %s", self._name, reason)
        logging.shutdown()
        os._exit(SUCCEEDED)

    # What it is asked -----------------------------------------------------------------------------------------------

    async def is_there(self) -> None:
        """Returns when the process has started, which does nothing yet."""

    async def activate(self) -> None:
        """Returns when it is where its journals end."""
        self._wake()
        await self._ready.wait()

    async def begin(self) -> None:
        """Returns when it works: after the run's clock was started."""
        self._wake()
        await self._running.wait()

    async def status(self) -> dict[str, Any]:
        """At once, whatever it is doing: that it answers is its life."""
        self._wake()
        self._node = self._node or _node_id()
        status: dict[str, Any] = {
            "actor": self._actor,
            "name": self._name,
            "pid": os.getpid(),
            "node": self._node,
            "state": self._state,
            "trouble": self._trouble,
            "store_answers": not self._trouble,
        }
        return status if self._work is None else {**status, **self._work.status()}

    def _at_work(self) -> Any:
        """Raises ConnectionError while it is not."""
        self._wake()
        if self._work is None:
            raise ConnectionError(f"{self._name} is {self._state}")
        return self._work

    async def deliver(self, batch: Batch) -> Answer:
        return await self._at_work().deliver(batch)

    async def ordered(self) -> None:
        """There are orders in the store for hosts here."""
        self._at_work().ordered()

    async def stop(self, now: Instant) -> Tallies:
        return await self._at_work().stop(now)

    async def is_quiet(self) -> bool:
        return self._at_work().is_quiet()

    async def hurry(self) -> None:
        self._at_work().hurry()

    async def names(self) -> Any:
        """What the numbers in rows stand for; the recorder's."""
        return self._at_work().names


def _node_id() -> str:
    import ray

    return ray.get_runtime_context().get_node_id()
