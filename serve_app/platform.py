"""What every request needs, put together once a process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from busyhour.adapters import times
from busyhour.adapters.identifiers import new_id
from busyhour.adapters.valkey.api_keys import ApiKeys
from busyhour.adapters.valkey.documents import Collection
from busyhour.adapters.valkey.once import Once
from busyhour.adapters.valkey.request_limits import RequestLimits
from busyhour.core.ids import Instant

if TYPE_CHECKING:
    from redis.asyncio import Redis

SCOPE = "platform"
"""Tag of all keys of the platform in the store."""


@dataclass(frozen=True, slots=True)
class Platform:
    """`files` is where large things are kept; every process of the API sees the same folder."""

    client: "Redis"
    scope: str
    clock: Callable[[], Instant]
    files: Path
    rate_limit_scale: float
    keys: ApiKeys
    limits: RequestLimits
    once: Once

    @classmethod
    def over(
        cls,
        client: "Redis",
        clock: Callable[[], Instant],
        files: Path,
        rate_limit_scale: float = 1.0,
        scope: str = SCOPE,
    ) -> "Platform":
        return cls(
            client,
            scope,
            clock,
            files,
            rate_limit_scale,
            ApiKeys(client, scope, clock),
            RequestLimits(client, scope),
            Once(client, scope),
        )

    def collection(self, kind: str, indexed: tuple[str, ...] = ()) -> Collection:
        return Collection(self.client, self.scope, kind, indexed)

    def new_id(self) -> str:
        return new_id(self.clock())

    def now(self) -> str:
        """As a document has it."""
        return times.written(self.clock())
