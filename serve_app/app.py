"""The HTTP API as one ASGI application: for uvicorn, and for `serve.ingress(build_app)`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from busyhour.adapters import times, wall_clock
from busyhour.adapters.cancelling import ended
from busyhour.adapters.speech.engine import SpeechEngine
from busyhour.adapters.speech.espeak import EspeakEngine
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.event_log import EventLog
from busyhour.adapters.webhooks.addresses import Addresses
from busyhour.adapters.webhooks.courier import Courier
from busyhour.adapters.webhooks.deliveries import Deliveries
from busyhour.adapters.webhooks.sender import Sender
from busyhour.core.ids import Instant
from busyhour.settings import Settings
from serve_app import errors, streams
from serve_app.docs_page import add_docs
from serve_app.edge import Edge
from serve_app.job_runner import JobRunner
from serve_app.metrics import Metrics
from serve_app.openapi import document_of
from serve_app.platform import Platform
from serve_app.routers import (
    agents,
    calls,
    campaigns,
    console,
    contacts,
    customers,
    flows,
    health,
    queues,
    simulations,
    speakers,
    webhooks,
)
from serve_app.runtime import NoRuntime, Runtime
from serve_app.services import Services
from serve_app.streams import Followers

log = logging.getLogger(__name__)

TURNS_AT_ONCE: Final = 8
"""Campaigns that one process has begin or end at once; they do not wait for imports."""

ROUTERS: Final[tuple[APIRouter, ...]] = (
    contacts.router,
    campaigns.router,
    queues.router,
    calls.router,
    customers.router,
    agents.router,
    flows.router,
    speakers.router,
    webhooks.router,
    simulations.router,
    health.router,
    console.router,
)
"""In order: a path without a parameter comes before one that would match it too."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the application stands on. `hosts_workers`: webhooks are delivered and jobs done in this process too."""

    store_url: str
    files: Path
    settings: Settings
    runtime: Runtime = field(default_factory=NoRuntime)
    over: Callable[[Platform], Runtime] | None = None
    """Makes the runtime, where it stands on the same store."""
    engine: SpeechEngine = field(default_factory=EspeakEngine)
    clock: Callable[[], Instant] = wall_clock.now
    hosts_workers: bool = True
    streams: bool = True
    """Events are streamed by this process too."""

    @classmethod
    def of_environment(cls) -> Wiring:
        """Raises WrongSettingError, and ValueError where the store is not named."""
        settings = Settings.read()
        if settings.store_url is None:
            raise ValueError("BUSYHOUR_STORE_URL must name the store")
        return cls(settings.store_url, (settings.data_dir or Path("data")) / "files", settings)


def build_app(wiring: Wiring | None = None) -> FastAPI:
    """Without `wiring`, as the environment says. The store is connected to when the application starts."""
    wired = wiring or Wiring.of_environment()
    metrics = Metrics()
    app = FastAPI(
        title="Busyhour",
        version=version("busyhour"),
        description="A call platform: contacts, campaigns, calls, queues, voice agents and webhooks.",
        lifespan=lambda app: _running(app, wired),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.metrics = metrics
    errors.register(app)
    app.add_middleware(Edge, clock=wired.clock, elapsed_s=wall_clock.elapsed_s, metrics=metrics)
    for router in ROUTERS:
        app.include_router(router)
    if wired.streams:
        app.include_router(streams.router)
    add_docs(app)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document_of(app, ROUTERS)
        return app.openapi_schema

    app.openapi = openapi
    return app


@asynccontextmanager
async def _running(app: FastAPI, wiring: Wiring) -> AsyncGenerator[None]:
    """Raises StoreRefusedError."""
    client = await connect(wiring.store_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(client.aclose)
        settings = wiring.settings
        platform = Platform.over(client, wiring.clock, wiring.files, settings.rate_limit_scale)
        addresses = Addresses(settings.webhook_allow)
        runtime = wiring.runtime if wiring.over is None else wiring.over(platform)
        app.state.runtime = runtime
        services = Services.over(platform, runtime, addresses, wiring.engine)
        app.state.platform, app.state.services = platform, services
        app.state.followers = Followers(EventLog(client, platform.scope))
        if wiring.hosts_workers:
            draws = Random(wiring.clock())
            deliveries = Deliveries(client, platform.scope)
            courier = Courier(deliveries, Sender(addresses), wiring.clock, times.written, draws.random)
            jobs = JobRunner(services.jobs, wiring.clock, services.work())
            turns = JobRunner(services.turns, wiring.clock, services.turn_work(), TURNS_AT_ONCE)
            for worker in (courier.run(), jobs.run(), turns.run()):
                stack.push_async_callback(ended, [asyncio.create_task(worker)])
        yield
