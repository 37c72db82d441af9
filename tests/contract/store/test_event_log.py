"""The events of an account, for whoever follows them."""

import asyncio
from typing import Any

from busyhour.adapters.valkey import event_log
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.documents import Commit
from busyhour.adapters.valkey.event_log import BEGINNING, EventLog, log_event


async def logged(client: Any, account: str, *bodies: str) -> None:
    for body in bodies:
        commit = Commit(client, "events")
        log_event(commit, account, "call.ended", body)
        await commit.run()


def test_each_account_has_its_own_events_in_their_order_and_reading_goes_on_after_any(url: str) -> None:
    async def scene() -> None:
        async with await connect(url) as client:
            log = EventLog(client, "events")
            assert await log.end("acme") == BEGINNING
            await logged(client, "acme", "1", "2", "3")
            await logged(client, "other", "4")
            first = await log.after("acme", BEGINNING, 2)
            assert [event.body for event in first] == ["1", "2"]
            rest = await log.after("acme", first[-1].position, 9)
            assert [(event.type, event.body) for event in rest] == [("call.ended", "3")]
            assert await log.end("acme") == rest[-1].position
            assert not await log.has_lost("acme", first[0].position)
            assert not await log.has_lost("nobody", "17-0")

    asyncio.run(scene())


def test_of_many_events_the_oldest_go_and_who_had_not_read_them_is_told(url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(event_log, "KEPT", 100)

    async def scene() -> None:
        async with await connect(url) as client:
            log = EventLog(client, "events")
            await logged(client, "acme", "0")
            (oldest,) = await log.after("acme", BEGINNING, 1)
            await logged(client, "acme", *map(str, range(1, 400)))
            kept = await log.after("acme", BEGINNING, 1_000)
            assert 100 <= len(kept) <= 250
            assert await log.has_lost("acme", oldest.position)
            assert not await log.has_lost("acme", kept[0].position)

    asyncio.run(scene())
