"""A call's number says in which virtual shard it lives: it is an open one."""

from busyhour.adapters.valkey.admission import Became
from busyhour.adapters.valkey.shards import VIRTUAL_SHARDS, StoredShards, bound_key
from busyhour.core.attempts import RETURNED
from busyhour.core.campaign import CONCURRENCY
from busyhour.core.ids import MILLISECOND
from tests.contract.store.test_admission import CAMPAIGN, NOW, TRUNK, Scene, play


def test_calls_are_numbered_into_open_virtual_shards_only(url: str) -> None:
    async def script(scene: Scene) -> None:
        shards = StoredShards(scene.client, scene.scope)
        await shards.begin(["one"] * VIRTUAL_SHARDS)
        assert await shards.bind([1, 2, 4, VIRTUAL_SHARDS - 1], "one", "two") == 4
        answer = await scene.claim(0, 0, 0, 4930123)
        assert answer.calls == [0, 3, 5, 6]
        await scene.admission.number_calls(VIRTUAL_SHARDS - 9)
        assert (await scene.claim(0, 0)).calls == [VIRTUAL_SHARDS - 2, VIRTUAL_SHARDS]
        live = await scene.client.zrange(f"{{{scene.scope}}}:trunk:{TRUNK}:live", 0, -1)
        assert sorted(map(int, live)) == [0, 3, 5, 6, VIRTUAL_SHARDS - 2, VIRTUAL_SHARDS]
        accepted: list[tuple[Became, int, int]] = [("accepted", call, CAMPAIGN) for call in answer.calls]
        assert await scene.admission.release(TRUNK, NOW, accepted) == 4

    play(url, script)


def test_while_no_virtual_shard_is_open_nothing_is_admitted(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.client.hset(
            bound_key(scene.scope), mapping=dict.fromkeys(map(str, range(VIRTUAL_SHARDS)), "two")
        )
        answer = await scene.claim(0, 0)
        assert (answer.calls, answer.blocked_by) == ([RETURNED, RETURNED], CONCURRENCY)
        assert answer.retry_at == NOW + 100 * MILLISECOND

    play(url, script)
