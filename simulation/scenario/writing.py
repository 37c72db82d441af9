"""A scenario back to YAML, with every default written out, and its digest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import file_digest, sha256
from typing import Any, Final

from simulation.scenario.base import as_list, as_mapping
from simulation.scenario.contacts import ContactFile
from simulation.scenario.model import Scenario
from simulation.scenario.reading import LONGEST_NUMBER
from simulation.scenario.values import decimal_text

WIDTH: Final = 110
"""Lists and mappings that fit within so many columns stand on one line."""

_PLAIN: Final = re.compile(
    r"[A-Za-z_](?:[A-Za-z0-9_./<>=%-]| (?=[A-Za-z0-9_./<>=%-]))*"
    r"|(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s|us))+"
    r"|[0-9]+(?:\.[0-9]+)?/(?:s|min|h)"
)
"""Text that needs no quotes in any version of YAML, unless it is one of _WORDS."""
_WORDS: Final = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
"""Not text in YAML 1.1 or 1.2, in any case of their letters."""
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def to_yaml(scenario: Scenario) -> str:
    """The scenario as a file: loading it gives an equal scenario."""
    return "\n".join(_lines(to_plain(scenario), 0)) + "\n"


def _lines(value: Any, indent: int) -> Iterator[str]:
    """The lines of a list or mapping in block style."""
    margin = " " * indent
    mapping = as_mapping(value)
    if mapping is None:
        for item in as_list(value) or []:
            text = _inline(item, WIDTH - indent - 2)
            if text is not None:
                yield f"{margin}- {text}"
            else:
                first, *rest = _lines(item, indent + 2)
                yield f"{margin}- {first[indent + 2 :]}"
                yield from rest
        return
    for key, below in mapping.items():
        head = f"{margin}{_text(key)}:"
        text = _inline(below, WIDTH - len(head) - 1) if indent or not _is_deep(below) else None
        if text is not None:
            yield f"{head} {text}"
        else:
            yield head
            yield from _lines(below, indent + 2)


def _is_deep(value: Any) -> bool:
    """Whether lists or mappings stand within it."""
    below = (as_mapping(value) or {}).values() or as_list(value) or ()
    return any(isinstance(each, dict | list) for each in below)


def _inline(value: Any, room: int) -> str | None:
    """The value on one line; None for a list or mapping that takes more than `room` columns."""
    mapping, items = as_mapping(value), as_list(value)
    if mapping is None and items is None:
        return _scalar(value)
    heads = [f"{_text(key)}: " for key in mapping] if mapping is not None else [""] * len(items or [])
    parts: list[str] = []
    room -= 2
    for head, below in zip(heads, (mapping or {}).values() or items or (), strict=True):
        text = _inline(below, room - len(head))
        if text is None or len(head) + len(text) > room:
            return None
        parts.append(head + text)
        room -= len(parts[-1]) + 2
    inside = ", ".join(parts)
    return f"{{{inside}}}" if mapping is not None else f"[{inside}]"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        text = decimal_text(value)
        return text if len(text) <= LONGEST_NUMBER else repr(value)
    return json.dumps(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def to_plain(scenario: Scenario) -> dict[str, Any]:
    """The scenario as a file holds it, in plain dictionaries, lists and scalars, without what is None."""
    return _without_none(scenario.model_dump(mode="json", by_alias=True))


def inputs_digest(scenario: Scenario) -> str:
    """`sha256:…` of everything that decides a run: the scenario as resolved, and its contact files' bytes.

    Does not depend on how the file was written, nor on where it is.
    """
    digest = sha256(json.dumps(to_plain(scenario), sort_keys=True, separators=(",", ":")).encode())
    for name, campaign in sorted(scenario.campaigns.items()):
        if isinstance(campaign.contacts, ContactFile):
            with (scenario.folder / campaign.contacts.file).open("rb") as file:
                digest.update(name.encode() + file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()}"


def _without_none(value: Any) -> Any:
    mapping, items = as_mapping(value), as_list(value)
    if mapping is not None:
        return {str(key): _without_none(below) for key, below in mapping.items() if below is not None}
    if items is not None:
        return [_without_none(below) for below in items]
    return value
