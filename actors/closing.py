"""A platform that is being shut down: campaigns dial nobody any more, and calls in progress go on until they end.

That it is closing is in the store, so that every process knows, and stays there until a platform is started again. A
call that somebody has ordered, and that was acknowledged, is dialled still.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from actors.plan import has_calls
from actors.platform_plan import PlatformPlan
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.shards import StoredShards
from busyhour.adapters.wall_clock import elapsed_s

LOOK_S: Final = 0.1
CLOSING: Final = "closing"
"""Of an actor's standing: which closing it knows of."""
QUIET: Final = "quiet"
"""Of an actor's standing: it has no calls, owes none, and has told everything."""


def standing_key(scope: str) -> str:
    """The hash in which each actor of the platform says how it stands."""
    return f"{{{scope}}}:standing"


def _key(scope: str) -> str:
    return f"{{{scope}}}:{CLOSING}"


async def begin_closing(client: Any, scope: str) -> int:
    """Which closing of the platform it is. Raises RedisError."""
    number = await client.incr(f"{{{scope}}}:closings")
    await client.set(_key(scope), number)
    return number


async def open_again(client: Any, scope: str) -> None:
    """Raises RedisError."""
    await client.delete(_key(scope))


async def closing(client: Any, scope: str) -> int:
    """Which closing is under way; 0 when none is. Raises RedisError."""
    return int(await client.get(_key(scope)) or 0)


async def hosts_of(client: Any, plan: PlatformPlan) -> set[str]:
    """The actors that host something now: of calls, those that the map names. Raises RedisError."""
    others = {actor for actor in plan.roles if not has_calls(actor)}
    return others | set((await StoredShards(client, plan.scope).read()).owners)


async def drain(plan: PlatformPlan, bound_s: float, hurried: Callable[[], bool]) -> bool:
    """Close the platform and wait until no call is alive, for `bound_s` at most and not once somebody is `hurried`.

    False where some are. Raises StoreRefusedError, RedisError, OSError.
    """
    until_s = elapsed_s() + bound_s
    async with await connect(plan.store_url) as client:
        number = await begin_closing(client, plan.scope)
        while not hurried():
            if await _is_quiet(client, plan, number):
                return True
            if elapsed_s() >= until_s:
                return False
            await asyncio.sleep(LOOK_S)
    return False


async def _is_quiet(client: Any, plan: PlatformPlan, number: int) -> bool:
    told = await client.hgetall(standing_key(plan.scope))
    standings = {actor.decode(): json.loads(text) for actor, text in told.items()}
    return all(
        actor in standings and standings[actor][CLOSING] == number and standings[actor][QUIET]
        for actor in await hosts_of(client, plan)
    )
