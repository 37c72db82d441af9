"""Agents: people at an endpoint, and voices that follow a flow."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, RootModel

from serve_app.schemas.base import Body, Id, Ids, Name, PageQuery, Patch, Shown, Text
from serve_app.sentences import wrong

Kind: TypeAlias = Literal["voice", "human"]
HumanState: TypeAlias = Literal["available", "paused", "offline"]


def _endpoint(value: str) -> str:
    if value == "simulated" or (value.startswith("sip:") and len(value) > 4 and " " not in value):
        return value
    raise wrong("must be simulated, or a SIP address such as sip:ann@pbx.example")


Endpoint: TypeAlias = Annotated[str, Field(max_length=300), AfterValidator(_endpoint)]
Skills: TypeAlias = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[float, Field(ge=0, le=1)]],
    Field(max_length=50),
]
Concurrency: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]


class NewVoiceAgent(Body):
    kind: Literal["voice"]
    name: Name
    flow_id: Id
    speaker: Name | None = None
    max_concurrency: Concurrency = 100
    greeting: Text | None = None


class NewHumanAgent(Body):
    kind: Literal["human"]
    name: Name
    queue_ids: Ids = []
    endpoint: Endpoint
    skills: Skills = {}


class NewAgent(RootModel[Annotated[NewVoiceAgent | NewHumanAgent, Field(discriminator="kind")]]):
    """A voice agent or a person, by `kind`."""


class VoiceAgentPatch(Patch):
    name: Name = ""
    flow_id: Id = ""
    speaker: Name | None = None
    max_concurrency: Concurrency = 100
    greeting: Text | None = None


class HumanAgentPatch(Patch):
    name: Name = ""
    queue_ids: Ids = []
    endpoint: Endpoint = "simulated"
    skills: Skills = {}


class AgentPatch(RootModel[VoiceAgentPatch | HumanAgentPatch]):
    """The fields of its kind."""


class AgentState(Body):
    state: HumanState


class AgentQuery(PageQuery):
    kind: Kind | None = None
    state: HumanState | None = None
    name: Name | None = None


class VoiceAgentShown(Shown):
    id: str
    kind: Literal["voice"]
    name: str
    flow_id: str
    speaker: str | None
    max_concurrency: int
    greeting: str | None
    created_at: str
    updated_at: str


class HumanAgentShown(Shown):
    id: str
    kind: Literal["human"]
    name: str
    queue_ids: list[str]
    endpoint: str
    skills: dict[str, float]
    state: str
    created_at: str
    updated_at: str


class AgentShown(RootModel[VoiceAgentShown | HumanAgentShown]):
    """By `kind`."""


class AgentList(Shown):
    data: list[AgentShown]
    next_cursor: str | None
