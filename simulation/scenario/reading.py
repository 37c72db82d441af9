"""YAML to a tree that knows its places.

Built from libyaml's events rather than its nodes: a scenario needs no anchors, aliases, merge keys or tags, so all
of them are refused where they stand, before anything is built from them, and neither depth nor number grows past a
bound. Scalars are read as YAML 1.2's core schema has them: `yes`, `on` and `12:30` are text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import yaml

from simulation.scenario.base import Path

DEEPEST: Final = 32
MOST_NODES: Final = 1_000_000
MOST_BYTES: Final = 16 * 1024 * 1024

PlainValue: TypeAlias = None | bool | int | float | str | list["PlainValue"] | dict[str, "PlainValue"]

_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE: Final = frozenset(("true", "True", "TRUE"))
_FALSE: Final = frozenset(("false", "False", "FALSE"))
_NUMERIC_START: Final = frozenset("+-.0123456789")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_PHONE: Final = re.compile(r"\+[0-9]{5,}")
_LONGEST_NUMBER: Final = 40

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ReadingError(Exception):
    """The text is not the YAML a scenario is written in. Line and column from 1; 0 for the text as a whole."""

    def __init__(self, sentence: str, line: int, column: int, path: Path = ()) -> None:
        super().__init__(sentence, line, column, path)
        self.sentence = sentence
        self.line = line
        self.column = column
        self.path = path


@dataclass(slots=True, eq=False)
class Node:
    """A value of the tree: a scalar, a list of nodes, or a mapping of nodes by key."""

    value: Any
    """None, bool, int, float, str; list[Node]; dict[str, Node]."""
    line: int
    column: int
    keys: dict[str, tuple[int, int]] | None = None
    """Line and column of each key of a mapping."""
    option: str = ""
    """The override that put this node in, or empty."""

    def plain(self) -> Any:
        """The tree as plain lists, dictionaries and scalars."""
        value = self.value
        if isinstance(value, dict):
            return {key: node.plain() for key, node in value.items()}  # pyright: ignore
        if isinstance(value, list):
            return [node.plain() for node in value]  # pyright: ignore
        return value


def scalar_value(text: str) -> None | bool | int | float | str:
    """A plain scalar by the core schema. Raises ValueError with a sentence for what may not stand unquoted."""
    if text in _NULL:
        return None
    if text[0] not in _NUMERIC_START:
        return True if text in _TRUE else False if text in _FALSE else text
    if _PHONE.fullmatch(text):
        raise ValueError(f'is a number to YAML, which drops the +; write it in quotes: "{text[:40]}"')
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"is {text}; numbers must be finite")
    whole = _INT.fullmatch(text)
    if whole or _FLOAT.fullmatch(text):
        if len(text) > _LONGEST_NUMBER:
            raise ValueError(f"is a number of {len(text)} characters; at most {_LONGEST_NUMBER} are read")
        if whole:
            return int(text)
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"is {text}, too large to be a number")
        return number
    if _OCTAL_OR_HEX.fullmatch(text):
        if len(text) > _LONGEST_NUMBER:
            raise ValueError(f"is a number of {len(text)} characters; at most {_LONGEST_NUMBER} are read")
        return int(text, 0)
    return text


class _Open:
    """A list or mapping whose end has not been seen."""

    __slots__ = ("key", "key_at", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key: str | None = None
        self.key_at = (0, 0)


class _Tree:
    """Takes events, gives the tree."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.count = 0

    def path(self) -> Path:
        steps: list[str | int] = []
        for open_ in self.stack:
            if isinstance(open_.node.value, list):
                steps.append(len(open_.node.value))  # pyright: ignore[reportUnknownArgumentType]
            elif open_.key is not None:
                steps.append(open_.key)
        return tuple(steps)

    def refuse(self, sentence: str, event: Any) -> ReadingError:
        mark = event.start_mark
        return ReadingError(sentence, mark.line + 1, mark.column + 1, self.path())

    def add(self, node: Node) -> None:
        self.count += 1
        if self.count > MOST_NODES:
            raise ReadingError(
                f"holds more than {MOST_NODES} values; keep long lists of contacts in a CSV file",
                node.line,
                node.column,
            )
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if top.node.keys is None:
            top.node.value.append(node)
        else:
            key = top.key
            assert key is not None
            top.node.value[key] = node
            top.node.keys[key] = top.key_at
            top.key = None

    def expects_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].node.keys is not None and self.stack[-1].key is None

    def scalar(self, event: Any) -> None:
        if self.expects_key():
            self._key(event)
            return
        mark = event.start_mark
        text: str = event.value
        if event.implicit[0]:
            try:
                value = scalar_value(text)
            except ValueError as error:
                raise self.refuse(str(error), event) from None
        else:
            value = text
        if "\0" in text:
            raise self.refuse("holds a NUL character", event)
        self.add(Node(value, mark.line + 1, mark.column + 1))

    def _key(self, event: Any) -> None:
        top = self.stack[-1]
        key: str = event.value
        if key == "<<" and event.implicit[0]:
            raise self.refuse("merge keys (<<) are not read; write the values out", event)
        if len(key) > 200 or "\0" in key:
            raise self.refuse("a key may have at most 200 characters, none of them NUL", event)
        if top.node.keys is not None and key in top.node.keys:
            line, column = top.node.keys[key]
            top.key = key
            raise self.refuse(f"is given twice, first at {line}:{column}; keep one of them", event)
        top.key = key
        top.key_at = (event.start_mark.line + 1, event.start_mark.column + 1)

    def start(self, event: Any, mapping: bool) -> None:
        if self.expects_key():
            raise self.refuse("a key must be plain text", event)
        if len(self.stack) >= DEEPEST:
            raise self.refuse(f"is nested more than {DEEPEST} deep", event)
        mark = event.start_mark
        node = Node({} if mapping else [], mark.line + 1, mark.column + 1, {} if mapping else None)
        self.stack.append(_Open(node))

    def end(self) -> None:
        node = self.stack.pop().node
        self.add(node)


def read_tree(text: str) -> Node:
    """The one document of `text`. Raises ReadingError."""
    if not text.strip():
        raise ReadingError("is empty; the smallest scenario has a clock, a queue and an inbound line", 0, 0)
    nul = text.find("\0")
    if nul >= 0:
        line, column = place_of(text, nul)
        raise ReadingError("holds a NUL character; a scenario is plain text", line, column)
    tree = _Tree()
    documents = 0
    try:
        loader = _Loader(text)
        try:
            while loader.check_event():
                event = loader.get_event()
                documents += _take(tree, event, documents)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _syntax(error, text) from None
    if tree.root is None:
        raise ReadingError("is empty; the smallest scenario has a clock, a queue and an inbound line", 0, 0)
    return tree.root


def _take(tree: _Tree, event: Any, documents: int) -> int:
    kind: str = type(event).__name__
    if getattr(event, "anchor", None) is not None:
        raise tree.refuse("anchors and aliases (&, *) are not read; write the value out", event)
    if getattr(event, "tag", None) is not None:
        tag = event.tag[:60].replace("tag:yaml.org,2002:", "!!")
        raise tree.refuse(f"tags are not read; remove {tag}", event)
    if kind == "ScalarEvent":
        tree.scalar(event)
    elif kind in ("MappingStartEvent", "SequenceStartEvent"):
        tree.start(event, kind == "MappingStartEvent")
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        tree.end()
    elif kind == "DocumentStartEvent":
        if documents:
            raise tree.refuse("a second document starts here; a file holds one scenario", event)
        return 1
    return 0


def place_of(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _syntax(error: yaml.YAMLError, text: str) -> ReadingError:
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "can't be read")
    if mark is not None:
        return ReadingError(f"is not YAML: {what}", mark.line + 1, mark.column + 1)
    position: Any = getattr(error, "position", None)
    if isinstance(position, int):
        line, column = place_of(text, min(position, len(text)))
        return ReadingError(f"is not YAML: {what}", line, column)
    return ReadingError(f"is not YAML: {what}", 0, 0)
