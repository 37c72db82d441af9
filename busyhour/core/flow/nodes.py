"""A flow and its nodes, as they are once everything about them has been checked (see `reading`).

`edges` has every way on from a node by the name of its outcome; `next` where there is only one.
"""

from typing import Final, final

from busyhour.core.flow.matching import Choices
from busyhour.core.flow.templates import Template
from busyhour.core.ids import Micros

SAY: Final = "say"
ASK: Final = "ask"
COLLECT_DIGITS: Final = "collect_digits"
BRANCH: Final = "branch"
SET: Final = "set"
HTTP: Final = "http"
TRANSFER: Final = "transfer"
HAND_OFF: Final = "hand_off"
HANG_UP: Final = "hang_up"
NODE_TYPES: Final = (SAY, ASK, COLLECT_DIGITS, BRANCH, SET, HTTP, TRANSFER, HAND_OFF, HANG_UP)
WAITS_FOR_CALLER: Final = (ASK, COLLECT_DIGITS)

NEXT: Final = "next"
ANSWERED: Final = "answered"
COLLECTED: Final = "collected"
NO_INPUT: Final = "no_input"
NO_MATCH: Final = "no_match"
ELSE: Final = "else"
SUCCESS: Final = "success"
FAILURE: Final = "failure"

WARM: Final = "warm"
COLD: Final = "cold"


class Node:
    """One step of a flow."""

    __slots__ = ("edges", "id")

    def __init__(self, id: str, edges: dict[str, str]) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        """Outcome → node."""


@final
class SayNode(Node):
    """Speaks."""

    __slots__ = ("text",)

    def __init__(self, id: str, edges: dict[str, str], text: Template) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.text: Template = text


@final
class AskNode(Node):
    """Speaks, then listens. Without `choices` anything that is said is an answer."""

    __slots__ = ("choices", "reprompt", "retries", "save_as", "text", "timeout")

    def __init__(
        self,
        id: str,
        edges: dict[str, str],
        text: Template,
        reprompt: Template,
        choices: Choices,
        save_as: str,
        timeout: Micros,
        retries: int,
    ) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.text: Template = text
        self.reprompt: Template = reprompt
        """Said in place of the text when it is asked again."""
        self.choices: Choices = choices
        self.save_as: str = save_as
        """The variable that takes what was said; empty for none."""
        self.timeout: Micros = timeout
        """Of silence, from the end of the question."""
        self.retries: int = retries
        """How often the question is put again before silence or a mismatch leads on."""


@final
class CollectDigitsNode(Node):
    """Speaks, then takes digits."""

    __slots__ = (
        "finish_key",
        "max_digits",
        "min_digits",
        "reprompt",
        "retries",
        "save_as",
        "text",
        "timeout",
    )

    def __init__(
        self,
        id: str,
        edges: dict[str, str],
        text: Template,
        reprompt: Template,
        min_digits: int,
        max_digits: int,
        finish_key: str,
        save_as: str,
        timeout: Micros,
        retries: int,
    ) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.text: Template = text
        self.reprompt: Template = reprompt
        self.min_digits: int = min_digits
        self.max_digits: int = max_digits
        self.finish_key: str = finish_key
        """Ends the input and is no part of it; empty for none."""
        self.save_as: str = save_as
        self.timeout: Micros = timeout
        """From the end of the prompt, and from each digit, to the next."""
        self.retries: int = retries


@final
class Condition:
    """Of a branch: the edge taken when the comparison of a variable holds."""

    __slots__ = ("comparison", "edge", "value", "values", "variable")

    def __init__(self, edge: str, variable: str, comparison: str, value: str, values: list[str]) -> None:
        self.edge: str = edge
        self.variable: str = variable
        self.comparison: str = comparison
        self.value: str = value
        """Empty for one_of."""
        self.values: list[str] = values
        """For one_of."""


@final
class BranchNode(Node):
    """Takes the edge of the first condition that holds, else `else`."""

    __slots__ = ("conditions",)

    def __init__(self, id: str, edges: dict[str, str], conditions: list[Condition]) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.conditions: list[Condition] = conditions


@final
class SetNode(Node):
    """Sets variables, one after the other."""

    __slots__ = ("variables",)

    def __init__(self, id: str, edges: dict[str, str], variables: dict[str, Template]) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.variables: dict[str, Template] = variables


@final
class HttpNode(Node):
    """Asks a web service. `body` is JSON whose texts are templates; `save`: variable → path in the answer."""

    __slots__ = ("body", "method", "save", "timeout", "url")

    def __init__(
        self,
        id: str,
        edges: dict[str, str],
        method: str,
        url: Template,
        body: object,
        save: dict[str, str],
        timeout: Micros,
    ) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.method: str = method
        self.url: Template = url
        self.body: object = body
        """None for none."""
        self.save: dict[str, str] = save
        self.timeout: Micros = timeout


@final
class TransferNode(Node):
    """Hands the call to a person."""

    __slots__ = ("briefing", "kind", "queue", "timeout")

    def __init__(
        self,
        id: str,
        edges: dict[str, str],
        queue: str,
        kind: str,
        briefing: Template,
        timeout: Micros,
    ) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.queue: str = queue
        """Its name, or its id over the API."""
        self.kind: str = kind
        """WARM or COLD."""
        self.briefing: Template = briefing
        self.timeout: Micros = timeout


@final
class HandOffNode(Node):
    """Leaves a task for people: call back."""

    __slots__ = ("note", "queue")

    def __init__(self, id: str, edges: dict[str, str], queue: str, note: Template) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.queue: str = queue
        self.note: Template = note


@final
class HangUpNode(Node):
    """Ends the call."""

    __slots__ = ("reason",)

    def __init__(self, id: str, edges: dict[str, str], reason: str) -> None:
        self.id: str = id
        self.edges: dict[str, str] = edges
        self.reason: str = reason


@final
class Flow:
    """What a voice agent does with a call. Never changed: another version is another flow."""

    __slots__ = ("name", "nodes", "start")

    def __init__(self, name: str, start: str, nodes: dict[str, Node]) -> None:
        self.name: str = name
        self.start: str = start
        self.nodes: dict[str, Node] = nodes

    def queues(self) -> list[str]:
        """The queues that its nodes name, each once."""
        named: dict[str, None] = {}
        for node in self.nodes.values():
            if isinstance(node, (TransferNode, HandOffNode)):
                named[node.queue] = None
        return list(named)
