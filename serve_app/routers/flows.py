"""/api/voice/flows"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.flows import FlowBody, FlowList, FlowQuery, FlowShown
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["flows"])


@router.post("/api/voice/flows", status_code=201, response_model=FlowShown)
@describes(body=FlowBody)
async def create_flow(visit: Visiting) -> Response:
    flow = await visit.body(FlowBody)
    return visit.reply_stored(await visit.services.flows.create(visit.account, flow, visit.effect(201)), 201)


@router.get("/api/voice/flows", response_model=FlowList)
@describes(query=FlowQuery)
async def list_flows(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.flows, visit.query(FlowQuery))


@router.get("/api/voice/flows/{id}", response_model=FlowShown)
async def get_flow(visit: Visiting, id: str) -> Response:
    return visit.reply_stored(await visit.services.flows.find(visit.account, id))


@router.put("/api/voice/flows/{id}", response_model=FlowShown)
@describes(body=FlowBody)
async def replace_flow(visit: Visiting, id: str) -> Response:
    """A new version of it. Calls and running campaigns keep the one they began with."""
    flows = visit.services.flows
    before = await flows.find(visit.account, id)
    flow = await visit.body(FlowBody)
    after = await flows.replace(visit.account, before, flow, visit.commit, visit.require_fresh)
    return visit.reply_stored(after)


@router.delete("/api/voice/flows/{id}", status_code=204)
async def delete_flow(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.flows, id)


@router.get("/api/voice/flows/{id}/versions/{version}", response_model=FlowShown)
async def get_flow_version(visit: Visiting, id: str, version: str) -> Response:
    return visit.reply_stored(await visit.services.flows.version(visit.account, id, version))
