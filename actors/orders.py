"""What an operator orders of a live run: to pause a campaign, to stop it and what becomes of its calls then.

An order is an event for one host, as `core.wire` writes it; the store keeps it until that host has it in its journal.
The orders for a host are a list in the store, and count as messages from the sender `operator`, numbered from 1: so a
host takes each once, and one that was down takes it when it is back.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from busyhour.adapters.wall_clock import elapsed_s
from busyhour.host import Host, Plain

OPERATOR: Final = "operator"
TAKE_EVERY_S: Final = 0.2
"""How often hosts look for orders."""


def orders_key(scope: str, host: str) -> str:
    return f"{{{scope}}}:orders:{host}"


def obeyed_key(scope: str) -> str:
    """The hash that says of each host how many of its orders it has in its journal."""
    return f"{{{scope}}}:obeyed"


class Orders:
    """The hosts' side, in the actor that has them."""

    def __init__(self, client: Any, scope: str, hosts: Mapping[str, Host]) -> None:
        self._client = client
        self._scope = scope
        self._hosts = hosts
        self._told: dict[str, int] = {}
        """Host → how many of its orders the store has been told to be obeyed."""
        self._next_s = 0.0

    async def take(self) -> None:
        """Now and then, have the hosts note what they have been ordered. Raises RedisError."""
        now_s = elapsed_s()
        if now_s < self._next_s:
            return
        self._next_s = now_s + TAKE_EVERY_S
        for name, host in self._hosts.items():
            received = host.received.get(OPERATOR, 0)
            if received > self._told.get(name, 0):
                await self._client.hset(obeyed_key(self._scope), name, received)
                self._told[name] = received
            noted = host.noted.get(OPERATOR, 0)
            for order in await self._client.lrange(orders_key(self._scope, name), noted, -1):
                noted += 1
                host.note_from(OPERATOR, noted, json.loads(order))


async def give(client: Any, scope: str, host: str, order: Plain, wait_s: float) -> bool:
    """Order something of a host; whether that is in its journal within `wait_s`. Else it will be when the host is back.

    Raises RedisError.
    """
    number = int(await client.rpush(orders_key(scope, host), json.dumps(order)))
    until_s = elapsed_s() + wait_s
    while elapsed_s() < until_s:
        if int(await client.hget(obeyed_key(scope), host) or 0) >= number:
            return True
        await asyncio.sleep(0.05)
    return False
