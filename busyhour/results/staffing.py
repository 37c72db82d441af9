"""Agents on duty over time, from the steps at which their number changed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import ABSENT
from busyhour.results.tallies import PoolTally, Tallies


def staffed_by_bin(steps: Sequence[tuple[int, int]], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Agent-microseconds between each edge and the next, int64[len(edges) - 1]. Before the first step:
    nobody."""
    total = np.zeros(len(edges), np.int64)
    for position, (since, agents) in enumerate(steps):
        until = steps[position + 1][0] if position + 1 < len(steps) else int(edges[-1])
        total += agents * (np.clip(edges, since, max(since, until)) - since)
    return np.diff(total)


def pool_staffing(
    tallies: Tallies, pools: int, edges: NDArray[np.int64], window: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Microseconds by pool within `window`, int64[pools], and by bin, int64[bins, pools]; -1 where not known.

    A pool without steps is taken to be staffed evenly.
    """
    inside = np.full(pools, ABSENT, np.int64)
    by_bin = np.full((len(edges) - 1, pools), ABSENT, np.int64)
    for index, tally in enumerate(tallies.pools[:pools]):
        if tally.staffing:
            by_bin[:, index] = staffed_by_bin(tally.staffing, edges)
            inside[index] = staffed_by_bin(tally.staffing, np.array(window, np.int64))[0]
        inside[index] = _or(tally, int(inside[index]))
        if not tally.staffing and tally.staffed_us != ABSENT and window[1] > window[0]:
            share = np.diff(edges) / (window[1] - window[0])
            by_bin[:, index] = np.rint(share * tally.staffed_us).astype(np.int64)
    return inside, by_bin


def _or(tally: PoolTally, from_steps: int) -> int:
    return from_steps if tally.staffed_us == ABSENT else tally.staffed_us
