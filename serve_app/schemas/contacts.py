"""Contacts: people who may be called."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from serve_app.schemas.base import Body, Id, JsonObject, Name, PageQuery, Patch, Phone, Shown, Tags, Zone

Priority: TypeAlias = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
ExternalId: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Mode: TypeAlias = Literal["upsert", "insert", "skip"]


class NewContact(Body):
    external_id: ExternalId | None = None
    phone: Phone
    name: Annotated[str, Field(max_length=200)] | None = None
    timezone: Zone | None = None
    priority: Priority = 0
    tags: Tags = []
    metadata: JsonObject = {}
    do_not_call: bool = False


class ContactPatch(Patch):
    """Members of `metadata` are merged at the top level; those that are null go away."""

    external_id: ExternalId | None = None
    phone: Phone = ""
    name: Annotated[str, Field(max_length=200)] | None = None
    timezone: Zone | None = None
    priority: Priority = 0
    tags: Tags = []
    metadata: JsonObject = {}
    do_not_call: bool = False


class ContactQuery(PageQuery):
    phone: Annotated[str, Field(max_length=32)] | None = None
    external_id: ExternalId | None = None
    tag: Name | None = None


class Bulk(Body):
    contacts: Annotated[
        list[Any],
        Field(min_length=1, max_length=5_000, description="As for one contact; a bad one fails alone."),
    ]
    mode: Mode = "upsert"
    match: Literal["external_id", "phone"] = "phone"
    campaign_id: Id | None = None


class ContactShown(Shown):
    id: str
    external_id: str | None
    phone: str
    name: str | None
    timezone: str | None
    priority: int
    tags: list[str]
    metadata: JsonObject
    do_not_call: bool
    created_at: str
    updated_at: str


class ContactList(Shown):
    data: list[ContactShown]
    next_cursor: str | None


class BulkRow(Shown):
    index: int
    id: str | None
    status: Literal["created", "updated", "skipped", "failed"]
    detail: str | None


class BulkResult(Shown):
    created: int
    updated: int
    skipped: int
    failed: int
    results: list[BulkRow]
