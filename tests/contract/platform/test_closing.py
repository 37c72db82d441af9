"""A platform that is shut down lets calls in progress end, and begins none."""

import asyncio
from pathlib import Path

from actors.closing import closing, drain
from actors.platform_supervisor import configure
from tests.contract.platform.test_calls import (
    ANSWERS_AND_STAYS,
    HANGS_UP_AFTER_2_S,
    campaign_of,
    ended,
    play,
    staffed_queue,
)
from tests.support.platform import LivePlatform

SHUTTING = {"detail": "The platform is shutting down; it begins no more calls"}


def never() -> bool:
    return False


def test_an_idle_platform_is_drained_at_once(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        began = asyncio.get_running_loop().time()
        assert await drain(platform.plan, 30, never)
        assert asyncio.get_running_loop().time() - began < 3
        assert (await platform.api.get("/readyz")).json() == SHUTTING
        await configure(platform.plan)
        assert not await closing(platform.client, platform.plan.scope)

    play(url, tmp_path / "files", scene)


def test_calls_in_progress_end_and_none_is_begun_meanwhile(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform)
        running = await campaign_of(platform, [HANGS_UP_AFTER_2_S, "+15005550116"], queue_id=queue)
        draft = await campaign_of(platform, ["+15005550126"])
        await platform.made(f"{running}/launch", {}, 202)
        await platform.until("/v1/calls?status=in_progress", lambda page: len(page["data"]) == 1)
        draining = asyncio.create_task(drain(platform.plan, 30, never))
        while not await closing(platform.client, platform.plan.scope):
            await asyncio.sleep(0.01)
        for path, body in (("/v1/calls", {"to": HANGS_UP_AFTER_2_S}), (f"{draft}/launch", {})):
            refused = await platform.api.post(path, json=body)
            assert (refused.status_code, refused.json()) == (503, SHUTTING)
            assert refused.headers["retry-after"]
        assert await draining
        (call,) = (await platform.got("/v1/calls"))["data"]
        assert (call["status"], call["end_reason"]) == ("ended", "customer_hung_up")
        assert (await platform.got(running))["state"] == "running"

    play(url, tmp_path / "files", scene)


def test_a_call_that_was_acknowledged_is_dialled_and_one_that_lasts_is_waited_for_no_longer_than_told(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        call = await platform.made("/v1/calls", {"to": HANGS_UP_AFTER_2_S})
        assert await drain(platform.plan, 30, never)
        assert (await ended(platform, call["id"]))["disposition"] == "human"
        await configure(platform.plan)
        await platform.until("/readyz", lambda _: True)
        nodes = {
            "hello": {"type": "say", "text": "Please hold the line. " * 60, "next": "bye"},
            "bye": {"type": "hang_up"},
        }
        flow = await platform.made("/api/voice/flows", {"name": "a", "start": "hello", "nodes": nodes})
        await platform.made("/v1/calls", {"to": ANSWERS_AND_STAYS, "flow_id": flow["id"]})
        assert not await drain(platform.plan, 1.5, never)

    play(url, tmp_path / "files", scene)
