"""The API over a real store, in this process, without a socket."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from busyhour.adapters import wall_clock
from busyhour.adapters.valkey.documents import Document
from busyhour.core.ids import Instant
from busyhour.settings import Settings
from serve_app.app import Wiring, build_app
from serve_app.job_runner import JobRunner
from serve_app.platform import Platform
from serve_app.services import Services
from tests.support.api_fakes import FakeRuntime

ACCOUNT = "acme"


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, instant: Instant) -> None:
        self.instant = instant

    def __call__(self) -> Instant:
        return self.instant


@dataclass(frozen=True, slots=True)
class Api:
    """`client` has a key of the account `acme` that grants all."""

    app: FastAPI
    client: httpx.AsyncClient
    runtime: FakeRuntime

    @property
    def platform(self) -> Platform:
        return self.app.state.platform

    @property
    def services(self) -> Services:
        return self.app.state.services

    async def key(self, *scopes: str, account: str = ACCOUNT) -> dict[str, str]:
        """The header of a new key."""
        _, written = await self.platform.keys.create(account, "test", scopes or ("*",))
        return {"Authorization": f"Bearer {written}"}

    async def made(self, path: str, body: Mapping[str, Any], status: int = 201) -> Document:
        response = await self.client.post(path, json=body)
        assert response.status_code == status, response.text
        return response.json()

    async def contacts(self, *phones: str) -> list[str]:
        """The ids of new contacts."""
        return [(await self.made("/v1/contacts", {"phone": phone}))["id"] for phone in phones]

    async def enrolled(self, campaign: Document) -> list[str]:
        """The ids of a campaign's contacts, newest first."""
        progress = (await self.client.get(f"/v1/campaigns/{campaign['id']}/contacts?limit=200")).json()[
            "data"
        ]
        return [one["contact_id"] for one in progress]

    async def work(self) -> None:
        """Do every job that is due."""
        runner = JobRunner(self.services.jobs, self.platform.clock, self.services.work())
        await runner.turn()
        await runner.idle()

    async def turn_campaigns(self) -> None:
        """Do what is due with campaigns."""
        runner = JobRunner(self.services.turns, self.platform.clock, self.services.turn_work())
        await runner.turn()
        await runner.idle()


@asynccontextmanager
async def served(
    url: str, files: Path, scale: float = 1_000.0, clock: Any = wall_clock.now, **settings: Any
) -> AsyncGenerator[Api]:
    """With a fake runtime, and no workers. Other tests' objects are in the store too, of the same account."""
    runtime = FakeRuntime()
    wiring = Wiring(
        url,
        files,
        Settings(rate_limit_scale=scale, **settings),
        runtime,
        clock=clock,
        hosts_workers=False,
    )
    app = build_app(wiring)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            api = Api(app, client, runtime)
            client.headers.update(await api.key())
            yield api


def detail_of(response: httpx.Response) -> str:
    """The sentence of an error, whose body holds nothing else."""
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["detail"]
    assert isinstance(body["detail"], str)
    return body["detail"]
