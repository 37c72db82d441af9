"""The real map in a real store, and actors that can't reach it in the middle of a move."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as StoreAway

from actors.plan import LivePlan
from actors.runner import Runner
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.adapters.valkey.shards import VIRTUAL_SHARDS, StoredShards
from tests.integration.test_live_without_ray import Live, plan_of, start


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store") as store:
        yield store


async def with_heir(live: Live, plan: LivePlan, client: Any) -> Runner:
    """Another actor of calls, which has none yet."""
    heir = Runner(plan, "calls-1", live.here, client)
    live.here.works["calls-1"] = heir
    await heir.activate()
    await heir.begin()
    live.tasks.append(asyncio.create_task(heir.run()))
    return heir


def test_every_shard_goes_over_while_calls_are_dialled_and_all_have_their_rows(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    async def main() -> None:
        async with await connect(store.url) as client:
            plan = plan_of(store.url, tmp_path)
            live = await start(plan, client)
            old, heir = live.here.works["calls-0"], await with_heir(live, plan, client)
            shards = StoredShards(client, plan.scope)
            while (there := await shards.read()).of("calls-0"):
                dialled = live.dialled()
                await shards.bind(there.open_of("calls-0")[: VIRTUAL_SHARDS // 2], "calls-0", "calls-1")
                await live.until(lambda dialled=dialled: live.dialled() > dialled)
            await live.until(lambda: len(heir.part.shards) == VIRTUAL_SHARDS)
            assert old.part.shards == []
            assert heir.counts["shards taken"] == old.counts["shards given"] == VIRTUAL_SHARDS
            assert old.status()["calls"] == old.status()["unacknowledged"] == 0

            campaign = live.here.works["campaign-0"]
            await campaign.stop(campaign.clock.now())
            for shard in (old, heir):
                await shard.stop(shard.clock.now())
            await live.until(heir.is_quiet)
            recorder = live.here.works["recorder"]
            attempts = campaign.status()["campaigns"][0]["attempts"]
            assert attempts >= live.dialled()
            await live.until(lambda: recorder.manifest.rows == attempts)
            await live.close()

    asyncio.run(main())


@pytest.mark.parametrize("has_happened", [False, True])
def test_a_hand_over_of_which_nobody_knows_whether_it_has_happened_is_repeated(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_happened: bool
) -> None:
    hand_over = StoredShards.hand_over
    lost = 0

    async def lose_the_answer(self: StoredShards, owner: str, shards: Any) -> int:
        nonlocal lost
        if lost < 3:
            lost += 1
            if has_happened:
                await hand_over(self, owner, shards)
            raise StoreAway
        return await hand_over(self, owner, shards)

    monkeypatch.setattr(StoredShards, "hand_over", lose_the_answer)

    async def main() -> None:
        async with await connect(store.url) as client:
            plan = plan_of(store.url, tmp_path)
            live = await start(plan, client)
            old, heir = live.here.works["calls-0"], await with_heir(live, plan, client)
            await StoredShards(client, plan.scope).bind(range(10), "calls-0", "calls-1")
            await live.until(lambda: len(heir.part.shards) == 10)
            assert sorted([*old.part.shards, *heir.part.shards]) == list(range(VIRTUAL_SHARDS))
            assert lost == 3
            assert await live.is_dialling()
            await live.close()

    asyncio.run(main())


def test_what_comes_back_before_it_was_known_to_be_gone_is_hosted_again(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with await connect(store.url) as client:
            plan = plan_of(store.url, tmp_path)
            live = await start(plan, client)
            shards, old = StoredShards(client, plan.scope), live.here.works["calls-0"]
            hand_over = StoredShards.hand_over

            async def there_and_back(self: StoredShards, owner: str, moved: Any) -> int:
                await hand_over(self, owner, moved)
                monkeypatch.setattr(StoredShards, "hand_over", hand_over)
                heir = await with_heir(live, plan, client)
                await live.until(lambda: 7 in heir.part.shards)
                await shards.bind([7], "calls-1", "calls-0")
                await live.until(lambda: 7 not in heir.part.shards)
                await asyncio.sleep(0.5)
                raise StoreAway

            monkeypatch.setattr(StoredShards, "hand_over", there_and_back)
            await shards.bind([7], "calls-0", "calls-1")
            await live.until(lambda: 7 not in old.part.shards)
            await live.until(lambda: 7 in old.part.shards)
            assert (await shards.read()).owners[7] == "calls-0"
            assert await live.is_dialling()
            await live.close()

    asyncio.run(main())
