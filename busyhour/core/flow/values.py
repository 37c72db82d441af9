"""One value of a node, from JSON. Each `read_…` raises Wrong with what is wrong with the value, after its key."""

import math
import re
from typing import Final, cast, final

from busyhour.core.errors import InvalidValueError
from busyhour.core.flow.fields import (
    COMPARISONS,
    KEYS,
    LONGEST_TEXT,
    MOST_ENTRIES,
    WITHOUT_VALUE,
    Field,
)
from busyhour.core.flow.matching import words_of
from busyhour.core.flow.nodes import Condition
from busyhour.core.flow.templates import Template, as_text, is_variable
from busyhour.core.ids import SECOND, Micros

NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_NAME: Final = re.compile(NAME_PATTERN + r"\Z")
# The host must not come from a caller: userinfo, another port and a hole in the host are refused with it.
_URL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][^\s#]*)?\Z")
_PATH: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\Z")
_DEEPEST: Final = 16
"""Lists and mappings within each other, in a body."""

Plain = dict[str, object]


@final
class Wrong(Exception):
    """Why a value will not do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence: str = sentence


def shown(value: object) -> str:
    """As a sentence shows it, cut to a readable length."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return as_text(value)
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    text = "".join(c if c.isprintable() else "\ufffd" for c in text[:41])
    if len(text) > 40:
        text = text[:40] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def is_name(value: object) -> bool:
    """Letters, digits, - and _, at most 64: of nodes, edges and reasons."""
    return isinstance(value, str) and _NAME.match(value) is not None


def read_text(value: object, may_be_empty: bool) -> Template:
    if not isinstance(value, str):
        raise Wrong(f"must be text, not {shown(value)}")
    if not may_be_empty and not value.strip():
        raise Wrong("must not be empty")
    if len(value) > LONGEST_TEXT:
        raise Wrong(f"must have at most {LONGEST_TEXT} characters, and has {len(value)}")
    try:
        return Template(value)
    except InvalidValueError as invalid:
        raise Wrong(f"has {shown(invalid.name)}, which must be {invalid.wanted}") from None


def read_variable(value: object) -> str:
    if not isinstance(value, str) or len(value) > 200 or not is_variable(value):
        raise Wrong(f"must be a variable such as answer or customer.plan, not {shown(value)}")
    if value.startswith(("contact.", "call.")):
        raise Wrong(f"must not be {shown(value)}: what begins with contact. or call. is known and stays")
    return value


def read_seconds(value: object, field: Field) -> Micros:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"must be a number of seconds, not {shown(value)}")
    if not field.least <= value <= field.most:
        raise Wrong(f"must be from {field.least:g} to {field.most:g} seconds, and is {shown(value)}")
    return round(value * SECOND)


def read_count(value: object, field: Field) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong(f"must be a whole number, not {shown(value)}")
    if not field.least <= value <= field.most:
        raise Wrong(f"must be from {field.least:g} to {field.most:g}, and is {shown(value)}")
    return value


def read_word(value: object, field: Field) -> str:
    if not isinstance(value, str) or value not in field.words:
        raise Wrong(f"must be {' or '.join(field.words)}, not {shown(value)}")
    return value


def read_key(value: object) -> str:
    """A key, or nothing."""
    if not isinstance(value, str) or len(value) > 1 or value not in KEYS:
        raise Wrong(f'must be one of {KEYS}, or "" for none, not {shown(value)}')
    return value


def read_name(value: object) -> str:
    if not is_name(value):
        raise Wrong(f"must be letters, digits, - and _, at most 64, not {shown(value)}")
    return cast("str", value)


def read_queue(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        raise Wrong(f"must be a queue, not {shown(value)}")
    return value


def read_phrases(value: object) -> dict[str, list[list[str]]]:
    """Edge → phrases, as words. A single phrase may stand without its list."""
    phrases: dict[str, list[list[str]]] = {}
    for edge, given in _mapping(value, "of edges to phrases, such as {yes: [yes, sure]}").items():
        if not is_name(edge):
            raise Wrong(f"has {shown(edge)}, which is no edge's name")
        texts = cast("list[object]", given) if isinstance(given, list) else [given]
        if not texts or len(texts) > MOST_ENTRIES:
            raise Wrong(f"must have from 1 to {MOST_ENTRIES} phrases for {shown(edge)}")
        phrases[edge] = []
        for text in texts:
            words = words_of(text) if isinstance(text, str) and len(text) <= LONGEST_TEXT else []
            if not words:
                raise Wrong(f"has {shown(text)} for {shown(edge)}, where a phrase of words belongs")
            phrases[edge].append(words)
    return phrases


def read_assignments(value: object) -> dict[str, Template]:
    assignments: dict[str, Template] = {}
    for name, given in _mapping(value, "of variables to texts").items():
        variable = read_variable(name)
        plain = given if isinstance(given, str) or not _is_scalar(given) else as_text(given)
        try:
            assignments[variable] = read_text(plain, True)
        except Wrong as wrong:
            raise Wrong(f"has {name}, which {wrong.sentence}") from None
    if not assignments:
        raise Wrong("must set at least one variable")
    return assignments


def read_saves(value: object) -> dict[str, str]:
    saves: dict[str, str] = {}
    for name, path in _mapping(value, "of variables to paths such as order.status").items():
        if not isinstance(path, str) or len(path) > 200 or not _PATH.match(path):
            raise Wrong(f"has {shown(path)}, where a path such as order.status belongs")
        saves[read_variable(name)] = path
    return saves


def read_url(value: object) -> Template:
    template = read_text(value, False)
    if not _URL.match(template.text):
        raise Wrong(
            "must begin with https:// or http:// and a host without {{variables}}, and have neither spaces nor a #, "
            f"and is {shown(value)}"
        )
    return template


def read_body(value: object, depth: int = _DEEPEST) -> object:
    """The body with a Template for each of its texts; None for an empty one."""
    if depth == 0:
        raise Wrong(f"is nested more than {_DEEPEST} deep")
    if isinstance(value, dict):
        return {
            key: read_body(below, depth - 1) for key, below in cast("dict[str, object]", value).items()
        } or None
    if isinstance(value, list):
        return [read_body(below, depth - 1) for below in cast("list[object]", value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise Wrong(f"must not hold {shown(value)}, which JSON does not have")
    return read_text(value, True) if isinstance(value, str) else value


def read_conditions(value: object) -> list[Condition]:
    if not isinstance(value, list):
        raise Wrong(
            f"must be a list such as [{{variable: plan, is: equals, value: gold, edge: gold}}], not {shown(value)}"
        )
    entries = cast("list[object]", value)
    if not entries or len(entries) > MOST_ENTRIES:
        raise Wrong(f"must have from 1 to {MOST_ENTRIES} entries")
    return [_condition(entry, place + 1) for place, entry in enumerate(entries)]


def _condition(value: object, place: int) -> Condition:
    given = _mapping(value, f"in its entry {place}")
    for key in given:
        if key not in ("variable", "is", "value", "edge"):
            raise Wrong(
                f"has an unknown key {shown(key)} in its entry {place}; keys there: variable, is, value, edge"
            )
    variable, comparison = given.get("variable"), given.get("is", "equals")
    if not isinstance(variable, str) or not is_variable(variable):
        raise Wrong(f"must name a variable in its entry {place}, not {shown(variable)}")
    if not isinstance(comparison, str) or comparison not in COMPARISONS:
        raise Wrong(f"must have is: {' or '.join(COMPARISONS)} in its entry {place}, not {shown(comparison)}")
    edge = given.get("edge")
    if not is_name(edge):
        raise Wrong(f"must name an edge in its entry {place}, not {shown(edge)}")
    wanted = given.get("value")
    values: list[str] = []
    if comparison in WITHOUT_VALUE:
        if "value" in given:
            raise Wrong(f"compares with nothing in its entry {place}; leave out the value")
    elif comparison == "one_of":
        listed = cast("list[object]", wanted) if isinstance(wanted, list) else []
        if not listed:
            raise Wrong(f"needs a list of values in its entry {place}")
        for each in listed:
            if not _is_scalar(each) or each is None:
                raise Wrong(f"has {shown(each)} among the values of its entry {place}")
            values.append(as_text(each))
    elif wanted is None or not _is_scalar(wanted):
        raise Wrong(f"needs a value in its entry {place}, not {shown(wanted)}")
    elif comparison in ("at_least", "at_most") and number_of(as_text(wanted)) is None:
        raise Wrong(f"needs a number in its entry {place}, not {shown(wanted)}")
    text = "" if comparison == "one_of" else as_text(given.get("value"))
    return Condition(cast("str", edge), variable, comparison, text, values)


def number_of(text: str) -> float | None:
    """None for what is no finite number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _mapping(value: object, what: str) -> Plain:
    """With text for keys."""
    if not isinstance(value, dict):
        raise Wrong(f"must be a mapping {what}, not {shown(value)}")
    mapping = cast("dict[object, object]", value)
    if len(mapping) > MOST_ENTRIES:
        raise Wrong(f"must have at most {MOST_ENTRIES} entries, and has {len(mapping)}")
    return {str(key): below for key, below in mapping.items()}
