"""The console in a real browser, before a platform that makes calls."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from busyhour.adapters.valkey.embedded import EmbeddedStore
from tests.support.browser import Browser, chromium, needs_chromium
from tests.support.platform import LivePlatform, live_platform

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

ANSWERS_AND_STAYS = "+15005550100"
BUSY = "+15005550101"
HOSTILE = "<img src=x onerror=alert(1)>"


def play(folder: Path, prepare: Any, look: Callable[[Browser, str, str], None]) -> None:
    """`look(browser, address, key)` in a thread, while the platform that `prepare` has filled is served."""

    async def played(url: str) -> None:
        async with live_platform(url, folder / "files") as platform:
            await prepare(platform)
            with socket.create_server(("127.0.0.1", 0)) as listening:
                server = uvicorn.Server(uvicorn.Config(platform.app, lifespan="off", log_level="warning"))
                serving = asyncio.create_task(server.serve([listening]))
                address = f"http://127.0.0.1:{listening.getsockname()[1]}"
                key = platform.api.headers["Authorization"].removeprefix("Bearer ")
                try:
                    await asyncio.to_thread(browse, address, key)
                finally:
                    server.should_exit = True
                    await serving

    def browse(address: str, key: str) -> None:
        with chromium() as browser:
            look(browser, address, key)

    with EmbeddedStore(folder / "store") as store:
        asyncio.run(played(store.url))


async def fill(platform: LivePlatform) -> None:
    """A queue with two agents, and a campaign of three whom it may call."""
    queue = await platform.made("/api/voice/queues", {"name": "sales"})
    for name in ("Ada", "Bo"):
        agent = {"kind": "human", "name": name, "queue_ids": [queue["id"]], "endpoint": "simulated"}
        made = await platform.made("/api/voice/agents", agent)
        await platform.api.put(f"/api/voice/agents/{made['id']}/state", json={"state": "available"})
    campaign = await platform.made("/v1/campaigns", {"name": HOSTILE, "queue_id": queue["id"]})
    phones = (ANSWERS_AND_STAYS, BUSY, "+15005550111")
    contacts = [(await platform.made("/v1/contacts", {"phone": phone}))["id"] for phone in phones]
    await platform.made(f"/v1/campaigns/{campaign['id']}/contacts", {"contact_ids": contacts}, 200)
    await platform.until("/api/voice/calls/agent-availability", lambda seen: seen["total_available"] == 2)


def test_an_operator_launches_watches_and_ends_from_the_console(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    def look(browser: Browser, address: str, key: str) -> None:
        with browser.open(f"{address}/console") as opened:
            page = opened.page
            page.on("dialog", lambda dialog: opened.complaints.append(f"dialog: {dialog.message}"))
            page.get_by_label("API key").fill(key)
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("#standing")).to_contain_text("Live, as of")
            expect(page.locator("#queues .card")).to_contain_text("2 available")
            row = page.locator("#campaigns tr")
            expect(row).to_contain_text(HOSTILE)  # as text: nothing of it is markup
            row.get_by_role("button", name="launch").click()
            expect(row).to_contain_text("running")
            talking = page.locator("#calls tr", has_text=ANSWERS_AND_STAYS)
            expect(talking).to_contain_text("in progress", timeout=20_000)
            expect(page.locator("#calls tr", has_text=BUSY)).to_contain_text("busy")
            talking.get_by_role("button", name="Show").click()
            page.get_by_role("button", name="End the call").click()
            expect(page.locator("#call-facts")).to_contain_text("ended", timeout=10_000)
            page.get_by_role("button", name="Close").click()
            expect(row).to_contain_text("completed", timeout=20_000)
            expect(row).to_contain_text("3 of 3")
            expect(page.locator("#events li", has_text="campaign.completed")).to_have_count(1)
            expect(page.locator("#events li", has_text="call.ended")).to_have_count(3)
            expect(page.locator("#events li", has_text=f"{BUSY} · busy")).to_have_count(1)
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280
            assert page.locator("#board img").count() == 0
            assert opened.complaints == []
            assert all(asked.startswith((address, "data:")) for asked in opened.requests)

    play(tmp_path, fill, look)


def test_a_key_that_is_none_is_said_so_and_forgotten(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    async def empty(platform: LivePlatform) -> None:
        """Nobody needs anything."""

    def look(browser: Browser, address: str, key: str) -> None:
        with browser.open(f"{address}/console", width=390, scheme="dark") as opened:
            page = opened.page
            page.get_by_label("API key").fill(f"{key}x")
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("#standing")).to_have_text("Invalid or expired token")
            expect(page.get_by_label("API key")).to_be_visible()
            assert page.evaluate("sessionStorage.length") == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 390

    play(tmp_path, empty, look)
