"""/v1/calls and /api/voice/calls: one call id works under both"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.calls import (
    CallEvents,
    CallList,
    CallQuery,
    CallShown,
    Metadata,
    MetadataShown,
    NewCall,
    NewTransfer,
    Transcript,
)
from serve_app.visit import Visit, Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["calls"])


@router.post("/v1/calls", status_code=201, response_model=CallShown)
@describes(body=NewCall)
async def create_call(visit: Visiting) -> Response:
    new = await visit.body(NewCall)
    return visit.reply(await visit.services.calls.place(visit.account, new), 201)


@router.get("/v1/calls", response_model=CallList)
@describes(query=CallQuery)
async def list_calls(visit: Visiting) -> Response:
    return await _list(visit)


@router.get("/api/voice/calls", response_model=CallList)
@describes(query=CallQuery)
async def list_voice_calls(visit: Visiting) -> Response:
    return await _list(visit)


async def _list(visit: Visit) -> Response:
    query = visit.query(CallQuery)
    matching = query.matching()
    page = await visit.services.calls.page(visit.account, query, visit.position(query.cursor, matching))
    return visit.reply_list(page.documents, page.after, matching)


@router.get("/v1/calls/{id}", response_model=CallShown)
async def get_call(visit: Visiting, id: str) -> Response:
    return visit.reply(await visit.services.calls.with_transcript(visit.account, id))


@router.get("/api/voice/calls/{uuid}", response_model=CallShown)
async def get_voice_call(visit: Visiting, uuid: str) -> Response:
    return visit.reply(await visit.services.calls.with_transcript(visit.account, uuid))


@router.get("/v1/calls/{id}/transcript", response_model=Transcript)
async def get_transcript(visit: Visiting, id: str) -> Response:
    return visit.reply(await visit.services.calls.transcript(visit.account, id))


@router.get("/api/voice/calls/{uuid}/transcript", response_model=Transcript)
async def get_voice_transcript(visit: Visiting, uuid: str) -> Response:
    return visit.reply(await visit.services.calls.transcript(visit.account, uuid))


@router.get("/v1/calls/{id}/events", response_model=CallEvents)
async def get_call_events(visit: Visiting, id: str) -> Response:
    return visit.reply(await visit.services.calls.events(visit.account, id))


@router.get("/api/voice/calls/{uuid}/events", response_model=CallEvents)
async def get_voice_call_events(visit: Visiting, uuid: str) -> Response:
    return visit.reply(await visit.services.calls.events(visit.account, uuid))


@router.post("/api/voice/calls/{uuid}/end", response_model=CallShown)
async def end_call(visit: Visiting, uuid: str) -> Response:
    calls = visit.services.calls
    await calls.find(visit.account, uuid)
    return visit.reply(await calls.end(visit.account, uuid))


@router.post("/api/voice/calls/{uuid}/metadata", response_model=MetadataShown)
@describes(body=Metadata)
async def annotate_call(visit: Visiting, uuid: str) -> Response:
    """Merged at the top level, also after the call has ended."""
    calls = visit.services.calls
    await calls.find(visit.account, uuid)
    metadata = await visit.body(Metadata)
    return visit.reply(await calls.annotate(visit.account, uuid, metadata.root))


@router.post("/api/voice/calls/{uuid}/transfer", status_code=202, response_model=CallShown)
@describes(body=NewTransfer)
async def transfer_call(visit: Visiting, uuid: str) -> Response:
    calls = visit.services.calls
    await calls.find(visit.account, uuid)
    order = await visit.body(NewTransfer)
    return visit.reply(await calls.transfer(visit.account, uuid, order), 202)
