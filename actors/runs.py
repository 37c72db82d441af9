"""What runs over a store, and which process is which of its actors: written by the run, read by whoever looks at it."""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from actors.nodes import node_name
from busyhour.adapters.valkey.connection import RUNS


@dataclass(frozen=True, slots=True)
class Listed:
    """A run that a doctor may look at."""

    scenario: str
    campaigns: Sequence[str]
    """By number."""


@dataclass(frozen=True, slots=True)
class Process:
    """Where an actor runs."""

    pid: int
    node: str
    """The machine's name, and the first digits of the Ray node's id."""
    restarts: int
    """How often it was started again, by Ray after a crash or as a successor."""


def names_key(scope: str) -> str:
    """The hash that says under which name Ray has each actor: a successor has another one."""
    return f"{{{scope}}}:actors"


async def actors_of(client: Any, scope: str) -> list[str]:
    """Those that there are now, in the order of their names."""
    return sorted(actor.decode() for actor in await client.hkeys(names_key(scope)))


def _processes_key(scope: str) -> str:
    return f"{{{scope}}}:processes"


def _starts_key(scope: str) -> str:
    return f"{{{scope}}}:starts"


async def enlist(client: Any, scope: str, run: Listed) -> None:
    await client.hset(RUNS, scope, json.dumps(asdict(run)))


async def listed(client: Any) -> dict[str, Listed]:
    """By scope."""
    runs = {scope.decode(): json.loads(text) for scope, text in (await client.hgetall(RUNS)).items()}
    return {scope: Listed(run["scenario"], run["campaigns"]) for scope, run in runs.items()}


async def sign(client: Any, scope: str, actor: str, node_id: str) -> Process:
    """This process is that actor from now on."""
    starts = int(await client.hincrby(_starts_key(scope), actor, 1))
    process = Process(os.getpid(), node_name(socket.gethostname(), node_id), starts - 1)
    await client.hset(_processes_key(scope), actor, json.dumps(asdict(process)))
    return process


async def processes(client: Any, scope: str) -> dict[str, Process]:
    """By actor."""
    signed = await client.hgetall(_processes_key(scope))
    return {actor.decode(): Process(**json.loads(text)) for actor, text in signed.items()}


async def retire(client: Any, scope: str, actor: str) -> None:
    """There is no such actor any more."""
    pipeline = client.pipeline(transaction=True)
    for key in (names_key(scope), _processes_key(scope), _starts_key(scope)):
        pipeline.hdel(key, actor)
    await pipeline.execute()


async def clear(client: Any, scope: str) -> int:
    """The run is over: nothing of it stays in the store. Returns how many keys it had."""
    keys = [key async for key in client.scan_iter(match=f"{{{scope}}}:*", count=1_000)]
    for first in range(0, len(keys), 1_000):
        await client.unlink(*keys[first : first + 1_000])
    await client.hdel(RUNS, scope)
    return len(keys)
