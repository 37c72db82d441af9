"""Fewest agents that meet a target, by the closed forms of `erlang` and `erlang_a`. Times are seconds."""

import math
from collections.abc import Callable

from busyhour.core.erlang import MOST_SERVERS, ErlangC
from busyhour.core.erlang_a import ErlangA
from busyhour.core.errors import InvalidValueError, UnattainableError, require_not_negative


def agents_for_service_level(
    arrivals_per_s: float, handle_s: float, patience_s: float, threshold_s: float, target: float
) -> int:
    """Fewest agents that answer at least the share `target` of all callers within `threshold_s`.

    An infinite `patience_s` is Erlang C, any other Erlang A. Raises UnattainableError beyond `MOST_SERVERS`,
    InvalidValueError for arguments out of range.
    """
    if not 0 <= target <= 1:
        raise InvalidValueError("target", target, "a share, from 0 to 1")
    if patience_s == math.inf:
        least = max(1, int(arrivals_per_s * handle_s) + 1)
        return _fewest(
            least,
            lambda agents: ErlangC(agents, arrivals_per_s, handle_s).service_level(threshold_s) >= target,
            f"a service level of {target:g}",
        )
    return _fewest(
        1,
        lambda agents: (
            ErlangA(agents, arrivals_per_s, handle_s, patience_s).service_level(threshold_s) >= target
        ),
        f"a service level of {target:g}",
    )


def agents_for_abandonment(arrivals_per_s: float, handle_s: float, patience_s: float, most: float) -> int:
    """Fewest agents with which at most the share `most` of all callers hang up waiting (Erlang A).

    Raises UnattainableError beyond `MOST_SERVERS`, InvalidValueError for arguments out of range.
    """
    if not 0 <= most <= 1:
        raise InvalidValueError("most", most, "a share, from 0 to 1")
    return _fewest(
        1,
        lambda agents: ErlangA(agents, arrivals_per_s, handle_s, patience_s).abandonment <= most,
        f"an abandonment of {most:g}",
    )


def agents_for_mean_wait(arrivals_per_s: float, handle_s: float, most_s: float) -> int:
    """Fewest agents with whom callers who never hang up wait at most `most_s` on average (Erlang C).

    Raises UnattainableError beyond `MOST_SERVERS`, InvalidValueError for arguments out of range.
    """
    require_not_negative("most_s", most_s)
    return _fewest(
        max(1, int(arrivals_per_s * handle_s) + 1),
        lambda agents: ErlangC(agents, arrivals_per_s, handle_s).wait_mean_s <= most_s,
        f"a mean wait of {most_s:g} s",
    )


def _fewest(least: int, reached: Callable[[int], bool], target: str) -> int:
    """Smallest number from `least` on that reaches a target that more agents never lose."""
    if reached(least):
        return least
    low, step = least, 1
    while not reached(low + step):
        low += step
        step *= 2
        if low + step > MOST_SERVERS:
            raise UnattainableError(target, MOST_SERVERS)
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if reached(middle):
            high = middle
        else:
            low = middle
    return high
