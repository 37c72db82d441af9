"""The worker of jobs: one in each process of the API, until an actor hosts it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from redis.exceptions import RedisError

from busyhour.adapters.cancelling import ended
from busyhour.adapters.valkey.jobs import Job, Jobs
from busyhour.core.ids import Instant

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
_PAUSE_S: Final = 0.2
_RENEW_S: Final = 10.0


class JobRunner:
    """`work[kind]` does a job and takes it off in its last commit; what it raises leaves the job to the next lease."""

    def __init__(
        self,
        jobs: Jobs,
        clock: Callable[[], Instant],
        work: Mapping[str, Callable[[Job], Awaitable[None]]],
        at_once: int = AT_ONCE,
    ) -> None:
        self._jobs: Final = jobs
        self._clock: Final = clock
        self._work: Final = work
        self._at_once: Final = at_once
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled; jobs that have begun are given up then, and begun again by whoever comes next."""
        try:
            while True:
                try:
                    await self.turn()
                except RedisError:
                    log.warning("the store does not answer; no job is begun")
                except Exception:
                    log.exception("a turn of the jobs' worker failed")
                await asyncio.sleep(_PAUSE_S)
        finally:
            await ended(self._tasks)

    async def turn(self) -> None:
        """Begin what is due, as far as there is room."""
        free = self._at_once - len(self._tasks)
        for job in await self._jobs.lease(self._clock(), free) if free > 0 else ():
            task = asyncio.create_task(self._do(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """When every job that has begun is over."""
        await asyncio.gather(*self._tasks)

    async def _do(self, job: Job) -> None:
        renewing = asyncio.create_task(self._keep(job))
        try:
            await self._work[job.kind](job)
        except Exception:
            log.exception("a job failed; it is begun again when its lease is over", extra={"job": job.kind})
        finally:
            await ended([renewing])

    async def _keep(self, job: Job) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            try:
                if not await self._jobs.renew(job, self._clock()):
                    return
            except RedisError:
                log.warning("a job's lease could not be renewed")
