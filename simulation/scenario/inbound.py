"""Callers who come by themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulation.scenario.base import Part, problem
from simulation.scenario.distribution_forms import (
    PlainDistribution,
    TimeDistribution,
    TimeDistributionOrInfinite,
)
from simulation.scenario.distributions import Constant
from simulation.scenario.values import Duration, Rate, Share, Whole


class RateFrom(Part):
    """A rate from a time on."""

    from_: Duration = Field(alias="from", description="From the start of the run.", examples=["1h"])
    rate: Rate = Field(description="Calls from then on.", examples=["60/min"])


class Sinusoid(Part):
    """Rate mean + amplitude sin(2πt/period), t from the start of the run."""

    mean: Rate = Field(description="Mean rate.", examples=["100/h"])
    amplitude: Rate = Field(description="Swing about the mean, at most the mean.", examples=["60/h"])
    period: Duration = Field(description="Length of one swing.", examples=["8h"])

    @model_validator(mode="after")
    def _positive(self) -> Sinusoid:
        if self.amplitude > self.mean:
            raise problem("must not exceed the mean, or the rate falls below 0", "amplitude")
        if self.period == 0:
            raise problem("must be more than 0", "period")
        return self


class CallerRetry(Part):
    """Callers who were blocked or abandoned and call again."""

    probability: Share = Field(description="Share of them that call again.", examples=["70%"])
    after: TimeDistribution = Field(description="How long after.", examples=["{exponential: {mean: 2m}}"])

    @model_validator(mode="after")
    def _later(self) -> CallerRetry:
        if isinstance(self.after, Constant) and self.after.value == 0:
            raise problem("must be more than 0, or callers would try for ever at one instant", "after")
        return self


class Inbound(Part):
    """A stream of callers to one queue."""

    queue: str = Field(default="", description="Queue they call. Default: the only one.")
    rate: Rate | None = Field(default=None, description="Calls, the same all the time.")
    profile: Annotated[tuple[RateFrom, ...], Field(max_length=10_000)] | None = Field(
        default=None, description="Rates by time, in place of rate; the last one stays."
    )
    sinusoid: Sinusoid | None = Field(default=None, description="A rate that swings, in place of rate.")
    process: Literal["poisson", "deterministic"] = Field(
        default="poisson", description="poisson: at random; deterministic: evenly spaced."
    )
    patience: TimeDistributionOrInfinite = Field(
        default=None, description="How long a caller waits before hanging up. Default: the queue's."
    )
    priority: Whole = Field(default=0, description="0 is served first, in a queue with discipline: priority.")
    handle_time: TimeDistribution | None = Field(default=None, description="Default: the queue's.")
    trunk: str | None = Field(default=None, description="Trunk on which each call takes a channel.")
    busyness: PlainDistribution | None = Field(
        default=None,
        description="Factor on the rate, drawn once a replication: {gamma: {shape: 29.7}} has mean 1.",
    )
    retry: CallerRetry | None = Field(
        default=None, description="Blocked or abandoned callers who call again."
    )

    @model_validator(mode="after")
    def _one_rate(self) -> Inbound:
        given = [name for name in ("rate", "profile", "sinusoid") if getattr(self, name) is not None]
        if not given:
            raise problem('must say how many call: rate: "48/min", or a profile, or a sinusoid')
        if len(given) > 1:
            raise problem(f"stands beside {given[0]}; keep one of them", given[1])
        if self.profile is not None:
            if not self.profile:
                raise problem("must not be empty", "profile")
            for index in range(1, len(self.profile)):
                if self.profile[index].from_ <= self.profile[index - 1].from_:
                    raise problem("must be later than the entry before", "profile", index, "from")
        return self
