"""A platform without Ray: its actors are tasks of one process, over a real store, behind the real API."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from actors.ledger import Ledger
from actors.platform_plan import PlatformPlan
from actors.platform_runner import PlatformRunner
from actors.platform_supervisor import configure, planned
from actors.post import Answer, Batch
from busyhour.adapters.cancelling import ended
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.documents import Document
from busyhour.chronicle import LEDGER
from busyhour.settings import Settings
from serve_app.app import Wiring, build_app
from serve_app.call_runtime import CallRuntime
from serve_app.job_runner import JobRunner
from serve_app.platform import SCOPE, Platform
from serve_app.runtime import Runtime
from simulation.scenario.trunk_file import loads_trunks

MOST_S = 30.0


@dataclass(slots=True)
class Actor:
    """One that lives: what it does, its own client, and its task."""

    work: Any
    client: Any
    task: "asyncio.Task[None]"


@dataclass(slots=True)
class LivePlatform:
    """`api` has a key of the account `acme` that grants all."""

    plan: PlatformPlan
    client: Any
    actors: dict[str, Actor] = field(default_factory=dict[str, Actor])
    api: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    app: FastAPI = field(default_factory=FastAPI)

    async def start(self, actor: str) -> None:
        """A new one, whose predecessor knows nothing of it."""
        client: Any = await connect(self.plan.store_url)
        work: Any = (
            Ledger(self.plan, client) if actor == LEDGER else PlatformRunner(self.plan, actor, self, client)
        )
        await work.activate()
        await work.begin()
        self.actors[actor] = Actor(work, client, asyncio.create_task(work.run()))

    async def kill(self, actor: str) -> None:
        """As `kill -9` would: nothing is finished, and what it held in memory is gone."""
        dead = self.actors.pop(actor)
        await ended([dead.task], again_s=0.1)
        await dead.client.aclose()

    async def deliver(self, actor: str, batch: Batch) -> Answer:
        """The courier of every actor. Raises ConnectionError."""
        there = self.actors.get(actor)
        if there is None:
            raise ConnectionError(actor)
        try:
            return await there.work.deliver(batch)
        except Exception as failure:
            raise ConnectionError(actor) from failure

    async def ring(self, actor: str) -> None:
        there = self.actors.get(actor)
        if there is not None:
            there.work.ordered()

    # What a client does

    async def made(self, path: str, body: Document, status: int = 201) -> Document:
        response = await self.api.post(path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    async def got(self, path: str) -> Document:
        response = await self.api.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    async def until(self, path: str, holds: Callable[[Document], bool]) -> Document:
        """What is there once it holds."""
        return await eventually(lambda: self.got(path), holds)

    async def events(self) -> list[Document]:
        """Those committed and not yet handed to webhooks, oldest first."""
        import json

        entries = await self.client.lrange(f"{{{SCOPE}}}:outbox", 0, -1)
        return [json.loads(json.loads(entry)["body"]) for entry in entries]


async def eventually(ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """The first answer that holds. Raises AssertionError when none does in time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + MOST_S
    while True:
        answer = await ask()
        if holds(answer):
            return answer
        assert loop.time() < until, answer
        await asyncio.sleep(0.05)


@asynccontextmanager
async def live_platform(url: str, files: Path, trunks: str = "{}") -> AsyncGenerator[LivePlatform]:
    """With the trunks of a file of that text."""
    plan = await planned(SCOPE, url, loads_trunks(trunks))
    await configure(plan)
    client: Any = await connect(url)
    platform = LivePlatform(plan, client)

    def over(of_api: Platform) -> Runtime:
        return CallRuntime(plan, of_api, platform.ring)

    app = build_app(Wiring(url, files, Settings(rate_limit_scale=1_000.0), over=over, hosts_workers=False))
    for actor in plan.actors:
        await platform.start(actor)
    try:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as api:
                _, key = await app.state.platform.keys.create("acme", "test", ["*"])
                api.headers["Authorization"] = f"Bearer {key}"
                platform.api, platform.app = api, app
                services = app.state.services
                turns = JobRunner(services.turns, app.state.platform.clock, services.turn_work())
                turning = asyncio.create_task(turns.run())
                await eventually(lambda: api.get("/readyz"), lambda answer: answer.status_code == 200)
                yield platform
                turning.cancel()
    finally:
        for actor in list(platform.actors):
            await platform.kill(actor)
        await client.aclose()
