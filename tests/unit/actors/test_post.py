"""What hosts send goes in batches, again where it got lost, and not at all faster than others can take it."""

import asyncio
from collections import Counter
from typing import Any

import pytest

import actors.live_actor
import actors.post
from actors.live_actor import RayCourier
from actors.post import Answer, Batch, Post
from busyhour.host import Host
from simulation.live_part import LivePart, Role
from simulation.scenario import loads


def host() -> Host:
    scenario = loads(
        "name: p\nclock: {horizon: 1m}\ncampaigns: {a: {contacts: {count: 1}, pacing: {mode: agentless}}}"
    )
    return LivePart(scenario, Role(campaigns=[0]), 2).hosts["campaigns/0"]


class Shard:
    """The courier, and who it goes to: it answers as `answers` says, one after another, and then takes everything."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.taken: list[Batch] = []

    async def deliver(self, actor: str, batch: Batch) -> Answer:
        self.taken.append(batch)
        answer = self.answers.pop(0) if self.answers else ()
        if isinstance(answer, Exception):
            raise answer
        if answer:
            return answer
        return [(to, sender, messages[-1][0]) for to, sender, messages in batch], False


def post_of(sender: Host, courier: Any) -> Post:
    return Post({sender.name: sender}, {"calls/0": "calls-0"}, courier, Counter())


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.post, "RETRY_S", 0.05)


def test_what_an_addressee_does_not_take_is_sent_again_after_a_pause() -> None:
    async def main() -> None:
        sender, shard = host(), Shard(([], False), ConnectionError(), ([], False))
        post = post_of(sender, shard)
        sender.send("calls/0", ["one"])
        post.may_talk(sender.name, sender)
        began_s = asyncio.get_running_loop().time()
        post.send()
        while post.unacknowledged():
            await asyncio.sleep(0.001)
        assert shard.taken == [[("calls/0", sender.name, [(1, ["one"])])]] * 4
        assert asyncio.get_running_loop().time() - began_s > 0.14

    asyncio.run(main())


def test_an_actor_that_is_behind_is_waited_for_until_it_says_that_it_is_not() -> None:
    async def main() -> None:
        sender = host()
        received = [("calls/0", sender.name, 1)]
        shard = Shard((received, True), ([], True), ([], False))
        post = post_of(sender, shard)
        sender.send("calls/0", ["one"])
        post.may_talk(sender.name, sender)
        assert post.laggard() == ""
        post.send()
        await asyncio.sleep(0.02)
        assert post.laggard() == "calls-0"
        await asyncio.sleep(0.2)
        assert post.laggard() == ""
        assert [len(batch) for batch in shard.taken] == [1, 0, 0], (
            "it is asked though there is nothing for it"
        )

    asyncio.run(main())


def test_an_actor_that_does_not_answer_is_a_laggard_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.post, "SILENT_S", 0.1)

    async def main() -> None:
        sender = host()
        post = post_of(sender, Shard(*[ConnectionError()] * 4))
        sender.send("calls/0", ["one"])
        post.may_talk(sender.name, sender)
        post.send()
        await asyncio.sleep(0.05)
        assert post.laggard() == ""
        await asyncio.sleep(0.1)
        assert post.laggard() == "calls-0"
        await asyncio.sleep(0.2)
        assert post.laggard() == ""

    asyncio.run(main())


def test_what_nobody_has_acknowledged_goes_to_whoever_has_the_host_now() -> None:
    async def main() -> None:
        sender, where = host(), {"calls/0": "calls-0"}
        moved: dict[str, list[Batch]] = {"calls-0": [], "calls-1": []}

        class Courier:
            async def deliver(self, actor: str, batch: Batch) -> Answer:
                moved[actor].append(batch)
                if actor == "calls-0":
                    await asyncio.sleep(0.05)
                    return [], False  # it has no such host any more
                return [(to, by, messages[-1][0]) for to, by, messages in batch], False

        post = Post({sender.name: sender}, where, Courier(), Counter())
        sender.send("calls/0", ["one"])
        post.may_talk(sender.name, sender)
        post.send()
        await asyncio.sleep(0.02)
        where["calls/0"] = "calls-1"
        post.rerouted()
        while post.unacknowledged():
            post.send()
            await asyncio.sleep(0.01)
        assert moved["calls-1"] == [[("calls/0", sender.name, [(1, ["one"])])]]
        await asyncio.sleep(0.1)
        assert len(moved["calls-0"]) == 1, "it is asked no more"
        assert post.laggard() == ""

    asyncio.run(main())


def test_an_actor_that_was_behind_and_is_no_more_holds_nobody_up() -> None:
    async def main() -> None:
        sender = host()
        shard = Shard(([("calls/0", sender.name, 1)], True), ConnectionError())
        post = post_of(sender, shard)
        sender.send("calls/0", ["one"])
        post.may_talk(sender.name, sender)
        post.send()
        await asyncio.sleep(0.2)
        assert post.laggard() == ""
        assert len(shard.taken) == 2

    asyncio.run(main())


class Names:
    """The store's: who has which name."""

    def __init__(self) -> None:
        self.name = b"calls-0#1"

    async def hget(self, key: str, actor: str) -> bytes:
        return self.name


class Hung:
    """A handle of an actor that never answers."""

    def __init__(self) -> None:
        self.deliver = self

    def remote(self, batch: Batch) -> "asyncio.Future[Answer]":
        return asyncio.get_running_loop().create_future()


def test_a_batch_is_taken_back_from_a_hung_actor_as_soon_as_it_has_a_successor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(actors.live_actor, "LOOK_S", 0.02)

    async def main() -> None:
        names = Names()
        courier = RayCourier("scope", names)

        async def found(actor: str) -> tuple[bytes, Any]:
            return b"calls-0#1", Hung()

        monkeypatch.setattr(courier, "_found", found)
        delivery = asyncio.create_task(courier.deliver("calls-0", []))
        await asyncio.sleep(0.1)
        assert not delivery.done()
        names.name = b"calls-0#2"
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(delivery, 0.5)

    asyncio.run(main())
