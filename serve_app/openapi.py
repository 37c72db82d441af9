"""The OpenAPI document: what the router knows, and what it does not, as endpoints read bodies and queries themselves.

`describes` says of an endpoint which models it reads.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, APIRouter
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serve_app.schemas.base import ErrorShown
from serve_app.visit import VisitRoute

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_BODY: Final = "busyhour_body"
_QUERY: Final = "busyhour_query"
_UPLOAD: Final = "busyhour_upload"
_REF: Final = "#/components/schemas/"
_ERRORS: Final = {
    "400": "Invalid input",
    "401": "Missing or invalid token",
    "403": "Valid token, missing scope",
    "404": "Resource does not exist",
    "409": "State conflict",
    "412": "The object has changed since it was read",
    "413": "The body is too large",
    "429": "Rate limit exceeded",
    "503": "Something downstream is unavailable",
}
_WITHOUT_A_BODY: Final = ("409", "412", "413")
"""Errors that no GET makes."""


def describes(
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    upload: type[BaseModel] | None = None,
) -> Callable[[Endpoint], Endpoint]:
    """The endpoint reads such a JSON body, query, or multipart form."""

    def mark(endpoint: Endpoint) -> Endpoint:
        for name, model in ((_BODY, body), (_QUERY, query), (_UPLOAD, upload)):
            setattr(endpoint, name, model)
        return endpoint

    return mark


def document_of(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas.update(_schemas_of(routers))
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    _complete(document["paths"][route.path_format][method.lower()], route, method)
    return document


def _models_of(route: APIRoute) -> list[type[BaseModel]]:
    models = (getattr(route.endpoint, name, None) for name in (_BODY, _QUERY, _UPLOAD))
    return [model for model in models if model is not None]


def _schemas_of(routers: Sequence[APIRouter]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {ErrorShown: None}
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                models.update(dict.fromkeys(_models_of(route)))
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF + "{model}"
    )
    return definitions["$defs"]


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    if not isinstance(route, VisitRoute):
        return
    operation["security"] = [{"key": []}]
    for status, description in _ERRORS.items():
        if method == "GET" and status in _WITHOUT_A_BODY:
            continue
        schema = {"schema": {"$ref": _REF + ErrorShown.__name__}}
        responses[status] = {"description": description, "content": {"application/json": schema}}
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    query: type[BaseModel] | None = getattr(route.endpoint, _QUERY, None)
    if query is not None:
        parameters += _query_parameters(query)
    if method == "POST":
        parameters.append(_header("Idempotency-Key", 255, "Makes a repeated request have one effect."))
    if method == "PATCH":
        parameters.append(_header("If-Match", 200, "The ETag that the object must still have."))
    body: type[BaseModel] | None = getattr(route.endpoint, _BODY, None)
    upload: type[BaseModel] | None = getattr(route.endpoint, _UPLOAD, None)
    for kind, model in (("application/json", body), ("multipart/form-data", upload)):
        if model is not None:
            required = upload is not None or any(part.is_required() for part in model.model_fields.values())
            content = {kind: {"schema": {"$ref": _REF + model.__name__}}}
            operation["requestBody"] = {"required": required, "content": content}


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF + "{model}")
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


def _header(name: str, longest: int, description: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}
