"""Simulations over HTTP: a scenario in, what `busyhour simulate` makes of it out."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from serve_app.schemas.base import JsonObject, PageQuery, Shown

Status: TypeAlias = Literal["queued", "running", "completed", "failed"]


class SimulationQuery(PageQuery):
    status: Status | None = None


class SimulationShown(Shown):
    id: str
    name: str
    status: Status
    progress: Annotated[float, Field(description="Share that is done, 0 to 1.")]
    calls: int
    failure: str | None
    created_at: str
    updated_at: str


class SimulationWithSummary(SimulationShown):
    summary: JsonObject | None


class SimulationList(Shown):
    data: list[SimulationShown]
    next_cursor: str | None
