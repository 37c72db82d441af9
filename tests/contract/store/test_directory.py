"""A directory numbers what a platform consists of, once each, for everybody alike."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.directory import Directory, Record

numbers = itertools.count()


def run(url: str, scene: Callable[[Any, str], Awaitable[None]]) -> None:
    """`scene(client, scope)` on a directory of its own."""

    async def play() -> None:
        async with await connect(url) as client:
            await scene(client, f"directory-{next(numbers)}")

    asyncio.run(play())


def test_each_kind_is_numbered_from_0_in_the_order_in_which_it_comes(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        directory = Directory(client, scope)
        assert await directory.add("queue", "sales", "acme", {}) == 0
        assert await directory.add("agent", "ann", "acme", {"queues": [0]}) == 0
        assert await directory.add("queue", "care", "acme", {"wrap_up_us": 5_000_000}) == 1
        assert await directory.read() == [
            Record("queue", 0, "sales", "acme", {}),
            Record("agent", 0, "ann", "acme", {"queues": [0]}),
            Record("queue", 1, "care", "acme", {"wrap_up_us": 5_000_000}),
        ]

    run(url, scene)


def test_what_is_added_again_has_its_number_already_and_keeps_its_facts(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        directory = Directory(client, scope)
        assert await directory.add("campaign", "spring", "acme", {"trunk": 0}) == 0
        assert await directory.add("campaign", "spring", "acme", {"trunk": 1}) == 0
        assert await directory.read() == [Record("campaign", 0, "spring", "acme", {"trunk": 0})]

    run(url, scene)


def test_whoever_adds_at_once_agrees_on_the_numbers(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        async def add(key: int) -> int:
            async with await connect(url) as own:
                return await Directory(own, scope).add("agent", str(key % 5), "acme", {})

        given = await asyncio.gather(*(add(key) for key in range(20)))
        assert sorted(set(given)) == [0, 1, 2, 3, 4]
        assert all(given[key] == given[key % 5] for key in range(20))
        assert len(await Directory(client, scope).read()) == 5

    run(url, scene)


def test_who_has_read_some_reads_on_from_there(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        directory = Directory(client, scope)
        await directory.add("queue", "sales", "acme", {})
        known = len(await directory.read())
        await directory.add("queue", 'übung "x"', "acme", {"name": "Ä"})
        assert await directory.read(known) == [Record("queue", 1, 'übung "x"', "acme", {"name": "Ä"})]
        assert await directory.read(2) == []

    run(url, scene)


def test_a_key_leads_to_its_number(url: str) -> None:
    async def scene(client: Any, scope: str) -> None:
        directory = Directory(client, scope)
        await directory.add("queue", "sales", "acme", {})
        assert await directory.number_of("queue", "sales") == 0
        assert await directory.number_of("agent", "sales") is None

    run(url, scene)
