"""Erlang's loss and delay formulas and the inverses of the first.

Steady states of Poisson arrivals and identical servers, in erlangs or at `arrivals_per_s` with exponential
handling of mean `handle_s`. Times are seconds here, as planners speak them: no instant of a call is computed
from these. Callers who lose patience are in `erlang_a`, numbers of agents for a target in `staffing`.

- B, blocked calls cleared; holds for any holding time of that mean. Erlang, "Solution of some problems in the
  theory of probabilities of significance in automatic telephone exchanges" (1917); recursion, derivative and
  stability: Jagerman, "Some properties of the Erlang loss function", BSTJ 53 (1974).
- C, blocked calls wait for ever. Erlang (1917); Cooper, "Introduction to Queueing Theory" (1981).

Nothing here subtracts nearly equal numbers or forms a factorial, so 100,000 servers are as exact as one.
"""

import math
from typing import Final, final

from busyhour.core.errors import (
    InvalidValueError,
    UnattainableError,
    UnstableQueueError,
    require_at_least,
    require_not_negative,
    require_positive,
    require_share_below_one,
)

MOST_SERVERS: Final = 10_000_000
"""Where the inverses give up."""


def erlang_b(servers: int, load: float) -> float:
    """Probability that an arriving call finds all `servers` busy and is lost, `load` in erlangs; O(servers).

    No server blocks everything, load or none. Raises InvalidValueError for a negative argument.
    """
    require_at_least("servers", servers, 0)
    require_not_negative("load", load)
    blocking = 1.0
    for n in range(1, servers + 1):
        carried = load * blocking
        blocking = carried / (n + carried)
    return blocking


def load_for_blocking(servers: int, blocking: float) -> float:
    """Erlangs that `servers` carry with just this blocking, to the last digits a float has.

    Newton's steps on ln B over ln load, whose slope is servers - load (1 - B), kept inside a bracket. Raises
    InvalidValueError unless 0 < blocking < 1 and there is a server.
    """
    require_at_least("servers", servers, 1)
    if not 0 < blocking < 1:
        raise InvalidValueError("blocking", blocking, "between 0 and 1")
    low = 0.0
    high = servers / (1 - blocking)
    load = high
    for _ in range(200):
        found = erlang_b(servers, load)
        if found > blocking:
            high = load
        else:
            low = load
        # A load so light that B underflows says nothing of the slope.
        slope = servers - load * (1 - found)
        step = math.log(found / blocking) / slope if found > 0 and slope > 0 else math.inf
        following = load * math.exp(-step) if step < 700 else low
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - load) <= 4e-16 * load:
            return following
        load = following
    return load


def servers_for_blocking(load: float, blocking: float) -> int:
    """Fewest servers that block at most this share of `load` erlangs.

    Raises InvalidValueError unless 0 < blocking, UnattainableError beyond `MOST_SERVERS`.
    """
    require_not_negative("load", load)
    if not blocking > 0:
        raise InvalidValueError("blocking", blocking, "above 0")
    reached = 1.0
    servers = 0
    while reached > blocking:
        if servers == MOST_SERVERS:
            raise UnattainableError(f"a blocking of {blocking:g}", MOST_SERVERS)
        servers += 1
        carried = load * reached
        reached = carried / (servers + carried)
    return servers


@final
class ErlangC:
    """Callers who wait as long as it takes, first come first served (M/M/c)."""

    __slots__ = (
        "agents",
        "load",
        "occupancy",
        "queue_length_mean",
        "wait_mean_s",
        "wait_probability",
        "_decay",
    )

    agents: int
    load: float
    """Erlangs."""
    wait_probability: float
    """Share of callers who do not get an agent at once: Erlang's C."""
    wait_mean_s: float
    """Mean wait of all callers, those who did not wait included; the average speed of answer."""
    queue_length_mean: float
    occupancy: float
    _decay: float
    """Rate per second at which the tail of the wait falls."""

    def __init__(self, agents: int, arrivals_per_s: float, handle_s: float) -> None:
        """Raises UnstableQueueError unless load < agents, InvalidValueError for bad arguments."""
        require_at_least("agents", agents, 1)
        require_positive("arrivals_per_s", arrivals_per_s)
        require_positive("handle_s", handle_s)
        self.agents = agents
        self.load = arrivals_per_s * handle_s
        if self.load >= agents:
            raise UnstableQueueError(agents, self.load)
        self.occupancy = self.load / agents
        lost = erlang_b(agents, self.load)
        self.wait_probability = lost / ((1 - self.occupancy) + self.occupancy * lost)
        self._decay = (agents - self.load) / handle_s
        self.wait_mean_s = self.wait_probability / self._decay
        self.queue_length_mean = arrivals_per_s * self.wait_mean_s

    def wait_above(self, threshold_s: float) -> float:
        """Probability of waiting longer than `threshold_s`."""
        require_not_negative("threshold_s", threshold_s)
        return self.wait_probability * math.exp(-self._decay * threshold_s)

    def service_level(self, threshold_s: float) -> float:
        """Share of all callers answered within `threshold_s`."""
        return 1 - self.wait_above(threshold_s)

    def wait_percentile_s(self, share: float) -> float:
        """The time within which this `share` of callers is answered, in [0, 1)."""
        require_share_below_one("share", share)
        if 1 - share >= self.wait_probability:
            return 0.0
        return math.log(self.wait_probability / (1 - share)) / self._decay
