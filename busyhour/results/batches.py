"""One long run cut into stretches of equal length, each of which tells every ratio KPI."""

from dataclasses import fields
from typing import Final

import numpy as np

from busyhour.core.ids import ABSENT
from busyhour.results.definitions import SECTIONS, Section
from busyhour.results.kpis import Ratio, Stretch, observe
from busyhour.results.replication import Series
from busyhour.results.rows import Names
from busyhour.results.sums import Sums

BATCHES: Final = 20
"""Schmeiser, Operations Research 30 (1982): more than 30 gain nothing, fewer than 10 cost much."""

Batches = dict[Section, dict[str, dict[str, list[Ratio]]]]
"""By section, name and KPI."""


def batches_of(series: Series, names: Names, warmup: int) -> Batches:
    """After `warmup` microseconds, of whole bins; empty where there are too few of them.

    A ratio that bins don't tell (attempts per contact) is left out, and whatever is left over at the end.
    """
    found: Batches = {section: {} for section in SECTIONS}
    first = -(-warmup // series.bin_us)
    size = (series.length_us // series.bin_us - first) // BATCHES
    if size < 1:
        return found
    for batch in range(BATCHES):
        here = slice(first + batch * size, first + (batch + 1) * size)
        sums = Sums(**{f.name: getattr(series.sums, f.name)[here].sum(axis=0) for f in fields(Sums)})
        unknown = (series.staffed_us < 0).any(axis=0)
        staffed = np.where(unknown, ABSENT, series.staffed_us[here].sum(axis=0))
        observed = observe(names, Stretch(sums, staffed, size * series.bin_us))
        for section, by_name in observed.items():
            for name, kpis in by_name.items():
                for kpi, value in kpis.items():
                    if isinstance(value, tuple) and kpi != "attempts_per_contact":
                        found[section].setdefault(name, {}).setdefault(kpi, []).append(value)
    return found
