"""Sampling by inversion: one uniform number a draw, whatever the distribution.

A quantile function turns uniforms u on [0, 1) into durations and never falls as u rises. That keeps common
random numbers useful: with the same u, a longer mean gives a longer duration, so paired what-ifs vary less
than their parts (Law, "Simulation Modeling and Analysis", 5th ed., 11.2). Times are microseconds, as in the
scenario; where its parameters are plain numbers (a busyness), so are the draws.
"""

from collections.abc import Callable
from math import erfc, log1p, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulation import portable_math as portable
from simulation.philox import Words

if TYPE_CHECKING:
    from simulation.scenario.distributions import Distribution

Floats = NDArray[np.float64]
Quantile = Callable[[Floats], Floats]
"""u: float64[n] on [0, 1) → draws: float64[n], in the unit of the parameters, not rounded."""

LONGEST: Final = 2**55
"""Draws are cut off here (1,141 years, in microseconds), so that sums of instants stay within 64 bits."""
_SMALLEST_U: Final = 2.0**-54
"""Stands in for u = 0 where a quantile would be minus infinity: the middle of the first cell of the grid."""
_BELOW_ONE: Final = 1.0 - 2.0**-53
"""The largest uniform."""
_KNOTS: Final = 4096
_KNOT_REACH: Final = 8.5


def constant_of(distribution: "Distribution") -> int:
    """The one value of a constant distribution, whole microseconds, or -1."""
    return round(distribution.value) if distribution.kind == "constant" else -1


def duration_blocks(words: Words, distribution: "Distribution") -> Callable[[int, int], list[int]]:
    """(start, count) → draws start … start + count - 1 as whole microseconds, >= 0."""
    quantile = quantile_of(distribution)

    def block(start: int, count: int) -> list[int]:
        return whole(quantile(words.uniforms(start, count))).tolist()

    return block


def single_draw(words: Words, distribution: "Distribution") -> float:
    """The stream's first draw, not rounded."""
    return float(quantile_of(distribution)(words.uniforms(0, 1))[0])


def uniform_blocks(words: Words) -> Callable[[int, int], list[float]]:
    """(start, count) → uniforms start … start + count - 1."""

    def block(start: int, count: int) -> list[float]:
        return words.uniforms(start, count).tolist()

    return block


def whole(durations: Floats) -> NDArray[np.int64]:
    """Rounded to microseconds and kept within 0 … LONGEST."""
    kept = np.maximum(durations, 0.0)
    np.minimum(kept, float(LONGEST), out=kept)
    return np.rint(kept, out=kept).astype(np.int64)


def quantile_of(distribution: "Distribution") -> Quantile:
    """The quantile function of a scenario's distribution."""
    d = distribution
    match d.kind:
        case "constant":
            return _constant(d.value)
        case "exponential":
            return _exponential(d.mean)
        case "lognormal":
            return _lognormal(d.mean, d.sd)
        case "gamma":
            return _gamma(d.shape, d.scale)
        case "erlang":
            return _gamma(float(d.k), d.mean / d.k)
        case "weibull":
            return _weibull(d.shape, d.scale)
        case "uniform":
            return _uniform(d.low, d.high)
        case "triangular":
            return _triangular(d.low, d.mode, d.high)
        case "normal":
            return _truncated_normal(d.mean, d.sd)
        case "empirical":
            return _empirical(d.values, d.weights)
        case "mixture":
            return _mixture([part.weight for part in d.parts], [quantile_of(part.of) for part in d.parts])
        case "shifted":
            return _shifted(d.by, quantile_of(d.of))


def _constant(value: float) -> Quantile:
    return lambda u: np.full_like(u, value)


def _exponential(mean: float) -> Quantile:

    def quantile(u: Floats) -> Floats:
        drawn = portable.log(1.0 - u)
        drawn *= -mean
        return drawn

    return quantile


def _lognormal(mean: float, sd: float) -> Quantile:
    """Mean and sd of the variable itself: σ² = ln(1 + (sd/mean)²), μ = ln mean - σ²/2."""
    variance = log1p((sd / mean) ** 2)
    sigma = sqrt(variance)
    middle = mean / sqrt(1.0 + (sd / mean) ** 2)
    return lambda u: portable.exp(portable.normal_quantile(np.maximum(u, _SMALLEST_U)) * sigma) * middle


def _weibull(shape: float, scale: float) -> Quantile:
    """scale (-ln(1 - u))^(1/shape)."""
    exponent = 1.0 / shape

    def quantile(u: Floats) -> Floats:
        hazard = portable.log(np.minimum(1.0 - u, _BELOW_ONE))
        return portable.exp(np.minimum(portable.log(-hazard) * exponent, 600.0)) * scale

    return quantile


def _uniform(low: float, high: float) -> Quantile:
    return lambda u: u * (high - low) + low


def _triangular(low: float, mode: float, high: float) -> Quantile:
    width = high - low
    turn = (mode - low) / width if width else 0.0

    def quantile(u: Floats) -> Floats:
        rising = np.sqrt(u * (width * (mode - low))) + low
        falling = high - np.sqrt((1.0 - u) * (width * (high - mode)))
        return np.where(u < turn, rising, falling)

    return quantile


def _truncated_normal(mean: float, sd: float) -> Quantile:
    """Normal given that it is not negative; mean and sd are those before truncation.

    Each half is reckoned from its own tail, where 1 - p would lose digits.
    """
    if not sd:
        return _constant(mean)
    cut = 0.5 * erfc(mean / (sd * sqrt(2.0)))
    kept = 0.5 * erfc(-mean / (sd * sqrt(2.0)))

    def quantile(u: Floats) -> Floats:
        below = u * kept + cut
        lower = below < 0.5
        tail = np.where(lower, below, (1.0 - u) * kept)
        z = portable.normal_quantile(np.maximum(tail, _SMALLEST_U))
        return np.where(lower, z, -z) * sd + mean

    return quantile


def _empirical(values: tuple[float, ...], weights: tuple[float, ...] | None) -> Quantile:
    """The listed values with their weights (equal without any): a step function turned round, unsmoothed."""
    order = np.argsort(np.asarray(values), kind="stable")
    ordered = np.asarray(values, dtype=np.float64)[order]
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)[order]
    edges = np.cumsum(shares)
    edges = edges[:-1] / edges[-1]
    return lambda u: ordered[np.searchsorted(edges, u, side="right")]


def _mixture(weights: list[float], quantiles: list[Quantile]) -> Quantile:
    """One uniform serves twice: its branch, and its place within the branch as a fresh uniform.

    Monotone in u within each part, not across parts, which may overlap.
    """
    edges = np.concatenate([[0.0], np.cumsum(np.asarray(weights, dtype=np.float64))])
    edges /= edges[-1]

    def quantile(u: Floats) -> Floats:
        drawn = np.empty_like(u)
        branch = np.searchsorted(edges[1:-1], u, side="right")
        for part, of in enumerate(quantiles):
            chosen = np.flatnonzero(branch == part)
            if chosen.size:
                within = (u[chosen] - edges[part]) / (edges[part + 1] - edges[part])
                drawn[chosen] = of(np.clip(within, 0.0, _BELOW_ONE))
        return drawn

    return quantile


def _shifted(by: float, of: Quantile) -> Quantile:
    return lambda u: of(u) + by


def _gamma(shape: float, scale: float) -> Quantile:
    """Inverse of the regularised incomplete gamma function, by piecewise cubic Hermite interpolation.

    Computing it for every draw costs 300-550 ns. As a function of z = Φ⁻¹(u) it is smooth, so its values
    and slopes at 4,096 knots give it to 1e-9 relative (numerical inversion: Hörmann and Leydold,
    "Continuous random variate generation by fast numerical inversion", ACM TOMACS 13 (2003)). The knots are
    SciPy's, whose last bits may differ between its builds; it takes some 10^8 draws for that to move one by
    a microsecond.
    """
    # Importing it takes 0.1 s, which a scenario without gamma or Erlang draws need not pay.
    from scipy import special

    z = np.linspace(-_KNOT_REACH, _KNOT_REACH, _KNOTS)
    step = float(z[1] - z[0])
    values = np.where(
        z < 0.0,
        special.gammaincinv(shape, special.ndtr(z)),
        special.gammainccinv(shape, special.ndtr(-z)),
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_density = (shape - 1.0) * np.log(values) - values - special.gammaln(shape)
        slopes = np.exp(-0.5 * z * z - log_density) / sqrt(2.0 * np.pi) * step
    slopes = np.where(values > 0.0, slopes, 0.0)
    rise = values[1:] - values[:-1]
    quadratic = 3.0 * rise - 2.0 * slopes[:-1] - slopes[1:]
    cubic = slopes[:-1] + slopes[1:] - 2.0 * rise

    def quantile(u: Floats) -> Floats:
        place = (portable.normal_quantile(np.maximum(u, _SMALLEST_U)) + _KNOT_REACH) / step
        knot = place.astype(np.int64)
        t = place - knot
        unit = values[knot] + t * (slopes[knot] + t * (quadratic[knot] + t * cubic[knot]))
        return unit * scale

    return quantile
