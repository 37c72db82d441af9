"""Distributions as a file writes them: a duration, or `{kind: {parameters}}`.

`_TIMES` and `_NUMBERS` say which parameters carry a unit. The rest of the checking is the models' own.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Final, TypeAlias

from pydantic_core import PydanticCustomError

from simulation.scenario.base import Form, as_list, as_mapping, problem
from simulation.scenario.distributions import (
    AnyDistribution,
    Constant,
    Distribution,
    Empirical,
    Kind,
    Mixture,
    Shifted,
)
from simulation.scenario.values import (
    DURATION_REMEDY,
    duration_us,
    is_number,
    or_word,
    read_number,
    read_whole,
    shown,
    write_duration,
)

_TIMES: Final[dict[str, tuple[str, ...]]] = {
    "exponential": ("mean",),
    "lognormal": ("mean", "sd"),
    "gamma": ("scale",),
    "weibull": ("scale",),
    "erlang": ("mean",),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "normal": ("mean", "sd"),
    "shifted": ("by",),
}
_NUMBERS: Final[dict[str, tuple[str, ...]]] = {"gamma": ("shape",), "weibull": ("shape",)}
KINDS: Final = (*_TIMES, "empirical", "mixture")
REMEDY: Final = f"{DURATION_REMEDY}, or one of {', '.join(KINDS)}, such as {{exponential: {{mean: 20s}}}}"


def _read_stages(value: Any) -> int:
    return read_whole(value, 1, 1_000)


class _Reader:
    """Turns the file's notation into what the models validate; `time` says whether values carry a unit."""

    def __init__(self, time: bool, from_file: bool) -> None:
        self.time = time
        self.from_file = from_file

    def read(self, value: Any) -> Any:
        if isinstance(value, Kind):
            return value
        named = as_mapping(value)
        if named is not None:
            return self._named(named)
        return Constant(value=self._below(self._value, value))

    def _value(self, value: Any) -> float:
        if not self.time:
            return read_number(value)
        if is_number(value) or isinstance(value, str):
            return float(duration_us(value, self.from_file))
        raise problem(f"must be a duration or a distribution, {REMEDY}, not {shown(value)}")

    def _below(self, read: Any, value: Any, *at: str | int) -> Any:
        """`read(value)`, any problem being told of the place `at` below this distribution."""
        try:
            return read(value)
        except PydanticCustomError as error:
            context = error.context or {}
            raise problem(str(context["sentence"]), *at, *context["at"]) from None

    def _named(self, value: dict[str, Any]) -> Any:
        if "kind" in value and not self.from_file:
            return value
        if len(value) != 1:
            example = "{exponential: {mean: 20s}}"
            raise problem(f"must name one distribution, such as {example}, and has {len(value)} keys")
        ((kind, parameters),) = value.items()
        if kind not in KINDS:
            near = get_close_matches(kind, KINDS, 1)
            hint = f"did you mean {near[0]}? They are" if near else "they are"
            raise problem(f"is no distribution; {hint} {', '.join(KINDS)}", kind)
        if kind == "mixture":
            return {"kind": kind, "parts": self._mixture(parameters)}
        given = as_mapping(parameters)
        if given is None:
            wanted = "values" if kind == "empirical" else _TIMES[kind][0]
            raise problem(
                f"must be a mapping of its parameters, such as {{{wanted}: …}}, not {shown(parameters)}", kind
            )
        return {**self._parameters(kind, given), "kind": kind}

    def _parameters(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        read = dict(given)
        if "kind" in read:
            raise problem("unknown key", kind, "kind")
        for name in _TIMES.get(kind, ()):
            if name in read:
                read[name] = self._below(self._value, read[name], kind, name)
        for name in _NUMBERS.get(kind, ()):
            if name in read:
                read[name] = self._below(read_number, read[name], kind, name)
        if kind == "erlang" and "k" in read:
            read["k"] = self._below(_read_stages, read["k"], kind, "k")
        if kind == "shifted" and "of" in read:
            read["of"] = self._below(self.read, read["of"], kind, "of")
        if kind == "empirical":
            for name, reader in (("values", self._value), ("weights", read_number)):
                if name in read:
                    read[name] = self._list(reader, read[name], kind, name)
        if (
            kind == "gamma"
            and not self.time
            and "scale" not in read
            and "shape" in read
            and read["shape"] > 0
        ):
            read["scale"] = 1.0 / read["shape"]
        return read

    def _list(self, reader: Any, value: Any, kind: str, name: str) -> tuple[float, ...]:
        entries = as_list(value)
        if entries is None:
            raise problem(f"must be a list, not {shown(value)}", kind, name)
        return tuple(self._below(reader, entry, kind, name, index) for index, entry in enumerate(entries))

    def _mixture(self, parts: Any) -> list[Any]:
        listed = as_list(parts)
        if listed is None:
            raise problem(f"must be a list of {{weight, of}}, not {shown(parts)}", "mixture")
        read: list[Any] = []
        for index, part in enumerate(listed):
            given = as_mapping(part)
            if given is None:
                raise problem(f"must be {{weight, of}}, not {shown(part)}", "mixture", index)
            entry = dict(given)
            if "weight" in entry:
                entry["weight"] = self._below(read_number, entry["weight"], "mixture", index, "weight")
            if "of" in entry:
                entry["of"] = self._below(self.read, entry["of"], "mixture", index, "of")
            read.append(entry)
        return read


def read_time_distribution(value: Any, from_file: bool) -> Any:
    return _Reader(True, from_file).read(value)


def read_plain_distribution(value: Any, from_file: bool) -> Any:
    return _Reader(False, from_file).read(value)


def _write(distribution: Distribution, time: bool) -> Any:
    def amount(value: float) -> Any:
        return write_duration(value) if time else value

    if isinstance(distribution, Constant):
        return amount(distribution.value)
    kind = distribution.kind
    if isinstance(distribution, Mixture):
        return {kind: [{"weight": part.weight, "of": _write(part.of, time)} for part in distribution.parts]}
    if isinstance(distribution, Shifted):
        return {kind: {"by": amount(distribution.by), "of": _write(distribution.of, time)}}
    if isinstance(distribution, Empirical):
        values: dict[str, Any] = {"values": [amount(value) for value in distribution.values]}
        if distribution.weights is not None:
            values["weights"] = list(distribution.weights)
        return {kind: values}
    times = _TIMES[kind]
    return {
        kind: {
            name: amount(value) if name in times else value
            for name, value in distribution.model_dump(exclude={"kind"}).items()
        }
    }


def write_time_distribution(distribution: Distribution) -> Any:
    return _write(distribution, True)


def write_plain_distribution(distribution: Distribution) -> Any:
    return _write(distribution, False)


TIME_DISTRIBUTION: Final = Form("distribution", read_time_distribution, write_time_distribution)
PLAIN_DISTRIBUTION: Final = Form("plain_distribution", read_plain_distribution, write_plain_distribution)

TimeDistribution: TypeAlias = Annotated[AnyDistribution, TIME_DISTRIBUTION]
TimeDistributionOrInfinite: TypeAlias = Annotated[
    AnyDistribution | None, or_word(TIME_DISTRIBUTION, "infinite")
]
PlainDistribution: TypeAlias = Annotated[AnyDistribution, PLAIN_DISTRIBUTION]
