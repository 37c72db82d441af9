"""Imports of contacts from a file."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from serve_app.schemas.base import Body, Id, PageQuery, Shown
from serve_app.schemas.contacts import Mode

Status: TypeAlias = Literal["queued", "running", "completed", "failed"]


class ImportForm(Body):
    """multipart/form-data"""

    file: Annotated[str, Field(json_schema_extra={"format": "binary"}, description="CSV with a header row.")]
    campaign_id: Id | None = None
    mode: Mode = "upsert"
    dry_run: Literal["true", "false"] = "false"


class ImportQuery(PageQuery):
    status: Status | None = None


class ImportBegun(Shown):
    id: str
    status: Status


class ImportShown(ImportBegun):
    rows: Annotated[int, Field(description="Read so far.")]
    created: int
    updated: int
    skipped: int
    failed: int
    failure: Annotated[str | None, Field(description="Why the file was not read to its end.")]
    campaign_id: str | None
    mode: Mode
    dry_run: bool
    errors_url: Annotated[str | None, Field(description="CSV of row numbers and reasons.")]
    created_at: str
    updated_at: str


class ImportList(Shown):
    data: list[ImportShown]
    next_cursor: str | None
