"""What pydantic found wrong, told in the file's terms."""

from __future__ import annotations

import types
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulation.scenario.base import PROBLEM, PROBLEMS, TAG, Finding, Path
from simulation.scenario.model import Scenario
from simulation.scenario.values import shown

UNKNOWN: Final = "unknown key"
NOT_A_NAME: Final = "is not a name"
AT_KEY: Final = (UNKNOWN, NOT_A_NAME)
"""How a sentence begins that is about a key, not about its value."""
MOST_FINDINGS: Final = 200
"""Things wrong that are put in order and told; whoever has more learns only how many."""
_KEY: Final = "[key]"
"""Where pydantic puts what is wrong with a key."""


def findings_of(error: ValidationError, root: type[BaseModel] = Scenario) -> tuple[list[Finding], int]:
    """What is wrong with a file of the model `root`, the first `MOST_FINDINGS` things, and how many more there are.

    A path may lead through names that no file holds, such as a constant's `value`.
    """
    every = error.errors(include_url=False)
    findings = [finding for found in every[:MOST_FINDINGS] for finding in _findings(found, root)]
    return findings, max(0, len(every) - MOST_FINDINGS)


def _findings(found: ErrorDetails, root: type[BaseModel]) -> Iterator[Finding]:
    context: dict[str, Any] = found.get("ctx", {})
    path: Path = tuple(step for step in found["loc"] if not str(step).startswith(TAG))
    if path[-1:] == (_KEY,) and found["type"] != "extra_forbidden":
        path = path[:-1]
    if found["type"] == PROBLEMS:
        yield from (Finding((*path, *each.path), each.sentence) for each in context["findings"])
    elif found["type"] == PROBLEM:
        yield Finding((*path, *context["at"]), str(context["sentence"]))
    elif found["type"] != "too_short" or not found["input"]:
        # Of a list whose every entry is wrong, pydantic also says that it is too short.
        yield Finding(path, _sentence(root, found["type"], path, context, found["input"], found["msg"]))


def _sentence(
    root: type[BaseModel], kind: str, path: Path, context: dict[str, Any], value: Any, message: str
) -> str:
    match kind:
        case "missing":
            return _missing(root, path)
        case "extra_forbidden":
            return _unknown_key(root, path)
        case "literal_error" | "enum":
            return _one_of(value, str(context["expected"]))
        case "string_type":
            return (
                f"must be text{', in quotes' if isinstance(value, int | float) else ''}, not {shown(value)}"
            )
        case "bool_type":
            return f"must be true or false, not {shown(value)}"
        case "dict_type" | "model_type" | "model_attributes_type" | "mapping_type":
            if value is None:
                return "is empty; write {} for a mapping without keys"
            return f"must be a mapping (key: value), not {shown(value)}"
        case "tuple_type" | "list_type":
            return f"must be a list, not {shown(value)}"
        case "greater_than":
            return f"must be more than {context['gt']:g}, and is {shown(value)}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}, and is {shown(value)}"
        case "less_than":
            return f"must be less than {context['lt']}, and is {shown(value)}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}, and is {shown(value)}"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "too_long":
            return f"must have at most {context['max_length']} entries"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters"
        case "string_pattern_mismatch":
            return _pattern(path, value)
        case _:
            return f"is wrong: {message[:1].lower()}{message[1:]}"


def _pattern(path: Path, value: Any) -> str:
    if path == ("name",):
        return f"must be letters, digits, '.', '-' and '_', at most 100, and is {shown(value)}"
    return f"{NOT_A_NAME}; a name has letters, digits, '-' and '_', at most 64, the first no '-' or '_'"


def _one_of(value: Any, expected: str) -> str:
    words = expected.replace(" or ", ", ").replace("'", "").split(", ")
    near = get_close_matches(str(value), words, 1, 0.6) if len(words) > 1 else []
    wanted = words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    return f"must be {wanted}, not {shown(value)}{f'; did you mean {near[0]}?' if near else ''}"


def _missing(root: type[BaseModel], path: Path) -> str:
    for model in _models(root, path[:-1]):
        if "kind" in model.model_fields:
            needed = [name for name, field in model.model_fields.items() if field.is_required()]
            return f"is missing; {path[-2]} needs {' and '.join(needed)}"
        for name, field in model.model_fields.items():
            if path[-1] in (name, field.alias) and field.examples:
                return f"is missing; add {path[-1]}: {field.examples[0]}. {field.description}"
    return "is missing"


def _unknown_key(root: type[BaseModel], path: Path) -> str:
    keys = list(_keys(root, path[:-1]))
    near = get_close_matches(str(path[-1]), keys, 1, 0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return (
        f"unknown key; {hint}Keys here: {', '.join(keys)}"
        if hint
        else f"unknown key; keys here: {', '.join(keys)}"
    )


def _keys(root: type[BaseModel], path: Path) -> Iterator[str]:
    seen: set[str] = set()
    for model in _models(root, path):
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key not in seen and name != "kind":
                seen.add(key)
                yield key


def _models(root: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """Models that may stand at a path."""
    found: list[Any] = [root]
    for step in path:
        found = [inner for outer in found for inner in _below(outer, step)]
    return [one for each in found for one in _unwrapped(each) if _is_model(one)]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _unwrapped(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _unwrapped(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for member in get_args(annotation):
            yield from _unwrapped(member)
    else:
        yield annotation


def _below(annotation: Any, step: str | int) -> Iterator[Any]:
    for one in _unwrapped(annotation):
        origin = get_origin(one)
        if _is_model(one):
            model = cast(type[BaseModel], one)
            kind = model.model_fields.get("kind")
            if kind is not None and step in get_args(kind.annotation):
                yield model
            for name, field in model.model_fields.items():
                if step in (name, field.alias):
                    yield field.annotation
        elif origin is dict:
            yield get_args(one)[1]
        elif origin is tuple and isinstance(step, int):
            yield get_args(one)[0]
