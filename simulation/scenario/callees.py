"""How the called side behaves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from simulation.scenario.base import Part, problem
from simulation.scenario.conversations import Persona, ScriptedReply
from simulation.scenario.distribution_forms import TimeDistribution, TimeDistributionOrInfinite
from simulation.scenario.distributions import Constant, Lognormal
from simulation.scenario.values import Share, check_sum, shown


class Outcomes(Part):
    """Share of calls with each outcome; they sum to 1."""

    human: Share = Field(default=0.0, description="A person answers.")
    machine: Share = Field(default=0.0, description="An answering machine answers.")
    no_answer: Share = Field(default=0.0, description="It rings, and nobody answers.")
    busy: Share = Field(default=0.0, description="The line is busy.")
    invalid: Share = Field(default=0.0, description="The number does not exist.")
    failed: Share = Field(default=0.0, description="The network fails the call.")

    @model_validator(mode="after")
    def _whole(self) -> Outcomes:
        check_sum(
            [self.human, self.machine, self.no_answer, self.busy, self.invalid, self.failed], "outcomes"
        )
        return self


class RingTime(Part):
    """From ringing to what ends it."""

    human: TimeDistribution = Field(
        default=Lognormal(mean=9_000_000, sd=4_000_000), description="From ringing to a person's answer."
    )
    machine: TimeDistribution = Field(
        default=Constant(value=20_000_000), description="From ringing to the answering machine's answer."
    )
    no_answer: TimeDistributionOrInfinite = Field(
        default=None, description="Until the network clears an unanswered call; infinite: until dial_timeout."
    )
    busy: TimeDistribution = Field(default=Constant(value=0), description="Until a busy line's refusal.")
    invalid: TimeDistribution = Field(
        default=Constant(value=0), description="Until an invalid number's refusal."
    )
    failed: TimeDistribution = Field(default=Constant(value=0), description="Until the network's failure.")


class Detection(Part):
    """Answering machine detection: how often it is wrong, and how long it takes."""

    machine_as_human: Share = Field(default=0.0, description="Share of machines taken for people.")
    human_as_machine: Share = Field(default=0.0, description="Share of people taken for machines.")
    decision_time: TimeDistribution = Field(
        default=Constant(value=0), description="From answer to the decision."
    )
    machine_talk_time: TimeDistribution = Field(
        default=Constant(value=10_000_000),
        description="How long an agent stays with a machine that was taken for a person.",
    )


class Callees(Part):
    """A population that is called."""

    outcomes: Outcomes = Field(
        default=Outcomes(human=0.28, machine=0.22, no_answer=0.40, busy=0.06, invalid=0.02, failed=0.02),
        description="Share of calls with each outcome; they sum to 1.",
    )
    by_hour: dict[int, Outcomes] = Field(
        default={},
        json_schema_extra={"propertyNames": {"pattern": "^(?:[01]?[0-9]|2[0-3])$"}},
        description='Outcomes in hours that differ, "0" to "23" of the contact\'s local time.',
    )
    ring_time: RingTime = Field(
        default=RingTime(), description="From ringing to answer, or to what ends the ringing."
    )
    patience: TimeDistributionOrInfinite = Field(
        default=Constant(value=2_000_000),
        description="How long a live answer waits for an agent before hanging up.",
    )
    amd: Detection = Field(default=Detection(), description="Answering machine detection.")
    persona: Persona | None = Field(
        default=None, description="What they say to a voice agent that follows a flow, by a table of rules."
    )
    script: Annotated[tuple[ScriptedReply, ...], Field(max_length=1_000)] | None = Field(
        default=None,
        description="The same word for word, an entry a question; nothing once it is over. "
        "Default, with neither: one of the answers that are expected.",
    )

    @model_validator(mode="after")
    def _one_voice(self) -> Callees:
        if self.persona is not None and self.script is not None:
            raise problem("stands beside persona; keep one of them", "script")
        return self

    @field_validator("by_hour", mode="before")
    @classmethod
    def _hours(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        hours: dict[int, object] = {}
        for key, outcomes in value.items():  # pyright: ignore[reportUnknownVariableType]
            text = str(key)  # pyright: ignore[reportUnknownArgumentType]
            if not (text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) <= 23):
                raise problem(f'must be an hour of the day, "0" to "23", not {shown(text)}', text)
            if int(text) in hours:
                raise problem(f"is hour {int(text)} a second time", text)
            hours[int(text)] = outcomes
        return hours
