"""Who is called: a number of them, a file of them, or a list, each of whom may follow a script."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from simulation.scenario.base import FORM_KEY, TAG, Form, Part, as_list, as_mapping, in_file, problem
from simulation.scenario.values import DURATION, Count, Duration, Share, Whole, check_sum, shown

PHONE_PATTERN: Final = r"^\+[1-9][0-9]{6,14}$"
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
DETAILS: Final[dict[str, tuple[str, ...]]] = {
    "human": ("after", "patience", "talk", "amd"),
    "machine": ("after", "talk", "amd"),
    "no_answer": ("after",),
    "busy": ("after",),
    "invalid": ("after",),
    "failed": ("after",),
}
"""What may be scripted of an attempt, by its outcome."""
_REMEDY: Final = f"one of {', '.join(DETAILS)}, such as busy, or {{human: {{after: 6s, talk: 40s}}}}"


def read_phone(value: Any, from_file: bool) -> str:
    if is_phone(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise problem(f'must be in quotes, or its + is lost: "+{value}"')
    raise problem(f'must be in E.164 format, such as "+14155550123", not {shown(value)}')


def is_phone(value: Any) -> bool:
    return isinstance(value, str) and _PHONE.fullmatch(value) is not None


PHONE: Final = Form("phone", read_phone, str)
Phone: TypeAlias = Annotated[str, PHONE]


class Behaviour(Part):
    """What happens at one attempt. What is None is drawn as for anybody else."""

    outcome: Literal["human", "machine", "no_answer", "busy", "invalid", "failed"]
    after: Duration | None = None
    """From ringing to the answer, or to what ends the ringing."""
    patience: Duration | None = None
    """How long a live answer waits for an agent."""
    talk: Duration | None = None
    """How long the talk with an agent lasts."""
    amd: Literal["human", "machine"] | None = None
    """What answering machine detection hears."""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any, info: ValidationInfo) -> Any:
        given = as_mapping(value)
        if isinstance(value, Behaviour) or (given is not None and "outcome" in given and not in_file(info)):
            return value
        if isinstance(value, str) and value in DETAILS:
            return {"outcome": value}
        if given is None or len(given) != 1:
            raise problem(f"must be {_REMEDY}, not {shown(value)}")
        ((outcome, below),) = given.items()
        if outcome not in DETAILS:
            raise problem(f"must be {_REMEDY}", outcome)
        details = as_mapping(below if below is not None else {})
        if details is None:
            raise problem(f"must be a mapping such as {{after: 6s}}, not {shown(below)}", outcome)
        for key in details:
            if key not in DETAILS[outcome]:
                raise problem(f"unknown key; keys here: {', '.join(DETAILS[outcome])}", outcome, key)
        return {"outcome": outcome, **details}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        forms: dict[str, dict[str, Any]] = {
            detail: {"enum": ["human", "machine"]} if detail == "amd" else {FORM_KEY: DURATION.name}
            for detail in DETAILS["human"]
        }
        scripted = {
            outcome: {
                "type": ["object", "null"],
                "properties": {detail: forms[detail] for detail in details},
                "additionalProperties": False,
            }
            for outcome, details in DETAILS.items()
        }
        one_outcome = {"additionalProperties": False, "minProperties": 1, "maxProperties": 1}
        return {
            "description": "What happens at one attempt.",
            "anyOf": [{"enum": list(DETAILS)}, {"type": "object", "properties": scripted, **one_outcome}],
        }

    @model_serializer(mode="wrap", when_used="json")
    def _short_form(self, write: SerializerFunctionWrapHandler) -> Any:
        details = {key: value for key, value in write(self).items() if key != "outcome" and value is not None}
        return {self.outcome: details} if details else self.outcome


class Contact(Part):
    """A person to call."""

    phone: Phone = Field(description="E.164 format, in quotes.", examples=['"+14155550123"'])
    external_id: str | None = Field(default=None, description="The customer's id elsewhere.")
    name: str | None = Field(default=None, description="Shown to agents.")
    timezone: str | None = Field(default=None, description="IANA name, such as America/New_York.")
    priority: Whole = Field(default=0, description="Those with a lower number are called first.")
    behaviour: Annotated[tuple[Behaviour, ...], Field(max_length=1_000)] = Field(
        default=(), description="What happens at each attempt, in order; later ones follow the callees."
    )


class ContactCount(Part):
    """So many contacts, made up."""

    count: Count = Field(description="How many.", examples=[20000])
    timezones: dict[str, Share] = Field(
        default={}, description="Share of them in each timezone; they sum to 1. Default: the clock's offset."
    )

    @field_validator("timezones")
    @classmethod
    def _whole(cls, value: dict[str, float]) -> dict[str, float]:
        if value:
            check_sum(list(value.values()), "shares")
        return value


class ContactFile(Part):
    """Contacts in a CSV file: columns phone, external_id?, name?, timezone?, priority?."""

    file: str = Field(description="Path, within the scenario's folder.", examples=["leads.csv"])


COUNT: Final = f"{TAG}count"
FILE: Final = f"{TAG}file"
LIST: Final = f"{TAG}list"


def _which(value: Any) -> str:
    if isinstance(value, ContactFile) or "file" in (as_mapping(value) or {}):
        return FILE
    return LIST if isinstance(value, tuple) or as_list(value) is not None else COUNT


def _check_form(value: Any) -> Any:
    if isinstance(value, ContactCount | ContactFile | dict | list | tuple):
        return cast(Any, value)
    raise problem(f"must be {{count: 20000}}, {{file: leads.csv}} or a list of contacts, not {shown(value)}")


Contacts: TypeAlias = Annotated[
    Annotated[ContactCount, Tag(COUNT)]
    | Annotated[ContactFile, Tag(FILE)]
    | Annotated[tuple[Contact, ...], Tag(LIST)],
    Discriminator(_which),
    BeforeValidator(_check_form),
]
