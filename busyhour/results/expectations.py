"""What a scenario expects of its KPIs, held against what was observed."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from busyhour.results.definitions import Section
from busyhour.results.estimates import Estimate, Interval

Estimates = Mapping[Section, Mapping[str, Mapping[str, Estimate]]]
"""By section, name and KPI."""

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}


class Expectation(Protocol):
    """One parsed line of a scenario's `expect`; `value` is in the KPI's unit, a share of 1 or seconds."""

    @property
    def text(self) -> str: ...
    @property
    def section(self) -> Section: ...
    @property
    def name(self) -> str: ...
    @property
    def kpi(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def value(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    expectation: Expectation
    observed: Estimate
    passed: bool
    """Of the mean; what was not observed has not passed."""

    @property
    def undecided(self) -> bool:
        """The bound lies inside the interval: another seed might well have decided otherwise."""
        interval: Interval | None = self.observed.ci95
        return interval is not None and interval[0] < self.expectation.value < interval[1]

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.expectation.text,
            "passed": self.passed,
            "observed": self.observed.mean,
            "ci95": None if self.observed.ci95 is None else list(self.observed.ci95),
        }


def judge(expectation: Expectation, estimates: Estimates) -> Verdict:
    """Raises KeyError where the section, name or KPI does not exist, or the operator is not a comparison."""
    observed = estimates[expectation.section][expectation.name][expectation.kpi]
    compare = _OPERATORS[expectation.operator]
    passed = observed.mean is not None and compare(observed.mean, expectation.value)
    return Verdict(expectation, observed, passed)
