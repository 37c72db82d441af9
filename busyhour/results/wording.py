"""Numbers as a planner reads them: in the KPI's unit, with no more digits than their interval supports."""

import math
from typing import Final

from busyhour.results.definitions import Unit
from busyhour.results.estimates import Estimate

MISSING: Final = "–"
CONSTANT: Final = "constant"
"""Instead of an interval, where every replication had the same value."""

_MINUTES_FROM, _HOURS_FROM = 120.0, 7200.0


def scale_of(value: float, unit: Unit) -> tuple[float, str]:
    """What to multiply by, and the symbol to write behind."""
    if unit == "share":
        return 100.0, "%"
    if unit == "per_second":
        return 1.0, "/s"
    if unit != "seconds":
        return 1.0, ""
    if abs(value) >= _HOURS_FROM:
        return 1 / 3600, " h"
    if abs(value) >= _MINUTES_FROM:
        return 1 / 60, " min"
    return 1.0, " s"


def decimals_for(uncertainty: float) -> int:
    """Decimals that show two significant digits of the uncertainty; negative: round to tens, hundreds and so
    on."""
    return 1 - math.floor(math.log10(uncertainty))


def fixed(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return MISSING
    rounded = round(value, decimals)
    return f"{rounded + 0.0:,.{max(decimals, 0)}f}"


def quantity(value: float | None, unit: Unit, beside: float | None = None) -> str:
    """A value without an interval: three significant digits, whole numbers in full.

    `beside` is a value to be compared with it: seconds, minutes or hours are chosen as for that one.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    scale, symbol = scale_of(value if beside is None else beside, unit)
    shown = value * scale
    if shown == 0.0 or (float(shown).is_integer() and unit in ("count", "per_second")):
        return f"{fixed(shown, 0)}{symbol}"
    if abs(shown) >= 1000:
        return f"{fixed(shown, 0)}{symbol}"
    return f"{fixed(shown, max(0, min(6, 2 - math.floor(math.log10(abs(shown))))))}{symbol}"


def given(value: float, unit: Unit) -> str:
    """A number that somebody chose, such as a cap or a horizon: as it is, without trailing zeros."""
    scale, symbol = scale_of(value, unit)
    return f"{value * scale:,.7g}{symbol}"


def interval_of(estimate: Estimate, unit: Unit) -> str:
    """With its unit, such as "2.59 – 2.83%"; empty where there is none."""
    interval = mean_and_interval(estimate, unit)[1]
    if estimate.mean is None or not interval or interval == CONSTANT:
        return interval
    return interval + scale_of(estimate.mean, unit)[1]


def mean_and_interval(estimate: Estimate, unit: Unit) -> tuple[str, str]:
    """Such as ("2.71%", "2.59 – 2.83"); the second is empty where there is no interval."""
    if estimate.mean is None:
        return MISSING, ""
    if estimate.ci95 is None:
        return quantity(estimate.mean, unit), ""
    low, high = estimate.ci95
    scale, symbol = scale_of(estimate.mean, unit)
    half = max(high - estimate.mean, estimate.mean - low) * scale
    if half <= abs(estimate.mean) * scale * 1e-9:
        exact = quantity(estimate.mean, unit)
        return exact, CONSTANT if estimate.n > 1 else ""
    decimals = min(decimals_for(half), 9)
    low_text, high_text = fixed(low * scale, decimals), fixed(high * scale, decimals)
    return f"{fixed(estimate.mean * scale, decimals)}{symbol}", f"{low_text} – {high_text}"
