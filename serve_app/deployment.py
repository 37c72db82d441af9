"""The API on Ray Serve: replicas of one application, each over the store and the actors of the platform."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.plan import NAMESPACE
from actors.platform_plan import PlatformPlan
from actors.runs import names_key
from busyhour.settings import Settings
from serve_app.app import Wiring, build_app
from serve_app.call_runtime import CallRuntime
from serve_app.platform import Platform
from serve_app.runtime import Runtime
from serve_app.serve_edge import STREAM

APPLICATION: Final = "busyhour"
STREAMS: Final = f"{APPLICATION}-streams"
AT_ONCE: Final = 200
"""Requests that a replica works on at once."""
WAITING: Final = 400
"""Requests that may wait for it; more are refused."""
LISTENERS: Final = 1_000
"""Streams of events at once."""
TIMEOUT_S: Final = 60.0
"""A request may take so long; streams are exempt."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a replica is made of; it goes to another process."""

    plan: PlatformPlan
    files: Path
    settings: Settings

    def app(self) -> FastAPI:
        return build_app(self._wiring(streams=False))

    def streams_app(self) -> FastAPI:
        """For streams of events alone: who listens for hours takes no place of a request."""
        app = build_app(self._wiring(hosts_workers=False))
        app.add_middleware(FromTheRoot)
        return app

    def _wiring(self, hosts_workers: bool = True, streams: bool = True) -> Wiring:
        return Wiring(
            self.plan.store_url,
            self.files,
            self.settings,
            over=self._over,
            hosts_workers=hosts_workers,
            streams=streams,
        )

    def _over(self, platform: Platform) -> Runtime:
        return CallRuntime(self.plan, platform, bell(self.plan, platform.client))


def bell(plan: PlatformPlan, client: Any) -> Callable[[str], Awaitable[None]]:
    """Tells an actor that it has orders, and waits for nothing: one that can't be told looks by itself."""

    async def ring(actor: str) -> None:
        import ray

        name = await client.hget(names_key(plan.scope), actor)
        if name is None:
            return
        try:
            handle = await asyncio.to_thread(ray.get_actor, name.decode(), NAMESPACE)
        except ValueError:
            return
        handle.ordered.remote()

    return ring


class FromTheRoot:
    """Serve takes the prefix of an application for the place it is mounted at; its routes have whole paths."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "root_path": ""}, receive, send)


def api_of(deployed: Deployed, replicas: int) -> Any:
    """The API, for Serve to run."""
    from ray import serve

    def build() -> FastAPI:  # a method Serve would take for an application
        return deployed.app()

    return serve.deployment(
        name="api",
        num_replicas=replicas,
        max_ongoing_requests=AT_ONCE,
        max_queued_requests=WAITING,
        ray_actor_options={"num_cpus": 0},
        logging_config={"enable_access_log": False},
    )(serve.ingress(build)(type("Api", (), {}))).bind()


def streams_of(deployed: Deployed) -> Any:
    """Its streams, for Serve to run beside it."""
    from ray import serve

    def build() -> FastAPI:
        return deployed.streams_app()

    return serve.deployment(
        name="streams",
        max_ongoing_requests=LISTENERS,
        max_queued_requests=WAITING,
        graceful_shutdown_timeout_s=1,
        ray_actor_options={"num_cpus": 0},
        logging_config={"enable_access_log": False},
    )(serve.ingress(build)(type("Streams", (), {}))).bind()


def deploy(deployed: Deployed, host: str, port: int, replicas: int) -> None:
    """Returns when the replicas answer. Raises RuntimeError when they don't come up."""
    from ray import serve

    serve.start(http_options={"host": host, "port": port, "request_timeout_s": TIMEOUT_S})
    serve.run_many(
        [
            serve.RunTarget(api_of(deployed, replicas), APPLICATION, "/"),
            serve.RunTarget(streams_of(deployed), STREAMS, STREAM),
        ]
    )
