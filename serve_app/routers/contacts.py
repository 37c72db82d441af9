"""/v1/contacts"""

from fastapi import APIRouter
from starlette.responses import Response

from serve_app.openapi import describes
from serve_app.schemas.contacts import (
    Bulk,
    BulkResult,
    ContactList,
    ContactPatch,
    ContactQuery,
    ContactShown,
    NewContact,
)
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["contacts"])


@router.post("/v1/contacts", status_code=201, response_model=ContactShown)
@describes(body=NewContact)
async def create_contact(visit: Visiting) -> Response:
    new = await visit.body(NewContact)
    stored = await visit.services.contacts.create(visit.account, new)
    return visit.reply_stored(stored, 201)


@router.post("/v1/contacts/bulk", response_model=BulkResult)
@describes(body=Bulk)
async def write_contacts(visit: Visiting) -> Response:
    bulk = await visit.body(Bulk)
    if bulk.campaign_id is not None:
        visit.require("voice:campaigns:write")
    return visit.reply(await visit.services.contacts.bulk(visit.account, bulk, visit.services.campaigns))


@router.get("/v1/contacts", response_model=ContactList)
@describes(query=ContactQuery)
async def list_contacts(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.contacts, visit.query(ContactQuery))


@router.get("/v1/contacts/{id}", response_model=ContactShown)
async def get_contact(visit: Visiting, id: str) -> Response:
    return visit.reply_stored(await visit.services.contacts.find(visit.account, id))


@router.patch("/v1/contacts/{id}", response_model=ContactShown)
@describes(body=ContactPatch)
async def patch_contact(visit: Visiting, id: str) -> Response:
    contacts = visit.services.contacts
    await contacts.find(visit.account, id)
    patch = await visit.body(ContactPatch)
    return visit.reply_stored(await contacts.patch(visit.account, id, patch, visit.require_fresh))


@router.delete("/v1/contacts/{id}", status_code=204)
async def delete_contact(visit: Visiting, id: str) -> Response:
    return await visit.delete(visit.services.contacts, id)
