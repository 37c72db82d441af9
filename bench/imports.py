"""A million rows by one file through the platform as it is served: time, progress, and the memory of who does it.

    .venv/bin/python -m bench.imports [ROWS]

A million rows of a phone alone are 13 MB; a file may have 16 MiB. The process that does it is the API's replica.
"""

import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.embedded import url_of
from tests.support.served import Served, served_platform

LOOK_S = 0.5
BULK = 5_000


def replica_of(served: Served) -> psutil.Process:
    """The process of the API."""
    every = psutil.Process(served.pid).children(recursive=True)
    (replica,) = [one for one in every if "ServeReplica:busyhour:api" in "".join(one.cmdline())]
    return replica


def peak_mb(process: psutil.Process) -> float:
    """The most memory it has had resident."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


async def store_mb(served: Served) -> float:
    async with await connect(url_of(served.folder / "data")) as client:
        anyhow: Any = client
        return int((await anyhow.info("memory"))["used_memory"]) / 2**20


def bulk(api: httpx.Client) -> None:
    for attempt in ("created", "updated"):
        contacts = [
            {"phone": f"+1212{n:07}", "name": f"Alexandra Example {n}", "metadata": {"plan": "gold"}}
            for n in range(BULK)
        ]
        began = time.perf_counter()
        answer = api.post("/v1/contacts/bulk", json={"contacts": contacts}).raise_for_status().json()
        took = time.perf_counter() - began
        assert answer[attempt] == BULK
        print(f"a bulk of {BULK:,}, {attempt}: {took:.2f} s")


def bring(api: httpx.Client, area: int, rows: int) -> None:
    """Prints how far it is, as whoever waits for it would see."""
    content = "phone\n" + "".join(f"+1{area}{n:07}\n" for n in range(rows))
    began = time.perf_counter()
    files = {"file": ("leads.csv", content.encode(), "text/csv")}
    begun = api.post("/api/voice/customers/import", files=files).raise_for_status().json()
    print(f"{len(content) / 1e6:.1f} MB taken in {time.perf_counter() - began:.2f} s")
    seen: list[int] = []
    slowest = 0.0
    while True:
        asked = time.perf_counter()
        far = api.get(f"/api/voice/customers/imports/{begun['id']}").raise_for_status().json()
        slowest = max(slowest, time.perf_counter() - asked)
        if not seen or far["rows"] > seen[-1]:
            seen.append(far["rows"])
        if far["status"] == "completed":
            break
        assert far["status"] in ("queued", "running"), far
        time.sleep(LOOK_S)
    took = time.perf_counter() - began
    assert far["created"] == rows
    print(
        f"{rows:,} rows created in {took:.1f} s, {rows / took:,.0f}/s; progress seen {len(seen)} times,",
        end=" ",
    )
    print(f"the slowest look {slowest * 1e3:.0f} ms")


def main(rows: int) -> None:
    with (
        TemporaryDirectory(prefix="busyhour-imports-") as name,
        served_platform(Path(name), 1, BUSYHOUR_RATE_LIMIT_SCALE="1000") as served,
    ):
        header = asyncio.run(served.key())
        replica = replica_of(served)
        with httpx.Client(base_url=served.base, headers=header, timeout=120) as api:
            bulk(api)
            for area, part in ((415, rows // 10), (310, rows)):
                before, in_store = peak_mb(replica), asyncio.run(store_mb(served))
                bring(api, area, part)
                print(
                    f"peak memory of the replica {peak_mb(replica):.0f} MB, {before:.0f} MB before;", end=" "
                )
                print(f"the store has grown by {asyncio.run(store_mb(served)) - in_store:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
