"""`make load`: the platform on 127.0.0.1 with data of its own, load on it for a minute, and then an end.

It fails where anything but a success, 429 or 503 in JSON was answered, or the platform is slow half a minute after.
"""

import asyncio
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import click
import httpx

from tests.load.locusts import run_locust
from tests.support.served import Served, served_platform

LOOKS: Final = 50
RECOVERS_S: Final = 30.0
SLOWER: Final = 3.0
"""Times its latency before, at which it counts as recovered; and at least FAST_S is fast enough."""
FAST_S: Final = 0.02


def latency_s(served: Served, header: dict[str, str]) -> float:
    """The median of a read, one at a time."""
    times: list[float] = []
    with httpx.Client(base_url=served.base, headers=header, timeout=30) as client:
        for _ in range(LOOKS):
            began = time.perf_counter()
            client.get("/v1/contacts").raise_for_status()
            times.append(time.perf_counter() - began)
    return median(times)


async def keys_for(served: Served, users: int) -> list[str]:
    """One for each, of an account of its own."""
    headers = [await served.key(f"account-{number}") for number in range(users)]
    return [header["Authorization"].removeprefix("Bearer ") for header in headers]


@click.command()
@click.option("--users", default=40, show_default=True, help="At most at once.")
@click.option("--seconds", default=60.0, show_default=True, help="Of load.")
@click.option("--workers", default=1, show_default=True, help="Replicas of the API.")
@click.option("--scale", default="1000", show_default=True, help="Times the rate limits.")
def load(users: int, seconds: float, workers: int, scale: str) -> None:
    """Load on a platform of its own."""
    settings = {"BUSYHOUR_RATE_LIMIT_SCALE": scale, "BUSYHOUR_WEBHOOK_ALLOW": "127.0.0.1"}
    with (
        TemporaryDirectory(prefix="busyhour-load-") as name,
        served_platform(Path(name), workers, **settings) as served,
    ):
        keys = asyncio.run(keys_for(served, users))
        watcher = asyncio.run(served.key("watcher"))
        before_s = latency_s(served, watcher)
        run = run_locust(served.base, keys, users, seconds)
        until_s = time.monotonic() + RECOVERS_S
        after_s = latency_s(served, watcher)
        while after_s > max(FAST_S, SLOWER * before_s) and time.monotonic() < until_s:
            after_s = latency_s(served, watcher)
    print(run.stdout, run.stderr, sep="\n")
    print(f"A read alone took {before_s * 1e3:.1f} ms before the load and {after_s * 1e3:.1f} ms after it")
    if run.returncode or after_s > max(FAST_S, SLOWER * before_s):
        sys.exit(1)


if __name__ == "__main__":
    load()
