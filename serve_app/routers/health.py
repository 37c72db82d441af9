"""What machines ask of a process: whether it lives, whether it can serve, and how it does."""

# pyright: reportUnknownMemberType=false

from typing import cast

from fastapi import APIRouter, Request
from redis.exceptions import RedisError
from starlette.responses import Response

from busyhour.adapters.valkey.documents import packed
from serve_app.errors import UnavailableError
from serve_app.metrics import CONTENT_TYPE, Metrics
from serve_app.platform import Platform
from serve_app.runtime import NoRuntime, Runtime
from serve_app.schemas.base import Shown

router = APIRouter(tags=["health"])


class Health(Shown):
    status: str


@router.get("/healthz", response_model=Health)
async def healthz() -> Response:
    """This process answers."""
    return Response(packed({"status": "ok"}), media_type="application/json")


@router.get("/readyz", response_model=Health)
async def readyz(request: Request) -> Response:
    """It can do its work: the store answers, and whatever makes calls, and it is not shutting down."""
    platform = cast(Platform, request.app.state.platform)
    try:
        await platform.client.ping()
    except RedisError:
        raise UnavailableError("The store does not answer") from None
    runtime = cast(Runtime, request.app.state.runtime)
    if not isinstance(runtime, NoRuntime):
        await runtime.open()
    return Response(packed({"status": "ready"}), media_type="application/json")


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    page = cast(Metrics, request.app.state.metrics).page()
    return Response(page, headers={"Content-Type": CONTENT_TYPE})
