"""N requests in every window, with any number of processes that ask."""

import asyncio
import multiprocessing
from collections.abc import Sequence

import pytest
from redis import Redis

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.request_limits import Allowance, RequestLimits
from busyhour.core.ids import SECOND

LIMIT = 20
WINDOW_S = 1
PROCESSES = 8


async def take_many(url: str, bucket: str, count: int, window: int) -> list[Allowance]:
    async with await connect(url) as client:
        limits = RequestLimits(client, "limits", window)
        return [await limits.take(bucket, LIMIT) for _ in range(count)]


def hammer(url: str, bucket: str, seconds: float) -> None:
    """Ask as fast as can be, and note in the store when it was allowed, by the store's clock."""

    async def run() -> None:
        async with await connect(url) as client:
            limits = RequestLimits(client, "limits", WINDOW_S * SECOND)
            end = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < end:
                if (await limits.take(bucket, LIMIT)).allowed:
                    await client.incr(f"allowed:{bucket}")

    asyncio.run(run())


def most_in_a_window(instants: Sequence[int], window_us: int) -> int:
    return max(sum(at <= other <= at + window_us for other in instants) for at in instants)


def test_exactly_the_limit_is_allowed_and_the_rest_is_told_when_to_come(url: str) -> None:
    answers = asyncio.run(take_many(url, "alone", LIMIT + 5, 60 * SECOND))
    assert [answer.allowed for answer in answers] == [True] * LIMIT + [False] * 5
    assert [answer.remaining for answer in answers[: LIMIT + 1]] == [*range(LIMIT - 1, -1, -1), 0]
    assert {answer.next_in_s for answer in answers} <= {59, 60}


def test_a_bucket_that_nobody_uses_goes_away(url: str) -> None:
    asyncio.run(take_many(url, "short", 1, SECOND))
    with Redis.from_url(url) as client:
        assert 0 < client.pttl("{limits}:requests:short") <= 2_000


@pytest.mark.slow
def test_eight_processes_together_never_exceed_it_in_any_window(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=hammer, args=(url, "shared", 2.5)) for _ in range(PROCESSES)]
    seen: set[int] = set()
    for process in processes:
        process.start()
    with Redis.from_url(url) as client:
        while any(process.is_alive() for process in processes):
            seen |= {int(at) for at in client.lrange("{limits}:requests:shared", 0, -1)}
        allowed = int(client.get("allowed:shared") or 0)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert most_in_a_window(sorted(seen), WINDOW_S * SECOND) == LIMIT
    assert allowed >= 2 * LIMIT, "the windows came one after the other"
