"""Conversation flows: nodes, and what leads from one to the next."""

from typing import Annotated, Final, Literal, TypeAlias, Union

from pydantic import Field, field_validator

from serve_app.schemas.base import Body, Id, JsonObject, Name, PageQuery, Shown, Text
from serve_app.sentences import wrong

NodeId: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Variable: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,63}$")]
Edges: TypeAlias = Annotated[dict[str, NodeId], Field(max_length=50)]
Wait: TypeAlias = Annotated[float, Field(gt=0, le=120)]

FAILURE: Final = "failure"
ELSE: Final = "else"


class Say(Body):
    """Speaks. `{name}` in a text is the variable of that name."""

    type: Literal["say"]
    text: Text
    next: NodeId


class Ask(Body):
    """Speaks, and listens for an answer, which becomes a variable.

    Edges: `no_input` when nothing was said in time, `no_match` when none of `choices` was. Without them the question is
    asked again, up to `attempts` times, and then the call goes on to `next`.
    """

    type: Literal["ask"]
    text: Text
    variable: Variable
    choices: Annotated[dict[str, list[Text]], Field(max_length=50)] = {}
    timeout_s: Wait = 8.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    next: NodeId
    edges: Edges = {}


class CollectDigits(Body):
    """Reads keys pressed into a variable. Edges: `no_input` and `no_match`, as those of `ask`."""

    type: Literal["collect_digits"]
    text: Text | None = None
    variable: Variable
    min_digits: Annotated[int, Field(ge=1, le=64)] = 1
    max_digits: Annotated[int, Field(ge=1, le=64)] = 1
    finish_on: Annotated[str, Field(pattern=r"^[0-9*#]?$")] = "#"
    timeout_s: Wait = 8.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    next: NodeId
    edges: Edges = {}


class Branch(Body):
    """Goes on by a variable's value. Edges: values, and `else` for all others."""

    type: Literal["branch"]
    variable: Variable
    edges: Edges


class Set(Body):
    """Gives variables values."""

    type: Literal["set"]
    variables: Annotated[dict[Variable, str | float | bool | None], Field(min_length=1, max_length=50)]
    next: NodeId


class Http(Body):
    """Asks a service. Members of a JSON object that it answers with become variables. Edge: `failure`."""

    type: Literal["http"]
    method: Literal["GET", "POST", "PUT"] = "POST"
    url: Annotated[str, Field(pattern=r"^https?://", max_length=2_000)]
    body: JsonObject | None = None
    timeout_s: Wait = 5.0
    next: NodeId
    edges: Edges = {}


class Transfer(Body):
    """Bridges to a person of a queue, which ends the flow; where that fails, goes on by the edge `failure`."""

    type: Literal["transfer"]
    queue_id: Id
    kind: Literal["warm", "cold"] = "warm"
    briefing: Text | None = None
    timeout_s: Wait = 30.0
    edges: Edges


class HandOff(Body):
    """Leaves a task to call back for the people of a queue."""

    type: Literal["hand_off"]
    queue_id: Id
    briefing: Text | None = None
    next: NodeId | None = None


class HangUp(Body):
    """Ends the call."""

    type: Literal["hang_up"]
    text: Text | None = None


Node: TypeAlias = Annotated[
    Union[Say, Ask, CollectDigits, Branch, Set, Http, Transfer, HandOff, HangUp],  # noqa: UP007
    Field(discriminator="type"),
]

EDGES_OF: Final = {
    "ask": ("no_input", "no_match"),
    "collect_digits": ("no_input", "no_match"),
    "http": (FAILURE,),
    "transfer": (FAILURE,),
}
"""Names that edges may have, where they are not values."""


class FlowBody(Body):
    """What a flow is: a change of it is a new version of all of this."""

    name: Name
    start: NodeId
    nodes: Annotated[dict[NodeId, Node], Field(min_length=1, max_length=500)]

    @field_validator("nodes")
    @classmethod
    def _known_edges(cls, nodes: dict[str, Node]) -> dict[str, Node]:
        for id, node in nodes.items():
            known = EDGES_OF.get(node.type)
            for name in edges_of(node):
                if known is not None and name not in known:
                    raise wrong(
                        f"must be without the edge {name} of {id}, as {node.type} has {', '.join(known)}"
                    )
        return nodes


class FlowQuery(PageQuery):
    name: Name | None = None


class FlowShown(Shown):
    id: str
    name: str
    version: int
    start: str
    nodes: JsonObject
    created_at: str
    updated_at: str


class FlowList(Shown):
    data: list[FlowShown]
    next_cursor: str | None


def edges_of(node: Node) -> dict[str, str]:
    """By name; `next` is not among them."""
    if isinstance(node, (Ask, CollectDigits, Branch, Http, Transfer)):
        return node.edges
    return {}


def successors(node: Node) -> list[tuple[str, str]]:
    """(name, node) of everything that leads on from it, `next` first."""
    on: list[tuple[str, str]] = []
    if not isinstance(node, (Branch, Transfer, HangUp)) and node.next is not None:
        on.append(("next", node.next))
    return on + [(f"edges.{name}", to) for name, to in edges_of(node).items()]
