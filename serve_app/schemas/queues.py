"""Queues: where calls wait for people."""

from typing import Annotated, Literal

from pydantic import Field

from serve_app.schemas.base import Body, Id, Name, PageQuery, Patch, Query, Shown


class ServiceLevel(Body):
    threshold_s: Annotated[float, Field(gt=0, le=3_600)] = 20.0
    target: Annotated[float, Field(gt=0, le=1)] = 0.8


class NewQueue(Body):
    name: Name
    service_level: ServiceLevel = ServiceLevel()
    wrap_up_s: Annotated[float, Field(ge=0, le=3_600)] = 0.0
    max_wait_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    discipline: Literal["fifo", "priority"] = "fifo"


class ServiceLevelPatch(Patch):
    threshold_s: Annotated[float, Field(gt=0, le=3_600)] = 20.0
    target: Annotated[float, Field(gt=0, le=1)] = 0.8


class QueuePatch(Patch):
    name: Name = ""
    service_level: ServiceLevelPatch = ServiceLevelPatch()
    wrap_up_s: Annotated[float, Field(ge=0, le=3_600)] = 0.0
    max_wait_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    discipline: Literal["fifo", "priority"] = "fifo"


class QueueQuery(PageQuery):
    name: Name | None = None


class AvailabilityQuery(Query):
    queue_id: Id | None = None


class QueueStats(Shown):
    """How it stands now."""

    queue_id: str
    name: str
    available: int
    reserved: int
    on_call: int
    wrap_up: int
    paused: int
    offline: int
    waiting_calls: int
    longest_wait_s: float
    estimated_wait_s: float | None


class QueueShown(Shown):
    id: str
    name: str
    service_level: ServiceLevel
    wrap_up_s: float
    max_wait_s: float | None
    discipline: str
    created_at: str
    updated_at: str


class QueueWithStats(QueueShown):
    stats: Annotated[QueueStats | None, Field(description="null while the call runtime is away.")]


class QueueList(Shown):
    data: list[QueueShown]
    next_cursor: str | None


class Availability(Shown):
    as_of: str
    total_available: int
    queues: list[QueueStats]


class Callback(Shown):
    id: str
    queue_id: str
    call_id: str | None
    contact_id: str | None
    phone: str
    briefing: str | None
    created_at: str


class CallbackList(Shown):
    data: list[Callback]
    next_cursor: str | None
