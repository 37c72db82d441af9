"""/v1/campaigns"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.base import JsonObject
from serve_app.schemas.campaigns import (
    CampaignList,
    CampaignPatch,
    CampaignQuery,
    CampaignShown,
    Enrolled,
    Enrolment,
    Launch,
    NewCampaign,
    ProgressList,
    ProgressQuery,
    Stop,
    Stopped,
)
from serve_app.services.base import shown
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["campaigns"])


@router.post("/v1/campaigns", status_code=201, response_model=CampaignShown)
@describes(body=NewCampaign)
async def create_campaign(visit: Visiting) -> Response:
    new = await visit.body(NewCampaign)
    stored = await visit.services.campaigns.create(visit.account, new, visit.effect(201))
    return visit.reply_stored(stored, 201)


@router.get("/v1/campaigns", response_model=CampaignList)
@describes(query=CampaignQuery)
async def list_campaigns(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.campaigns, visit.query(CampaignQuery))


@router.get("/v1/campaigns/{id}", response_model=CampaignShown)
async def get_campaign(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    stored = await campaigns.find(visit.account, id)
    return visit.reply(await campaigns.with_stats(visit.account, stored.document), tag=stored.tag)


@router.patch("/v1/campaigns/{id}", response_model=CampaignShown)
@describes(body=CampaignPatch)
async def patch_campaign(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    before = await campaigns.find(visit.account, id)
    patch = await visit.body(CampaignPatch)
    after = await campaigns.patch(visit.account, before, patch, visit.commit, visit.require_fresh)
    return visit.reply_stored(after)


@router.delete("/v1/campaigns/{id}", status_code=204)
async def delete_campaign(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.campaigns, id)


@router.post("/v1/campaigns/{id}/contacts", response_model=Enrolled)
@describes(body=Enrolment)
async def enrol_contacts(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    campaign = await campaigns.find(visit.account, id)
    who = await visit.body(Enrolment)
    return visit.reply(await campaigns.enrol(visit.account, campaign.document, who))


@router.get("/v1/campaigns/{id}/contacts", response_model=ProgressList)
@describes(query=ProgressQuery)
async def list_progress(visit: Visiting, id: str) -> Response:
    """How far each of its contacts is."""
    campaigns = visit.services.campaigns
    campaign = await campaigns.find(visit.account, id)
    query = visit.query(ProgressQuery)
    after = visit.position(query.cursor, query.matching())
    page = await campaigns.progress(visit.account, campaign.document, query.status, query.limit, after)
    return visit.reply_list(page.documents, page.after, query.matching())


@router.post("/v1/campaigns/{id}/launch", status_code=202, response_model=CampaignShown | JsonObject)
@describes(body=Launch)
async def launch_campaign(visit: Visiting, id: str) -> Response:
    """With `dry_run`, nothing is launched: who would be called, and why others would not."""
    campaigns = visit.services.campaigns
    before = await campaigns.find(visit.account, id)
    wanted = await visit.body(Launch)
    if wanted.dry_run:
        return visit.reply(await campaigns.dry_run(visit.account, before.document))
    after = await campaigns.launch(visit.account, before, lambda: visit.effect(202))
    return visit.reply_stored(after, 202)


@router.post("/v1/campaigns/{id}/stop", status_code=202, response_model=Stopped)
@describes(body=Stop)
async def stop_campaign(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    before = await campaigns.find(visit.account, id)
    wanted = await visit.body(Stop)
    after, counts = await campaigns.stop(visit.account, before, wanted.in_flight, visit.commit)
    return visit.reply({**counts, "campaign": shown(after.document)}, 202)


@router.post("/v1/campaigns/{id}/pause", status_code=202, response_model=CampaignShown)
async def pause_campaign(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    before = await campaigns.find(visit.account, id)
    after = await campaigns.pause(visit.account, before, lambda: visit.effect(202))
    return visit.reply_stored(after, 202)


@router.post("/v1/campaigns/{id}/resume", status_code=202, response_model=CampaignShown)
async def resume_campaign(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    before = await campaigns.find(visit.account, id)
    after = await campaigns.resume(visit.account, before, lambda: visit.effect(202))
    return visit.reply_stored(after, 202)


@router.get("/v1/campaigns/{id}/stats", response_model=JsonObject)
async def campaign_stats(visit: Visiting, id: str) -> Response:
    campaigns = visit.services.campaigns
    campaign = await campaigns.find(visit.account, id)
    return visit.reply(await campaigns.stats(visit.account, campaign.document))


@router.post("/v1/campaigns/{id}/forecast", response_model=JsonObject)
async def forecast_campaign(visit: Visiting, id: str) -> Response:
    """A rehearsal of the rest of it in virtual time."""
    campaigns = visit.services.campaigns
    campaign = await campaigns.find(visit.account, id)
    return visit.reply(await campaigns.forecast(visit.account, campaign.document))
