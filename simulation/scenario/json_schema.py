"""The JSON Schema of scenario files (draft 2020-12), for editors that complete and check while one types.

It accepts every form a value may be written in, refuses unknown keys, and describes each key. What it can't
say (shares sum to 1, names lead somewhere) is left to `load`.
"""

from __future__ import annotations

from typing import Any, Final

from simulation.scenario.base import FORM_KEY, Part, as_list, as_mapping
from simulation.scenario.clock import START_PATTERN
from simulation.scenario.contacts import PHONE_PATTERN
from simulation.scenario.conversations import DRAWN_KEYS_PATTERN, KEYS_PATTERN
from simulation.scenario.flow_schema import flow_schema
from simulation.scenario.model import Scenario
from simulation.scenario.values import (
    DURATION_PATTERN,
    MOST_AGENTS,
    MOST_COUNT,
    PERCENT_PATTERN,
    RATE_PATTERN,
    TIME_OF_DAY_PATTERN,
)

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

_JsonSchema = dict[str, Any]


def _ref(name: str) -> _JsonSchema:
    return {"$ref": f"#/$defs/{name}"}


def _parameters(description: str, required: dict[str, _JsonSchema], **optional: _JsonSchema) -> _JsonSchema:
    return {
        "type": "object",
        "description": description,
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def _distribution(value: _JsonSchema, of: _JsonSchema, plain: bool) -> _JsonSchema:
    """One value for certain, or a mapping with one kind. `plain`: without units, where gamma's mean is 1."""
    shape: _JsonSchema = {"type": "number", "exclusiveMinimum": 0}
    gamma = {"shape": shape} if plain else {"shape": shape, "scale": value}
    parts = _parameters("One of the mixed.", {"weight": shape, "of": of})
    kinds: dict[str, _JsonSchema] = {
        "exponential": _parameters("Exponential.", {"mean": value}),
        "lognormal": _parameters(
            "Lognormal; mean and sd of the variable itself.", {"mean": value, "sd": value}
        ),
        "gamma": _parameters(
            "Gamma of mean shape × scale" + (", scale 1/shape unless given." if plain else "."),
            gamma,
            **({"scale": value} if plain else {}),
        ),
        "weibull": _parameters("Weibull.", {"shape": shape, "scale": value}),
        "erlang": _parameters(
            "Sum of k exponential stages.",
            {"k": {"type": "integer", "minimum": 1, "maximum": 1000}, "mean": value},
        ),
        "uniform": _parameters("Uniform from low to high.", {"low": value, "high": value}),
        "triangular": _parameters("Triangular.", {"low": value, "mode": value, "high": value}),
        "normal": _parameters(
            "Normal, truncated at 0; mean and sd before that.", {"mean": value, "sd": value}
        ),
        "empirical": _parameters(
            "One of the values.",
            {"values": {"type": "array", "items": value, "minItems": 1}},
            weights={"type": "array", "items": shape, "minItems": 1},
        ),
        "mixture": {"type": "array", "items": parts, "minItems": 1, "description": "A draw of one of these."},
        "shifted": _parameters("by added to a draw of of.", {"by": value, "of": of}),
    }
    named = {
        "type": "object",
        "properties": kinds,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [value, named]}


_VALUES: Final[dict[str, _JsonSchema]] = {
    "duration": {
        "description": 'Seconds, or text such as "250ms", "90s", "2m", "1h30m".',
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}],
    },
    "rate": {
        "description": 'Such as "48/min", "300/h", "2/s".',
        "type": "string",
        "pattern": RATE_PATTERN,
    },
    "pace": {
        "description": 'Calls per second, or a rate such as "48/min".',
        "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": RATE_PATTERN}],
    },
    "share": {
        "description": 'Such as 0.03 or "3%".',
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "string", "pattern": PERCENT_PATTERN},
        ],
    },
    "whole": {"type": "integer", "minimum": 0, "maximum": MOST_COUNT},
    "count": {"type": "integer", "minimum": 1, "maximum": MOST_COUNT},
    "agent_count": {"type": "integer", "minimum": 0, "maximum": MOST_AGENTS},
    "seed": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
    "factor": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
    "time_of_day": {
        "description": 'Such as "08:00" or "21:30".',
        "type": "string",
        "pattern": TIME_OF_DAY_PATTERN,
    },
    "phone": {
        "description": 'E.164 in quotes, such as "+14155550123".',
        "type": "string",
        "pattern": PHONE_PATTERN,
    },
    "start": {
        "description": 'Date and time with UTC offset, such as "2026-03-02T17:00:00-05:00".',
        "type": "string",
        "pattern": START_PATTERN,
    },
    "flow": {
        "description": "A file within the scenario's folder, or the flow itself.",
        "anyOf": [{"type": "string", "minLength": 1}, flow_schema()],
    },
    "keys": {"description": 'Such as "1234#".', "type": "string", "pattern": KEYS_PATTERN},
    "drawn_keys": {
        "description": 'Such as "??#"; ? is any digit.',
        "type": "string",
        "pattern": DRAWN_KEYS_PATTERN,
    },
    "distribution": _distribution(_ref("duration"), _ref("distribution"), plain=False),
    "plain_distribution": _distribution(
        {"type": "number", "minimum": 0}, _ref("plain_distribution"), plain=True
    ),
}


def json_schema() -> dict[str, Any]:
    """The schema as plain dictionaries."""
    generated = Scenario.model_json_schema(by_alias=True, mode="validation")
    used = {name: _VALUES[name] for name in ("duration", "distribution", "plain_distribution")}
    schema = _finished(generated, used)
    definitions: dict[str, Any] = schema.pop("$defs")
    _write_defaults({**definitions, Scenario.__name__: schema}, Part)
    definitions |= used
    head = {"$schema": DRAFT, "title": "Busyhour scenario"}
    return {**head, **schema, "$defs": dict(sorted(definitions.items()))}


def _finished(schema: Any, used: dict[str, _JsonSchema]) -> Any:
    """The schema with forms as references, without the titles, defaults and examples that pydantic puts in.

    `used` gathers the definitions of the forms.
    """
    items = as_list(schema)
    if items is not None:
        return [_finished(item, used) for item in items]
    mapping = as_mapping(schema)
    if mapping is None:
        return schema
    kept: dict[str, Any] = {}
    for key, below in mapping.items():
        if key in ("properties", "$defs", "patternProperties"):
            kept[key] = {name: _finished(each, used) for name, each in below.items()}
        elif key == FORM_KEY:
            kept["$ref"] = _form(below, used)
        elif key in ("const", "enum"):
            kept[key] = below
        elif key not in ("title", "default", "examples"):
            kept[key] = _finished(below, used)
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept


def _form(name: str, used: dict[str, _JsonSchema]) -> str:
    base, _, word = name.partition("_or_")
    if word:
        used[name] = {"anyOf": [_ref(base), {"const": word}]}
    used[base] = _VALUES[base]
    return f"#/$defs/{name}"


def _write_defaults(definitions: dict[str, Any], model: type[Part]) -> None:
    """Adds the defaults of the models below `model`, as a file has them, not in the models' units."""
    for below in model.__subclasses__():
        properties = definitions.get(below.__name__, {}).get("properties")
        if properties is not None:
            defaults = below.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
            for key, default in defaults.items():
                if default not in (None, "", [], {}):
                    properties[key]["default"] = default
        _write_defaults(definitions, below)
