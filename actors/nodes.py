"""The nodes of the cluster, as a run's supervisor tells them to the store, and which of them an operator drains.

A drain is a fact about the node, whatever runs: it is kept until it is taken back, and holds for runs to come.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

FORGOTTEN_MS: Final = 15_000
"""What a supervisor has not told again for so long is not believed."""
DRAINED: Final = "busyhour:drained"
"""The hash of the drained nodes: id → name."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node that is alive, and what a run has on it."""

    id: str
    name: str
    cpus: float
    actors: Sequence[str]
    calls: int
    """That are alive there."""
    closed: int
    """Virtual shards there that take no new calls."""


def node_name(host: str, node_id: str) -> str:
    """The machine's name, and the first digits of the Ray node's id."""
    return f"{host}/{node_id[:8]}"


def _nodes_key(scope: str) -> str:
    return f"{{{scope}}}:nodes"


async def tell(client: Any, scope: str, nodes: Sequence[NodeFacts]) -> None:
    """How it is now. Raises RedisError."""
    key = _nodes_key(scope)
    text = json.dumps([asdict(node) for node in nodes])
    await client.set(key, text, px=FORGOTTEN_MS)


async def told(client: Any, scope: str) -> list[NodeFacts] | None:
    """None where nobody watches over the run. Raises RedisError."""
    text = await client.get(_nodes_key(scope))
    return None if text is None else [NodeFacts(**facts) for facts in json.loads(text)]


async def drain(client: Any, node: NodeFacts) -> None:
    """Raises RedisError."""
    await client.hset(DRAINED, node.id, node.name)


async def undrain(client: Any, node_id: str) -> None:
    """Raises RedisError."""
    await client.hdel(DRAINED, node_id)


async def drained(client: Any) -> Mapping[str, str]:
    """Id → name. Raises RedisError."""
    return {id.decode(): name.decode() for id, name in (await client.hgetall(DRAINED)).items()}
