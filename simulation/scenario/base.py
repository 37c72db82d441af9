"""What every part of a scenario shares: the models' settings, and how a value's type knows its file form.

A model holds plain values (integer microseconds, calls per second, shares of 1). The file writes them as
people do (`"1h30m"`, `"48/min"`, `"3%"`). A `Form` is the one place where a kind of value crosses over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import PydanticCustomError, core_schema

Path: TypeAlias = tuple[str | int, ...]

FILE_CONTEXT: Final[dict[str, bool]] = {"file": True}
"""Validation context of values that come from a file, where a bare number of time is in seconds. Values given
from Python are already in the model's own units."""

PROBLEM: Final = "busyhour_problem"
"""Type of an error that brings its own sentence."""
PROBLEMS: Final = "busyhour_problems"
"""Type of an error that brings several findings."""
FORM_KEY: Final = "x-busyhour-form"
"""Stands in a generated JSON Schema for a reference to the definition of a form."""

TAG: Final = "\0"
"""Begins the tags of a union's members, which no file holds; nor can it, for it has no NUL."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the value at `path`."""

    path: Path
    sentence: str


class Part(BaseModel):
    """Base of every part of a scenario: closed to unknown keys, never changed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
    )


def problem(sentence: str, *at: str | int) -> PydanticCustomError:
    """An error of validation told in these words, at the path `at` below the value being validated."""
    return PydanticCustomError(PROBLEM, "{sentence}", {"sentence": sentence, "at": at})


def as_mapping(value: Any) -> dict[str, Any] | None:
    """The value if it is a mapping as read from a file, else None."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else None


def as_list(value: Any) -> list[Any] | None:
    """The value if it is a list as read from a file, else None."""
    return cast(list[Any], value) if isinstance(value, list) else None


def in_file(info: ValidationInfo) -> bool:
    context: Any = info.context
    return context is not None and context.get("file", False)


class Form:
    """Reads and writes one kind of value in the file's own notation.

    `read(value, from_file)` gets what the file (or Python code) holds and gives the model's value, or raises
    `problem(…)`. `write(value)` gives what `to_yaml` writes. `name` is its definition in the JSON Schema.
    """

    def __init__(self, name: str, read: Callable[[Any, bool], Any], write: Callable[[Any], Any]) -> None:
        self.name = name
        self.read = read
        self.write = write

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        def before(value: Any, info: ValidationInfo) -> Any:
            return self.read(value, in_file(info))

        return core_schema.with_info_before_validator_function(
            before,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json"),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {FORM_KEY: self.name}
