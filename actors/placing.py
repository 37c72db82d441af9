"""Takes the steps of `placement`, for a supervisor: what there is, it hears from Ray, the store and the actors."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from actors import nodes as told_nodes
from actors.closing import standing_key
from actors.nodes import NodeFacts, node_name
from actors.placement import (
    Bequeath,
    Bind,
    Face,
    Move,
    Node,
    Seat,
    Shards,
    Step,
    spread,
    steps,
    successor_node,
)
from actors.plan import LivePlan, calls_actor, has_calls
from actors.platform_plan import PlatformPlan
from actors.replications import answers
from actors.runs import actors_of, retire
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.shards import NO_MAP, ShardMap, StoredShards
from busyhour.core.ids import SECOND
from busyhour.host import RECORDER

if TYPE_CHECKING:
    from actors.supervisor import Supervisor

EVERY_S: Final = 1.0
"""How often it looks where actors are and should be."""
FACE_S: Final = 0.8
"""How far ahead callers are told to reach another actor: every actor has read the map by then. They do before the next
look, which may close the last shard where they came in."""

FOLDER_S: Final = 10.0
"""How long a node may take to say whether it has a folder."""

log = logging.getLogger("busyhour.live")


def on_node(ray: Any, node_id: str, soft: bool = True) -> dict[str, Any]:
    """Ray's options for what is to be on that node: elsewhere, where it is no more and this is `soft`."""
    affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    # Ray puts what asks for nothing anywhere, and by way of any node, which may be dead.
    return {"num_cpus": 0, "memory": 1, "scheduling_strategy": affinity(node_id, soft=soft)}


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)


def heir_of_key(scope: str) -> str:
    """The hash of actors of calls that are to end: actor → its heir."""
    return f"{{{scope}}}:heir-of"


def _heirs_key(scope: str) -> str:
    """How many heirs there have ever been."""
    return f"{{{scope}}}:heirs"


class Placing:
    """Of the actors that `supervisor` watches over."""

    def __init__(self, ray: Any, supervisor: "Supervisor", plan: LivePlan | PlatformPlan) -> None:
        self._ray = ray
        self._supervisor = supervisor
        self._scope = plan.scope
        self._store_url = plan.store_url
        self._speed = plan.speed
        self._folder = plan.folder if isinstance(plan, LivePlan) else None
        """Of the recorder's files."""
        self._folder_is_on: dict[str, bool] = {}
        """Node → whether it is there, too."""
        self._first_heir = sum(has_calls(actor) for actor in plan.actors)
        self._drained: Mapping[str, str] = {}
        self._map: ShardMap = NO_MAP
        self._heirs: dict[str, str] = {}
        self._emptied: set[str] = set()
        """Drained nodes of which it has been told that they are empty."""

    # What there is --------------------------------------------------------------------------------------------------

    def nodes(self) -> list[Node]:
        """Those that are alive."""
        return [
            Node(node["NodeID"], node["Resources"].get("CPU", 0.0), node["NodeID"] in self._drained)
            for node in self._ray.nodes()
            if node["Alive"]
        ]

    def _names(self) -> dict[str, str]:
        """Of nodes, dead ones too, by id."""
        return {
            node["NodeID"]: node_name(node["NodeManagerHostname"], node["NodeID"])
            for node in self._ray.nodes()
        }

    def _seats(self) -> list[Seat]:
        return [
            Seat(actor, watched.node, watched.pid != 0, self._shards(actor) if has_calls(actor) else None)
            for actor, watched in self._supervisor.watched.items()
        ]

    def _shards(self, actor: str) -> Shards:
        has, open_ = self._map.of(actor), self._map.open_of(actor)
        return Shards(
            open_,
            len(has) - len(open_),
            len(self._map.bound_for(actor)),
            self._supervisor.statuses.get(actor, {}).get("calls", 0),
            self._heirs.get(actor, ""),
        )

    async def _read(self, client: Any) -> None:
        self._drained = await told_nodes.drained(client)
        self._map = await StoredShards(client, self._scope).read()
        heirs = await client.hgetall(heir_of_key(self._scope))
        self._heirs = {actor.decode(): heir.decode() for actor, heir in heirs.items()}

    async def wanted(self, others: Sequence[str]) -> list[str]:
        """The actors that there should be: `others`, which host no calls, and whoever the store knows to host some.

        Raises StoreRefusedError, RedisError, OSError.
        """
        async with await connect(self._store_url, functions=False) as client:
            await self._read(client)
            there = {actor for actor in await actors_of(client, self._scope) if has_calls(actor)}
        return [*others, *sorted(there | self._map.actors() | set(self._heirs.values()))]

    def node_answers(self, node_id: str) -> bool:
        """Ray itself takes a while to notice that a node has died. True where nobody knows."""
        places = {
            node["NodeID"]: f"{node['NodeManagerAddress']}:{node['NodeManagerPort']}"
            for node in self._ray.nodes()
            if node["Alive"]
        }
        others = [place for id, place in places.items() if id != node_id]
        if not node_id or not others:
            return True
        place = places.get(node_id)
        if place is None:
            return False
        return answers(place) or not answers(others[0])  # from where none does answer, nothing can be told

    # Where to start -------------------------------------------------------------------------------------------------

    def spread(self, actors: Sequence[str]) -> dict[str, str]:
        """Actor → node, for a run that begins. The recorder is best where the command is that reads its files."""
        here = self._ray.get_runtime_context().get_node_id()
        return spread(actors, self.nodes(), {RECORDER: here})

    def successor_node(self, actor: str) -> str:
        """For the successor of one that is silent; the recorder's is best where its files are."""
        watched = self._supervisor.watched[actor]
        if actor == RECORDER and self.node_answers(watched.node):
            return watched.node
        return successor_node(self._seats(), self.nodes(), actor)

    def _has_files(self, node_id: str) -> bool:
        """Whether the recorder finds its folder on another node. Raises RayError."""
        if self._folder is not None and node_id not in self._folder_is_on:
            look = self._ray.remote(max_retries=0, **on_node(self._ray, node_id, soft=False))(_is_folder)
            answer = self._ray.get(look.remote(str(self._folder)), timeout=FOLDER_S)
            self._folder_is_on[node_id] = bool(answer)
            if not answer:
                self._supervisor.tell(
                    f"{RECORDER} stays where it is: {self._names()[node_id]} does not see {self._folder}"
                )
        return self._folder is None or self._folder_is_on[node_id]

    # Looking --------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """See where everything is, and take the next steps. Raises StoreRefusedError, RedisError, OSError, RayError."""
        async with await connect(self._store_url, functions=False) as client:
            await self._read(client)
            if self._map is NO_MAP:
                return
            nodes = self.nodes()
            seats = self._seats()
            for step in steps(seats, nodes, self._map.front):
                await self.take(client, step, {node.id for node in nodes})
            await self._tell(client, nodes)
            for node in self._ray.nodes():
                if node["NodeID"] in self._drained and not node["Alive"]:
                    await told_nodes.undrain(client, node["NodeID"])  # it has been taken away, for ever

    async def take(self, client: Any, step: Step, alive: set[str]) -> None:
        """`alive` are the nodes. Raises RedisError, RayError."""
        supervisor, shards = self._supervisor, StoredShards(client, self._scope)
        names = self._names()
        log.info("%s", step)
        if isinstance(step, Move):
            was_on = supervisor.watched[step.actor].node
            if was_on not in alive:
                supervisor.tell(f"{step.actor} has lost its node: it is started on {names[step.node]}")
                await supervisor.replace(client, step.actor, step.node)
            elif supervisor.is_moving(step.actor):
                return
            elif step.actor != RECORDER or self._has_files(step.node):
                supervisor.tell(f"{step.actor} moves to {names[step.node]}")
                supervisor.move(step.actor, step.node)
        elif isinstance(step, Bequeath):
            heir = await self._new_actor(client)
            await client.hset(heir_of_key(self._scope), step.actor, heir)
            await supervisor.create(client, heir, step.node)
            supervisor.tell(f"{heir} on {names[step.node]} takes over from {step.actor}, call by call")
        elif isinstance(step, Bind):
            await shards.bind(step.shards, step.actor, step.to)
        elif isinstance(step, Face):
            await shards.set_front(step.actor, round(FACE_S * SECOND * self._speed))
        else:
            supervisor.tell(f"{step.actor} has no calls any more: it ends")
            supervisor.dismiss(step.actor)
            await retire(client, self._scope, step.actor)
            await client.hdel(standing_key(self._scope), step.actor)
            await client.hdel(heir_of_key(self._scope), step.actor)

    async def _new_actor(self, client: Any) -> str:
        """No name comes twice: Ray may know the last one who had it a while longer."""
        return calls_actor(self._first_heir + int(await client.incr(_heirs_key(self._scope))) - 1)

    async def _tell(self, client: Any, nodes: Sequence[Node]) -> None:
        """The store, for operators; and the operator here, of nodes that have become empty."""
        names, seats = self._names(), self._seats()
        facts: list[NodeFacts] = []
        for node in nodes:
            here = [seat for seat in seats if seat.node == node.id]
            shards = [seat.shards for seat in here if seat.shards is not None]
            facts.append(
                NodeFacts(
                    node.id,
                    names[node.id],
                    node.cpus,
                    sorted(seat.actor for seat in here),
                    sum(each.calls for each in shards),
                    sum(each.closed for each in shards),
                )
            )
        await told_nodes.tell(client, self._scope, facts)
        empty = {node.id for node in facts if node.id in self._drained and not node.actors}
        for node_id in empty - self._emptied:
            self._supervisor.tell(f"{names[node_id]} is drained and empty")
        self._emptied = empty
