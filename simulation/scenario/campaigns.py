"""Outbound campaigns: the same fields as `POST /v1/campaigns`, in a file's units."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from busyhour.adapters.timezones import zone_names
from busyhour.core.ids import DAY, HOUR, MINUTE
from simulation.scenario.base import Part, problem
from simulation.scenario.contacts import Contacts
from simulation.scenario.distribution_forms import TimeDistribution
from simulation.scenario.distributions import Constant
from simulation.scenario.values import (
    Count,
    CountOrUnlimited,
    Duration,
    Factor,
    PaceOrUnlimited,
    Share,
    TimeOfDay,
    Whole,
    shown,
)

Mode: TypeAlias = Literal["agentless", "preview", "progressive", "power", "predictive"]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
RetryOutcome: TypeAlias = Literal[
    "busy", "no_answer", "machine", "failed", "abandoned", "blocked", "invalid", "unknown"
]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Pacing(Part):
    """How a campaign decides when to dial."""

    mode: Mode = Field(default="progressive", description="How the campaign decides when to dial.")
    lines_per_agent: Factor = Field(default=1.5, description="power: lines in flight for each idle agent.")
    max_lines_per_agent: Factor = Field(
        default=3.0, description="predictive: never more lines in flight for each agent."
    )
    abandonment_cap: Share = Field(
        default=0.03, description="predictive: share of live answers that may be abandoned, over the run."
    )
    preview_time: Duration = Field(
        default=10_000_000, description="preview: how long an agent looks at a contact before the dial."
    )
    reserve_agents: Whole = Field(default=0, description="Idle agents left to inbound callers.")


class Limits(Part):
    """Bounds of one campaign, beside those of its trunk."""

    max_concurrency: CountOrUnlimited = Field(default=None, description="Calls of this campaign at once.")
    calls_per_second: PaceOrUnlimited = Field(default=None, description="Dials of this campaign each second.")


class CallingHours(Part):
    """When contacts may be called. An end before the start is a window over midnight."""

    start: TimeOfDay = Field(default=8 * HOUR, description='Time of day, such as "08:00".')
    end: TimeOfDay = Field(default=21 * HOUR, description='Time of day, up to "24:00".')
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = Field(
        default=DAYS, description="Days on which a window starts."
    )
    timezone: str = Field(
        default="recipient",
        description="recipient: the contact's own; or an IANA name, such as America/New_York.",
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "recipient" and value not in zone_names():
            near = get_close_matches(value, zone_names(), 1)
            hint = f"did you mean {near[0]}?" if near else "such as America/New_York"
            raise problem(f"must be recipient or an IANA timezone, not {shown(value)}; {hint}")
        return value

    @model_validator(mode="after")
    def _open(self) -> CallingHours:
        if self.start == DAY:
            raise problem('must be before "24:00"; the day starts at "00:00"', "start")
        if self.start == self.end:
            raise problem(
                'must differ from start; write start: "00:00", end: "24:00" for the whole day', "end"
            )
        if len(set(self.days)) != len(self.days):
            raise problem("names a day twice", "days")
        return self


class RetryRule(Part):
    """After this outcome, try again."""

    outcome: RetryOutcome = Field(description="Outcome of the attempt before.", examples=["busy"])
    after: Duration = Field(description="How long after it.", examples=["10m"])


class Retry(Part):
    """Further attempts to reach a contact."""

    max_attempts: Annotated[Count, Field(le=1_000)] = Field(
        json_schema_extra={"maximum": 1_000}, default=3, description="Attempts in all."
    )
    max_per_day: CountOrUnlimited = Field(default=None, description="Attempts on one day, the contact's.")
    rules: tuple[RetryRule, ...] = Field(
        default=(
            RetryRule(outcome="busy", after=10 * MINUTE),
            RetryRule(outcome="no_answer", after=HOUR),
        ),
        description="Which outcomes are tried again, and when.",
    )

    @model_validator(mode="after")
    def _once_each(self) -> Retry:
        seen: set[str] = set()
        for index, rule in enumerate(self.rules):
            if rule.outcome in seen:
                raise problem(f"{rule.outcome} has a rule already", "rules", index, "outcome")
            seen.add(rule.outcome)
        return self


class MachineDetection(Part):
    """What a campaign does about answering machines."""

    enabled: bool = Field(default=True, strict=True, description="Whether machines are told from people.")
    on_machine: Literal["hang_up", "leave_message"] = Field(
        default="hang_up", description="What happens to a call that a machine answered."
    )
    message_time: TimeDistribution = Field(
        default=Constant(value=20_000_000), description="leave_message: how long the message takes."
    )


class Campaign(Part):
    """A list of contacts, called until each is reached or given up."""

    contacts: Contacts = Field(
        description="Who is called: {count: N}, {file: leads.csv} or a list.", examples=["{count: 20000}"]
    )
    callees: str = Field(default="", description="How they behave. Default: the only callees of the file.")
    trunk: str = Field(default="", description="Trunk that carries the calls. Default: the only one.")
    queue: str | None = Field(default=None, description="Queue that live answers are offered to.")
    voice_agent: str | None = Field(default=None, description="Voice agent that talks to live answers.")
    pacing: Pacing = Field(default=Pacing(), description="How the campaign decides when to dial.")
    limits: Limits = Field(default=Limits(), description="Bounds of this campaign.")
    dial_timeout: Duration = Field(
        default=25_000_000,
        description="From dialling, the post-dial delay included, until an unanswered call is given up.",
    )
    calling_hours: CallingHours | None = Field(
        default=None, description="When contacts may be called. Default: at any time."
    )
    retry: Retry = Field(
        default=Retry(max_attempts=1, rules=()), description="Further attempts. Default: a single attempt."
    )
    amd: MachineDetection = Field(default=MachineDetection(), description="Answering machine detection.")
    handle_time: TimeDistribution | None = Field(
        default=None,
        description="How long a live answer talks. Default: as the queue or the voice agent has it; "
        "of an agentless campaign with neither, the length of its message, 30s.",
    )
    priority: Whole = Field(default=0, description="Of its calls in a queue with discipline: priority.")
    launch_at: Duration = Field(default=0, description="When it starts, from the start of the run.")

    @field_validator("dial_timeout")
    @classmethod
    def _some_time(cls, value: int) -> int:
        if value == 0:
            raise problem("must be more than 0, or nobody could answer")
        return value
