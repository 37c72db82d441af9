"""Assertions on the KPIs of a run: `campaigns.retail.abandonment_rate <= 3%`."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeAlias, cast

from pydantic import GetJsonSchemaHandler, ValidationInfo, model_serializer, model_validator
from pydantic_core import CoreSchema

from simulation.scenario.base import Part, in_file, problem
from simulation.scenario.kpis import KPIS
from simulation.scenario.values import duration_us, read_share, shown

Section: TypeAlias = Literal["campaigns", "queues", "agents", "trunks", "voice_agents"]

OPERATORS: Final = ("<=", ">=", "==", "!=", "<", ">")
_LINE: Final = re.compile(r"\s*([^\s<>=!]+)\s*(<=|>=|==|!=|<|>|=)\s*(\S.*?)\s*")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_REMEDY: Final = "such as campaigns.retail.abandonment_rate <= 3%"


def nearest(word: str, known: Any) -> str:
    """`did you mean x? ` and what there is, for a sentence."""
    words = [str(entry) for entry in known]
    near = get_close_matches(word, words, 1, 0.5)
    there = ", ".join(words[:20]) + (", …" if len(words) > 20 else "") if words else "none"
    return f"did you mean {near[0]}? There is: {there}" if near else f"there is: {there}"


def _value(text: str, kpi: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    if text.endswith("%"):
        return read_share(text, True)
    if kpi.endswith("_s") and text[:1].isdecimal():
        return float(duration_us(text, True) / 1_000_000)
    raise problem(f"must end in a number or a share, such as 0.75 or 3%, not {shown(text)}")


class Expectation(Part):
    """`text` as the file has it, and what it says."""

    text: str
    section: Section
    name: str
    kpi: str
    operator: Literal["<=", ">=", "==", "!=", "<", ">"]
    value: float
    """In the KPI's unit: seconds for `…_s`, a share of 1 for rates."""

    def holds(self, observed: float) -> bool:
        match self.operator:
            case "<=":
                return observed <= self.value
            case ">=":
                return observed >= self.value
            case "==":
                return observed == self.value
            case "!=":
                return observed != self.value
            case "<":
                return observed < self.value
            case _:
                return observed > self.value

    @model_validator(mode="before")
    @classmethod
    def _from_line(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict | Expectation) and not in_file(info):
            return cast(Any, value)
        if not isinstance(value, str):
            raise problem(f"must be a comparison in one line, {_REMEDY}, not {shown(value)}")
        parts = _LINE.fullmatch(value) if len(value) <= 500 else None
        if parts is None:
            raise problem(f"must compare a KPI with a number, {_REMEDY}, not {shown(value)}")
        path, operator, right = parts.groups()
        if operator == "=":
            raise problem(f"must compare with one of {' '.join(OPERATORS)}; write == for equal")
        names = path.split(".")
        if len(names) != 3:
            raise problem(
                f"must name section, name and KPI with dots between them, {_REMEDY}, not {shown(path)}"
            )
        section, name, kpi = names
        if section not in KPIS:
            raise problem(f"has no section {shown(section)}; {nearest(section, KPIS)}")
        if kpi not in KPIS[section]:
            raise problem(f"has no KPI {shown(kpi)} of {section}; {nearest(kpi, KPIS[section])}")
        return {
            "text": value,
            "section": section,
            "name": name,
            "kpi": kpi,
            "operator": operator,
            "value": _value(right, kpi),
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        sections = "|".join(
            rf"{section}\.[A-Za-z0-9_-]+\.(?:{'|'.join(names)})" for section, names in KPIS.items()
        )
        return {
            "type": "string",
            "description": "A KPI compared with a number, such as campaigns.retail.abandonment_rate <= 3%.",
            "pattern": rf"^\s*(?:{sections})\s*(?:<=|>=|==|!=|<|>)\s*\S.*$",
        }

    @model_serializer(mode="plain", when_used="json")
    def _line(self) -> str:
        return self.text
