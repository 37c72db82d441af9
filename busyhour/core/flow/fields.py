"""What each type of node may hold, as a table: reading, the JSON Schema and docs/flows.md go by it."""

from typing import Final, final

from busyhour.core.flow.nodes import (
    ANSWERED,
    ASK,
    BRANCH,
    COLD,
    COLLECT_DIGITS,
    COLLECTED,
    ELSE,
    FAILURE,
    HAND_OFF,
    HANG_UP,
    HTTP,
    NEXT,
    NO_INPUT,
    NO_MATCH,
    SAY,
    SET,
    SUCCESS,
    TRANSFER,
    WARM,
)

# Kinds of values.
TEXT: Final = "text with {{variables}}"
TEXT_OR_NONE: Final = "text with {{variables}}, may be empty"
VARIABLE: Final = "a variable's name"
SECONDS: Final = "seconds"
COUNT: Final = "a whole number"
WORD: Final = "a word"
KEY: Final = "a key of the telephone"
REASON: Final = "a name"
QUEUE: Final = "a queue"
PHRASES: Final = "edge → phrases"
CONDITIONS: Final = "a list of conditions"
ASSIGNMENTS: Final = "variable → text with {{variables}}"
SAVES: Final = "variable → path in the answer"
URL: Final = "an address with {{variables}} after the host"
BODY: Final = "JSON whose texts may hold {{variables}}"

COMPARISONS: Final = ("equals", "not_equals", "contains", "one_of", "at_least", "at_most", "set", "not_set")
WITHOUT_VALUE: Final = ("set", "not_set")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEYS: Final = "0123456789*#"

LONGEST_TEXT: Final = 4_000
LONGEST_TIMEOUT_S: Final = 120.0
MOST_DIGITS: Final = 32
MOST_RETRIES: Final = 10
MOST_NODES: Final = 1_000
MOST_ENTRIES: Final = 200
"""Of one list or mapping within a node."""


@final
class Field:
    """A key of a node. `default` None: it must be given. `least` and `most` bound numbers, `words` choices."""

    __slots__ = ("default", "kind", "least", "most", "name", "words")

    def __init__(
        self,
        name: str,
        kind: str,
        default: object = None,
        least: float = 0.0,
        most: float = 0.0,
        words: tuple[str, ...] = (),
    ) -> None:
        self.name: str = name
        self.kind: str = kind
        self.default: object = default
        self.least: float = least
        self.most: float = most
        self.words: tuple[str, ...] = words


@final
class NodeForm:
    """The keys of one type of node and the names of its ways on.

    `required` edges must stand under `edges` themselves. `outcomes` need a way on too, but `next` will do for those
    that have none. `optional` ones may be missing. `own` says that the node's own keys name further edges.
    """

    __slots__ = ("fields", "optional", "outcomes", "own", "required")

    def __init__(
        self,
        fields: tuple[Field, ...],
        required: tuple[str, ...] = (),
        outcomes: tuple[str, ...] = (),
        optional: tuple[str, ...] = (),
        own: bool = False,
    ) -> None:
        self.fields: tuple[Field, ...] = fields
        self.required: tuple[str, ...] = required
        self.outcomes: tuple[str, ...] = outcomes
        self.optional: tuple[str, ...] = optional
        self.own: bool = own

    def has_next(self) -> bool:
        return len(self.outcomes) > 0

    def has_edges(self) -> bool:
        return len(self.required) > 0 or len(self.optional) > 0 or self.outcomes not in ((), (NEXT,))

    def keys(self) -> list[str]:
        """All that a node of the type may hold, but `type`."""
        keys = [field.name for field in self.fields]
        if self.has_next():
            keys.append(NEXT)
        if self.has_edges():
            keys.append("edges")
        return keys


_TIMEOUT: Final = Field("timeout_s", SECONDS, 5.0, 0.5, LONGEST_TIMEOUT_S)
_RETRIES: Final = Field("retries", COUNT, 1, 0, MOST_RETRIES)
_PROMPT: Final = (Field("text", TEXT), Field("reprompt", TEXT_OR_NONE, ""))

FORMS: Final[dict[str, NodeForm]] = {
    SAY: NodeForm((Field("text", TEXT),), outcomes=(NEXT,)),
    ASK: NodeForm(
        (*_PROMPT, Field("expect", PHRASES, {}), Field("save_as", VARIABLE, ""), _TIMEOUT, _RETRIES),
        outcomes=(ANSWERED, NO_INPUT, NO_MATCH),
        own=True,
    ),
    COLLECT_DIGITS: NodeForm(
        (
            *_PROMPT,
            Field("min_digits", COUNT, 1, 1, MOST_DIGITS),
            Field("max_digits", COUNT, MOST_DIGITS, 1, MOST_DIGITS),
            Field("finish_key", KEY, "#"),
            Field("save_as", VARIABLE, ""),
            _TIMEOUT,
            _RETRIES,
        ),
        outcomes=(COLLECTED, NO_INPUT, NO_MATCH),
    ),
    BRANCH: NodeForm((Field("conditions", CONDITIONS),), required=(ELSE,), own=True),
    SET: NodeForm((Field("variables", ASSIGNMENTS),), outcomes=(NEXT,)),
    HTTP: NodeForm(
        (
            Field("method", WORD, "POST", words=METHODS),
            Field("url", URL),
            Field("body", BODY, {}),
            Field("save", SAVES, {}),
            _TIMEOUT,
        ),
        outcomes=(SUCCESS, FAILURE),
    ),
    TRANSFER: NodeForm(
        (
            Field("queue", QUEUE),
            Field("kind", WORD, WARM, words=(WARM, COLD)),
            Field("briefing", TEXT_OR_NONE, ""),
            Field("timeout_s", SECONDS, 30.0, 1.0, 600.0),
        ),
        required=(FAILURE,),
        optional=(SUCCESS,),
    ),
    HAND_OFF: NodeForm((Field("queue", QUEUE), Field("note", TEXT_OR_NONE, "")), outcomes=(NEXT,)),
    HANG_UP: NodeForm((Field("reason", REASON, "completed"),)),
}
