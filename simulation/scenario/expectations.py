"""Assertions on the KPIs of a run: `campaigns.retail.abandonment_rate <= 3%`."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeAlias, cast

from pydantic import ValidationInfo, model_serializer, model_validator

from simulation.scenario.base import Part, in_file, problem
from simulation.scenario.values import duration_us, read_share, shown

Section: TypeAlias = Literal["campaigns", "queues", "agents", "trunks", "voice_agents"]

KPIS: Final[dict[str, tuple[str, ...]]] = {
    "campaigns": tuple(
        "attempts live_answers machines no_answers busy invalid failed blocked connects abandoned abandonment_rate "
        "answer_rate contacts_total contacts_completed contacts_exhausted contacts_remaining attempts_per_contact "
        "duration_s calls_per_second_max".split()
    ),
    "queues": tuple(
        "offered answered abandoned blocked abandonment_rate blocking_rate wait_probability service_level asa_s "
        "wait_mean_s wait_p50_s wait_p90_s wait_p95_s wait_p99_s queue_length_mean queue_length_max occupancy "
        "agents_mean talk_mean_s wrap_up_mean_s".split()
    ),
    "agents": tuple("occupancy talk_share wrap_up_share idle_share agents_mean calls".split()),
    "trunks": tuple(
        "attempts blocked blocking_rate channels_mean channels_max calls_per_second_max answer_seizure_ratio "
        "average_call_duration_s".split()
    ),
    "voice_agents": tuple("offered answered transferred concurrent_mean concurrent_max talk_mean_s".split()),
}
"""KPIs of a summary, by its section."""

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

    @model_serializer(mode="plain", when_used="json")
    def _line(self) -> str:
        return self.text
