"""Carriers: how many calls they take, how fast, and what goes wrong on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from simulation.scenario.base import Part, problem
from simulation.scenario.distribution_forms import TimeDistribution
from simulation.scenario.distributions import Constant
from simulation.scenario.values import CountOrUnlimited, Duration, PaceOrUnlimited, Share


class Late(Part):
    """Carrier events that come late."""

    share: Share = Field(description="Share of the carrier's events that are late.", examples=["2%"])
    by: TimeDistribution = Field(description="How late they are.", examples=["500ms"])


class Outage(Part):
    """The trunk is down from one time to another: it takes no new calls, and those already up go on."""

    from_: Duration = Field(
        alias="from", description="When it starts, from the start of the run.", examples=["1h"]
    )
    to: Duration = Field(description="When it ends, from the start of the run.", examples=["65m"])

    @model_validator(mode="after")
    def _ordered(self) -> Outage:
        if self.to <= self.from_:
            raise problem("must be later than from", "to")
        return self


class Faults(Part):
    """What a real carrier does now and then. Shares are of its events, `refuse` of the calls dialled."""

    late: Late | None = Field(default=None, description="Events that come late.")
    duplicate: Share = Field(default=0.0, description="Share of events that come twice.")
    reorder: Share = Field(
        default=0.0, description="Share of events that come after the one that follows them."
    )
    lost: Share = Field(default=0.0, description="Share of events that never come.")
    refuse: Share = Field(default=0.0, description="Share of calls that the trunk refuses with 503.")
    outages: Annotated[tuple[Outage, ...], Field(max_length=1_000)] = Field(
        default=(), description="When the trunk is down."
    )


class Trunk(Part):
    """A carrier connection."""

    channels: CountOrUnlimited = Field(default=None, description="Calls it holds at once.")
    calls_per_second: PaceOrUnlimited = Field(default=None, description="Calls it accepts each second.")
    post_dial_delay: TimeDistribution = Field(
        default=Constant(value=0), description="From dialling to the first ring, or to a refusal's cause."
    )
    faults: Faults = Field(default=Faults(), description="Faults of the carrier, to rehearse.")
