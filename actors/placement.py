"""Where actors should be: what there is against what is wanted, as a few steps at a time.

Nodes come, go and are drained. An actor whose journals are all of it (a campaign, the queues, the recorder) may be
succeeded on another node at any time. One that hosts calls holds their lines, so it is first *closed*: no new calls are
numbered into its shards, and when the last has ended it moves, and is opened again. Nothing here acts; whoever
supervises takes the steps and looks again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster that is alive."""

    id: str
    cpus: float
    drained: bool = False
    """Somebody wants to take it away."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an actor is. `node` is None when it does not live; `calls` None when it hosts no calls at all."""

    actor: str
    node: str | None
    calls: int | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Let the actor live on `node`, as its own successor if it lives elsewhere."""

    actor: str
    node: str


@dataclass(frozen=True, slots=True)
class Close:
    """Number no new calls into the actor's shards."""

    actor: str


@dataclass(frozen=True, slots=True)
class Open:
    """Number calls into them again."""

    actor: str


Step = Start | Close | Open


def steps(seats: Sequence[Seat], nodes: Sequence[Node]) -> list[Step]:
    """What to do next; empty when everything is where it should be.

    Nothing is done when no node may take an actor. To even things out, the last open actor of calls is not closed; to
    empty a node it is, and nothing is dialled until it has moved.
    """
    usable = {node.id: node for node in nodes if not node.drained}
    if not usable:
        return []
    alive = {node.id for node in nodes}
    plan = _Plan(usable, dict.fromkeys(usable, 0))
    for seat in seats:
        if seat.node in usable:
            plan.load[seat.node] += 1
    for seat in seats:
        if seat.node is None or seat.node not in alive:
            plan.start(seat.actor)
        elif seat.node not in usable:
            plan.leave(seat)
    if not plan.steps:
        plan.balance(seats)
    return plan.steps


def spread(actors: Sequence[str], nodes: Sequence[Node]) -> dict[str, str]:
    """Actor → node, for a run that begins. Empty without a node that may take one."""
    begun = steps([Seat(actor, None) for actor in actors], nodes)
    return {step.actor: step.node for step in begun if isinstance(step, Start)}


class _Plan:
    def __init__(self, usable: Mapping[str, Node], load: dict[str, int]) -> None:
        self.usable = usable
        self.load = load
        """Node → actors it has or is about to have."""
        self.steps: list[Step] = []

    def start(self, actor: str) -> None:
        node = min(self.usable.values(), key=lambda node: ((self.load[node.id] + 1) / node.cpus, node.id))
        self.load[node.id] += 1
        self.steps.append(Start(actor, node.id))

    def leave(self, seat: Seat) -> None:
        """The seat's node is drained."""
        if not seat.calls:
            self.start(seat.actor)
        elif not seat.closed:
            self.steps.append(Close(seat.actor))

    def balance(self, seats: Sequence[Seat]) -> None:
        """Bring actors of calls from the fullest node to the emptiest, one at a time, while that evens things out."""
        hosts = [seat for seat in seats if seat.calls is not None and seat.node in self.usable]
        closed = [seat for seat in hosts if seat.closed]
        fullest = max(self.usable.values(), key=lambda node: (self._fullness(node), node.id))
        emptiest = min(self.usable.values(), key=lambda node: (self._fullness(node), node.id))
        worth_it = (self.load[emptiest.id] + 1) / emptiest.cpus < self._fullness(fullest)
        for seat in closed:
            if worth_it and seat.node == fullest.id:
                if not seat.calls:
                    self.steps.append(Start(seat.actor, emptiest.id))
            else:
                self.steps.append(Open(seat.actor))
        movable = sorted((seat.calls or 0, seat.actor) for seat in hosts if seat.node == fullest.id)
        if worth_it and movable and not closed and len(hosts) > 1:
            self.steps.append(Close(movable[0][1]))

    def _fullness(self, node: Node) -> float:
        return self.load[node.id] / node.cpus
