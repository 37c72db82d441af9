"""Calls and campaigns from the API to the far end and back, and actors that die in between."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from busyhour.adapters.valkey.documents import Document
from tests.support.platform import LivePlatform, live_platform

ANSWERS_AND_STAYS = "+15005550100"
BUSY = "+15005550101"
HANGS_UP_AFTER_2_S = "+15005550106"
ANSWERS_AFTER_5_S = "+15005550107"


def play(url: str, files: Path, scene: Callable[[LivePlatform], Awaitable[None]]) -> None:
    async def played() -> None:
        async with live_platform(url, files) as platform:
            await scene(platform)

    asyncio.run(played())


async def staffed_queue(platform: LivePlatform, agents: int = 1) -> str:
    queue = await platform.made("/api/voice/queues", {"name": "sales"})
    for number in range(agents):
        agent = await platform.made(
            "/api/voice/agents",
            {
                "kind": "human",
                "name": f"agent {number}",
                "queue_ids": [queue["id"]],
                "endpoint": "simulated",
            },
        )
        path = f"/api/voice/agents/{agent['id']}/state"
        assert (await platform.api.put(path, json={"state": "available"})).status_code == 200
    await platform.until(
        "/api/voice/calls/agent-availability", lambda seen: seen["total_available"] == agents
    )
    return queue["id"]


async def campaign_of(platform: LivePlatform, phones: list[str], **fields: object) -> str:
    campaign = await platform.made("/v1/campaigns", {"name": "spring", **fields})
    contacts = [(await platform.made("/v1/contacts", {"phone": phone}))["id"] for phone in phones]
    path = f"/v1/campaigns/{campaign['id']}"
    await platform.made(f"{path}/contacts", {"contact_ids": contacts}, 200)
    return path


async def ended(platform: LivePlatform, id: str) -> Document:
    return await platform.until(f"/v1/calls/{id}", lambda call: call["status"] == "ended")


def test_a_launched_campaign_calls_its_contact_an_agent_talks_and_it_is_told(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform)
        path = await campaign_of(platform, [HANGS_UP_AFTER_2_S], queue_id=queue)
        await platform.made(f"{path}/launch", {}, 202)
        campaign = await platform.until(path, lambda seen: seen["state"] == "completed")
        (call,) = (await platform.got(f"/v1/calls?campaign_id={campaign['id']}"))["data"]
        assert (call["disposition"], call["end_reason"]) == ("human", "customer_hung_up")
        assert (call["to"], call["queue_id"]) == (HANGS_UP_AFTER_2_S, queue)
        assert call["dialed_at"] < call["answered_at"] < call["ended_at"]
        assert call["duration_s"] >= call["talk_s"] >= 2.0
        told = [(event["type"], event["data"].get("sequence")) for event in await platform.events()]
        assert told == [
            ("campaign.launched", None),
            ("call.started", 1),
            ("call.ended", 2),
            ("campaign.completed", None),
        ]
        (progress,) = (await platform.got(f"{path}/contacts?status=completed"))["data"]
        assert (progress["attempts"], progress["last_disposition"]) == (1, "human")

    play(url, tmp_path / "files", scene)


def test_a_call_that_is_ordered_can_be_read_at_once_ended_and_annotated_after(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        placed = await platform.made("/v1/calls", {"to": ANSWERS_AND_STAYS, "metadata": {"order": 7}})
        assert placed["status"] == "queued"
        path = f"/api/voice/calls/{placed['id']}"
        assert (await platform.got(path))["id"] == placed["id"]
        await platform.until(path, lambda call: call["status"] == "in_progress")
        call = await platform.made(f"{path}/end", {}, 200)
        assert (call["status"], call["end_reason"]) == ("ended", "cancelled")
        again = await platform.api.post(f"{path}/end")
        assert (again.status_code, again.json()) == (409, {"detail": "Call is not currently active"})
        merged = await platform.made(f"{path}/metadata", {"score": 3}, 200)
        assert merged == {"metadata": {"order": 7, "score": 3}}
        assert (await platform.got(path))["metadata"] == {"order": 7, "score": 3}

    play(url, tmp_path / "files", scene)


@pytest.mark.parametrize("victim", ["queues", "campaigns-0", "calls-0", "ledger"])
def test_whichever_actor_dies_every_call_ends_and_is_told_once(url: str, tmp_path: Path, victim: str) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform, agents=2)
        path = await campaign_of(platform, [HANGS_UP_AFTER_2_S, ANSWERS_AFTER_5_S], queue_id=queue)
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(
            "/v1/calls", lambda seen: any(call["status"] == "in_progress" for call in seen["data"])
        )
        await platform.kill(victim)
        placed = await platform.made("/v1/calls", {"to": BUSY})
        await platform.start(victim)
        assert (await ended(platform, placed["id"]))["disposition"] == "busy"
        for call in (await platform.got("/v1/calls"))["data"]:
            if call["to"] == ANSWERS_AFTER_5_S:
                await platform.until(
                    f"/v1/calls/{call['id']}",
                    lambda call: call["status"] == "ended" or call["agent_id"] is not None,
                )
                await platform.api.post(f"/api/voice/calls/{call['id']}/end")
        calls = await platform.until(
            "/v1/calls",
            lambda seen: len(seen["data"]) >= 3 and all(c["status"] == "ended" for c in seen["data"]),
        )
        told = Counter(
            event["data"]["call"]["id"] for event in await platform.events() if event["type"] == "call.ended"
        )
        assert told == {call["id"]: 1 for call in calls["data"]}

    play(url, tmp_path / "files", scene)


def test_a_paused_campaign_dials_nobody_and_then_goes_on_with_contacts_that_were_added(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        limits = {"max_concurrency": 1}
        path = await campaign_of(platform, [ANSWERS_AND_STAYS, BUSY], limits=limits)
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["blocked_by"] == "concurrency")
        await platform.made(f"{path}/pause", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["state"] == "paused")
        (call,) = (await platform.got("/v1/calls"))["data"]
        await platform.made(f"/api/voice/calls/{call['id']}/end", {}, 200)
        added = await platform.made("/v1/contacts", {"phone": BUSY})
        await platform.made(f"{path}/contacts", {"contact_ids": [added["id"]]}, 200)
        paused = await platform.until(f"{path}/stats", lambda stats: stats["in_flight"] == 0)
        assert (paused["attempts"], paused["contacts"]["completed"]) == (1, 1)
        await platform.made(f"{path}/resume", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["attempts"] == 3)

    play(url, tmp_path / "files", scene)


def test_what_is_stopped_ends_its_calls_as_it_was_asked(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        path = await campaign_of(platform, [ANSWERS_AND_STAYS, BUSY])
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["in_flight"] > 0)
        stopped = await platform.made(f"{path}/stop", {"in_flight": "hang_up"}, 202)
        assert stopped["campaign"]["state"] in ("stopping", "stopped")
        assert stopped["draining"] == 0
        await platform.until(path, lambda campaign: campaign["state"] == "stopped")
        again = await platform.api.post(f"{path}/stop")
        assert (again.status_code, again.json()) == (409, {"detail": "Campaign is not running"})

    play(url, tmp_path / "files", scene)


async def talking_call(platform: LivePlatform, text: str) -> str:
    """With a voice agent."""
    nodes = {"hello": {"type": "say", "text": text, "next": "bye"}, "bye": {"type": "hang_up"}}
    flow = await platform.made("/api/voice/flows", {"name": "hello", "start": "hello", "nodes": nodes})
    agent = await platform.made("/api/voice/agents", {"kind": "voice", "name": "ida", "flow_id": flow["id"]})
    order = {"to": ANSWERS_AND_STAYS, "agent_id": agent["id"]}
    call = await platform.made("/v1/calls", order)
    path = f"/api/voice/calls/{call['id']}"
    await platform.until(
        f"{path}/events", lambda seen: seen["data"][-1:] != [] and seen["data"][-1]["type"] == "with_voice"
    )
    return path


def test_as_many_calls_are_transferred_as_agents_are_free(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform)
        long = "Please hold the line. " * 60
        first, second = await talking_call(platform, long), await talking_call(platform, long)
        order = {"queue_id": queue, "briefing": "wants a refund"}
        moved = await platform.made(f"{first}/transfer", order, 202)
        assert moved["transfer"]["state"] in ("reserved", "ringing_agent", "briefing", "bridged")
        bridged = await platform.until(first, lambda call: call["status"] == "bridged")
        assert bridged["transfer"]["state"] == "bridged"
        refused = await platform.api.post(f"{second}/transfer", json=order)
        assert (refused.status_code, refused.json()) == (
            503,
            {"detail": "No agents available in target queue"},
        )
        assert (await platform.got(second))["status"] == "in_progress"
        handed = await platform.made(f"{second}/transfer", {**order, "fallback": "async_handoff"}, 202)
        assert handed["transfer"]["state"] == "handed_off"
        (callback,) = (await platform.got(f"/api/voice/queues/{queue}/callbacks"))["data"]
        assert (callback["phone"], callback["briefing"]) == (ANSWERS_AND_STAYS, "wants a refund")
        told = [event["type"] for event in await platform.events()]
        assert [type for type in told if type.startswith(("call.transfer", "call.handoff"))] == [
            "call.transfer.reserved",
            "call.transfer.bridged",
            "call.handoff_queued",
        ]

    play(url, tmp_path / "files", scene)


def test_what_was_said_is_told_with_the_end_of_the_call(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        path = await talking_call(platform, "Good evening")
        call = await platform.until(path, lambda call: call["status"] == "ended")
        assert (call["disposition"], call["end_reason"]) == ("human", "completed")
        (told,) = [
            event["data"]["call"] for event in await platform.events() if event["type"] == "call.ended"
        ]
        first = told["transcript"][0]
        assert (first["role"], first["text"]) == ("agent", "Good evening")
        assert (await platform.got(f"{path}/transcript"))["data"] == told["transcript"]

    play(url, tmp_path / "files", scene)


def test_a_flow_knows_the_contact_and_what_was_written_to_the_call(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        text = "Hello {{contact.name}}, plan {{plan}}, order {{call.metadata.order}}"
        nodes = {"hello": {"type": "say", "text": text, "next": "bye"}, "bye": {"type": "hang_up"}}
        flow = await platform.made("/api/voice/flows", {"name": "h", "start": "hello", "nodes": nodes})
        voice = {"kind": "voice", "name": "ida", "flow_id": flow["id"]}
        agent = (await platform.made("/api/voice/agents", voice))["id"]
        known = {"phone": ANSWERS_AND_STAYS, "name": "Ann", "metadata": {"plan": "gold"}}
        contact = (await platform.made("/v1/contacts", known))["id"]
        campaign = (await platform.made("/v1/campaigns", {"name": "c", "agent_id": agent}))["id"]
        await platform.made(f"/v1/campaigns/{campaign}/contacts", {"contact_ids": [contact]}, 200)
        await platform.made(f"/v1/campaigns/{campaign}/launch", {}, 202)
        order = {"to": ANSWERS_AND_STAYS, "flow_id": flow["id"], "metadata": {"order": 7, "plan": "silver"}}
        single = await platform.made("/v1/calls", order)
        await platform.until(f"/v1/campaigns/{campaign}", lambda seen: seen["state"] == "completed")
        (called,) = (await platform.got(f"/v1/calls?campaign_id={campaign}"))["data"]
        await ended(platform, single["id"])
        said = [
            (await platform.got(f"/v1/calls/{id}/transcript"))["data"][0]["text"]
            for id in (called["id"], single["id"])
        ]
        assert said == ["Hello Ann, plan gold, order", "Hello , plan silver, order 7"]

    play(url, tmp_path / "files", scene)


def test_a_dry_run_counts_who_would_be_called_and_dials_nobody(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        path = await campaign_of(platform, [BUSY, HANGS_UP_AFTER_2_S])
        (contact, _) = (await platform.got("/v1/contacts"))["data"]
        changed = await platform.api.patch(f"/v1/contacts/{contact['id']}", json={"do_not_call": True})
        assert changed.status_code == 200
        counted = await platform.made(f"{path}/launch", {"dry_run": True}, 200)
        assert counted == {"callable": 1, "excluded": {"do_not_call": 1}}
        assert (await platform.got(path))["state"] == "draft"
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(path, lambda campaign: campaign["state"] == "completed")
        (call,) = (await platform.got("/v1/calls"))["data"]
        assert call["contact_id"] != contact["id"]

    play(url, tmp_path / "files", scene)


def test_an_agent_who_pauses_or_is_deleted_gets_no_call(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform, agents=2)
        first, second = (await platform.got("/api/voice/agents"))["data"]
        paused = await platform.api.put(f"/api/voice/agents/{first['id']}/state", json={"state": "paused"})
        assert paused.status_code == 200
        assert (await platform.api.delete(f"/api/voice/agents/{second['id']}")).status_code == 204
        path = f"/api/voice/calls/agent-availability?queue_id={queue}"
        seen = await platform.until(path, lambda seen: seen["total_available"] == 0)
        assert (seen["queues"][0]["paused"], seen["queues"][0]["offline"]) == (1, 1)
        back = await platform.api.put(f"/api/voice/agents/{first['id']}/state", json={"state": "available"})
        assert back.status_code == 200
        await platform.until(path, lambda seen: seen["total_available"] == 1)

    play(url, tmp_path / "files", scene)


def test_a_flow_s_transfer_gets_an_agent_who_is_free_and_fails_without_one(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform)
        nodes = {
            "desk": {"type": "transfer", "queue_id": queue, "edges": {"failure": "sorry"}},
            "sorry": {"type": "say", "text": "Nobody is free", "next": "bye"},
            "bye": {"type": "hang_up"},
        }
        flow = await platform.made("/api/voice/flows", {"name": "t", "start": "desk", "nodes": nodes})
        order = {"to": ANSWERS_AND_STAYS, "flow_id": flow["id"]}
        first = await platform.made("/v1/calls", order)
        await platform.until(f"/v1/calls/{first['id']}", lambda call: call["status"] == "bridged")
        second = await platform.made("/v1/calls", order)
        assert (await ended(platform, second["id"]))["end_reason"] == "completed"
        said = (await platform.got(f"/v1/calls/{second['id']}/transcript"))["data"]
        assert said[-1]["text"] == "Nobody is free"
        told = [event["type"] for event in await platform.events() if ".transfer." in event["type"]]
        assert told == ["call.transfer.reserved", "call.transfer.bridged"]

    play(url, tmp_path / "files", scene)
