"""/v1/simulations"""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from serve_app.errors import InvalidInputError
from serve_app.openapi import describes
from serve_app.schemas.simulations import (
    SimulationList,
    SimulationQuery,
    SimulationShown,
    SimulationWithSummary,
)
from serve_app.services.base import shown
from serve_app.validation import json_of
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["simulations"])

_SCENARIO: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A scenario, as `busyhour simulate` takes it.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


@router.post("/v1/simulations", status_code=202, response_model=SimulationShown, openapi_extra=_SCENARIO)
async def create_simulation(visit: Visiting) -> Response:
    raw = await visit.raw_body()
    if "json" in visit.request.headers.get("content-type", ""):
        json_of(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise InvalidInputError("The request body must be UTF-8") from None
    stored = await visit.services.simulations.create(visit.account, text, visit.effect(202))
    return visit.reply_stored(stored, 202)


@router.get("/v1/simulations", response_model=SimulationList)
@describes(query=SimulationQuery)
async def list_simulations(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.simulations, visit.query(SimulationQuery))


@router.get("/v1/simulations/{id}", response_model=SimulationWithSummary)
async def get_simulation(visit: Visiting, id: str) -> Response:
    simulations = visit.services.simulations
    stored = await simulations.find(visit.account, id)
    summary = await simulations.summary(stored.document)
    return visit.reply({**shown(stored.document), "summary": summary}, tag=stored.tag)


@router.get(
    "/v1/simulations/{id}/report",
    responses={200: {"content": {"text/html": {}}}},
    response_class=FileResponse,
)
async def get_report(visit: Visiting, id: str) -> Response:
    path = await visit.services.simulations.result(visit.account, id, "report.html")
    return FileResponse(path, media_type="text/html")


@router.get(
    "/v1/simulations/{id}/calls.parquet",
    responses={200: {"content": {"application/vnd.apache.parquet": {}}}},
    response_class=FileResponse,
)
async def get_simulated_calls(visit: Visiting, id: str) -> Response:
    path = await visit.services.simulations.result(visit.account, id, "calls.parquet")
    return FileResponse(path, media_type="application/vnd.apache.parquet", filename="calls.parquet")


@router.delete("/v1/simulations/{id}", status_code=204)
async def delete_simulation(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.simulations, id)
