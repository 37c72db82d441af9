"""Where actors should be: what there is against what is wanted, as a few steps at a time.

Nodes come, go and are drained. An actor whose journals are all of it (a campaign, the queues, the recorder) may be
succeeded on another node at any time. One that hosts calls holds their lines, so it gets an *heir*, an actor elsewhere:
portion by portion its virtual shards are closed and bound for the heir, each goes over when its calls have ended, and
who has none left ends. Nothing here acts; whoever supervises takes the steps and looks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster that is alive."""

    id: str
    cpus: float
    drained: bool = False
    """Somebody wants to take it away."""


@dataclass(frozen=True, slots=True)
class Shards:
    """Of an actor that hosts calls: the virtual shards that it has, and how many calls."""

    open: Sequence[int] = ()
    closed: int = 0
    coming: int = 0
    """Bound for it."""
    calls: int = 0
    heir: str = ""
    """Who is to have them; empty where they stay."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an actor is: `node` is the one on which it was last seen, or started; empty where nobody knows."""

    actor: str
    node: str
    works: bool = True
    """It has begun, and answers."""
    shards: Shards | None = None
    """None: it hosts no calls."""


@dataclass(frozen=True, slots=True)
class Move:
    """Let the actor be succeeded on `node`."""

    actor: str
    node: str


@dataclass(frozen=True, slots=True)
class Bequeath:
    """Start an actor of calls on `node`, which is the actor's heir."""

    actor: str
    node: str


@dataclass(frozen=True, slots=True)
class Bind:
    """Close these shards of the actor, and have them go to another as soon as they are empty."""

    actor: str
    to: str
    shards: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class Face:
    """Let callers reach the actor."""

    actor: str


@dataclass(frozen=True, slots=True)
class Retire:
    """End the actor: it has nothing left."""

    actor: str


Step = Move | Bequeath | Bind | Face | Retire


def steps(seats: Sequence[Seat], nodes: Sequence[Node], front: str) -> list[Step]:
    """What to do next; empty when everything is where it should be. `front` is the actor that answers callers.

    What has been begun is done, whatever becomes of the nodes meanwhile. Nothing new is begun when no node may take an
    actor; to even things out, one actor of calls moves at a time, once everybody works.
    """
    plan = _Plan(seats, nodes)
    plan.go_on(front)
    if plan.usable:
        plan.replace({node.id for node in nodes})
        plan.drain()
        if not plan.steps and not plan.heirs and all(seat.works for seat in seats):
            plan.balance()
    return plan.steps


def spread(actors: Sequence[str], nodes: Sequence[Node], wishes: Mapping[str, str]) -> dict[str, str]:
    """Actor → node, for a run that begins, by its wish unless that node is drained. Empty where none may take one."""
    plan = _Plan([], nodes)
    takers = {node.id for node in nodes if not node.drained}
    placed = {actor: wishes[actor] for actor in actors if wishes.get(actor) in takers}
    for node in placed.values():
        if node in plan.load:
            plan.load[node] += 1
    for actor in actors if plan.usable else ():
        if actor not in placed:
            placed[actor] = plan.room()
    return placed


def successor_node(seats: Sequence[Seat], nodes: Sequence[Node], actor: str) -> str:
    """Where to start the successor of one that is silent: elsewhere, for its node may be dead. Empty where none may."""
    there = next((seat.node for seat in seats if seat.actor == actor), "")
    others = [node for node in nodes if node.id != there]
    plan = _Plan([seat for seat in seats if seat.actor != actor], others)
    if not plan.usable:
        plan = _Plan([], nodes)
    return plan.room() if plan.usable else ""


class _Plan:
    def __init__(self, seats: Sequence[Seat], nodes: Sequence[Node]) -> None:
        self.seats = {seat.actor: seat for seat in seats}
        self.drained = {node.id for node in nodes if node.drained}
        takers = [node for node in nodes if not node.drained]
        # Who gives Ray a node without processors wants no actors there.
        self.usable = {node.id: node for node in takers if node.cpus > 0} or {n.id: n for n in takers}
        self.heirs = {
            seat.actor: seat.shards.heir for seat in seats if seat.shards is not None and seat.shards.heir
        }
        self.load = dict.fromkeys(self.usable, 0)
        """Node → actors that it has or is about to have, without those that are leaving it."""
        for seat in seats:
            if seat.node in self.usable and seat.actor not in self.heirs:
                self.load[seat.node] += 1
        self.steps: list[Step] = []

    def room(self) -> str:
        """The node for an actor more."""
        node = min(self.usable, key=lambda id: (self._fullness(id, 1), id))
        self.load[node] += 1
        return node

    def _fullness(self, node: str, more: int = 0) -> float:
        return (self.load[node] + more) / (self.usable[node].cpus or 1.0)

    def _last_heir(self, actor: str) -> Seat | None:
        """Who is to have the actor's shards in the end: an heir may have to leave its node, too."""
        while actor in self.heirs:
            actor = self.heirs[actor]
        return self.seats.get(actor)

    def _is_idle(self, seat: Seat) -> bool:
        """It hosts calls, has none of their shards, and is to have none."""
        shards = seat.shards
        if shards is None or shards.open or shards.closed or shards.coming:
            return False
        return seat.actor not in self.heirs.values()

    def go_on(self, front: str) -> None:
        """With what has been begun: close, and end who has nothing left."""
        total_open = sum(len(seat.shards.open) for seat in self.seats.values() if seat.shards is not None)
        for actor, seat in self.seats.items():
            shards = seat.shards
            if shards is None:
                continue
            if self._is_idle(seat):
                if actor != front:
                    self.steps.append(Retire(actor))
                continue
            heir = self._last_heir(actor) if actor in self.heirs else None
            if heir is None or not heir.works or heir.shards is None:
                continue
            if actor == front and heir.shards.open:
                self.steps.append(Face(heir.actor))
            # Callers need a shard where they come in, until they come in elsewhere.
            free = shards.open[1:] if actor == front else shards.open
            portion = free[: max(1, total_open // 2)]
            if portion:
                self.steps.append(Bind(actor, heir.actor, portion))
                total_open -= len(portion)

    def replace(self, alive: set[str]) -> None:
        """Whose node has died starts again elsewhere."""
        for seat in self.seats.values():
            if seat.node and seat.node not in alive:
                self.steps.append(Move(seat.actor, self.room()))

    def drain(self) -> None:
        for seat in self.seats.values():
            if seat.node in self.drained and seat.works:
                if seat.shards is None:
                    self.steps.append(Move(seat.actor, self.room()))
                elif seat.actor not in self.heirs and not self._is_idle(seat):
                    self.steps.append(Bequeath(seat.actor, self.room()))

    def balance(self) -> None:
        """Bring an actor of calls from the fullest node to the emptiest, if that evens things out."""
        fullest = max(self.usable, key=lambda id: (self._fullness(id), id))
        emptiest = min(self.usable, key=lambda id: (self._fullness(id), id))
        movable = [
            (seat.shards.calls, seat.actor)
            for seat in self.seats.values()
            if seat.shards is not None and seat.node == fullest
        ]
        if movable and self._fullness(emptiest, 1) < self._fullness(fullest):
            self.steps.append(Bequeath(min(movable)[1], emptiest))
