"""YAML to a tree that knows its places.

Built from libyaml's events rather than its nodes: a scenario needs no anchors, aliases, merge keys or tags,
so all of them are refused where they stand, before anything is built from them, and neither depth nor number
grows past a bound. Scalars are read as YAML 1.2's core schema has them: `yes`, `on` and `12:30` are text.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import yaml
from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from simulation.scenario.base import Path

DEEPEST: Final = 32
"""Lists and mappings within each other."""
MOST_NODES: Final = 500_000
"""Keeps what a hostile file of 16 MiB costs to some seconds and some hundred megabytes."""
MOST_KEYS: Final = 10_000
"""Of one mapping."""
MOST_BYTES: Final = 16 * 1024 * 1024
LONGEST_KEY: Final = 200
LONGEST_NUMBER: Final = 40

Scalar: TypeAlias = bool | int | float | str | None

_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE: Final = frozenset(("true", "True", "TRUE"))
_FALSE: Final = frozenset(("false", "False", "FALSE"))
_NUMERIC_START: Final = frozenset("+-.0123456789")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_PHONE: Final = re.compile(r"\+[0-9]{5,}")
_EMPTY: Final = "is empty; the smallest scenario has a clock, a queue and an inbound line"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ReadingError(Exception):
    """The text is not the YAML a scenario is written in.

    Line and column count from 1 and are 0 where the text as a whole is meant.
    """

    def __init__(self, sentence: str, line: int = 0, column: int = 0, path: Path = ()) -> None:
        super().__init__(sentence, line, column, path)
        self.sentence = sentence
        self.line = line
        self.column = column
        self.path = path


class Node:
    """A value of the tree: a mapping (`entries`), a list (`items`), or else the scalar `value`."""

    __slots__ = ("column", "entries", "items", "key_column", "key_line", "line", "option", "value")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column
        self.value: Scalar = None
        self.items: list[Node] | None = None
        self.entries: dict[str, Node] | None = None
        self.key_line = 0
        self.key_column = 0
        """Place of the key that holds this value, 0 where none does."""
        self.option = ""
        """The override that put this node in, or empty."""

    def is_scalar(self) -> bool:
        return self.items is None and self.entries is None

    def plain(self) -> Any:
        """The tree as plain dictionaries, lists and scalars."""
        if self.entries is not None:
            return {key: node.plain() for key, node in self.entries.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.value


def scalar_value(text: str) -> Scalar:
    """A plain scalar by the core schema. Raises ReadingError for what may not stand unquoted."""
    if text in _NULL:
        return None
    if text[0] not in _NUMERIC_START:
        return True if text in _TRUE else False if text in _FALSE else text
    if _PHONE.fullmatch(text):
        raise ReadingError(f'is a number to YAML, which drops the +; write it in quotes: "{text[:40]}"')
    if _NOT_FINITE.fullmatch(text):
        raise ReadingError(f"must be a finite number, not {text}")
    whole = _INT.fullmatch(text) is not None
    if whole or _FLOAT.fullmatch(text) or _OCTAL_OR_HEX.fullmatch(text):
        if len(text) > LONGEST_NUMBER:
            raise ReadingError(f"is a number of {len(text)} characters; at most {LONGEST_NUMBER} are read")
        if whole:
            return int(text)
        if text[:2] in ("0o", "0x"):
            return int(text, 0)
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ReadingError(f"must be a finite number, and {text} is too large")
        return number
    return text


class _Open:
    """A list or mapping whose end has not been seen."""

    __slots__ = ("key", "key_column", "key_line", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key: str | None = None
        self.key_line = 0
        self.key_column = 0


class _Tree:
    """Takes events, grows the tree."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.count = 0

    def path(self) -> Path:
        steps: list[str | int] = []
        for level in self.stack:
            if level.node.items is not None:
                steps.append(len(level.node.items))
            elif level.key is not None:
                steps.append(level.key)
        return tuple(steps)

    def refusal(self, sentence: str, event: Any) -> ReadingError:
        return ReadingError(sentence, event.start_mark.line + 1, event.start_mark.column + 1, self.path())

    def node_at(self, event: Any) -> Node:
        self.count += 1
        if self.count > MOST_NODES:
            raise self.refusal(
                f"is past the {MOST_NODES} values read of one file; keep long lists of contacts in CSV", event
            )
        return Node(event.start_mark.line + 1, event.start_mark.column + 1)

    def add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if top.node.items is not None:
            top.node.items.append(node)
        elif top.node.entries is not None and top.key is not None:
            top.node.entries[top.key] = node
            node.key_line = top.key_line
            node.key_column = top.key_column
            top.key = None

    def expects_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].node.entries is not None and self.stack[-1].key is None

    def scalar(self, event: Any) -> None:
        if self.expects_key():
            self.key(event)
            return
        text: str = event.value
        node = self.node_at(event)
        if event.implicit[0]:
            try:
                node.value = scalar_value(text)
            except ReadingError as error:
                raise self.refusal(error.sentence, event) from None
        else:
            node.value = text
        if "\0" in text:
            raise self.refusal("holds a NUL character", event)
        self.add(node)

    def key(self, event: Any) -> None:
        top = self.stack[-1]
        key: str = event.value
        if key == "<<" and event.implicit[0]:
            raise self.refusal("merge keys (<<) are not read; write the values out", event)
        if len(key) > LONGEST_KEY or "\0" in key:
            raise self.refusal(f"holds a key that is not a name of at most {LONGEST_KEY} characters", event)
        entries = top.node.entries or {}
        if len(entries) >= MOST_KEYS:
            raise self.refusal(f"holds more than {MOST_KEYS} keys", event)
        top.key = key
        if key in entries:
            first = f"{entries[key].key_line}:{entries[key].key_column}"
            raise self.refusal(f"is given twice, first at {first}; keep one of them", event)
        top.key_line = event.start_mark.line + 1
        top.key_column = event.start_mark.column + 1

    def start(self, event: Any) -> None:
        if self.expects_key():
            raise self.refusal("holds a key that is a list or a mapping; a key must be a name", event)
        if len(self.stack) >= DEEPEST:
            raise self.refusal(f"is nested more than {DEEPEST} deep; a scenario never is", event)
        node = self.node_at(event)
        if type(event) is MappingStartEvent:
            node.entries = {}
        else:
            node.items = []
        self.stack.append(_Open(node))

    def end(self) -> None:
        self.add(self.stack.pop().node)


def read_tree(text: str) -> Node:
    """The one document of `text`. Raises ReadingError."""
    text = text.removeprefix("\ufeff")
    _check_characters(text)
    tree = _Tree()
    try:
        loader = _Loader(text)
        try:
            _take_all(tree, loader)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _syntax_error(error, text) from None
    if tree.root is None:
        raise ReadingError(_EMPTY)
    return tree.root


def _check_characters(text: str) -> None:
    if not text.strip():
        raise ReadingError(_EMPTY)
    nul = text.find("\0")
    if nul >= 0:
        raise ReadingError("holds a NUL character; a scenario is plain text", *place_of(text, nul))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ReadingError("holds half a character, a lone surrogate", *place_of(text, error.start)) from None


def _take_all(tree: _Tree, loader: Any) -> None:
    documents = 0
    while loader.check_event():
        event = loader.get_event()
        kind: Any = event.__class__
        if kind is ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                raise _decoration(tree, event)
            tree.scalar(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.anchor is not None or event.tag is not None:
                raise _decoration(tree, event)
            tree.start(event)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            tree.end()
        elif kind is DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise tree.refusal("a second document starts here; a file holds one scenario", event)
        elif getattr(event, "anchor", None) is not None:
            raise _decoration(tree, event)


def _decoration(tree: _Tree, event: Any) -> ReadingError:
    if event.anchor is not None:
        return tree.refusal("anchors and aliases (& and *) are not read; write the value out", event)
    tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
    return tree.refusal(f"tags are not read; remove {printable(tag)[:60]}", event)


def place_of(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def printable(text: str) -> str:
    """The text with what a terminal would act on replaced."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def _syntax_error(error: yaml.YAMLError, text: str) -> ReadingError:
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = printable(str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"))
    if "found character '\\t'" in what or "cannot start any token" in what:
        what += "; indent with spaces, and put text that starts with @, ` or % in quotes"
    sentence = f"is not YAML: {what}"
    if mark is not None:
        return ReadingError(sentence, mark.line + 1, mark.column + 1)
    position: Any = getattr(error, "position", None)
    if isinstance(position, int):
        return ReadingError(sentence, *place_of(text, min(position, len(text))))
    return ReadingError(sentence)
