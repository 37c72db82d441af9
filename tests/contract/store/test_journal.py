"""A journal has one writer, loses nothing it acknowledged, and gives it back in order."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import FencedError, Journal, Recovered, SequenceError, require_owner
from busyhour.results.live import rows_from_parts
from busyhour.results.parts import Manifest, Part, PartWriter
from busyhour.results.rows import Names, pack_row

numbers = itertools.count()


def run(url: str, scene: Callable[[Any, str], Awaitable[None]]) -> None:
    """`scene(client, name)` on a journal of its own."""

    async def play() -> None:
        async with await connect(url) as client:
            await scene(client, f"test-{next(numbers)}")

    asyncio.run(play())


def test_a_new_journal_is_empty(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        assert await Journal(client, "tests", name).claim() == Recovered(None, [])

    run(url, scene)


def test_a_successor_reads_what_was_appended_in_order(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        first = Journal(client, "tests", name)
        await first.claim()
        await first.append([b"one", b"\x00two"])
        await first.append([])
        await first.append([b"three"])
        successor = Journal(client, "tests", name)
        assert await successor.claim() == Recovered(None, [b"one", b"\x00two", b"three"])
        assert (successor.head, successor.epoch) == (3, 2)

    run(url, scene)


def test_who_was_succeeded_can_find_out(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        other, paused, successor = [Journal(client, "tests", n) for n in (f"{name}-other", name, name)]
        await other.claim()
        await paused.claim()
        await require_owner(client, [other, paused])
        await successor.claim()
        await require_owner(client, [other, successor])
        with pytest.raises(FencedError, match="epoch 1 is over, 2 writes now"):
            await require_owner(client, [other, paused])

    run(url, scene)


def test_who_was_succeeded_writes_nothing(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        paused, successor = Journal(client, "tests", name), Journal(client, "tests", name)
        await paused.claim()
        await paused.append([b"mine"])
        await successor.claim()
        for write in (paused.append([b"late"]), paused.snapshot(b"late")):
            with pytest.raises(FencedError, match="epoch 1 is over, 2 writes now"):
                await write
        await successor.append([b"next"])
        assert (await Journal(client, "tests", name).claim()).entries == [b"mine", b"next"]

    run(url, scene)


def test_a_snapshot_stands_for_what_came_before_it(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        journal = Journal(client, "tests", name)
        await journal.claim()
        await journal.append([b"one", b"two"])
        await journal.snapshot(b"one and two")
        assert (await Journal(client, "tests", name).claim()) == Recovered(b"one and two", [])
        await (successor := Journal(client, "tests", name)).claim()
        await successor.append([b"three"])
        assert (await Journal(client, "tests", name).claim()) == Recovered(b"one and two", [b"three"])

    run(url, scene)


def test_entries_appended_while_a_snapshot_was_written_stay(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        journal = Journal(client, "tests", name)
        await journal.claim()
        await journal.append([b"one"])
        stands_for = journal.head
        await journal.append([b"two"])
        journal.head = stands_for
        await journal.snapshot(b"one")
        assert (await Journal(client, "tests", name).claim()) == Recovered(b"one", [b"two"])

    run(url, scene)


def test_an_append_whose_answer_was_lost_may_be_repeated(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        journal = Journal(client, "tests", name)
        await journal.claim()
        await journal.append([b"one"])
        await journal.append([b"two", b"three"])
        journal.head = 1  # as if the answer had not come
        await journal.append([b"two", b"three"])
        assert journal.head == 3
        assert (await Journal(client, "tests", name).claim()).entries == [b"one", b"two", b"three"]

    run(url, scene)


def test_an_owner_that_has_lost_count_is_refused(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        journal = Journal(client, "tests", name)
        await journal.claim()
        await journal.append([b"one", b"two", b"three"])
        journal.head = 1
        with pytest.raises(SequenceError, match="holds 3 entries, not 1"):
            await journal.append([b"four"])
        journal.head = 9
        with pytest.raises(SequenceError, match="holds 3 entries, not 9"):
            await journal.snapshot(b"nine")

    run(url, scene)


def test_of_many_who_claim_at_once_one_writes(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        owners = [Journal(client, "tests", name) for _ in range(20)]
        await asyncio.gather(*(owner.claim() for owner in owners), return_exceptions=True)
        wrote = await asyncio.gather(
            *(owner.append([str(owner.epoch).encode()]) for owner in owners), return_exceptions=True
        )
        assert [result for result in wrote if not isinstance(result, FencedError)] == [None]
        assert (await Journal(client, "tests", name).claim()).entries == [b"20"]

    run(url, scene)


def test_long_journals_come_back_whole(url: str) -> None:
    async def scene(client: Any, name: str) -> None:
        entries = [str(number).encode() for number in range(12_345)]
        journal = Journal(client, "tests", name)
        await journal.claim()
        await journal.append(entries)
        assert (await Journal(client, "tests", name).claim()).entries == entries

    run(url, scene)


def test_a_part_counts_only_if_its_recorder_was_not_succeeded(url: str, tmp_path: Path) -> None:
    """A recorder that is paused between its part and the journal wakes up when another has the rows already."""
    rows = [pack_row(call_no=number, ended_at=number) for number in range(3)]

    async def recorder(client: Any, name: str) -> tuple[Journal, Manifest, PartWriter]:
        journal = Journal(client, "tests", name)
        recovered = await journal.claim()
        manifest = Manifest(tmp_path, recovered.snapshot, recovered.entries)
        manifest.sweep(journal.epoch)
        return journal, manifest, PartWriter(Names(), tmp_path, journal.epoch, manifest.received)

    async def record(journal: Journal, manifest: Manifest, part: Part) -> None:
        await journal.append([part.to_entry()])
        manifest.apply(part.to_entry())

    async def scene(client: Any, name: str) -> None:
        journal, manifest, writer = await recorder(client, name)
        writer.add("shard", 1, rows[0])
        await record(journal, manifest, writer.write())
        await journal.snapshot(manifest.snapshot())
        writer.add("shard", 2, rows[1])
        paused = writer.write()

        successor, its_manifest, its_writer = await recorder(client, name)
        assert its_manifest.received == {"shard": 1}
        its_writer.add_rows("shard", 2, rows[1] + rows[2])
        await record(successor, its_manifest, its_writer.write())
        with pytest.raises(FencedError):
            await record(journal, manifest, paused)

        _, last, _ = await recorder(client, name)
        assert (last.received, last.rows, last.strays()) == ({"shard": 3}, 3, [])
        assert b"".join(rows_from_parts(Names(), tmp_path, last)) == b"".join(rows)

    run(url, scene)
