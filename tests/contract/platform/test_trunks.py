"""Trunks and callees of a platform's own file."""

import asyncio
from pathlib import Path

from actors.platform_supervisor import planned
from simulation.scenario.trunk_file import loads_trunks
from tests.contract.platform.test_calls import campaign_of, ended
from tests.support.platform import LivePlatform, live_platform

FILE = """
trunks:
  simulated: {channels: 5}
  main: {channels: 1, callees: never_there}
callees:
  consumer: {outcomes: {human: 1}}
  never_there: {outcomes: {busy: 1}}
"""
ANYBODY = ["+14155550123", "+14155550124", "+14155550125"]


def test_calls_and_campaigns_go_over_any_trunk_of_the_file_and_over_no_other(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        call = await platform.made("/v1/calls", {"to": ANYBODY[0], "trunk": "main"})
        assert (await ended(platform, call["id"]))["disposition"] == "busy"
        path = await campaign_of(platform, ANYBODY, trunk="main")
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(path, lambda seen: seen["state"] == "completed")
        calls = (await platform.got(f"/v1/calls?campaign_id={path.rpartition('/')[2]}"))["data"]
        assert [(call["trunk"], call["disposition"]) for call in calls] == [("main", "busy")] * 3
        for route, body in (
            ("/v1/calls", {"to": ANYBODY[0], "trunk": "nowhere"}),
            ("/v1/campaigns", {"name": "n", "trunk": "nowhere"}),
        ):
            refused = await platform.api.post(route, json=body)
            assert (refused.status_code, refused.json()["detail"]) == (
                400,
                "trunk must be one of simulated, main",
            )

    async def played() -> None:
        async with live_platform(url, tmp_path / "files", FILE) as platform:
            await scene(platform)

    asyncio.run(played())


def test_a_trunk_keeps_its_number_whatever_becomes_of_the_file(url: str) -> None:
    async def plans() -> None:
        first = await planned("platform", url, loads_trunks(FILE))
        assert list(first.trunks) == ["simulated", "main"]
        later = await planned("platform", url, loads_trunks("trunks: {new: {}, simulated: {}}"))
        assert list(later.trunks) == ["simulated", "main", "new"]
        assert (later.offered, later.gone) == (["simulated", "new"], ["main"])

    asyncio.run(plans())
