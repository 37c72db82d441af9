"""Calls: as ordered and as they stand."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, RootModel, model_validator

from serve_app.schemas.base import Body, Id, JsonObject, Name, PageQuery, Phone, Shown, Text, Timestamp
from serve_app.schemas.campaigns import DialTimeout
from serve_app.sentences import wrong

Status: TypeAlias = Literal["queued", "dialing", "ringing", "in_progress", "transferring", "bridged", "ended"]
Disposition: TypeAlias = Literal[
    "human", "machine", "busy", "no_answer", "invalid", "failed", "abandoned", "cancelled", "unknown"
]
LARGEST_METADATA = 64 * 1024


class NewCall(Body):
    """At most one of `agent_id`, `flow_id` and `queue_id` says who takes it when it is answered."""

    to: Phone
    from_: Annotated[Phone | None, Field(alias="from")] = None
    agent_id: Id | None = None
    flow_id: Id | None = None
    queue_id: Id | None = None
    contact_id: Id | None = None
    trunk: Name = "simulated"
    metadata: JsonObject = {}
    dial_timeout_s: DialTimeout = 25.0

    @model_validator(mode="after")
    def _one_taker(self) -> "NewCall":
        if sum(id is not None for id in (self.agent_id, self.flow_id, self.queue_id)) > 1:
            raise wrong("must name at most one of agent_id, flow_id and queue_id")
        return self


class CallQuery(PageQuery):
    campaign_id: Id | None = None
    contact_id: Id | None = None
    status: Status | None = None
    disposition: Disposition | None = None
    since: Timestamp | None = None


class NewTransfer(Body):
    queue_id: Id
    kind: Literal["warm", "cold"] = "warm"
    briefing: Text | None = None
    timeout_s: Annotated[float, Field(ge=1, le=300)] = 30.0
    fallback: Literal["none", "async_handoff"] = "none"


def _named(value: JsonObject) -> JsonObject:
    if any(not name or len(name) > 200 for name in value):
        raise wrong("must have names of 1 to 200 characters")
    return value


class Metadata(RootModel[Annotated[JsonObject, Field(max_length=1_000), AfterValidator(_named)]]):
    """Any JSON object of at most 64 KiB."""


class MetadataShown(Shown):
    metadata: JsonObject


class Turn(Shown):
    seq: int
    role: Literal["agent", "customer", "human_agent", "system"]
    text: str
    start_s: float
    end_s: float
    node_id: str | None = None


class CallShown(Shown):
    id: str
    status: Status
    direction: Literal["outbound", "inbound"]
    to: str
    from_: Annotated[str | None, Field(alias="from")]
    campaign_id: str | None
    contact_id: str | None
    attempt: int | None
    agent_id: str | None
    queue_id: str | None
    trunk: str
    disposition: Disposition | None
    end_reason: str | None
    fault: Literal["none", "customer", "carrier", "platform"]
    sip_code: int | None
    amd: JsonObject | None
    transfer: JsonObject | None = None
    metadata: JsonObject
    created_at: str
    dialed_at: str | None
    ringing_at: str | None
    answered_at: str | None
    ended_at: str | None
    duration_s: float | None
    talk_s: float | None
    transcript: list[Turn] | None = None


class CallList(Shown):
    data: list[CallShown]
    next_cursor: str | None


class Transcript(Shown):
    data: list[Turn]


class CallEvents(Shown):
    data: list[JsonObject]
