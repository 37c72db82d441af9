"""What an operator orders of a live run is obeyed once, by whoever hosts the campaign then."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors import orders
from actors.orders import Orders, give
from busyhour.adapters.valkey.connection import connect
from busyhour.core.campaign import PAUSED, RUNNING
from busyhour.core.ids import SECOND
from busyhour.host import Host, campaign_host
from simulation.live_part import LivePart, Role
from simulation.scenario import loads

SCENARIO = loads("""\
schema: busyhour.scenario/v1
name: ordered
clock: {start: "2026-03-02T09:00:00+00:00", horizon: 1h}
callees: {people: {}}
queues: {sales: {agents: 2}}
campaigns:
  retail: {contacts: {count: 10}, callees: people, queue: sales, pacing: {mode: power}}
""")
BEGINS = SCENARIO.clock.start_us
NAME = campaign_host(0)
PAUSE, RESUME = ["CampaignPaused", 0], ["CampaignResumed", 0]


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "TAKE_EVERY_S", 0.0)


def hosted(journal: list[bytes]) -> tuple[LivePart, Host]:
    """The campaign as its journal has it, launched if that is empty."""
    part = LivePart(SCENARIO, Role(campaigns=[0]), 4)
    part.restore(NAME, None, journal)
    host = part.hosts[NAME]
    if not journal:
        host.note(["CampaignLaunched", 0])
        apply(host, journal)
    return part, host


def apply(host: Host, journal: list[bytes]) -> None:
    journal.extend(host.collect(BEGINS + SECOND))
    host.appended()
    while host.unapplied:
        host.apply(host.unapplied.popleft())


def run(url: str, scene: Callable[[Any, str], Awaitable[None]]) -> None:
    async def play() -> None:
        async with await connect(url) as client:
            await scene(client, uuid.uuid4().hex)

    asyncio.run(play())


def test_who_orders_hears_when_the_order_is_in_the_hosts_journal(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        journal: list[bytes] = []
        part, host = hosted(journal)
        taker = Orders(client, scope, part.hosts)
        given = asyncio.create_task(give(client, scope, NAME, PAUSE, 10.0))
        while not given.done():
            await taker.take()
            apply(host, journal)
            await asyncio.sleep(0.01)
        assert given.result()
        assert part.world.driver.campaigns[0].state == PAUSED

    run(url, scene)


def test_an_order_that_nobody_takes_is_not_said_to_be_obeyed_and_stays(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        assert not await give(client, scope, NAME, PAUSE, 0.1)
        journal: list[bytes] = []
        part, host = hosted(journal)
        await Orders(client, scope, part.hosts).take()
        apply(host, journal)
        assert part.world.driver.campaigns[0].state == PAUSED

    run(url, scene)


def test_a_successor_takes_no_order_again_and_misses_none(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        for order in (PAUSE, RESUME):
            assert not await give(client, scope, NAME, order, 0.0)
        journal: list[bytes] = []
        part, host = hosted(journal)
        await Orders(client, scope, part.hosts).take()
        apply(host, journal)
        assert part.world.driver.campaigns[0].state == RUNNING
        assert not await give(client, scope, NAME, PAUSE, 0.0)
        part, host = hosted(journal)  # the first two are in its journal, the third is not
        await Orders(client, scope, part.hosts).take()
        assert len(host.collect(BEGINS + SECOND)) == 1
        apply(host, journal)
        assert part.world.driver.campaigns[0].state == PAUSED

    run(url, scene)


def test_what_is_noted_and_not_durable_yet_is_not_noted_again(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        await give(client, scope, NAME, PAUSE, 0.0)
        part, host = hosted([])
        taker = Orders(client, scope, part.hosts)
        await taker.take()
        await taker.take()
        assert len(host.collect(BEGINS + SECOND)) == 1

    run(url, scene)
