"""/api/voice/queues, and the availability of their agents"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.base import PageQuery
from serve_app.schemas.queues import (
    Availability,
    AvailabilityQuery,
    CallbackList,
    NewQueue,
    QueueList,
    QueuePatch,
    QueueQuery,
    QueueShown,
    QueueWithStats,
)
from serve_app.services.base import shown
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["queues"])


@router.get("/api/voice/calls/agent-availability", response_model=Availability)
@describes(query=AvailabilityQuery)
async def agent_availability(visit: Visiting) -> Response:
    query = visit.query(AvailabilityQuery)
    return visit.reply(await visit.services.queues.availability(visit.account, query.queue_id))


@router.post("/api/voice/queues", status_code=201, response_model=QueueShown)
@describes(body=NewQueue)
async def create_queue(visit: Visiting) -> Response:
    new = await visit.body(NewQueue)
    return visit.reply_stored(await visit.services.queues.create(visit.account, new, visit.effect(201)), 201)


@router.get("/api/voice/queues", response_model=QueueList)
@describes(query=QueueQuery)
async def list_queues(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.queues, visit.query(QueueQuery))


@router.get("/api/voice/queues/{id}", response_model=QueueWithStats)
async def get_queue(visit: Visiting, id: str) -> Response:
    queues = visit.services.queues
    stored = await queues.find(visit.account, id)
    stats = await queues.stats(visit.account, stored.document)
    return visit.reply({**shown(stored.document), "stats": stats}, tag=stored.tag)


@router.patch("/api/voice/queues/{id}", response_model=QueueShown)
@describes(body=QueuePatch)
async def patch_queue(visit: Visiting, id: str) -> Response:
    queues = visit.services.queues
    before = await queues.find(visit.account, id)
    patch = await visit.body(QueuePatch)
    after = await queues.patch(visit.account, before, patch, visit.commit, visit.require_fresh)
    return visit.reply_stored(after)


@router.delete("/api/voice/queues/{id}", status_code=204)
async def delete_queue(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.queues, id)


@router.get("/api/voice/queues/{id}/callbacks", response_model=CallbackList)
@describes(query=PageQuery)
async def list_callbacks(visit: Visiting, id: str) -> Response:
    """Whom the queue's people have promised to call back."""
    queues = visit.services.queues
    await queues.find(visit.account, id)
    query = visit.query(PageQuery)
    after = visit.position(query.cursor, {})
    page = await queues.callbacks(visit.account, id, query.limit, after)
    return visit.reply_list(page.documents, page.after, {})
