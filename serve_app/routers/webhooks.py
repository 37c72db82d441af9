"""/v1/webhooks"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.base import PageQuery
from serve_app.schemas.webhooks import (
    DeliveryList,
    DeliveryQuery,
    DeliveryShown,
    NewWebhook,
    WebhookList,
    WebhookPatch,
    WebhookShown,
    WebhookWithSecret,
)
from serve_app.services.base import shown
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["webhooks"])


@router.post("/v1/webhooks", status_code=201, response_model=WebhookWithSecret)
@describes(body=NewWebhook)
async def create_webhook(visit: Visiting) -> Response:
    new = await visit.body(NewWebhook)
    stored, secret = await visit.services.webhooks.create(visit.account, new, visit.effect(201))
    return visit.reply({**shown(stored.document), "secret": secret}, 201, stored.tag)


@router.get("/v1/webhooks", response_model=WebhookList)
@describes(query=PageQuery)
async def list_webhooks(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.webhooks, visit.query(PageQuery))


@router.get("/v1/webhooks/{id}", response_model=WebhookShown)
async def get_webhook(visit: Visiting, id: str) -> Response:
    return visit.reply_stored(await visit.services.webhooks.find(visit.account, id))


@router.patch("/v1/webhooks/{id}", response_model=WebhookShown)
@describes(body=WebhookPatch)
async def patch_webhook(visit: Visiting, id: str) -> Response:
    webhooks = visit.services.webhooks
    before = await webhooks.find(visit.account, id)
    patch = await visit.body(WebhookPatch)
    return visit.reply_stored(
        await webhooks.patch(visit.account, before, patch, visit.commit, visit.require_fresh)
    )


@router.delete("/v1/webhooks/{id}", status_code=204)
async def delete_webhook(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.webhooks, id)


@router.post("/v1/webhooks/{id}/rotate-secret", response_model=WebhookWithSecret)
async def rotate_webhook_secret(visit: Visiting, id: str) -> Response:
    webhooks = visit.services.webhooks
    before = await webhooks.find(visit.account, id)
    after, secret = await webhooks.rotate(visit.account, before, lambda: visit.effect(200))
    return visit.reply({**shown(after.document), "secret": secret})


@router.post("/v1/webhooks/{id}/test", status_code=202, response_model=DeliveryShown)
async def test_webhook(visit: Visiting, id: str) -> Response:
    webhooks = visit.services.webhooks
    webhook = await webhooks.find(visit.account, id)
    return visit.reply_stored(await webhooks.test(visit.account, webhook, visit.effect(202)), 202)


@router.get("/v1/webhooks/{id}/deliveries", response_model=DeliveryList)
@describes(query=DeliveryQuery)
async def list_deliveries(visit: Visiting, id: str) -> Response:
    webhooks = visit.services.webhooks
    await webhooks.find(visit.account, id)
    query = visit.query(DeliveryQuery)
    matching = query.matching()
    after = visit.position(query.cursor, matching)
    page = await webhooks.deliveries(id, query.limit, after, matching)
    return visit.reply_list([shown(one.document) for one in page.documents], page.after, matching)


@router.post(
    "/v1/webhooks/{id}/deliveries/{delivery_id}/redeliver", status_code=202, response_model=DeliveryShown
)
async def redeliver(visit: Visiting, id: str, delivery_id: str) -> Response:
    webhooks = visit.services.webhooks
    await webhooks.find(visit.account, id)
    after = await webhooks.redeliver(visit.account, id, delivery_id, lambda: visit.effect(202))
    return visit.reply_stored(after, 202)
