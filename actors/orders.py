"""What an operator orders of a live run: to pause a campaign, to stop it and what becomes of its calls then.

An order is an event for one host, as `core.wire` writes it; the store keeps it until that host has it in its journal.
The orders for a host are a list in the store, and count as messages from the sender `operator`, numbered from 1: so a
host takes each once, and one that was down takes it when it is back.
"""

import asyncio
import json
from typing import Any, Final

from busyhour.adapters.wall_clock import elapsed_s
from busyhour.host import Host, Plain

OPERATOR: Final = "operator"
TAKE_EVERY_S: Final = 0.2
"""How often hosts look for orders."""


def orders_key(scope: str, host: str) -> str:
    return f"{{{scope}}}:orders:{host}"


def ordered_key(scope: str) -> str:
    """The hash whose fields are the hosts that have ever been ordered something."""
    return f"{{{scope}}}:ordered"


def obeyed_key(scope: str) -> str:
    """The hash that says of each host how many of its orders it has in its journal."""
    return f"{{{scope}}}:obeyed"


class Orders:
    """The hosts' side, in the actor that has them: `hosts`, which may grow."""

    def __init__(self, client: Any, scope: str, hosts: dict[str, Host]) -> None:
        self._client = client
        self._scope = scope
        self._hosts = hosts
        self._told: dict[str, int] = {}
        """Host → how many of its orders the store has been told to be obeyed."""
        self._next_s = 0.0

    def hurry(self) -> None:
        """There may be some: don't wait."""
        self._next_s = 0.0

    async def take(self) -> None:
        """Now and then, have the hosts note what they have been ordered. Raises RedisError."""
        now_s = elapsed_s()
        if now_s < self._next_s:
            return
        self._next_s = now_s + TAKE_EVERY_S
        ordered = [name.decode() for name in await self._client.hkeys(ordered_key(self._scope))]
        mine = [(name, self._hosts[name]) for name in ordered if name in self._hosts]
        if not mine:
            return
        pipeline = self._client.pipeline(transaction=False)
        for name, host in mine:
            pipeline.lrange(orders_key(self._scope, name), host.noted.get(OPERATOR, 0), -1)
        for (_, host), orders in zip(mine, await pipeline.execute(), strict=True):
            for order in orders:
                host.note_from(OPERATOR, host.noted.get(OPERATOR, 0) + 1, json.loads(order))
        await self._tell(mine)

    async def _tell(self, mine: list[tuple[str, Host]]) -> None:
        """How many orders are in the journals."""
        news: dict[str, int] = {}
        for name, host in mine:
            received = host.received.get(OPERATOR, 0)
            if received > self._told.get(name, 0):
                news[name] = received
        if news:
            await self._client.hset(obeyed_key(self._scope), mapping=news)
            self._told |= news


async def leave(client: Any, scope: str, host: str, order: Plain) -> int:
    """Order something of a host, which obeys when it looks. Returns the order's number there. Raises RedisError."""
    pipeline = client.pipeline(transaction=True)
    pipeline.hset(ordered_key(scope), host, 1)
    pipeline.rpush(orders_key(scope, host), json.dumps(order))
    return int((await pipeline.execute())[1])


async def give(client: Any, scope: str, host: str, order: Plain, wait_s: float) -> bool:
    """Order something of a host; whether that is in its journal within `wait_s`. Else it will be when the host is back.

    Raises RedisError.
    """
    number = await leave(client, scope, host, order)
    until_s = elapsed_s() + wait_s
    while elapsed_s() < until_s:
        if int(await client.hget(obeyed_key(scope), host) or 0) >= number:
            return True
        await asyncio.sleep(0.05)
    return False
