"""A scenario: everything one run needs to know.

Every `Scenario` is complete, however it was made: names left out are filled in, the short form
`queues.x.agents` has become the pool `x`, each queue lists its pools and each pool its queues. Names that
lead nowhere are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from simulation.scenario.base import PROBLEMS, Finding, Part
from simulation.scenario.callees import Callees
from simulation.scenario.campaigns import Campaign
from simulation.scenario.clock import Clock
from simulation.scenario.expectations import Expectation
from simulation.scenario.filling import filled
from simulation.scenario.inbound import Inbound
from simulation.scenario.queues import Pool, Queue, VoiceAgent
from simulation.scenario.references import findings
from simulation.scenario.timeline import TimelineEntry
from simulation.scenario.trunks import Trunk
from simulation.scenario.values import Count, Seed

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
TITLE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
Name: TypeAlias = Annotated[str, Field(pattern=NAME_PATTERN)]


class Scenario(Part):
    """One what-if: who calls whom, through what, answered by whom."""

    schema_: Literal["busyhour.scenario/v1"] = Field(
        default="busyhour.scenario/v1", alias="schema", description="Version of this format."
    )
    name: str = Field(
        default="scenario",
        pattern=TITLE_PATTERN,
        description="Names the run's folder. Default: the file's name.",
    )
    description: str = Field(default="", max_length=10_000, description="What the scenario asks.")
    seed: Seed = Field(default=1, description="Same file, same seed: same calls.")
    replications: Annotated[Count, Field(le=100_000)] = Field(
        default=1, json_schema_extra={"maximum": 100_000}, description="Independent runs, for the intervals."
    )
    clock: Clock = Field(description="When a run starts and ends.", examples=["{horizon: 4h}"])
    trunks: dict[Name, Trunk] = Field(default={}, description="Carriers.")
    callees: dict[Name, Callees] = Field(default={}, description="How the called side behaves.")
    queues: dict[Name, Queue] = Field(default={}, description="Where callers wait for agents.")
    agents: dict[Name, Pool] = Field(default={}, description="Pools of human agents.")
    voice_agents: dict[Name, VoiceAgent] = Field(default={}, description="AI agents.")
    inbound: tuple[Inbound, ...] = Field(default=(), description="Callers who come by themselves.")
    campaigns: dict[Name, Campaign] = Field(default={}, description="Outbound campaigns.")
    timeline: tuple[TimelineEntry, ...] = Field(default=(), description="What happens at set times.")
    expect: tuple[Expectation, ...] = Field(default=(), description="Assertions on the run's KPIs.")

    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where the contact files of this scenario are."""
        return self._folder

    def has_flows(self) -> bool:
        """Whether any of its voice agents follows a flow."""
        return any(agent.flow is not None for agent in self.voice_agents.values())

    def in_folder(self, folder: Path) -> Scenario:
        """The same scenario, its contact files looked for in `folder`."""
        scenario = self.model_copy()
        scenario._folder = folder
        return scenario

    def __eq__(self, other: object) -> bool:
        """Equal in all but the folder."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    @model_validator(mode="after")
    def _complete(self) -> Scenario:
        found = findings(self)
        if found:
            raise _told(found)
        for name, value in filled(self).items():
            object.__setattr__(self, name, value)
        return self


def _told(found: list[Finding]) -> PydanticCustomError:
    return PydanticCustomError(
        PROBLEMS, "{text}", {"text": "; ".join(finding.sentence for finding in found), "findings": found}
    )
