"""What a million contacts cost the embedded store: bytes each, and seconds to write, enrol, read and dial them.

    .venv/bin/python -m bench.contacts [COUNT]

Every contact has a phone, a name, an external id, a time zone and small metadata, is enrolled in one campaign, and
has been called.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.contact_records import ContactChange
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.adapters.valkey.enrolment import EXHAUSTED, Cursor, Enrolment, Progress

AT_ONCE = 5_000
ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles", "Europe/Berlin")


def row(number: int) -> ContactChange:
    return {
        "phone": f"+1{2_125_550_000 + number * 7}",
        "external_id": f"crm-{number:08d}",
        "name": f"Alexandra Example {number}",
        "timezone": ZONES[number % len(ZONES)],
        "metadata": {"plan": "gold", "score": number % 100},
    }


async def main(count: int, url: str) -> None:
    async with await connect(url) as client:
        anyhow: Any = client

        async def used() -> int:
            return int((await anyhow.info("memory"))["used_memory"])

        contacts = AccountContacts(client, "bench", "main")
        campaign = Enrolment(client, contacts, "spring")
        empty = await used()

        began = time.perf_counter()
        slowest = 0.0
        for first in range(0, count, AT_ONCE):
            rows = [row(number) for number in range(first, min(first + AT_ONCE, count))]
            one = time.perf_counter()
            outcomes = await contacts.bulk(rows)
            slowest = max(slowest, time.perf_counter() - one)
            assert all(outcome.status == "created" for outcome in outcomes)
        took = time.perf_counter() - began
        bytes_each = (await used() - empty) / count
        print(f"{count:,} contacts created by {AT_ONCE:,} in {took:.1f} s, {count / took:,.0f}/s,", end=" ")
        print(f"the slowest request {slowest:.2f} s; {bytes_each:.0f} bytes each")

        began = time.perf_counter()
        outcomes = await contacts.bulk([row(number) for number in range(AT_ONCE)])
        assert all(outcome.status == "updated" for outcome in outcomes)
        print(f"{AT_ONCE:,} of them updated at once in {time.perf_counter() - began:.2f} s")

        began, before = time.perf_counter(), await used()
        assert await campaign.enrol(range(1, count + 1)) == count
        bytes_each = (await used() - before) / count
        print(f"enrolled in {time.perf_counter() - began:.1f} s; {bytes_each:.0f} bytes each")

        began = time.perf_counter()
        cursor: Cursor = {}
        read, is_last = 0, False
        while not is_last:
            page = await campaign.page(cursor, 256)
            cursor, is_last = page.cursor, page.is_last
            read += len(page.contacts)
        assert read == count
        took = time.perf_counter() - began
        print(f"read in dialling order by 256 in {took:.1f} s, {count / took:,.0f}/s")

        began, before = time.perf_counter(), await used()
        for first in range(1, count + 1, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count + 1))
            await campaign.record([Progress(n, EXHAUSTED, 3, 3, 1_800_000_000_000 + n) for n in numbers])
        bytes_each = (await used() - before) / count
        took = time.perf_counter() - began
        print(f"progress of each written in {took:.1f} s, {count / took:,.0f}/s; {bytes_each:.0f} bytes each")
        print(f"in all {(await used() - empty) / 1e6:.0f} MB of the store's memory")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder)) as store:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, store.url))
