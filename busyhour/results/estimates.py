"""From replications to one number with its 95% interval.

A plain KPI is the mean of its replications with Student's interval. A ratio is the ratio of the means,
because a mean of ratios is biased where the denominators differ, with the jackknife's interval (Efron &
Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11). A quantile is the mean of the replications'
exact quantiles with Student's interval.

From a single replication only two things can be said: a quantile's interval from its order statistics, and,
where the run is in a steady state throughout, a ratio's interval from batch means (Law, Simulation Modeling
and Analysis, 5th ed., section 9.5.3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.results.definitions import Definition
from busyhour.results.kpis import Observation, Ratio

Interval = tuple[float, float]

_CONFIDENCE: Final = 0.95
_ONE_SIDED_95: Final = 1.6448536
_NEWTON_STEPS: Final = 50


@dataclass(frozen=True, slots=True)
class Estimate:
    """All None and n = 0 where nothing was observed. An interval is None where the replications can't tell
    one."""

    mean: float | None
    ci95: Interval | None
    sd: float | None
    """Of one replication's value; for a ratio, of the jackknife's pseudo-values."""
    n: int
    method: str | None = None
    """How the interval was made, where it was not from independent replications."""

    def as_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "mean": self.mean,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "sd": self.sd,
            "n": self.n,
        }
        if self.method is not None:
            plain["method"] = self.method
        return plain


NOTHING: Final = Estimate(None, None, None, 0)


def estimate(
    definition: Definition,
    observations: Sequence[Observation],
    *,
    batches: Sequence[Ratio] = (),
    bounds: Interval | None = None,
) -> Estimate:
    """`observations` go by replication. `batches` (of a ratio) and `bounds` (of a quantile) are used where
    there is but one."""
    if definition.kind == "ratio":
        pairs = [o for o in observations if isinstance(o, tuple)]
        found = ratio_of_means(pairs)
        if len(pairs) == 1 and found.mean is not None and batches:
            found = _from_batches(found.mean, batches)
        return _within(found, 1.0 if definition.unit == "share" else math.inf)
    values = [o for o in observations if o is not None and not isinstance(o, tuple)]
    if len(values) == 1 and definition.kind == "quantile" and bounds is not None:
        return Estimate(values[0], bounds, None, 1, "order statistics of one replication")
    return _within(mean_of(values), math.inf)


def mean_of(values: Sequence[float]) -> Estimate:
    """Student's interval; none from one value."""
    n = len(values)
    if n == 0:
        return NOTHING
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(mean, None, None, 1)
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = student(n - 1) * sd / math.sqrt(n)
    return Estimate(mean, (mean - half, mean + half), sd, n)


def ratio_of_means(pairs: Sequence[Ratio]) -> Estimate:
    """The jackknife's interval; none from one pair, nor where a single pair holds the whole denominator."""
    n = len(pairs)
    above, below = math.fsum(p[0] for p in pairs), math.fsum(p[1] for p in pairs)
    if below <= 0.0:
        return Estimate(None, None, None, n)
    mean = above / below
    columns: NDArray[np.float64] = np.array(pairs, np.float64)
    rest = below - columns[:, 1]
    if n == 1 or bool((rest <= 0.0).any()):
        return Estimate(mean, None, None, n)
    without = (above - columns[:, 0]) / rest
    # The sum over what is left out can be a rounding error away from the same value for every replication;
    # this keeps an exactly constant ratio exactly constant.
    spread = without - without.mean()
    spread[np.abs(spread) < 1e-12 * abs(mean)] = 0.0
    error = math.sqrt((n - 1) / n * float((spread**2).sum()))
    half = student(n - 1) * error
    return Estimate(mean, (mean - half, mean + half), error * math.sqrt(n), n)


def _from_batches(mean: float, batches: Sequence[Ratio]) -> Estimate:
    """The interval over batches of one run, or none where they are too correlated to be taken for
    independent.

    They are when the lag-1 correlation of what each adds is significant at 5%: for independent batches it is
    about normal with mean -1/b and variance 1/b (Fishman, Management Science 24, 1978).
    """
    b = len(batches)
    columns: NDArray[np.float64] = np.array(batches, np.float64)
    residual = columns[:, 0] - mean * columns[:, 1]
    residual -= residual.mean()
    total = float((residual**2).sum())
    correlation = float((residual[:-1] * residual[1:]).sum()) / total if total > 0 else 0.0
    found = ratio_of_means(batches)
    if correlation > -1.0 / b + _ONE_SIDED_95 / math.sqrt(b) or found.ci95 is None:
        return Estimate(mean, None, None, 1)
    half = (found.ci95[1] - found.ci95[0]) / 2
    return Estimate(mean, (mean - half, mean + half), None, 1, f"batch means, {b} batches of one replication")


def _within(found: Estimate, most: float) -> Estimate:
    """No KPI is negative and no share above 1, so neither is an end of its interval."""
    if found.ci95 is None:
        return found
    low, high = found.ci95
    return Estimate(found.mean, (max(low, 0.0), min(high, most)), found.sd, found.n, found.method)


def student(degrees: int) -> float:
    """The two-sided 95% point of Student's t."""
    return student_point(degrees, 0.5 + _CONFIDENCE / 2)


@cache
def student_point(degrees: int, probability: float) -> float:
    """What Student's t stays below with `probability`, which is over one half.

    Newton's method from the normal point, which lies below: the distribution is concave there, so it never steps past.
    SciPy's stdtrit gives the same, but 0.1 s later, which is how long importing it takes.
    """
    log_peak = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2
    t = NormalDist().inv_cdf(probability)
    for _ in range(_NEWTON_STEPS):
        density = math.exp(log_peak - (degrees + 1) / 2 * math.log1p(t * t / degrees))
        step = (probability - _student_below(degrees, t)) / density
        t += step
        if abs(step) < 1e-13 * t:
            break
    return t


def _student_below(degrees: int, t: float) -> float:
    """The probability that Student's t is below `t`: finite sums (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    cosine2 = degrees / (degrees + t * t)
    sine = t / math.sqrt(degrees + t * t)
    is_odd = degrees % 2
    term = math.sqrt(cosine2) if is_odd else 1.0
    total = 0.0
    for k in range(1 + is_odd, degrees, 2):
        total += term
        term *= cosine2 * k / (k + 1)
    within = sine * total
    if is_odd:
        within = 2 / math.pi * (math.atan2(t, math.sqrt(degrees)) + within)
    return 0.5 + within / 2
