"""Campaigns begin and end when their schedule says, whoever lives then."""

import json
from pathlib import Path
from typing import Any

import pytest

from busyhour.adapters.times import read, written
from busyhour.adapters.valkey.documents import Document
from busyhour.core.ids import MINUTE, SECOND
from serve_app.errors import UnavailableError
from tests.support.api import Api, HandClock, served

pytestmark = pytest.mark.anyio

NOON = read("2026-03-02T12:00:00Z")


async def scheduled(api: Api, **schedule: str) -> str:
    """The path of a campaign with one contact."""
    campaign = await api.made("/v1/campaigns", {"name": "spring", "schedule": schedule})
    path = f"/v1/campaigns/{campaign['id']}"
    await api.made(f"{path}/contacts", {"contact_ids": await api.contacts("+14155550123")}, 200)
    return path


async def state_of(api: Api, path: str) -> str:
    return (await api.client.get(path)).json()["state"]


async def events(api: Api) -> list[Document]:
    client: Any = api.platform.client
    entries = await client.lrange("{platform}:outbox", 0, -1)
    return [json.loads(json.loads(entry)["body"]) for entry in entries]


async def test_it_begins_and_drains_at_its_times(url: str, tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with served(url, tmp_path, clock=clock) as api:
        path = await scheduled(api, start_at=written(NOON + MINUTE), end_at=written(NOON + 3 * MINUTE))
        assert (await api.made(f"{path}/launch", {}, 202))["state"] == "scheduled"
        clock.instant += MINUTE - SECOND
        await api.turn_campaigns()
        assert (await state_of(api, path), api.runtime.heard, await events(api)) == ("scheduled", [], [])
        clock.instant += SECOND
        await api.turn_campaigns()
        campaign = (await api.client.get(path)).json()
        assert (campaign["state"], campaign["launched_at"]) == ("running", "2026-03-02T12:01:00.000Z")
        assert [heard[0] for heard in api.runtime.heard] == ["launch"]
        assert [event["type"] for event in await events(api)] == ["campaign.launched"]
        clock.instant += 2 * MINUTE
        await api.turn_campaigns()
        assert await state_of(api, path) == "stopping"
        assert api.runtime.heard[1][0::3] == ("stop", "drain")
        await api.turn_campaigns()
        assert len(api.runtime.heard) == 2


async def test_a_new_start_time_holds_and_a_scheduled_campaign_can_be_stopped(
    url: str, tmp_path: Path
) -> None:
    clock = HandClock(NOON)
    async with served(url, tmp_path, clock=clock) as api:
        path = await scheduled(api, start_at=written(NOON + MINUTE))
        await api.made(f"{path}/launch", {}, 202)
        later = {"schedule": {"start_at": written(NOON + 5 * MINUTE)}}
        assert (await api.client.patch(path, json=later)).status_code == 200
        clock.instant += 2 * MINUTE
        await api.turn_campaigns()
        assert await state_of(api, path) == "scheduled"
        stopped = await api.made(f"{path}/stop", {}, 202)
        assert (stopped["campaign"]["state"], stopped["draining"]) == ("stopped", 0)
        clock.instant += 5 * MINUTE
        await api.turn_campaigns()
        assert (await state_of(api, path), api.runtime.heard) == ("stopped", [])


async def test_a_time_that_was_slept_through_is_made_up_for_and_a_window_is_not(
    url: str, tmp_path: Path
) -> None:
    clock = HandClock(NOON)
    async with served(url, tmp_path, clock=clock) as api:
        late = await scheduled(api, start_at=written(NOON + MINUTE))
        missed = await scheduled(api, start_at=written(NOON + MINUTE), end_at=written(NOON + 2 * MINUTE))
        for path in (late, missed):
            await api.made(f"{path}/launch", {}, 202)
    clock.instant += 10 * MINUTE
    async with served(url, tmp_path, clock=clock) as api:
        await api.turn_campaigns()
        assert [await state_of(api, path) for path in (late, missed)] == ["running", "stopped"]
        assert [heard[0] for heard in api.runtime.heard] == ["launch"]
        over = await scheduled(api, end_at=written(NOON))
        refused = await api.client.post(f"{over}/launch", json={})
        assert refused.json() == {"detail": "schedule.end_at must be in the future"}


async def test_what_a_process_that_died_had_promised_another_one_tells_the_runtime(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock(NOON)
    async with served(url, tmp_path, clock=clock) as api:
        path = await scheduled(api)

        async def dies(account: str, campaign: Document) -> None:
            raise UnavailableError("gone")

        monkeypatch.setattr(api.runtime, "launch", dies)
        assert (await api.client.post(f"{path}/launch", json={})).status_code == 503
        assert await state_of(api, path) == "running"
    async with served(url, tmp_path, clock=clock) as api:
        await api.turn_campaigns()
        assert api.runtime.heard == []
        clock.instant += 6 * SECOND
        await api.turn_campaigns()
        assert [heard[0] for heard in api.runtime.heard] == ["launch", "resume"]


async def test_while_the_platform_shuts_down_nothing_is_launched(url: str, tmp_path: Path) -> None:
    clock = HandClock(NOON)
    async with served(url, tmp_path, clock=clock) as api:
        path = await scheduled(api, start_at=written(NOON + MINUTE))
        await api.made(f"{path}/launch", {}, 202)
        api.runtime.closing = True
        clock.instant += MINUTE
        await api.turn_campaigns()
        assert (await state_of(api, path), api.runtime.heard) == ("scheduled", [])
