"""From what was sent to a schema, or to a sentence about it."""

from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from serve_app.errors import InvalidInputError
from serve_app.sentences import sentence_of
from serve_app.strict_json import NotStrictError, read_json

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], value: Any, whole: str = "The request body") -> Model:
    """`whole` is what a sentence calls all of it. Raises InvalidInputError."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise InvalidInputError(sentence_of(cast(Any, errors), value, whole)) from None


def json_of(raw: bytes, whole: str = "The request body") -> Any:
    """Raises InvalidInputError."""
    try:
        return read_json(raw)
    except NotStrictError as error:
        raise InvalidInputError(f"{whole} {error}") from None
