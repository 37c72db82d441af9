"""JSON as RFC 8259 has it and nothing besides: what two readers could read differently is refused."""

import json
import math
from typing import Any, Final, NoReturn

DEEPEST: Final = 64
"""Levels of nesting."""


class NotStrictError(ValueError):
    """`str` of it is the rest of a sentence: the body …"""


def read_json(body: bytes) -> Any:
    """Raises NotStrictError."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrictError("must be UTF-8") from None
    if text.startswith("\ufeff"):
        raise NotStrictError("must not begin with a byte order mark")
    require_shallow(text)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except NotStrictError:
        raise
    except (ValueError, RecursionError):
        raise NotStrictError("must be JSON") from None
    if "\\u" in text:
        require_clean(value)
    return value


def require_shallow(text: str) -> None:
    """Before anything is built. Brackets within strings are not counted."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                raise NotStrictError(f"must not be nested deeper than {DEEPEST} levels")
        elif character in "]}":
            depth -= 1


def require_clean(value: Any) -> None:
    """Neither NUL nor half a surrogate pair, in keys or strings. Raises NotStrictError."""
    if isinstance(value, str):
        if "\0" in value:
            raise NotStrictError("must not hold the character NUL")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise NotStrictError("must not hold half a surrogate pair")
    elif isinstance(value, dict):
        for key, inner in value.items():
            require_clean(key)
            require_clean(inner)
    elif isinstance(value, list):
        for inner in value:
            require_clean(inner)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise NotStrictError(f"must not hold the key {json.dumps(key)} twice in one object")
            seen.add(key)
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotStrictError(f"must not hold {name}, which is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotStrictError("must not hold a number that is too large")
    return number
