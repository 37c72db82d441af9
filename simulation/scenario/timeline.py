"""What is done to a run from outside, at set times."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from simulation.scenario.base import Part, problem
from simulation.scenario.values import AgentCount, Duration

VERBS: Final = ("set_agents", "trunk_down", "trunk_up", "launch", "pause", "resume", "stop")


class SetAgents(Part):
    """A pool's number of agents from now on; agents on a call finish it first."""

    pool: str = Field(description="Pool of agents.", examples=["sales"])
    count: AgentCount = Field(description="Agents from now on.", examples=[30])


class TimelineEntry(Part):
    """One thing that happens at a time."""

    at: Duration = Field(description="When, from the start of the run.", examples=["1h"])
    set_agents: SetAgents | None = Field(default=None, description="Change a pool's number of agents.")
    trunk_down: str | None = Field(default=None, description="Trunk that fails.")
    trunk_up: str | None = Field(default=None, description="Trunk that works again.")
    launch: str | None = Field(default=None, description="Campaign to launch, in place of its launch_at.")
    pause: str | None = Field(default=None, description="Campaign to pause.")
    resume: str | None = Field(default=None, description="Campaign to resume.")
    stop: str | None = Field(default=None, description="Campaign to stop.")
    in_flight: Literal["drain", "cancel_unanswered", "hang_up"] | None = Field(
        default=None, description="stop: what becomes of calls in flight; default drain."
    )

    @property
    def verb(self) -> str:
        """Which of VERBS this entry does."""
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

    @model_validator(mode="after")
    def _one_thing(self) -> TimelineEntry:
        given = [verb for verb in VERBS if getattr(self, verb) is not None]
        if not given:
            raise problem(f"must do one of {', '.join(VERBS)}")
        if len(given) > 1:
            raise problem(f"stands beside {given[0]}; give each an entry of its own", given[1])
        if self.in_flight is not None and given != ["stop"]:
            raise problem("belongs to stop alone", "in_flight")
        return self
