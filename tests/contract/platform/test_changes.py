"""What changes about campaigns and queues holds for those that run, after a crash too, and schedules act."""

from pathlib import Path

from busyhour.adapters.times import written
from busyhour.adapters.wall_clock import now
from busyhour.core.calling_hours import WEEKDAYS
from busyhour.core.ids import DAY, SECOND
from tests.contract.platform.test_calls import HANGS_UP_AFTER_2_S, campaign_of, play, staffed_queue
from tests.support.platform import LivePlatform

NO_ANSWER = [f"+150055501{number}2" for number in range(6)]


def test_a_running_campaign_takes_new_limits_and_keeps_them_when_its_actor_dies(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        path = await campaign_of(platform, NO_ANSWER, limits={"max_concurrency": 1}, dial_timeout_s=2)
        await platform.made(f"{path}/launch", {}, 202)
        seen = await platform.until(f"{path}/stats", lambda stats: stats["in_flight"] == 1)
        assert seen["blocked_by"] in (None, "concurrency")
        changed = await platform.api.patch(path, json={"limits": {"max_concurrency": 3}})
        assert changed.status_code == 200
        await platform.until(f"{path}/stats", lambda stats: stats["in_flight"] == 3)
        await platform.kill("campaigns-0")
        await platform.start("campaigns-0")
        await platform.until(f"{path}/stats", lambda stats: stats["in_flight"] == 3)
        assert platform.actors["campaigns-0"].work.part.world.driver.campaigns[0].max_concurrency == 3

    play(url, tmp_path / "files", scene)


def test_a_running_campaign_takes_another_pacing_and_a_queue_another_wrap_up(
    url: str, tmp_path: Path
) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform)
        path = await campaign_of(
            platform, [*NO_ANSWER, HANGS_UP_AFTER_2_S], queue_id=queue, pacing={"mode": "progressive"}
        )
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["ringing"] == 1)
        power = {"pacing": {"mode": "power", "lines_per_agent": 7}}
        assert (await platform.api.patch(path, json=power)).status_code == 200
        long = {"wrap_up_s": 600}
        assert (await platform.api.patch(f"/api/voice/queues/{queue}", json=long)).status_code == 200
        await platform.until(f"{path}/stats", lambda stats: stats["attempts"] == 7)
        await platform.until(
            "/api/voice/calls/agent-availability", lambda seen: seen["queues"][0]["wrap_up"] == 1
        )

    play(url, tmp_path / "files", scene)


def test_a_running_campaign_takes_other_calling_hours(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        in_three_days = WEEKDAYS[(now() // DAY + 3 + 3) % 7]  # 1970-01-01 was a Thursday
        hours = {"days": [in_three_days], "timezone": "UTC"}
        path = await campaign_of(platform, [HANGS_UP_AFTER_2_S], calling_hours=hours)
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["blocked_by"] == "calling_hours")
        whole = {"calling_hours": {"days": list(WEEKDAYS), "start": "00:00", "end": "24:00"}}
        assert (await platform.api.patch(path, json=whole)).status_code == 200
        await platform.until(path, lambda seen: seen["state"] == "completed")

    play(url, tmp_path / "files", scene)


def test_a_campaign_begins_at_its_time_though_the_actors_that_call_are_new(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        starts = {"schedule": {"start_at": written(now() + 2 * SECOND)}}
        path = await campaign_of(platform, [HANGS_UP_AFTER_2_S], **starts)
        assert (await platform.made(f"{path}/launch", {}, 202))["state"] == "scheduled"
        await platform.kill("campaigns-0")
        await platform.start("campaigns-0")
        campaign = await platform.until(path, lambda seen: seen["state"] == "completed")
        assert campaign["launched_at"] >= campaign["schedule"]["start_at"]
        told = [event["type"] for event in await platform.events()]
        assert [type for type in told if type.startswith("campaign.")] == [
            "campaign.launched",
            "campaign.completed",
        ]

    play(url, tmp_path / "files", scene)


def test_a_voice_agent_holds_no_more_calls_than_it_may(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        nodes = {
            "hello": {"type": "say", "text": "Please hold the line. " * 4, "next": "bye"},
            "bye": {"type": "hang_up"},
        }
        flow = await platform.made("/api/voice/flows", {"name": "h", "start": "hello", "nodes": nodes})
        voice = {"kind": "voice", "name": "ida", "flow_id": flow["id"], "max_concurrency": 2}
        agent = (await platform.made("/api/voice/agents", voice))["id"]
        path = await campaign_of(platform, NO_ANSWER, agent_id=agent, dial_timeout_s=300)
        for _ in range(3):
            await platform.made("/v1/calls", {"to": "+15005550100", "agent_id": agent})
        await platform.made(f"{path}/launch", {}, 202)
        await platform.until(f"{path}/stats", lambda stats: stats["blocked_by"] == "concurrency")
        assert (await platform.got(f"{path}/stats"))["in_flight"] == 2
        await platform.until("/v1/calls?status=in_progress", lambda page: len(page["data"]) == 2)
        waiting = await platform.got("/v1/calls?status=queued")
        assert len(waiting["data"]) == 1
        await platform.until(
            "/v1/calls?status=ended",
            lambda page: sum(call["campaign_id"] is None for call in page["data"]) == 3,
        )

    play(url, tmp_path / "files", scene)
