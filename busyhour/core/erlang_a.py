"""Palm's model of impatient callers, "Erlang A": M/M/c+M in its steady state.

Poisson arrivals at `arrivals_per_s`, exponential handling of mean `handle_s`, identical agents, first come
first served, and callers who hang up once an exponential patience of mean `patience_s` runs out while they
wait. Times are seconds.

Palm, "Research on telephone traffic carried by full availability groups", Tele (1957); Garnett, Mandelbaum,
Reiman, "Designing a call center with impatient customers", M&SOM 4 (2002). Density of the offered wait:
Baccelli, Hebuterne, "On queues with impatient customers" (1981); Zeltyn, Mandelbaum, "Call centers with
impatient customers: the M/M/n+G queue", Queueing Systems 51 (2005).
"""

import math
from typing import Final, final

from busyhour.core.errors import (
    InvalidValueError,
    require_at_least,
    require_not_negative,
    require_positive,
    require_share_below_one,
)

_EPSILON: Final = 1e-17
"""Series end once what is left out is below this share of what was summed."""
LONGEST_PATIENCE: Final = 1e10
"""In mean times between arrivals. Palm's series needs about ten square roots of this many terms."""


@final
class ErlangA:
    """Callers who wait until an exponential patience of mean `patience_s` runs out."""

    __slots__ = (
        "abandonment", "agents", "arrivals_per_s", "asa_s", "load", "occupancy", "queue_length_mean",
        "wait_mean_s", "wait_probability", "_hang_ups_per_s", "_served_waiting", "_wait",
    )  # fmt: skip

    agents: int
    arrivals_per_s: float
    load: float
    """Erlangs offered, whether served or not."""
    wait_probability: float
    """Share of callers who do not get an agent at once."""
    abandonment: float
    """Share of all callers who hang up before an agent takes them."""
    wait_mean_s: float
    """Mean wait of all callers, hang-ups and those who did not wait included."""
    asa_s: float
    """Mean wait of those answered."""
    queue_length_mean: float
    occupancy: float
    _hang_ups_per_s: float
    _served_waiting: float
    """Share of all callers who waited and were answered."""
    _wait: "_OfferedWait"

    def __init__(self, agents: int, arrivals_per_s: float, handle_s: float, patience_s: float) -> None:
        """O(agents + sqrt(arrivals_per_s * patience_s)). Raises InvalidValueError for bad arguments."""
        require_at_least("agents", agents, 1)
        require_positive("arrivals_per_s", arrivals_per_s)
        require_positive("handle_s", handle_s)
        require_positive("patience_s", patience_s)
        if arrivals_per_s * patience_s > LONGEST_PATIENCE:
            raise InvalidValueError(
                "patience_s", patience_s, f"at most {LONGEST_PATIENCE / arrivals_per_s:g}"
            )
        self.agents = agents
        self.arrivals_per_s = arrivals_per_s
        self.load = arrivals_per_s * handle_s
        self._hang_ups_per_s = 1 / patience_s
        self._solve(arrivals_per_s, 1 / handle_s, 1 / patience_s)
        self._wait = _OfferedWait(arrivals_per_s, agents / handle_s, 1 / patience_s)
        answered = self.occupancy * agents / self.load
        self.asa_s = self._served_waiting * self._wait.mean_if_served_s() / answered

    def _solve(self, up: float, per_agent: float, per_waiting: float) -> None:
        """Balance of the birth-death chain, summed away from its likeliest state.

        There every term is at most one, and the ratio of successive terms only falls, so a geometric series
        bounds what is left out. Rates are per second.
        """
        full = float(self.agents)
        all_agents = full * per_agent
        if up <= all_agents:
            mode = min(float(int(up / per_agent)), full)
        else:
            mode = full + float(int((up - all_agents) / per_waiting))
        total, busy, waiting, queued = 1.0, min(mode, full), 0.0, 0.0
        if mode >= full:
            waiting, queued = 1.0, mode - full

        n, weight = mode, 1.0
        while weight > 0:
            n += 1
            ratio = up / (n * per_agent if n <= full else all_agents + (n - full) * per_waiting)
            weight *= ratio
            total += weight
            if n < full:
                busy += weight * n
                continue
            busy += weight * full
            waiting += weight
            queued += weight * (n - full)
            if ratio < 1:
                rest = weight * ratio / (1 - ratio)
                if rest * (n - full + 1 / (1 - ratio)) <= _EPSILON * queued:
                    break

        n, weight = mode, 1.0
        while n > 0:
            ratio = (n * per_agent if n <= full else all_agents + (n - full) * per_waiting) / up
            weight *= ratio
            n -= 1
            total += weight
            busy += weight * min(n, full)
            if n >= full:
                waiting += weight
                queued += weight * (n - full)
            if ratio < 1 and weight * ratio / (1 - ratio) <= _EPSILON * total:
                break

        self.occupancy = min(1.0, busy / (total * full))
        self.wait_probability = min(1.0, waiting / total)
        self.queue_length_mean = queued / total
        self.wait_mean_s = self.queue_length_mean / up
        self.abandonment = min(1.0, self.wait_mean_s * per_waiting)
        self._served_waiting = max(0.0, self.wait_probability - self.abandonment)

    def wait_above(self, threshold_s: float) -> float:
        """Probability of waiting longer than `threshold_s`, whatever ends the wait."""
        require_not_negative("threshold_s", threshold_s)
        return self.wait_probability * self._wait.still_waiting(threshold_s)

    def service_level(self, threshold_s: float) -> float:
        """Share of all callers answered within `threshold_s`."""
        require_not_negative("threshold_s", threshold_s)
        return 1 - self.wait_probability + self._served_waiting * self._wait.served_within(threshold_s)

    def wait_percentile_s(self, share: float) -> float:
        """The time within which the wait of this `share` of callers is over, answered or not, in [0, 1)."""
        require_share_below_one("share", share)
        if 1 - share >= self.wait_probability:
            return 0.0
        low, high = 0.0, 1 / self._hang_ups_per_s
        while self.wait_above(high) > 1 - share:
            low, high = high, 2 * high
        while high - low > 1e-15 * high:
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            if self.wait_above(middle) > 1 - share:
                low = middle
            else:
                high = middle
        return high


@final
class _OfferedWait:
    """How long a caller who must wait would wait for an agent, in Palm's model.

    Its density is proportional to exp(-a v + (l/h) (1 - exp(-h v))), where l is the arrival rate, a the rate
    at which all agents together end calls and h that of hang-ups. The
    caller is still there with exp(-h v); g(v), their product, is log-concave, so two runs of Gauss-Legendre
    panels, to the left and right of its peak, integrate it to rounding. Only ratios are given: g is scaled to
    1 at the peak, for its true scale may underflow.
    """

    __slots__ = ("_arrivals", "_hang_ups", "_high", "_low", "_peak", "_rest", "_slope", "_whole")

    _arrivals: float
    _hang_ups: float
    _slope: float
    """Rate at which g falls at its peak: 0 when that is within, more when it stands at v = 0."""
    _peak: float
    _rest: float
    """Rate at the peak of arrivals who would still be waiting by then."""
    _low: float
    _high: float
    """g is negligible outside."""
    _whole: float

    def __init__(self, arrivals: float, agents: float, hang_ups: float) -> None:
        self._arrivals = arrivals
        self._hang_ups = hang_ups
        leaving = agents + hang_ups
        self._peak = math.log(arrivals / leaving) / hang_ups if arrivals > leaving else 0.0
        self._rest = leaving if arrivals > leaving else arrivals
        self._slope = 0.0 if arrivals > leaving else leaving - arrivals
        self._high = self._edge(1.0)
        self._low = max(0.0, self._edge(-1.0)) if self._peak > 0 else 0.0
        self._whole = self._integral(0.0, False)

    def served_within(self, threshold_s: float) -> float:
        """Share of those who waited and were answered that waited at most `threshold_s`."""
        return min(1.0, max(0.0, 1 - self._integral(threshold_s, False) / self._whole))

    def mean_if_served_s(self) -> float:
        """Mean wait of those who waited and were answered."""
        return self._integral(0.0, True) / self._whole

    def still_waiting(self, threshold_s: float) -> float:
        """Share of those who had to wait that still do after `threshold_s`.

        From d/dv of the density: the integral of g(v) exp(h v) beyond t is (g(t) exp(h t) + l times that of g
        beyond t) / a.
        """
        beyond = self._arrivals * self._integral(threshold_s, False)
        left = self._value(threshold_s) + beyond * math.exp(-self._hang_ups * threshold_s)
        return left / (self._value(0.0) + self._arrivals * self._whole)

    def _value(self, v: float) -> float:
        x = self._hang_ups * (v - self._peak)
        if x < -700:
            return 0.0
        bend = math.expm1(-x) + x
        return math.exp(-self._slope * (v - self._peak) - self._rest / self._hang_ups * bend)

    def _edge(self, side: float) -> float:
        """Where g has fallen to e^-46 on that side of its peak, or a little beyond."""
        reach = 1 / (self._rest + self._hang_ups + self._slope)
        while self._value(self._peak + side * reach) > 1e-20:
            reach *= 1.25
        return self._peak + side * reach

    def _integral(self, start: float, of_wait: bool) -> float:
        """Of g, or of v g(v), from `start` on."""
        start = max(start, self._low)
        if start >= self._high:
            return 0.0
        if start >= self._peak:
            return self._panels(start, self._high, of_wait)
        return self._panels(start, self._peak, of_wait) + self._panels(self._peak, self._high, of_wait)

    def _panels(self, start: float, end: float, of_wait: bool) -> float:
        half = (end - start) / (2 * _PANELS)
        total = 0.0
        for panel in range(_PANELS):
            middle = start + (2 * panel + 1) * half
            for i in range(5):
                v = middle + half * _NODES[i]
                total += _WEIGHTS[i] * self._value(v) * (v if of_wait else 1.0)
        return total * half


_PANELS: Final = 64
_INNER: Final = math.sqrt(5 - 2 * math.sqrt(10 / 7)) / 3
_OUTER: Final = math.sqrt(5 + 2 * math.sqrt(10 / 7)) / 3
_INNER_WEIGHT: Final = (322 + 13 * math.sqrt(70)) / 900
_OUTER_WEIGHT: Final = (322 - 13 * math.sqrt(70)) / 900
_NODES: Final = (-_OUTER, -_INNER, 0.0, _INNER, _OUTER)
_WEIGHTS: Final = (_OUTER_WEIGHT, _INNER_WEIGHT, 128 / 225, _INNER_WEIGHT, _OUTER_WEIGHT)
"""Gauss-Legendre on [-1, 1], five points: Abramowitz, Stegun, "Handbook of Mathematical Functions", 25.4."""
