"""What the schemas share."""

import re
from typing import Annotated, Any, Final, TypeAlias

import phonenumbers
from phonenumbers import PhoneNumberFormat
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from busyhour.adapters import times
from busyhour.adapters.timezones import zone_names
from serve_app.sentences import wrong

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class Body(BaseModel):
    """A JSON object from a client: of exactly these fields, each of exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _without_defaults(schema: dict[str, Any]) -> None:
    for part in schema.get("properties", {}).values():
        part.pop("default", None)


class Patch(Body):
    """Fields to change; those that are not sent stay. A default here only says that a field may be left out."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)


class Query(BaseModel):
    """Parameters of a URL, which are all written as text."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Shown(BaseModel):
    """What a response holds; only the OpenAPI document reads it."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Query):
    limit: Annotated[int, Field(ge=1, le=200, description="Objects on one page.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=1_000, description="`next_cursor` of the page before.")
    ] = None

    def matching(self) -> dict[str, Any]:
        """The filters that are given."""
        return self.model_dump(exclude={"limit", "cursor"}, exclude_none=True)


class ErrorShown(Shown):
    detail: Annotated[str, Field(description="One sentence for a human reader.")]


def _phone(value: str) -> str:
    try:
        if _E164.fullmatch(value):
            number = phonenumbers.parse(value)
            if (
                phonenumbers.is_possible_number(number)
                and phonenumbers.format_number(number, PhoneNumberFormat.E164) == value
            ):
                return value
    except phonenumbers.NumberParseException:
        pass
    raise wrong("must be in E.164 format")


def _zone(value: str) -> str:
    if value not in zone_names():
        raise wrong("must be an IANA timezone, such as America/New_York")
    return value


def _timestamp(value: str) -> str:
    try:
        return times.written(times.read(value))
    except (ValueError, OverflowError):
        raise wrong("must be a time as in 2026-03-02T17:00:00Z") from None


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value, re.ASCII):
        raise wrong("must be a slug: lower-case letters, digits and single hyphens between them")
    return value


def _distinct(value: list[Any]) -> list[Any]:
    if len(set(value)) != len(value):
        raise wrong("must not name anything twice")
    return value


Phone: TypeAlias = Annotated[
    str, AfterValidator(_phone), Field(json_schema_extra={"example": "+14155550123"})
]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone), Field(max_length=64)]
Timestamp: TypeAlias = Annotated[
    str, AfterValidator(_timestamp), Field(max_length=40, json_schema_extra={"format": "date-time"})
]
"""Becomes UTC with milliseconds."""
Slug: TypeAlias = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_slug)]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=4_000)]
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Ids: TypeAlias = Annotated[list[Id], Field(max_length=100), AfterValidator(_distinct)]
JsonObject: TypeAlias = dict[str, Any]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=86_400)]
Tags: TypeAlias = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]],
    Field(max_length=100),
    AfterValidator(_distinct),
]
