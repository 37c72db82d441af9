"""A virtual shard has one owner at every moment, and goes to another without a moment in between."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.exceptions import ResponseError

from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import FencedError, Journal, Recovered, claim_shards, snapshot_each
from busyhour.adapters.valkey.shards import NO_MAP, VIRTUAL_SHARDS, StoredShards

numbers = itertools.count()
HALVES = ["one", "two"] * (VIRTUAL_SHARDS // 2)


class Scene:
    """A scope of its own, with the map HALVES."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.scope = f"shards-{next(numbers)}"
        self.shards = StoredShards(client, self.scope)

    def journal(self, shard: int) -> Journal:
        return Journal(self.client, self.scope, f"calls/{shard}")

    async def claimed(self, shard: int, actor: str) -> Journal:
        return (await self.recovered(shard, actor))[0]

    async def recovered(self, shard: int, actor: str) -> tuple[Journal, Recovered]:
        """Raises FencedError."""
        journal = self.journal(shard)
        recovered = (await claim_shards(self.client, actor, {shard: journal}))[shard]
        if isinstance(recovered, FencedError):
            raise recovered
        return journal, recovered


def play(url: str, script: Callable[[Scene], Awaitable[None]]) -> None:
    async def perform() -> None:
        async with await connect(url) as client:
            scene = Scene(client)
            await scene.shards.begin(HALVES)
            await script(scene)

    asyncio.run(perform())


def epoch(journal: Journal) -> tuple[str, int]:
    return journal.keys[0], journal.epoch


def test_the_first_map_is_the_one_that_stays(url: str) -> None:
    async def script(scene: Scene) -> None:
        assert await scene.shards.begin(["other"] * VIRTUAL_SHARDS) == 1
        there = await scene.shards.read()
        assert list(there.owners) == HALVES
        assert (there.version, there.front, there.front_from) == (1, "one", 0)
        assert there.of("two") == there.open_of("two") == list(range(1, VIRTUAL_SHARDS, 2))
        assert there.actors() == {"one", "two"}
        assert await scene.shards.owner(3) == "two"

    play(url, script)


def test_where_there_is_no_map_nobody_has_anything(url: str) -> None:
    async def script(scene: Scene) -> None:
        blank = StoredShards(scene.client, f"{scene.scope}-blank")
        assert await blank.read() is NO_MAP
        assert (await blank.version(), await blank.owner(0)) == (0, "")
        journal = Journal(scene.client, blank.scope, "calls/0")
        refused = (await claim_shards(scene.client, "one", {0: journal}))[0]
        assert "the map gives shard 0 to nobody" in str(refused)

    play(url, script)


def test_nobody_claims_the_journal_of_a_shard_that_is_another_s(url: str) -> None:
    async def script(scene: Scene) -> None:
        journal = await scene.claimed(0, "one")
        with pytest.raises(FencedError, match="the map gives shard 0 to one"):
            await scene.claimed(0, "two")
        await journal.append([b"the first one writes on"])

    play(url, script)


def test_a_bound_shard_is_closed_and_stays_where_it_is_until_it_is_handed_over(url: str) -> None:
    async def script(scene: Scene) -> None:
        journal = await scene.claimed(0, "one")
        assert await scene.shards.bind([0, 1, 2], "one", "two") == 2, "shard 1 is not its"
        assert await scene.shards.bind([0, 2], "one", "three") == 0, "they are bound already"
        there = await scene.shards.read()
        assert there.version == 2
        assert there.bound == {0: "two", 2: "two"}
        assert there.of("one")[:2] == [0, 2]
        assert there.open_of("one")[0] == 4
        assert there.bound_for("two") == [0, 2]
        await journal.append([b"calls that go on"])
        assert await scene.shards.hand_over("one", {0: epoch(journal)}) == 1
        after = await scene.shards.read()
        assert (after.version, after.owners[0], after.bound) == (3, "two", {2: "two"})
        assert after.open_of("two")[:2] == [0, 1]

    play(url, script)


def test_who_takes_a_shard_over_has_its_journal_and_who_gave_it_writes_no_more(url: str) -> None:
    async def script(scene: Scene) -> None:
        before = await scene.claimed(0, "one")
        await before.append([b"an entry"])
        await snapshot_each(scene.client, [(before, b"stands for it")])
        await scene.shards.bind([0], "one", "two")
        await scene.shards.hand_over("one", {0: epoch(before)})
        journal, recovered = await scene.recovered(0, "two")
        assert (recovered.snapshot, list(recovered.entries)) == (b"stands for it", [])
        with pytest.raises(FencedError):
            await before.append([b"too late"])
        with pytest.raises(FencedError, match="the map gives shard 0 to two"):
            await scene.claimed(0, "one")
        await journal.append([b"the next"])

    play(url, script)


def test_nobody_hands_over_twice_nor_what_is_not_bound_nor_in_a_past_epoch(url: str) -> None:
    async def script(scene: Scene) -> None:
        zombie = await scene.claimed(0, "one")
        owner = await scene.claimed(0, "one")
        assert await scene.shards.hand_over("one", {0: epoch(owner)}) == 0, "it is not bound"
        await scene.shards.bind([0], "one", "two")
        version = await scene.shards.version()
        assert await scene.shards.hand_over("one", {0: epoch(zombie)}) == 0
        assert await scene.shards.hand_over("two", {0: epoch(owner)}) == 0
        assert await scene.shards.version() == version
        assert await scene.shards.hand_over("one", {0: epoch(owner)}) == 1
        assert await scene.shards.hand_over("one", {0: epoch(owner)}) == 0
        assert (await scene.shards.read()).owners[0] == "two"

    play(url, script)


def test_the_last_open_shard_of_all_is_not_closed(url: str) -> None:
    async def script(scene: Scene) -> None:
        every = range(VIRTUAL_SHARDS)
        assert await scene.shards.bind(every, "one", "two") == VIRTUAL_SHARDS // 2
        assert await scene.shards.bind(every, "two", "one") == VIRTUAL_SHARDS // 2 - 1
        there = await scene.shards.read()
        assert there.open_of("two") == [VIRTUAL_SHARDS - 1]
        assert there.open_of("one") == []

    play(url, script)


def test_callers_reach_another_actor_from_a_moment_on_that_everybody_can_read_before(url: str) -> None:
    async def script(scene: Scene) -> None:
        with pytest.raises(ResponseError, match="no clock was started"):
            await scene.shards.set_front("two", 0)
        await StoreAdmission(scene.client, scene.scope).start_clock(1_799_999_999_123_457, 0)
        await scene.shards.set_front("two", 1_000_000)
        there = await scene.shards.read()
        assert (there.version, there.front, there.front_from) == (2, "two", 1_800_000_000_123_457)

    play(url, script)


def test_many_are_claimed_at_once_each_with_all_that_is_in_its_journal_but_for_those_of_others(
    url: str,
) -> None:
    async def script(scene: Scene) -> None:
        long, cut = await scene.claimed(0, "one"), await scene.claimed(2, "one")
        entries = [b"%d" % n for n in range(2_500)]
        await long.append(entries)
        await cut.append([b"before"])
        await cut.snapshot(b"so far")
        await cut.append([b"after"])
        journals = {shard: scene.journal(shard) for shard in (0, 1, 2, 4)}
        claimed = await claim_shards(scene.client, "one", journals)
        assert claimed[0] == Recovered(None, entries)
        assert isinstance(claimed[1], FencedError)
        assert claimed[2] == Recovered(b"so far", [b"after"])
        assert claimed[4] == Recovered(None, [])
        assert [journals[shard].head for shard in (0, 2, 4)] == [2_500, 2, 0]
        await journals[0].append([b"the next"])
        with pytest.raises(FencedError):
            await long.append([b"too late"])
        assert await claim_shards(scene.client, "one", {}) == {}

    play(url, script)
