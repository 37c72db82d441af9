"""/api/voice/agents"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.agents import (
    AgentList,
    AgentPatch,
    AgentQuery,
    AgentShown,
    AgentState,
    HumanAgentPatch,
    NewAgent,
    VoiceAgentPatch,
)
from serve_app.services.agents import HUMAN
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["agents"])


@router.post("/api/voice/agents", status_code=201, response_model=AgentShown)
@describes(body=NewAgent)
async def create_agent(visit: Visiting) -> Response:
    new = await visit.body(NewAgent)
    return visit.reply_stored(await visit.services.agents.create(visit.account, new, visit.effect(201)), 201)


@router.get("/api/voice/agents", response_model=AgentList)
@describes(query=AgentQuery)
async def list_agents(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.agents, visit.query(AgentQuery))


@router.get("/api/voice/agents/{id}", response_model=AgentShown)
async def get_agent(visit: Visiting, id: str) -> Response:
    return visit.reply_stored(await visit.services.agents.find(visit.account, id))


@router.patch("/api/voice/agents/{id}", response_model=AgentShown)
@describes(body=AgentPatch)
async def patch_agent(visit: Visiting, id: str) -> Response:
    agents = visit.services.agents
    before = await agents.find(visit.account, id)
    fields = HumanAgentPatch if before.document["kind"] == HUMAN else VoiceAgentPatch
    patch = await visit.body(fields)
    return visit.reply_stored(
        await agents.patch(visit.account, before, patch, visit.commit, visit.require_fresh)
    )


@router.delete("/api/voice/agents/{id}", status_code=204)
async def delete_agent(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.agents, id)


@router.put("/api/voice/agents/{id}/state", response_model=AgentShown)
@describes(body=AgentState)
async def set_agent_state(visit: Visiting, id: str) -> Response:
    """Of a person: whether calls may come."""
    agents = visit.services.agents
    before = await agents.find(visit.account, id)
    wanted = await visit.body(AgentState)
    return visit.reply_stored(
        await agents.set_state(visit.account, before, wanted, visit.commit, visit.require_fresh)
    )
