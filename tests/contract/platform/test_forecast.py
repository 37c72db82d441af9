"""The rest of a campaign, rehearsed from how it stands."""

from pathlib import Path

from tests.contract.platform.test_calls import campaign_of, play, staffed_queue
from tests.support.platform import LivePlatform


def test_a_forecast_says_when_it_ends_and_how_with_an_interval_each(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await staffed_queue(platform, agents=2)
        phones = [f"+1415555{number:04}" for number in range(100, 140)]
        path = await campaign_of(platform, phones, queue_id=queue, limits={"max_concurrency": 3})
        told = await platform.made(f"{path}/forecast", {}, 200)
        assert (told["contacts"], told["agents"]) == (40, 2)
        assert told["basis"] == {"outcomes": "assumed", "talk_time": "assumed"}
        for name in ("finish_at", "duration_s", "peak_channels", "occupancy", "abandonment_rate"):
            assert told[name]["low"] <= told[name]["expected"] <= told[name]["high"], name
        assert told["as_of"] < told["finish_at"]["low"]
        assert 1 <= told["peak_channels"]["expected"] <= 3
        assert told["attempts"]["expected"] == 40
        assert 0 < told["occupancy"]["expected"] <= 1

    play(url, tmp_path / "files", scene)


def test_what_can_t_go_on_has_no_forecast(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        queue = await platform.made("/api/voice/queues", {"name": "nobody"})
        path = await campaign_of(platform, ["+14155550100"], queue_id=queue["id"])
        refused = await platform.api.post(f"{path}/forecast", json={})
        assert (refused.status_code, refused.json()) == (
            409,
            {"detail": "Nobody is there to take the campaign's calls"},
        )
        empty = await platform.made("/v1/campaigns", {"name": "empty"})
        refused = await platform.api.post(f"/v1/campaigns/{empty['id']}/forecast", json={})
        assert refused.json() == {"detail": "Campaign has nobody left to call"}

    play(url, tmp_path / "files", scene)
