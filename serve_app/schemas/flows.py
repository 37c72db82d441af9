"""Conversation flows as the API takes and shows them. What a node may be is the core's: `busyhour.core.flow.fields`."""

from typing import Annotated

from pydantic import Field

from serve_app.schemas.base import Body, JsonObject, Name, PageQuery, Shown


class FlowBody(Body):
    """What a flow is: a change of it is a new version of all of this."""

    name: Name
    start: Annotated[str, Field(description="Id of the node that a call begins with.")]
    nodes: Annotated[
        JsonObject,
        Field(
            description="By id. A node has a type (say, ask, collect_digits, branch, set, http, transfer, hand_off or "
            "hang_up) and its own keys; next or edges lead on from it."
        ),
    ]


class FlowQuery(PageQuery):
    name: Name | None = None


class FlowShown(Shown):
    id: str
    name: str
    version: int
    start: str
    nodes: JsonObject
    created_at: str
    updated_at: str


class FlowList(Shown):
    data: list[FlowShown]
    next_cursor: str | None
