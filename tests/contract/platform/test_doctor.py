"""The doctor finds nothing wrong with a platform that is well: campaigns that grow and single calls included."""

from pathlib import Path

from actors.doctor import findings
from tests.contract.platform.test_calls import (
    ANSWERS_AND_STAYS,
    BUSY,
    HANGS_UP_AFTER_2_S,
    campaign_of,
    ended,
    play,
    staffed_queue,
)
from tests.support.platform import LivePlatform, eventually


def test_a_platform_that_is_well_has_nothing_wrong(url: str, tmp_path: Path) -> None:
    async def scene(platform: LivePlatform) -> None:
        async def wrong() -> list[str]:
            return findings([[actor.work.facts() for actor in platform.actors.values()]])

        queue = await staffed_queue(platform, agents=2)
        path = await campaign_of(platform, [HANGS_UP_AFTER_2_S, ANSWERS_AND_STAYS], queue_id=queue)
        await platform.made(f"{path}/launch", {}, 202)
        placed = [await platform.made("/v1/calls", {"to": to}) for to in (BUSY, ANSWERS_AND_STAYS)]
        await platform.until(f"/v1/calls/{placed[1]['id']}", lambda call: call["status"] == "in_progress")
        await ended(platform, placed[0]["id"])
        await eventually(wrong, lambda sentences: sentences == [])
        await platform.until(f"{path}/stats", lambda stats: stats["contacts"]["completed"] == 1)
        added = await platform.made("/v1/contacts", {"phone": HANGS_UP_AFTER_2_S[:-1] + "8"})
        await platform.made(f"{path}/contacts", {"contact_ids": [added["id"]]}, 200)
        await platform.until(f"{path}/stats", lambda stats: stats["contacts"]["enrolled"] == 3)
        await eventually(wrong, lambda sentences: sentences == [])

    play(url, tmp_path / "files", scene)
