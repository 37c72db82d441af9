"""Who is called: a number of them, a file of them, or a list, each of whom may follow a script."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from simulation.scenario.base import Form, Part, in_file, problem
from simulation.scenario.callees import check_sum
from simulation.scenario.values import Count, Duration, Share, Whole, shown

PHONE_PATTERN: Final = r"^\+[1-9][0-9]{6,14}$"
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
BEHAVIOURS: Final = ("human", "machine", "no_answer", "busy", "invalid", "failed")


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
        if isinstance(value, Behaviour) or (
            isinstance(value, dict) and "outcome" in value and not in_file(info)
        ):
            return value  # pyright: ignore[reportUnknownVariableType]
        remedy = f"one of {', '.join(BEHAVIOURS)}, such as busy, or {{human: {{after: 6s, talk: 40s}}}}"
        if isinstance(value, str):
            if value not in BEHAVIOURS:
                raise problem(f"must be {remedy}, not {shown(value)}")
            return {"outcome": value}
        if not isinstance(value, dict) or len(value) != 1:  # pyright: ignore[reportUnknownArgumentType]
            raise problem(f"must be {remedy}, not {shown(value)}")
        ((outcome, details),) = value.items()  # pyright: ignore[reportUnknownVariableType]
        if outcome not in BEHAVIOURS:
            raise problem(f"must be {remedy}", str(outcome))  # pyright: ignore[reportUnknownArgumentType]
        if details is None:
            return {"outcome": outcome}
        if not isinstance(details, dict):
            raise problem(f"must be a mapping such as {{after: 6s}}, not {shown(details)}", str(outcome))
        known = {"after"} | ({"amd"} if outcome in ("human", "machine") else set())
        known |= {"patience", "talk"} if outcome == "human" else {"talk"} if outcome == "machine" else set()
        for key in details:
            if key not in known:
                raise problem(f"unknown key; keys here: {', '.join(sorted(known))}", str(outcome), str(key))
        return {"outcome": outcome, **details}


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


def _which(value: Any) -> str:
    if isinstance(value, ContactFile) or (isinstance(value, dict) and "file" in value):
        return "~file"
    if isinstance(value, list | tuple):
        return "~list"
    return "~count"


Contacts: TypeAlias = Annotated[
    Annotated[ContactCount, Tag("~count")]
    | Annotated[ContactFile, Tag("~file")]
    | Annotated[tuple[Contact, ...], Tag("~list")],
    Discriminator(_which),
]
