"""Work that outlives the request that asked for it. A job is a member of one sorted set, ranked by when it is due.

Who works at one leases it, and renews the lease; when a worker dies, the lease ends and another begins it again. So a
job must be one that can be begun again.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

from dataclasses import dataclass
from typing import Any, Final, Self

from redis.asyncio import Redis

from busyhour.adapters.valkey.documents import Commit
from busyhour.core.ids import SECOND, Instant, Micros

LEASE: Final[Micros] = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Job:
    """`kind` says what is to be done with the object `id` of `account`."""

    kind: str
    account: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.account}"

    @classmethod
    def of(cls, member: bytes) -> Self:
        kind, id, account = member.decode().split(" ", 2)
        return cls(kind, account, id)


class Jobs:
    """Of the deployment `scope`; those of another `name` do not wait for each other."""

    def __init__(self, client: "Redis", scope: str, name: str = "jobs") -> None:
        self._client: Any = client
        self._key: Final = f"{{{scope}}}:{name}"

    def add(self, commit: Commit, job: Job, due: Instant) -> None:
        commit.rank(self._key, due, str(job))

    def finish(self, commit: Commit, job: Job) -> None:
        """In the same step as what it was for."""
        commit.unrank(self._key, str(job))

    async def lease(self, now: Instant, count: int) -> list[Job]:
        found = await self._client.fcall("busyhour_due_lease", 1, self._key, now, now + LEASE, count)
        return [Job.of(member) for member in found]

    async def renew(self, job: Job, now: Instant) -> bool:
        """False where it is finished."""
        await self._client.zadd(self._key, {str(job): now + LEASE}, xx=True)
        return await self._client.zscore(self._key, str(job)) is not None

    async def drop(self, job: Job) -> None:
        await self._client.zrem(self._key, str(job))
