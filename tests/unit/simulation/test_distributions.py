"""Draws follow their distributions: quantiles against SciPy's, samples against the distribution functions."""

from collections.abc import Callable
from math import cos, exp, log, tau, ulp
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from busyhour.core.ids import MINUTE, SECOND
from simulation import portable_math as portable
from simulation.distributions import LONGEST, quantile_of, single_draw, whole
from simulation.philox import Words
from simulation.scenario.distributions import (
    Constant,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Lognormal,
    Mixture,
    MixturePart,
    Normal,
    Shifted,
    Triangular,
    Uniform,
    Weibull,
)
from simulation.substreams import Substreams

Floats = NDArray[np.float64]
S = float(SECOND)
M = float(MINUTE)


class Reference(Protocol):
    """The part of SciPy's distributions that is compared."""

    def ppf(self, q: Any, /) -> Any: ...
    def isf(self, q: Any, /) -> Any: ...
    def cdf(self, x: Any, /) -> Any: ...


def lognormal(mean: float, sd: float) -> Reference:
    sigma = np.sqrt(np.log1p((sd / mean) ** 2))
    return stats.lognorm(sigma, scale=mean / np.sqrt(1.0 + (sd / mean) ** 2))


class NormalFromZero:
    """SciPy's truncnorm loses digits in its upper tail; its normal does not."""

    def __init__(self, mean: float, sd: float) -> None:
        self.normal = stats.norm(mean, sd)
        self.cut = self.normal.cdf(0.0)
        self.kept = self.normal.sf(0.0)

    def ppf(self, p: Floats) -> Floats:
        return self.normal.ppf(self.cut + p * self.kept)

    def isf(self, q: Floats) -> Floats:
        return self.normal.isf(q * self.kept)

    def cdf(self, x: Floats) -> Floats:
        return (self.normal.cdf(x) - self.cut) / self.kept


CONTINUOUS: dict[str, tuple[Distribution, Reference]] = {
    "exponential": (Exponential(mean=M), stats.expon(scale=M)),
    "lognormal": (Lognormal(mean=3 * M, sd=2 * M), lognormal(3 * M, 2 * M)),
    "heavy lognormal": (Lognormal(mean=M, sd=10 * M), lognormal(M, 10 * M)),
    "gamma below one": (Gamma(shape=0.3, scale=M), stats.gamma(0.3, scale=M)),
    "gamma": (Gamma(shape=2.5, scale=M), stats.gamma(2.5, scale=M)),
    "narrow gamma": (Gamma(shape=400.0, scale=S), stats.gamma(400.0, scale=S)),
    "erlang": (Erlang(k=4, mean=2 * M), stats.gamma(4, scale=M / 2)),
    "weibull below one": (Weibull(shape=0.6, scale=M), stats.weibull_min(0.6, scale=M)),
    "weibull": (Weibull(shape=2.2, scale=M), stats.weibull_min(2.2, scale=M)),
    "uniform": (Uniform(low=S, high=M), stats.uniform(S, M - S)),
    "triangular": (Triangular(low=S, mode=10 * S, high=M), stats.triang(9 / 59, S, M - S)),
    "triangular from its mode": (Triangular(low=S, mode=S, high=M), stats.triang(0.0, S, M - S)),
    "triangular to its mode": (Triangular(low=S, mode=M, high=M), stats.triang(1.0, S, M - S)),
    "normal": (Normal(mean=M, sd=10 * S), NormalFromZero(M, 10 * S)),
    "normal cut at its mean": (Normal(mean=0.0, sd=M), NormalFromZero(0.0, M)),
    "normal cut below its mean": (Normal(mean=M, sd=2 * M), NormalFromZero(M, 2 * M)),
    "shifted": (Shifted(by=5 * S, of=Exponential(mean=M)), stats.expon(5 * S, M)),
}
EMPIRICAL = Empirical(values=(3 * M, S, M), weights=(1.0, 2.0, 7.0))
MIXTURE = Mixture(
    parts=(
        MixturePart(weight=1.0, of=Exponential(mean=S)),
        MixturePart(weight=3.0, of=Uniform(low=M, high=2 * M)),
        MixturePart(weight=4.0, of=Constant(value=5.0 * S)),
    )
)
EVERY: dict[str, Distribution] = {
    **{name: distribution for name, (distribution, _) in CONTINUOUS.items()},
    "constant": Constant(value=7.0 * S),
    "empirical": EMPIRICAL,
    "mixture": MIXTURE,
    "shifted mixture": Shifted(by=S, of=MIXTURE),
}
GRID = np.concatenate(
    [2.0 ** -np.arange(2.0, 50.0), np.linspace(0.0005, 0.9995, 2000), 1 - 2.0 ** -np.arange(2.0, 50.0)]
)


def draws(distribution: Distribution, count: int, purpose: str) -> list[int]:
    stream = Substreams(20260302, 0).durations("test", purpose, distribution)
    return [stream.at(index) for index in range(count)]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_quantiles_are_those_of_an_independent_implementation(name: str):
    distribution, reference = CONTINUOUS[name]
    lower = GRID[GRID < 0.5]
    upper = 1.0 - GRID[GRID >= 0.5]
    quantile = quantile_of(distribution)
    # To a thousandth of the resolution, or nine digits.
    np.testing.assert_allclose(quantile(lower), reference.ppf(lower), rtol=2e-9, atol=1e-3)
    np.testing.assert_allclose(quantile(1.0 - upper), reference.isf(upper), rtol=2e-9, atol=1e-3)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_samples_follow_their_distribution_function(name: str):
    distribution, reference = CONTINUOUS[name]
    # Kolmogorov-Smirnov; one seed in ten thousand would fail by chance.
    assert stats.kstest(draws(distribution, 20_000, name), reference.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", EVERY)
def test_means_are_those_the_scenario_states(name: str):
    drawn = np.asarray(draws(EVERY[name], 200_000, f"mean of {name}"), dtype=np.float64)
    error = drawn.std() / drawn.size**0.5
    assert abs(drawn.mean() - EVERY[name].mean_us()) <= 4.5 * error + 0.5


@pytest.mark.parametrize("name", [name for name in EVERY if "mixture" not in name])
def test_quantiles_never_fall(name: str):
    u = np.sort(np.concatenate([GRID, Words(1).uniforms(0, 100_000), [0.0, 1.0 - 2.0**-53]]))
    assert np.diff(whole(quantile_of(EVERY[name])(u))).min() >= 0


@pytest.mark.parametrize("name", EVERY)
def test_the_ends_of_the_uniform_grid_give_durations(name: str):
    ends = np.asarray([0.0, 2.0**-53, 1.0 - 2.0**-53])
    values = quantile_of(EVERY[name])(ends)
    assert np.isfinite(values).all()
    assert (values >= -1e-6).all()


def test_a_longer_mean_lengthens_every_draw():
    short = draws(Exponential(mean=M), 5000, "talk")
    long = draws(Exponential(mean=1.1 * M), 5000, "talk")
    assert all(a <= b for a, b in zip(short, long, strict=True))


def test_empirical_values_come_in_proportion_to_their_weights():
    drawn = np.asarray(draws(EMPIRICAL, 100_000, "empirical"))
    for value, share in ((3 * M, 0.1), (S, 0.2), (M, 0.7)):
        error = (share * (1.0 - share) / drawn.size) ** 0.5
        assert abs((drawn == value).mean() - share) < 4.5 * error
    assert set(drawn.tolist()) == {3 * MINUTE, SECOND, MINUTE}


def test_empirical_values_without_weights_come_equally_often():
    quantile = quantile_of(Empirical(values=(30.0, 10.0, 20.0)))
    assert quantile(np.asarray([0.0, 0.33, 0.34, 0.66, 0.67, 0.99])).tolist() == [10, 10, 20, 20, 30, 30]


def test_a_mixture_draws_each_part_as_often_as_it_weighs_and_as_that_part():
    drawn = np.asarray(draws(MIXTURE, 100_000, "mixture"))
    constant = drawn == 5 * SECOND
    long = drawn >= MINUTE
    for chosen, share in ((constant, 0.5), (long, 0.375)):
        assert abs(chosen.mean() - share) < 4.5 * (share * (1.0 - share) / drawn.size) ** 0.5
    assert stats.kstest(drawn[long], stats.uniform(M, M).cdf).pvalue > 1e-4
    assert stats.kstest(drawn[~constant & ~long], stats.expon(scale=S).cdf).pvalue > 1e-4


def test_draws_too_long_for_an_instant_are_cut_off():
    assert max(draws(Weibull(shape=0.01, scale=M), 1000, "absurd")) == LONGEST


@given(
    st.one_of(
        st.builds(Gamma, shape=st.floats(0.01, 1e6), scale=st.floats(1e-3, 1e9)),
        st.builds(Weibull, shape=st.floats(0.01, 1e6), scale=st.floats(1e-3, 1e9)),
        st.builds(Lognormal, mean=st.floats(1e-3, 1e12), sd=st.floats(0.0, 1e12)),
        st.builds(Normal, mean=st.floats(0.0, 1e12), sd=st.floats(0.0, 1e12)),
        st.builds(Erlang, k=st.integers(1, 1000), mean=st.floats(1e-3, 1e12)),
        st.floats(0.0, 1e12).map(lambda low: Uniform(low=low, high=low)),
        st.floats(0.0, 1e12).map(lambda low: Triangular(low=low, mode=low, high=low)),
    )
)
def test_every_parameter_the_scenario_admits_gives_durations_in_order(distribution: Distribution):
    u = np.sort(np.concatenate([GRID, [0.0, 1.0 - 2.0**-53]]))
    durations = whole(quantile_of(distribution)(u))
    assert durations.min() >= 0
    assert durations.max() <= LONGEST
    # A rounding of the last bit, at most, may go against the order.
    assert (np.diff(durations) >= -1 - durations[1:] // 10**14).all()


def test_a_single_draw_is_not_rounded():
    assert single_draw(Words(3), Uniform(low=0.25, high=0.75)) == 0.25 + 0.5 * Words(3).uniforms(0, 4)[0]


@pytest.mark.parametrize(
    ("ours", "reference", "low", "high"),
    [
        (portable.log, log, 1e-300, 1e300),
        (portable.log, log, 0.5, 2.0),
        (portable.exp, exp, -700.0, 700.0),
        (portable.normal_quantile, NormalDist().inv_cdf, 1e-9, 1.0 - 1e-9),
    ],
    ids=["log", "log near 1", "exp", "normal quantile"],
)
def test_portable_functions_are_within_a_few_units_in_the_last_place(
    ours: Callable[[Floats], Floats], reference: Callable[[float], float], low: float, high: float
):
    x = low + (high - low) * Words(9).uniforms(0, 4000)
    exact = [reference(float(value)) for value in x]
    worst = max(abs(a - b) / ulp(b) for a, b in zip(ours(x).tolist(), exact, strict=True))
    assert worst <= 16.0


def test_portable_cosine_repeats_every_turn():
    turns = Words(9).uniforms(0, 4000) * 2.0 - 1.0
    exact = [cos(tau * float(turn)) for turn in turns]
    assert np.abs(portable.cosine_of_turns(turns) - exact).max() < 2e-15
    assert portable.cosine_of_turns(
        np.asarray([0.0, 0.25, 0.5, 0.75, 1.0, 1000.5])
    ).tolist() == pytest.approx([1.0, 0.0, -1.0, 0.0, 1.0, -1.0], abs=1e-15)
