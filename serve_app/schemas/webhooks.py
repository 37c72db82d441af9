"""Webhooks: where events are sent."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from busyhour.adapters.webhooks.outbox import EVENTS
from serve_app.schemas.base import Body, PageQuery, Patch, Shown
from serve_app.sentences import wrong

Status: TypeAlias = Literal["pending", "delivered", "failed"]


def _events(value: list[str]) -> list[str]:
    for name in value:
        if name != "*" and name not in EVENTS:
            raise wrong(f"must name events that there are, or *: {name} is none")
    if len(set(value)) != len(value):
        raise wrong("must not name an event twice")
    return value


Url: TypeAlias = Annotated[str, Field(min_length=1, max_length=2_000)]
Events: TypeAlias = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(min_length=1, max_length=50, json_schema_extra={"example": ["call.ended"]}),
    AfterValidator(_events),
]
Description: TypeAlias = Annotated[str, Field(max_length=500)]


class NewWebhook(Body):
    url: Url
    events: Events
    description: Description | None = None


class WebhookPatch(Patch):
    url: Url = ""
    events: Events = []
    description: Description | None = None
    enabled: bool = True


class DeliveryQuery(PageQuery):
    status: Status | None = None


class WebhookShown(Shown):
    id: str
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_reason: str | None
    created_at: str
    updated_at: str


class WebhookWithSecret(WebhookShown):
    secret: Annotated[str, Field(description="Shown this once.")]


class WebhookList(Shown):
    data: list[WebhookShown]
    next_cursor: str | None


class Attempt(Shown):
    at: str
    status_code: int | None
    error: str | None
    duration_ms: int


class DeliveryShown(Shown):
    id: str
    webhook_id: str
    event_id: Annotated[str, Field(description="The header webhook-id of every attempt.")]
    type: str
    status: Status
    attempts: list[Attempt]
    next_attempt_at: str | None
    created_at: str


class DeliveryList(Shown):
    data: list[DeliveryShown]
    next_cursor: str | None
