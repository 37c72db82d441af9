"""A flow from plain JSON data, or every reason why it is none.

check(plain)   the reasons, sentences that name the node; none when the flow can be run
load(plain)    the flow; raises InvalidFlowError with the same sentences
"""

from difflib import get_close_matches
from typing import Final, cast, final

from busyhour.core.errors import InvalidFlowError
from busyhour.core.flow import fields
from busyhour.core.flow.fields import FORMS, MOST_ENTRIES, MOST_NODES, Field, NodeForm
from busyhour.core.flow.graph import graph_problems
from busyhour.core.flow.matching import Choices, words_of
from busyhour.core.flow.nodes import (
    ANSWERED,
    ASK,
    BRANCH,
    COLLECT_DIGITS,
    HAND_OFF,
    HANG_UP,
    HTTP,
    NEXT,
    NO_INPUT,
    NO_MATCH,
    NODE_TYPES,
    SAY,
    SET,
    TRANSFER,
    AskNode,
    BranchNode,
    CollectDigitsNode,
    Condition,
    Flow,
    HandOffNode,
    HangUpNode,
    HttpNode,
    Node,
    SayNode,
    SetNode,
    TransferNode,
)
from busyhour.core.flow.templates import Template
from busyhour.core.flow.values import (
    Plain,
    Wrong,
    is_name,
    read_assignments,
    read_body,
    read_conditions,
    read_count,
    read_key,
    read_name,
    read_phrases,
    read_queue,
    read_saves,
    read_seconds,
    read_text,
    read_url,
    read_variable,
    read_word,
    shown,
)

MOST_PROBLEMS: Final = 50
"""Told at once; who has more learns them when these are mended."""
LONGEST_NAME: Final = 200
_KEYS: Final = ("name", "start", "nodes")
_RESERVED: Final = (ANSWERED, NO_INPUT, NO_MATCH)


def check(plain: object) -> list[str]:
    """Why `plain` is no flow that can be run, a sentence each; empty when it is one."""
    reader = _Reader()
    reader.read(plain)
    return reader.problems[:MOST_PROBLEMS]


def load(plain: object) -> Flow:
    """Raises InvalidFlowError."""
    reader = _Reader()
    flow = reader.read(plain)
    if flow is None or reader.problems:
        raise InvalidFlowError(reader.problems[:MOST_PROBLEMS])
    return flow


@final
class _Reader:
    """Gathers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read(self, plain: object) -> Flow | None:
        if not isinstance(plain, dict):
            self.problems.append(f"a flow must be a mapping with name, start and nodes, not {shown(plain)}")
            return None
        given = cast("Plain", plain)
        for key in given:
            if key not in _KEYS:
                self.problems.append(f"unknown key {shown(key)}; keys of a flow: {', '.join(_KEYS)}")
        name = given.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
            self.problems.append(f"name must be text of 1 to {LONGEST_NAME} characters, not {shown(name)}")
            name = ""
        start = given.get("start")
        if not isinstance(start, str):
            self.problems.append(f"start must be the id of a node, not {shown(start)}")
            start = ""
        nodes = self._nodes(given.get("nodes"))
        if start and nodes is not None and start not in nodes:
            self.problems.append(f"start leads to the node {shown(start)}, which is not there")
        if nodes is None or self.problems:
            return None
        self.problems.extend(graph_problems(start, nodes))
        return Flow(name, start, nodes)

    def _nodes(self, plain: object) -> dict[str, Node] | None:
        given = cast("Plain", plain) if isinstance(plain, dict) else {}
        if not given:
            self.problems.append("nodes must be a mapping of ids to nodes, with at least one")
            return None
        if len(given) > MOST_NODES:
            self.problems.append(f"a flow has at most {MOST_NODES} nodes, and this one {len(given)}")
            return None
        nodes: dict[str, Node] = {}
        for id, below in given.items():
            if len(self.problems) > MOST_PROBLEMS:
                return None
            if not is_name(id):
                self.problems.append(
                    f"node {shown(id)}: an id must be letters, digits, - and _, at most 64, the first no - or _"
                )
            node = _NodeReader(id, self.problems).node(below)
            if node is not None:
                nodes[id] = node
        for node in nodes.values():
            for edge, target in node.edges.items():
                if target not in given:
                    way = NEXT if edge == NEXT else f"the edge {edge}"
                    self.problems.append(
                        f"node {shown(node.id)}: {way} leads to {shown(target)}, which is not there"
                    )
        return nodes if len(nodes) == len(given) else None


@final
class _NodeReader:
    """Reads one node."""

    def __init__(self, id: str, problems: list[str]) -> None:
        self.id: str = id
        self.problems: list[str] = problems
        self.values: Plain = {}
        """Read, by key."""

    def wrong(self, sentence: str) -> None:
        self.problems.append(f"node {shown(self.id)}: {sentence}")

    def node(self, plain: object) -> Node | None:
        """None where something is wrong, which has been told."""
        told = len(self.problems)
        if not isinstance(plain, dict):
            self.wrong(f"must be a mapping with a type, not {shown(plain)}")
            return None
        given = cast("Plain", plain)
        kind = given.get("type")
        if not isinstance(kind, str) or kind not in FORMS:
            self.wrong(f"type must be one of {', '.join(NODE_TYPES)}, not {shown(kind)}")
            return None
        form = FORMS[kind]
        self._keys(given, kind, form)
        for field in form.fields:
            self._field(given, field)
        edges = self._edges(given, kind, form) if len(self.problems) == told else {}
        return self._made(kind, edges) if len(self.problems) == told else None

    def _keys(self, given: Plain, kind: str, form: NodeForm) -> None:
        keys = form.keys()
        for key in given:
            if key == "type" or key in keys or (key == "queue_id" and "queue" in keys):
                continue
            near = get_close_matches(str(key)[:100], keys, 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else f"keys of {kind}: {', '.join(['type', *keys])}"
            self.wrong(f"unknown key {shown(key)}; {hint}")

    def _field(self, given: Plain, field: Field) -> None:
        key = field.name
        if field.kind == fields.QUEUE and "queue_id" in given:
            if key in given:
                self.wrong("queue and queue_id stand beside each other; keep one of them")
                return
            key = "queue_id"
        if key not in given and field.default is None:
            self.wrong(f"{key} is missing")
            return
        try:
            self.values[field.name] = _value(given.get(key, field.default), field)
        except Wrong as wrong:
            self.wrong(f"{key} {wrong.sentence}")

    def _edges(self, given: Plain, kind: str, form: NodeForm) -> dict[str, str]:
        edges: dict[str, str] = {}
        if "edges" in given:
            below = given["edges"]
            if not isinstance(below, dict):
                self.wrong(f"edges must be a mapping of names to nodes, not {shown(below)}")
                return edges
            if len(cast("Plain", below)) > MOST_ENTRIES:
                self.wrong(f"edges must be at most {MOST_ENTRIES}")
                return edges
            for edge, target in cast("Plain", below).items():
                if not is_name(edge) or not isinstance(target, str):
                    self.wrong(
                        f"the edge {shown(edge)} must have a name and lead to a node, not {shown(target)}"
                    )
                else:
                    edges[edge] = target
        onward = given.get(NEXT)
        if NEXT in given and not isinstance(onward, str):
            self.wrong(f"next must be the id of a node, not {shown(onward)}")
            return edges
        outcomes = self._outcomes(kind, form, edges)
        for edge in edges:
            if edge not in outcomes and edge not in form.optional:
                there = ", ".join([*outcomes, *form.optional])
                self.wrong(f"unknown edge {shown(edge)}; edges here: {there}")
        for edge in outcomes:
            if edge in edges:
                continue
            if isinstance(onward, str):
                edges[edge] = onward
            elif edge == NEXT:
                self.wrong(f"{_a(kind)} has no way on; add next")
            elif form.has_next():
                self.wrong(f"{_a(kind)} must have an edge {edge}, or next for what has no edge of its own")
            else:
                self.wrong(f"{_a(kind)} must have an edge {edge}")
        return edges

    def _outcomes(self, kind: str, form: NodeForm, edges: dict[str, str]) -> list[str]:
        """Every edge that the node needs."""
        if kind == ASK:
            choices = self._choices(edges)
            self.values["choices"] = choices
            return [*choices, NO_INPUT, NO_MATCH] if choices else [ANSWERED, NO_INPUT]
        if kind == BRANCH:
            named: dict[str, None] = {}
            for condition in cast("list[Condition]", self.values["conditions"]):
                named[condition.edge] = None
            return [*named, *[edge for edge in form.required if edge not in named]]
        return [*form.required, *form.outcomes]

    def _choices(self, edges: dict[str, str]) -> Choices:
        """What is expected; an edge without phrases is expected by its own name."""
        choices: Choices = {}
        expected = cast("Choices", self.values["expect"])
        for edge in expected:
            if edge in _RESERVED:
                self.wrong(f"expect must not name {edge}, which has a meaning of its own")
        for edge in [*[edge for edge in edges if edge not in _RESERVED], *expected]:
            choices[edge] = expected.get(edge) or [words_of(edge.replace("_", " ").replace("-", " "))]
        return choices

    def _made(self, kind: str, edges: dict[str, str]) -> Node | None:
        values = self.values
        id = self.id
        if kind == SAY:
            return SayNode(id, edges, cast("Template", values["text"]))
        if kind == ASK:
            return AskNode(
                id,
                edges,
                cast("Template", values["text"]),
                self._reprompt(),
                cast("Choices", values["choices"]),
                cast("str", values["save_as"]),
                cast("int", values["timeout_s"]),
                cast("int", values["retries"]),
            )
        if kind == COLLECT_DIGITS:
            return self._collect_digits(edges)
        if kind == BRANCH:
            return BranchNode(id, edges, cast("list[Condition]", values["conditions"]))
        if kind == SET:
            return SetNode(id, edges, cast("dict[str, Template]", values["variables"]))
        if kind == HTTP:
            return HttpNode(
                id,
                edges,
                cast("str", values["method"]),
                cast("Template", values["url"]),
                values["body"],
                cast("dict[str, str]", values["save"]),
                cast("int", values["timeout_s"]),
            )
        if kind == TRANSFER:
            return TransferNode(
                id,
                edges,
                cast("str", values["queue"]),
                cast("str", values["kind"]),
                cast("Template", values["briefing"]),
                cast("int", values["timeout_s"]),
            )
        if kind == HAND_OFF:
            return HandOffNode(id, edges, cast("str", values["queue"]), cast("Template", values["note"]))
        assert kind == HANG_UP, "FORMS has no other type"
        return HangUpNode(id, edges, cast("str", values["reason"]))

    def _collect_digits(self, edges: dict[str, str]) -> Node | None:
        values = self.values
        least, most = cast("int", values["min_digits"]), cast("int", values["max_digits"])
        if least > most:
            self.wrong(f"min_digits must be at most max_digits, {most}, and is {least}")
            return None
        return CollectDigitsNode(
            self.id,
            edges,
            cast("Template", values["text"]),
            self._reprompt(),
            least,
            most,
            cast("str", values["finish_key"]),
            cast("str", values["save_as"]),
            cast("int", values["timeout_s"]),
            cast("int", values["retries"]),
        )

    def _reprompt(self) -> Template:
        reprompt = cast("Template", self.values["reprompt"])
        return reprompt if reprompt.text else cast("Template", self.values["text"])


def _value(given: object, field: Field) -> object:
    """Raises Wrong."""
    kind = field.kind
    if kind == fields.TEXT or kind == fields.TEXT_OR_NONE:
        return read_text(given, kind == fields.TEXT_OR_NONE)
    if kind == fields.VARIABLE:
        return read_variable(given) if given != "" else ""
    if kind == fields.SECONDS:
        return read_seconds(given, field)
    if kind == fields.COUNT:
        return read_count(given, field)
    if kind == fields.WORD:
        return read_word(given, field)
    if kind == fields.KEY:
        return read_key(given)
    if kind == fields.REASON:
        return read_name(given)
    if kind == fields.QUEUE:
        return read_queue(given)
    if kind == fields.PHRASES:
        return read_phrases(given)
    if kind == fields.CONDITIONS:
        return read_conditions(given)
    if kind == fields.ASSIGNMENTS:
        return read_assignments(given)
    if kind == fields.SAVES:
        return read_saves(given)
    if kind == fields.URL:
        return read_url(given)
    return read_body(given)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
