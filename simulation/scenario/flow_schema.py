"""The JSON Schema of a flow, from the table that the core reads flows by."""

from __future__ import annotations

from typing import Any

from busyhour.core.flow import fields
from busyhour.core.flow.fields import COMPARISONS, FORMS, KEYS, Field, NodeForm
from busyhour.core.flow.nodes import NEXT
from busyhour.core.flow.templates import VARIABLE_PATTERN
from busyhour.core.flow.values import NAME_PATTERN

_JsonSchema = dict[str, Any]


def flow_schema() -> _JsonSchema:
    """A flow in place."""
    return {
        "type": "object",
        "description": "What the voice agent says and asks, node by node (docs/flows.md).",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 200, "description": "What it is called."},
            "start": {**_name(), "description": "Node at which it begins."},
            "nodes": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": fields.MOST_NODES,
                "propertyNames": _name(),
                "additionalProperties": {"oneOf": [_node(kind, form) for kind, form in FORMS.items()]},
                "description": "By id.",
            },
        },
        "required": ["name", "start", "nodes"],
        "additionalProperties": False,
    }


def _node(kind: str, form: NodeForm) -> _JsonSchema:
    properties: _JsonSchema = {"type": {"const": kind}}
    required = ["type"]
    for field in form.fields:
        properties[field.name] = _value(field)
        if field.kind == fields.QUEUE:
            properties["queue_id"] = _value(field)
        elif field.default is None:
            required.append(field.name)
    if form.has_next():
        properties[NEXT] = {
            **_name(),
            "description": "Node that comes next, whatever has no edge of its own.",
        }
    if form.has_edges():
        properties["edges"] = {
            "type": "object",
            "propertyNames": _name(),
            "additionalProperties": _name(),
            "required": list(form.required),
            "description": "Nodes by outcome.",
        }
        if form.required:
            required.append("edges")
    elif form.has_next():
        required.append(NEXT)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _name() -> _JsonSchema:
    return {"type": "string", "pattern": f"^{NAME_PATTERN}$"}


def _value(field: Field) -> _JsonSchema:
    text = {"type": "string", "maxLength": fields.LONGEST_TEXT}
    variable = {"type": "string", "pattern": f"^{VARIABLE_PATTERN}$"}
    phrase = {"type": "string", "minLength": 1}
    schemas: dict[str, _JsonSchema] = {
        fields.TEXT: {**text, "minLength": 1},
        fields.TEXT_OR_NONE: text,
        fields.VARIABLE: {"anyOf": [variable, {"const": ""}]},
        fields.SECONDS: {"type": "number", "minimum": field.least, "maximum": field.most},
        fields.COUNT: {"type": "integer", "minimum": int(field.least), "maximum": int(field.most)},
        fields.WORD: {"enum": list(field.words)},
        fields.KEY: {"enum": ["", *KEYS]},
        fields.REASON: _name(),
        fields.QUEUE: {"type": "string", "minLength": 1, "maxLength": 200},
        fields.PHRASES: {
            "type": "object",
            "propertyNames": _name(),
            "additionalProperties": {"anyOf": [phrase, {"type": "array", "items": phrase, "minItems": 1}]},
        },
        fields.CONDITIONS: {"type": "array", "minItems": 1, "items": _condition(variable)},
        fields.ASSIGNMENTS: {
            "type": "object",
            "minProperties": 1,
            "propertyNames": variable,
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
        fields.SAVES: {
            "type": "object",
            "propertyNames": variable,
            "additionalProperties": {"type": "string"},
        },
        fields.URL: {"type": "string", "pattern": "^https?://"},
        fields.BODY: {},
    }
    schema = schemas[field.kind]
    if field.default not in (None, "", {}):
        schema = {**schema, "default": field.default}
    return {**schema, "description": f"{field.kind[0].upper()}{field.kind[1:]}."}


def _condition(variable: _JsonSchema) -> _JsonSchema:
    scalar = {"type": ["string", "number", "boolean"]}
    return {
        "type": "object",
        "properties": {
            "variable": variable,
            "is": {"enum": list(COMPARISONS), "default": "equals"},
            "value": {"anyOf": [scalar, {"type": "array", "items": scalar, "minItems": 1}]},
            "edge": _name(),
        },
        "required": ["variable", "edge"],
        "additionalProperties": False,
    }
