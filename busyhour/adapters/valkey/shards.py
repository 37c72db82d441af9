"""The map of calls, in the store: call → virtual shard, which never changes, → the actor that hosts it.

A shard moves without losing a call: it is *bound* for another actor, which closes it, so that no new calls are numbered
into it; its calls end by themselves; whoever hosts it hands it over. Each of that is one step in the store
(`shards.lua`), and only whom the map gives a shard to may claim its journal.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from busyhour.core.ids import Instant, Micros

VIRTUAL_SHARDS: Final = 256
"""Of calls: a call's never changes, whichever actor hosts it. `admission.lua` knows it, too."""


@dataclass(frozen=True, slots=True)
class ShardMap:
    """As it was in `version`."""

    version: int
    owners: Sequence[str]
    """By shard: the actor that hosts it."""
    bound: Mapping[int, str]
    """Shard → the actor that is to have it as soon as it is empty; these are closed."""
    front: str
    """The actor that answers callers, from `front_from` on: the process that they reach."""
    front_from: Instant
    """0 when it has from the beginning."""

    def of(self, actor: str) -> list[int]:
        """The shards that it hosts."""
        return [shard for shard, owner in enumerate(self.owners) if owner == actor]

    def open_of(self, actor: str) -> list[int]:
        """Those of them that take new calls."""
        return [shard for shard in self.of(actor) if shard not in self.bound]

    def bound_for(self, actor: str) -> list[int]:
        """The shards that it is to have."""
        return [shard for shard, to in self.bound.items() if to == actor]

    def actors(self) -> set[str]:
        """Whoever has a shard, or is to have one."""
        return {*self.owners, *self.bound.values()}


NO_MAP: Final = ShardMap(0, (), {}, "", 0)


class StoredShards:
    """The map of `scope`, for whoever reads it and for whoever changes it."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        self.scope: str = scope
        self._shards = shards_key(scope)
        self._bound = bound_key(scope)
        self._clock = f"{{{scope}}}:clock"

    async def begin(self, owners: Sequence[str]) -> int:
        """The first map, unless there is one. Returns the version of what there is."""
        return int(await self._call("begin", [self._shards], *owners))

    async def version(self) -> int:
        """0 where there is no map."""
        return int(await self._client.hget(self._shards, "version") or 0)

    async def read(self) -> ShardMap:
        """NO_MAP where there is none."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hgetall(self._shards)
        pipeline.hgetall(self._bound)
        shards, bound = await pipeline.execute()
        if not shards:
            return NO_MAP
        return ShardMap(
            int(shards[b"version"]),
            [shards[b"%d" % shard].decode() for shard in range(VIRTUAL_SHARDS)],
            {int(shard): actor.decode() for shard, actor in bound.items()},
            shards[b"front"].decode(),
            int(shards[b"front_from_us"]),
        )

    async def owner(self, shard: int) -> str:
        """The actor that hosts it; empty where there is no map."""
        owner = await self._client.hget(self._shards, shard)
        return "" if owner is None else owner.decode()

    async def bind(self, shards: Iterable[int], owner: str, to: str) -> int:
        """Close those of `owner` that are open, and have them go to another as soon as they are empty; all but the
        last open one of all. Returns how many.
        """
        return int(await self._call("bind", [self._shards, self._bound], owner, to, *shards))

    async def hand_over(self, owner: str, shards: Mapping[int, tuple[str, int]]) -> int:
        """Give shards to whom they are bound for, where they are open. Each has the key of its journal's epoch, and the
        epoch in which `owner` writes it: one of a past epoch is not moved. Returns how many were. May be repeated.
        """
        facts = [fact for shard, (_, epoch) in shards.items() for fact in (shard, epoch)]
        keys = [self._shards, self._bound, *(key for key, _ in shards.values())]
        return int(await self._call("hand_over", keys, owner, *facts))

    async def set_front(self, actor: str, after: Micros) -> None:
        """It answers callers from so long after now on, by the clock of the scope, which has been started."""
        await self._call("front", [self._shards, self._clock], actor, after)

    async def _call(self, function: str, keys: Sequence[str], *arguments: object) -> Any:
        return await self._client.fcall(f"busyhour_shards_{function}", len(keys), *keys, *arguments)


def shards_key(scope: str) -> str:
    return f"{{{scope}}}:shards"


def bound_key(scope: str) -> str:
    """The hash whose fields are the closed shards."""
    return f"{{{scope}}}:shards:bound"
