"""The trunks of a platform and the callees behind simulated ones: a file as strict as a scenario, with two of its keys.

trunks:
  simulated: {channels: 100, callees: consumer}
callees:
  consumer: {outcomes: {human: 0.3, no_answer: 0.7}}
"""

from __future__ import annotations

import os
from typing import Final, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from simulation.scenario.base import FILE_CONTEXT, Part, problem
from simulation.scenario.callees import Callees
from simulation.scenario.errors import ScenarioError
from simulation.scenario.expectations import nearest
from simulation.scenario.filling import CALLEES, TRUNK
from simulation.scenario.loading import read_text, refusal, told
from simulation.scenario.model import Name
from simulation.scenario.reading import ReadingError, read_tree
from simulation.scenario.sentences import findings_of
from simulation.scenario.trunks import Trunk

_NOT_YET: Final = "sip: real trunks come with a later release; until then a trunk is carrier: simulated"

_NO_START: Final = "outages are counted from the start of a run, and a platform has none"


class PlatformTrunk(Trunk):
    """A carrier connection, and who is at its other end."""

    carrier: Literal["simulated", "sip"] = Field(
        default="simulated", description="What carries the calls: simulated, or sip for a real trunk."
    )
    callees: str = Field(
        default="",
        description="How the called side of a simulated trunk behaves. Default: the first of the file.",
    )

    @field_validator("carrier")
    @classmethod
    def _at_hand(cls, value: str) -> str:
        if value == "sip":
            raise problem(_NOT_YET)
        return value


class TrunkFile(Part):
    """What BUSYHOUR_TRUNKS names. However it was made, it has the trunk `simulated`, and every trunk has callees."""

    trunks: dict[Name, PlatformTrunk] = Field(default={}, description="Carriers.")
    callees: dict[Name, Callees] = Field(default={}, description="How the called side behaves.")

    @model_validator(mode="after")
    def _complete(self) -> TrunkFile:
        callees = self.callees or {CALLEES: Callees()}
        first = next(iter(callees))
        trunks: dict[str, PlatformTrunk] = {}
        for name, trunk in self.trunks.items():
            if trunk.callees and trunk.callees not in callees:
                sentence = f'there is no callees "{trunk.callees}"; {nearest(trunk.callees, callees)}'
                raise problem(sentence, "trunks", name, "callees")
            if trunk.faults.outages:
                raise problem(_NO_START, "trunks", name, "faults", "outages")
            trunks[name] = trunk.model_copy(update={"callees": trunk.callees or first})
        trunks.setdefault(TRUNK, PlatformTrunk(callees=first))
        object.__setattr__(self, "trunks", trunks)
        object.__setattr__(self, "callees", callees)
        return self


def load_trunks(path: str | os.PathLike[str] | None) -> TrunkFile:
    """Of the file at `path`; without one, the trunk `simulated` alone, which has no limits.

    Raises ScenarioError, which says at which line and column what is wrong.
    """
    if path is None:
        return TrunkFile()
    name = os.fspath(path)
    return loads_trunks(read_text(name), name)


def loads_trunks(text: str, name: str = "trunks") -> TrunkFile:
    """Of a text; `name` stands for it in messages. Raises ScenarioError."""
    try:
        tree = read_tree(text)
    except ReadingError as error:
        raise ScenarioError([told(name, error.line, error.column, error.path, error.sentence)]) from None
    if tree.entries is None:
        sentence = "must be a mapping of keys, the first such as trunks: {simulated: {channels: 100}}"
        raise ScenarioError([told(name, tree.line, tree.column, (), sentence)])
    try:
        return TrunkFile.model_validate(tree.plain(), context=FILE_CONTEXT, by_alias=True, by_name=False)
    except ValidationError as error:
        found, omitted = findings_of(error, TrunkFile)
        raise refusal(name, tree, found, omitted) from None
