"""Distributions in a file: notation, refusals, and exact means."""

from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from busyhour.core.ids import SECOND
from simulation.scenario import Problem, loads
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

Refusal = Callable[..., list[Problem]]
HEAD = "clock: {horizon: 4h}\nqueues: {sales: {agents: 5}}\n"
S = float(SECOND)


def wrap_up(written: str) -> Distribution:
    text = f"clock: {{horizon: 4h}}\nqueues: {{sales: {{agents: 5, wrap_up: {written}}}}}\ninbound: [{{rate: 1/s}}]"
    return loads(text).queues["sales"].wrap_up


def busyness(written: str) -> Distribution | None:
    return loads(f"{HEAD}inbound: [{{rate: 1/s, busyness: {written}}}]").inbound[0].busyness


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("20", Constant(value=20 * S)),
        ("1m30s", Constant(value=90 * S)),
        ("{exponential: {mean: 20s}}", Exponential(mean=20 * S)),
        ("{lognormal: {mean: 180s, sd: 120s}}", Lognormal(mean=180 * S, sd=120 * S)),
        ("{gamma: {shape: 2.5, scale: 10s}}", Gamma(shape=2.5, scale=10 * S)),
        ("{weibull: {shape: 1.5, scale: 10s}}", Weibull(shape=1.5, scale=10 * S)),
        ("{erlang: {k: 3, mean: 30s}}", Erlang(k=3, mean=30 * S)),
        ("{uniform: {low: 0s, high: 10s}}", Uniform(low=0, high=10 * S)),
        ("{triangular: {low: 1s, mode: 2s, high: 4s}}", Triangular(low=S, mode=2 * S, high=4 * S)),
        ("{normal: {mean: 10s, sd: 2s}}", Normal(mean=10 * S, sd=2 * S)),
        ("{empirical: {values: [1s, 2, 500ms]}}", Empirical(values=(S, 2 * S, 0.5 * S))),
        ("{empirical: {values: [1s, 2s], weights: [3, 1]}}", Empirical(values=(S, 2 * S), weights=(3, 1))),
        (
            "{mixture: [{weight: 1, of: 5s}, {weight: 3, of: {exponential: {mean: 9s}}}]}",
            Mixture(
                parts=(
                    MixturePart(weight=1, of=Constant(value=5 * S)),
                    MixturePart(weight=3, of=Exponential(mean=9 * S)),
                )
            ),
        ),
        (
            "{shifted: {by: 2s, of: {exponential: {mean: 9s}}}}",
            Shifted(by=2 * S, of=Exponential(mean=9 * S)),
        ),
    ],
)
def test_each_kind_is_read_in_microseconds(written: str, held: Distribution) -> None:
    assert wrap_up(written) == held


def test_a_fraction_of_a_microsecond_is_kept() -> None:
    assert wrap_up("{exponential: {mean: 0.25us}}") == Exponential(mean=0.25)


def test_where_there_are_no_units_numbers_are_numbers() -> None:
    assert busyness("1.5") == Constant(value=1.5)
    assert busyness("{lognormal: {mean: 1, sd: 0.2}}") == Lognormal(mean=1, sd=0.2)


def test_a_gamma_without_units_and_scale_has_mean_one() -> None:
    factor = busyness("{gamma: {shape: 29.7}}")
    assert factor is not None
    assert factor.mean_value() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("distribution", "mean"),
    [
        (Constant(value=5), 5),
        (Exponential(mean=5), 5),
        (Lognormal(mean=5, sd=2), 5),
        (Gamma(shape=2.5, scale=3), 7.5),
        (Weibull(shape=1.5, scale=3), stats.weibull_min(1.5, scale=3).mean()),
        (Erlang(k=3, mean=5), 5),
        (Uniform(low=1, high=4), 2.5),
        (Triangular(low=1, mode=2, high=6), 3),
        (Normal(mean=2, sd=3), stats.truncnorm(-2 / 3, float("inf"), loc=2, scale=3).mean()),
        (Normal(mean=2, sd=0), 2),
        (Normal(mean=0, sd=3), stats.halfnorm(scale=3).mean()),
        (Empirical(values=(1, 2, 6)), 3),
        (Empirical(values=(1, 5), weights=(3, 1)), 2),
        (
            Mixture(
                parts=(
                    MixturePart(weight=1, of=Constant(value=8)),
                    MixturePart(weight=3, of=Exponential(mean=4)),
                )
            ),
            5,
        ),
        (Shifted(by=2, of=Exponential(mean=4)), 6),
    ],
)
def test_means_are_exact(distribution: Distribution, mean: float) -> None:
    assert distribution.mean_us() == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize(
    ("written", "path", "told"),
    [
        (
            "{exponential: 20s}",
            "exponential",
            'must be a mapping of its parameters, such as {mean: …}, not "20s"',
        ),
        ("{exponential: {}}", "exponential.mean", "is missing; exponential needs mean"),
        ("{lognormal: {mean: 1s}}", "lognormal.sd", "is missing; lognormal needs mean and sd"),
        ("{exponential: {mean: 0s}}", "exponential.mean", "must be more than 0, and is 0"),
        ("{exponential: {mean: 1s, sd: 1s}}", "exponential.sd", "unknown key; keys here: mean"),
        ("{uniform: {low: 3s, high: 2s}}", "uniform.high", "must not be below low"),
        ("{triangular: {low: 3s, mode: 2s, high: 5s}}", "triangular.mode", "must not be below low"),
        ("{triangular: {low: 1s, mode: 5s, high: 3s}}", "triangular.high", "must not be below mode"),
        ("{erlang: {k: 2.5, mean: 1s}}", "erlang.k", "must be a whole number, not 2.5"),
        ("{erlang: {k: 0, mean: 1s}}", "erlang.k", "must be at least 1, and is 0"),
        ("{gamma: {shape: 2s, scale: 1s}}", "gamma.shape", 'must be a number, not "2s"'),
        ("{empirical: {values: []}}", "empirical.values", "must not be empty"),
        ("{empirical: {values: 5}}", "empirical.values", "must be a list, not 5"),
        (
            "{empirical: {values: [1s, 2s], weights: [1]}}",
            "empirical.weights",
            "has 1 weights for 2 values; give one for each",
        ),
        (
            "{empirical: {values: [1s], weights: [0]}}",
            "empirical.weights.0",
            "must be more than 0, and is 0",
        ),
        ("{mixture: {weight: 1}}", "mixture", "must be a list of {weight, of}, not a mapping"),
        ("{mixture: [5s]}", "mixture.0", 'must be {weight, of}, not "5s"'),
        (
            "{mixture: [{weight: 1}]}",
            "mixture.0.of",
            "is missing; add of: {exponential: {mean: 20s}}. What is drawn then.",
        ),
        ("{mixture: [{weight: 0, of: 1s}]}", "mixture.0.weight", "must be more than 0, and is 0"),
        (
            "{mixture: [{weight: 1, of: {exponential: {mean: -1}}}]}",
            "mixture.0.of.exponential.mean",
            "must not be negative, and is -1",
        ),
        (
            "{shifted: {by: 1s, of: {uniform: {low: 2, high: 1}}}}",
            "shifted.of.uniform.high",
            "must not be below low",
        ),
        (
            "{exponential: {mean: 1s}, gamma: {shape: 1}}",
            "",
            "must name one distribution, such as {exponential: {mean: 20s}}, and has 2 keys",
        ),
        (
            "{kind: constant, value: 5}",
            "",
            "must name one distribution, such as {exponential: {mean: 20s}}, and has 2 keys",
        ),
        ("{exponential: {kind: gamma, mean: 1s}}", "exponential.kind", "unknown key"),
        ("[1s]", "", "must be a duration or a distribution, such as"),
    ],
)
def test_what_is_wrong_in_a_distribution_is_told_at_its_place(
    refusal: Refusal, written: str, path: str, told: str
) -> None:
    problems: list[Problem] = refusal(
        f"clock: {{horizon: 4h}}\nqueues: {{sales: {{agents: 5, wrap_up: {written}}}}}\ninbound: [{{rate: 1/s}}]"
    )
    assert [problem.path for problem in problems] == [f"queues.sales.wrap_up.{path}".rstrip(".")]
    assert problems[0].sentence.startswith(told)
    assert problems[0].line == 2


def test_a_misspelt_kind_gets_a_hint(refusal: Refusal) -> None:
    (problem,) = refusal(f"{HEAD}inbound: [{{rate: 1/s, patience: {{exponental: {{mean: 5s}}}}}}]")
    assert str(problem).startswith(
        "evening.yaml:3:34: inbound.0.patience.exponental: is no distribution; did you mean exponential? They are "
    )


@pytest.mark.parametrize("values", [{"low": 2.0, "high": 1.0}, {"low": -1.0, "high": 1.0}])
def test_models_made_in_python_are_checked_too(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Uniform(**values)
