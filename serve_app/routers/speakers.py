"""/api/voice/models/speakers"""

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from serve_app.errors import InvalidInputError
from serve_app.openapi import describes
from serve_app.schemas.speakers import (
    NewSpeaker,
    SampleForm,
    SampleShown,
    SpeakerList,
    SpeakerQuery,
    SpeakerShown,
)
from serve_app.validation import validated
from serve_app.visit import Visiting, VisitRoute

router = APIRouter(route_class=VisitRoute, tags=["speakers"])


@router.post("/api/voice/models/speakers", status_code=201, response_model=SpeakerShown)
@describes(body=NewSpeaker)
async def create_speaker(visit: Visiting) -> Response:
    new = await visit.body(NewSpeaker)
    stored = await visit.services.speakers.create(visit.account, new, visit.effect(201))
    return visit.reply_stored(stored, 201)


@router.get("/api/voice/models/speakers", response_model=SpeakerList)
@describes(query=SpeakerQuery)
async def list_speakers(visit: Visiting) -> Response:
    return await visit.reply_page(visit.services.speakers, visit.query(SpeakerQuery))


@router.get("/api/voice/models/speakers/{name}", response_model=SpeakerShown)
async def get_speaker(visit: Visiting, name: str) -> Response:
    return visit.reply_stored(await visit.services.speakers.find(visit.account, name))


@router.delete("/api/voice/models/speakers/{name}", status_code=204)
async def delete_speaker(visit: Visiting, name: str) -> Response:
    return await visit.delete(visit.services.speakers, name)


@router.post("/api/voice/models/speakers/{name}/dataset/sample", status_code=201, response_model=SampleShown)
@describes(upload=SampleForm)
async def add_sample(visit: Visiting, name: str) -> Response:
    speakers = visit.services.speakers
    speaker = await speakers.find(visit.account, name)
    form = await visit.form()
    try:
        audio = form.get("audio")
        if not isinstance(audio, UploadFile):
            raise InvalidInputError("audio must be a file")
        fields = {field: value for field, value in form.items() if field != "audio"}
        transcript = validated(SampleForm, {**fields, "audio": ""}, "The form").transcript
        content = await audio.read()
    finally:
        await form.close()
    sample = await speakers.add_sample(visit.account, speaker, content, transcript, lambda: visit.effect(201))
    return visit.reply_stored(sample, 201)


@router.post("/api/voice/models/speakers/{name}/deploy", status_code=202, response_model=SpeakerShown)
async def deploy_speaker(visit: Visiting, name: str) -> Response:
    speakers = visit.services.speakers
    speaker = await speakers.find(visit.account, name)
    after = await speakers.deploy(visit.account, speaker, lambda: visit.effect(202))
    return visit.reply_stored(after, 202)
