"""/api/voice/customers"""

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, Response

from serve_app.errors import InvalidInputError
from serve_app.openapi import describes
from serve_app.schemas.customers import ImportBegun, ImportForm, ImportList, ImportQuery, ImportShown
from serve_app.validation import validated
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["customers"])


@router.post("/api/voice/customers/import", status_code=202, response_model=ImportBegun)
@describes(upload=ImportForm)
async def import_customers(visit: Visiting) -> Response:
    form = await visit.form()
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInputError("file must be a file")
        fields = {name: value for name, value in form.items() if name != "file" and value != ""}
        wanted = validated(ImportForm, {**fields, "file": ""}, "The form")
        content = await file.read()
    finally:
        await form.close()
    if wanted.campaign_id is not None:
        visit.require("voice:campaigns:write")
    stored = await visit.services.customers.create(visit.account, content, wanted, visit.effect(202))
    return visit.reply({"id": stored.document["id"], "status": stored.document["status"]}, 202)


@router.get("/api/voice/customers/imports", response_model=ImportList)
@describes(query=ImportQuery)
async def list_imports(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.customers, visit.query(ImportQuery))


@router.get("/api/voice/customers/imports/{id}", response_model=ImportShown)
async def get_import(visit: Visiting, id: str) -> Response:
    return visit.reply_stored(await visit.services.customers.find(visit.account, id))


@router.get(
    "/api/voice/customers/imports/{id}/errors",
    responses={200: {"content": {"text/csv": {}}}},
    response_class=FileResponse,
)
async def get_import_errors(visit: Visiting, id: str) -> Response:
    path = await visit.services.customers.errors(visit.account, id)
    return FileResponse(path, media_type="text/csv", filename="errors.csv")
