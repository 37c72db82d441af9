"""The distributions a scenario may name, as plain frozen models, and their exact means.

Parameters that are times are microseconds (a float may hold a fraction of one); in a unitless place, such as
`inbound.0.busyness`, the same models hold plain numbers. File notation: `distribution_forms`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import erfc, exp, gamma, pi, sqrt
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from simulation.scenario.base import Part, problem
from simulation.scenario.values import LONGEST_US

Positive: TypeAlias = Annotated[float, Field(gt=0, le=LONGEST_US)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0, le=LONGEST_US)]
Shape: TypeAlias = Annotated[float, Field(ge=0.01, le=1e6)]


class Kind(Part, ABC):
    """A distribution; `kind` names it."""

    @abstractmethod
    def mean_value(self) -> float:
        """Expected value, in the unit of the parameters."""

    def mean_us(self) -> float:
        """Expected value, microseconds where the parameters are times."""
        return self.mean_value()


class Constant(Kind):
    kind: Literal["constant"] = "constant"
    value: NotNegative

    def mean_value(self) -> float:
        return self.value


class Exponential(Kind):
    kind: Literal["exponential"] = "exponential"
    mean: Positive

    def mean_value(self) -> float:
        return self.mean


class Lognormal(Kind):
    """`mean` and `sd` of the variable itself, not of its logarithm."""

    kind: Literal["lognormal"] = "lognormal"
    mean: Positive
    sd: NotNegative

    def mean_value(self) -> float:
        return self.mean


class Gamma(Kind):
    kind: Literal["gamma"] = "gamma"
    shape: Shape
    scale: Positive

    def mean_value(self) -> float:
        return self.shape * self.scale


class Weibull(Kind):
    kind: Literal["weibull"] = "weibull"
    shape: Shape
    scale: Positive

    def mean_value(self) -> float:
        return self.scale * gamma(1.0 + 1.0 / self.shape)


class Erlang(Kind):
    """Sum of `k` exponential stages, of mean `mean` in all."""

    kind: Literal["erlang"] = "erlang"
    k: Annotated[int, Field(ge=1, le=1_000)]
    mean: Positive

    def mean_value(self) -> float:
        return self.mean


class Uniform(Kind):
    kind: Literal["uniform"] = "uniform"
    low: NotNegative
    high: NotNegative

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise problem("must not be below low", "high")
        return self

    def mean_value(self) -> float:
        return (self.low + self.high) / 2.0


class Triangular(Kind):
    kind: Literal["triangular"] = "triangular"
    low: NotNegative
    mode: NotNegative
    high: NotNegative

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if self.low > self.mode:
            raise problem("must not be below low", "mode")
        if self.mode > self.high:
            raise problem("must not be below mode", "high")
        return self

    def mean_value(self) -> float:
        return (self.low + self.mode + self.high) / 3.0


class Normal(Kind):
    """Normal given that it is not negative; `mean` and `sd` are those before that truncation at 0."""

    kind: Literal["normal"] = "normal"
    mean: NotNegative
    sd: NotNegative

    def mean_value(self) -> float:
        """mean + sd φ(z)/Φ(z), z = mean/sd.

        Johnson, Kotz, Balakrishnan, "Continuous Univariate Distributions" 1, 2nd ed., 10.1.
        """
        if self.sd == 0:
            return self.mean
        z = self.mean / self.sd
        density = exp(-0.5 * z * z) / sqrt(2.0 * pi)
        return self.mean + self.sd * density / (0.5 * erfc(-z / sqrt(2.0)))


class Empirical(Kind):
    """One of `values`, with probability in proportion to `weights` (equal where None)."""

    kind: Literal["empirical"] = "empirical"
    values: Annotated[tuple[NotNegative, ...], Field(min_length=1, max_length=100_000)]
    weights: tuple[Positive, ...] | None = None

    @model_validator(mode="after")
    def _paired(self) -> Empirical:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise problem(
                f"has {len(self.weights)} weights for {len(self.values)} values; give one for each", "weights"
            )
        return self

    def mean_value(self) -> float:
        if self.weights is None:
            return sum(self.values) / len(self.values)
        return sum(v * w for v, w in zip(self.values, self.weights, strict=True)) / sum(self.weights)


class MixturePart(Part):
    weight: Positive = Field(description="In proportion to the other parts'.", examples=[0.5])
    of: AnyDistribution = Field(description="What is drawn then.", examples=["{exponential: {mean: 20s}}"])


class Mixture(Kind):
    """A draw of one of `parts`, with probability in proportion to its weight."""

    kind: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[MixturePart, ...], Field(min_length=1, max_length=1_000)]

    def mean_value(self) -> float:
        total = sum(part.weight for part in self.parts)
        return sum(part.weight * part.of.mean_value() for part in self.parts) / total


class Shifted(Kind):
    """`by` added to a draw of `of`."""

    kind: Literal["shifted"] = "shifted"
    by: NotNegative
    of: AnyDistribution

    def mean_value(self) -> float:
        return self.by + self.of.mean_value()


Distribution: TypeAlias = (
    Constant
    | Exponential
    | Lognormal
    | Gamma
    | Weibull
    | Erlang
    | Uniform
    | Triangular
    | Normal
    | Empirical
    | Mixture
    | Shifted
)
AnyDistribution: TypeAlias = Annotated[Distribution, Field(discriminator="kind")]

MixturePart.model_rebuild()
Mixture.model_rebuild()
Shifted.model_rebuild()
