"""Virtual shards move from one actor to another under a platform, and its calls and clients notice nothing."""

from collections import Counter
from pathlib import Path

from busyhour.adapters.valkey.shards import VIRTUAL_SHARDS, StoredShards
from serve_app.platform import SCOPE
from tests.contract.platform.test_calls import ANSWERS_AND_STAYS, BUSY, ended, play
from tests.support.platform import LivePlatform, eventually


def test_an_actor_s_calls_end_where_they_are_and_new_ones_begin_with_its_heir(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        shards = StoredShards(platform.client, SCOPE)
        placed = await platform.made("/v1/calls", {"to": ANSWERS_AND_STAYS})
        path = f"/v1/calls/{placed['id']}"
        await platform.until(path, lambda call: call["status"] == "in_progress")
        await platform.start("calls-1")
        await shards.bind(range(VIRTUAL_SHARDS), "calls-0", "calls-1")
        there = await eventually(shards.read, lambda there: len(there.open_of("calls-1")) > 200)
        await shards.bind(there.open_of("calls-0"), "calls-0", "calls-1")
        there = await eventually(shards.read, lambda there: len(there.of("calls-0")) == 1)
        assert (await platform.got(path))["status"] == "in_progress", "whose call is where it was"

        later = await platform.made("/v1/calls", {"to": BUSY})
        assert (await ended(platform, later["id"]))["disposition"] == "busy"
        assert there.of("calls-0") == (await shards.read()).of("calls-0"), "it was not numbered there"

        call = await platform.made(f"/api/voice/calls/{placed['id']}/end", {}, 200)
        assert (call["status"], call["end_reason"]) == ("ended", "cancelled")
        await eventually(shards.read, lambda there: there.actors() == {"calls-1"})
        await platform.kill("calls-0")
        last = await platform.made("/v1/calls", {"to": ANSWERS_AND_STAYS})
        await platform.until(f"/v1/calls/{last['id']}", lambda call: call["status"] == "in_progress")
        await platform.made(f"/api/voice/calls/{last['id']}/end", {}, 200)
        assert (await platform.api.get("/readyz")).status_code == 200
        told = Counter(
            event["data"]["call"]["id"] for event in await platform.events() if event["type"] == "call.ended"
        )
        assert told == dict.fromkeys((placed["id"], later["id"], last["id"]), 1)

    play(url, tmp_path / "files", scene)
