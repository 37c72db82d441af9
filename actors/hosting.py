"""Which virtual shards of calls one actor hosts: those that the map in the store gives it, as the map changes.

It takes each from its journal, and hands over those that are bound for another as soon as their calls have ended. Every
actor reads the map, for it says where messages go.
"""

import logging
from typing import TYPE_CHECKING, Any, Final

from actors.plan import CALL_HOSTS, Routes, has_calls
from busyhour.adapters.valkey.journal import Journal, snapshot_each
from busyhour.adapters.valkey.shards import ShardMap, StoredShards
from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.ids import ABSENT, Instant
from busyhour.host import calls_host
from simulation.live_part import Role

if TYPE_CHECKING:
    from actors.runner import Runner

LOOK_EVERY_S: Final = 0.25
AT_ONCE: Final = 32
"""Shards taken, or handed over, between two turns: calls that go on here wait meanwhile."""
INBOUND_CALLS: Final = 100_000_000
"""Numbers that an actor takes for those who call in, when it begins to answer them: more than it will use."""

log = logging.getLogger("busyhour.live")


class Hosting:
    """Of the actor that `runner` runs. `read` comes first; `attend` is for between two turns."""

    def __init__(self, runner: "Runner", client: Any) -> None:
        self._runner = runner
        self._client = client
        self._actor = runner.actor
        self._stored = StoredShards(client, runner.plan.scope)
        self.routes = Routes(runner.plan.actor_of())
        self.is_front = False
        """Callers reach this actor."""
        self._handing_over: dict[int, Journal] = {}
        """Shards that are hosted here no more, and of which the map has not been told."""
        self._next_s = 0.0

    @property
    def map(self) -> ShardMap:
        """As it was read last."""
        return self.routes.map

    async def read(self) -> None:
        """Raises RedisError."""
        self.routes.map = await self._stored.read()

    def role(self) -> Role:
        """What the actor begins with."""
        if has_calls(self._actor):
            return Role(calls=self.map.of(self._actor))
        return self._runner.plan.roles[self._actor]

    async def attend(self) -> None:
        """Do what the map says, if it is time to look. Raises RedisError."""
        now_s = elapsed_s()
        if now_s < self._next_s:
            return
        self._next_s = now_s + LOOK_EVERY_S
        if await self._stored.version() != self.map.version:
            self.routes.map = await self._stored.read()
            self._runner.post.rerouted()
        if has_calls(self._actor):
            await self._face()
            await self._take()
            await self._hand_over()

    def has_more(self) -> bool:
        """Whether there is more to do right after the next turn."""
        return self._next_s == 0.0

    # Callers --------------------------------------------------------------------------------------------------------

    async def begin(self, now: Instant) -> None:
        """Have the part begin, whose hosts are restored. Raises RedisError."""
        self.is_front = self.map.front == self._actor
        if self.is_front:
            await self._take_numbers()
        self._runner.part.begin(now, self.map.front_from if self.is_front else ABSENT)

    async def _face(self) -> None:
        callers, is_front = self._runner.part.callers, self.map.front == self._actor
        if is_front == self.is_front or self._runner.part.stopped:
            return
        if is_front:
            await self._take_numbers()
            callers.answer(self.map.front_from)
        else:
            callers.leave(self.map.front_from)
        self.is_front = is_front

    async def _take_numbers(self) -> None:
        """Those who call in have numbers of their own."""
        callers = self._runner.part.callers
        if callers.sources:
            numbers = await self._runner.admission.number_calls(INBOUND_CALLS * CALL_HOSTS)
            callers.take_numbers(numbers.start)

    # Taking ---------------------------------------------------------------------------------------------------------

    async def _take(self) -> None:
        part = self._runner.part
        mine = self.map.of(self._actor)
        for shard in [shard for shard in part.shards if shard not in mine]:
            log.warning("%s has lost shard %d to %s", self._actor, shard, self.map.owners[shard])
            self._forget(shard)
        missing = [shard for shard in mine if shard not in part.shards and shard not in self._handing_over]
        if missing:
            await self._runner.take_shards(missing[:AT_ONCE])
        part.closed = {shard for shard in part.shards if shard in self.map.bound}
        if len(missing) > AT_ONCE:
            self._next_s = 0.0

    # Giving ---------------------------------------------------------------------------------------------------------

    async def _hand_over(self) -> None:
        part = self._runner.part
        cut: list[tuple[Journal, bytes]] = []
        for shard in [] if part.stopped else sorted(part.closed):
            if len(self._handing_over) < AT_ONCE and part.is_idle(shard):
                # Whoever takes it need not read what has happened in it.
                snapshot = part.snapshot(calls_host(shard, CALL_HOSTS))
                self._handing_over[shard] = self._forget(shard)
                cut.append((self._handing_over[shard], snapshot))
        if cut:
            await snapshot_each(self._client, cut)
        if self._handing_over:
            epochs = {shard: (j.keys[0], j.epoch) for shard, j in self._handing_over.items()}
            self._runner.counts["shards given"] += await self._stored.hand_over(self._actor, epochs)
            self._handing_over.clear()  # one that was not moved is taken again, if the map still gives it to this actor
            self._next_s = 0.0

    def _forget(self, shard: int) -> Journal:
        self._runner.part.forget(shard)
        return self._runner.forget(calls_host(shard, CALL_HOSTS))
