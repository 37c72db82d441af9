"""Queues, the pools of human agents that serve them, and AI voice agents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulation.scenario.base import Part, problem
from simulation.scenario.conversations import FlowDefinition, HttpService
from simulation.scenario.distribution_forms import TimeDistribution, TimeDistributionOrInfinite
from simulation.scenario.distributions import Constant, Exponential
from simulation.scenario.values import (
    AgentCount,
    CountOrUnlimited,
    Duration,
    DurationOrUnlimited,
    Factor,
    Share,
    WholeOrUnlimited,
)


class ServiceLevel(Part):
    """Share of all offered calls answered within a threshold."""

    threshold: Duration = Field(default=20_000_000, description="Answered within this time.")
    target: Share = Field(default=0.8, description="Share of all offered that should be.")


class Queue(Part):
    """Callers who wait for an agent."""

    agents: AgentCount | None = Field(
        default=None,
        description="Short for a pool of the same name that serves this queue alone: its agents.",
    )
    pools: tuple[str, ...] | None = Field(
        default=None,
        description="Pools that serve this queue, the first one first. Default: those that name the queue.",
    )
    handle_time: TimeDistribution = Field(
        default=Exponential(mean=180_000_000), description="How long a caller and an agent talk."
    )
    wrap_up: TimeDistribution = Field(
        default=Constant(value=0), description="An agent's work after the call."
    )
    patience: TimeDistributionOrInfinite = Field(
        default=None, description="How long an inbound caller waits before hanging up."
    )
    waiting_places: WholeOrUnlimited = Field(
        default=None, description="How many may wait; 0 makes a loss system."
    )
    ring_timeout: Duration = Field(
        default=20_000_000,
        description="How long an agent who has to accept (agents.<pool>.answer) is rung for one call.",
    )
    max_wait: DurationOrUnlimited = Field(
        default=None, description="A caller who has waited this long is sent away."
    )
    discipline: Literal["fifo", "priority"] = Field(
        default="fifo", description="priority: non-preemptive, 0 is served first."
    )
    service_level: ServiceLevel = Field(default=ServiceLevel(), description="Target of the queue.")

    @property
    def max_wait_us(self) -> int:
        """For a call, to which 0 means for ever: who may not wait at all may wait a microsecond."""
        return 0 if self.max_wait is None else max(self.max_wait, 1)


class Shift(Part):
    """A number of agents for a time."""

    count: AgentCount = Field(description="Agents on this shift.", examples=[8])
    from_: Duration = Field(default=0, alias="from", description="When it starts, from the start of the run.")
    to: Duration | None = Field(default=None, description="When it ends; default with the run.")

    @model_validator(mode="after")
    def _ordered(self) -> Shift:
        if self.to is not None and self.to <= self.from_:
            raise problem("must be later than from", "to")
        return self


class Answer(Part):
    """How the agents of a pool answer the phone, where calls are not put through to them at once."""

    after: TimeDistribution = Field(
        default=Constant(value=3_000_000), description="From the first ring to accepting or declining."
    )
    decline: Share = Field(default=0.0, description="Share of the calls answered that are declined.")
    no_answer: Share = Field(default=0.0, description="Share of the rings that nobody answers.")
    away: TimeDistribution = Field(
        default=Constant(value=300_000_000),
        description="How long an agent who did not answer is away, from the last ring.",
    )


class Pool(Part):
    """Human agents who serve the same queues."""

    count: AgentCount | None = Field(default=None, description="Agents, all the time.")
    shifts: Annotated[tuple[Shift, ...], Field(max_length=10_000)] | None = Field(
        default=None,
        description="Agents by time, in place of count; shifts that overlap add up. "
        "An agent on a call at the end of a shift finishes it first.",
    )
    queues: tuple[str, ...] | None = Field(
        default=None,
        description="Queues this pool serves, in the order in which a freed agent looks for work. "
        "Default: the queue of the same name, then those that name the pool.",
    )
    answer: Answer | None = Field(
        default=None,
        description="The agents are rung and have to accept. Default: calls are put through at once.",
    )

    @property
    def staffing(self) -> tuple[Shift, ...]:
        """Who works when: `shifts`, or `count` agents for the whole run."""
        if self.shifts is not None:
            return self.shifts
        return (Shift(count=self.count or 0),)

    @model_validator(mode="after")
    def _staffed(self) -> Pool:
        if self.count is not None and self.shifts is not None:
            raise problem("stands beside count; keep one of them", "shifts")
        if self.count is None and self.shifts is None:
            raise problem("must say how many agents: count: 8, or shifts: [{count: 8, from: 0s, to: 2h}]")
        if self.shifts is not None and not self.shifts:
            raise problem("must not be empty; write count: 0 for a pool without agents", "shifts")
        return self


class Transfer(Part):
    """Calls that a voice agent hands to people."""

    share: Share = Field(description="Share of the voice agent's calls.", examples=["20%"])
    to: str = Field(description="Queue they go to.", examples=["sales"])
    kind_: Literal["cold", "warm"] = Field(
        default="cold",
        alias="kind",
        description="cold: the caller waits in the queue. warm: the caller stays with the voice agent until an agent, "
        "who must be idle then, has been briefed.",
    )
    briefing: TimeDistribution | None = Field(
        default=None, description="How long a warm transfer's agent is briefed; default 0s."
    )
    timeout: Duration | None = Field(
        default=None, description="When a warm transfer is given up, the briefing included; default 30s."
    )
    fallback: Literal["none", "async_handoff"] | None = Field(
        default=None,
        description="Where no agent is idle for a warm transfer: async_handoff records a callback; default none.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Transfer:
        if self.kind_ == "cold":
            for name in ("briefing", "timeout", "fallback"):
                if getattr(self, name) is not None:
                    raise problem("belongs to a warm transfer; add kind: warm, or leave it out", name)
        return self


class VoiceAgent(Part):
    """An AI agent that talks on the phone."""

    capacity: CountOrUnlimited = Field(default=None, description="Calls it holds at once.")
    talk_time: TimeDistribution = Field(
        default=Exponential(mean=45_000_000), description="How long it talks, to the end or to the transfer."
    )
    transfer: Transfer | None = Field(default=None, description="Calls it hands to people.")
    flow: FlowDefinition | None = Field(
        default=None,
        description="What it says and asks, in place of talk_time and transfer: a file, or the flow itself.",
    )
    words_per_minute: Factor | None = Field(default=None, description="How fast it speaks by its flow; 170.")
    http: HttpService | None = Field(
        default=None, description="How the services answer that the flow's http nodes ask."
    )

    @model_validator(mode="after")
    def _by_flow_or_share(self) -> VoiceAgent:
        if self.flow is None:
            for key in ("words_per_minute", "http"):
                if getattr(self, key) is not None:
                    raise problem("means nothing without a flow", key)
        elif self.transfer is not None:
            raise problem("stands beside flow, whose transfer nodes decide; keep one of them", "transfer")
        return self
