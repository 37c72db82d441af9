"""The actor that makes rows of ended calls durable: parts of Parquet, each counted once its entry is in the journal."""

import asyncio
import contextlib
import logging
from collections import Counter
from pathlib import Path
from typing import Any, Final, cast

from redis.exceptions import RedisError

from actors.doctor import Facts, Patient
from actors.plan import LivePlan
from actors.post import RETRY_S, Answer, Batch
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import Journal
from busyhour.core.snapshots import call_of_facts
from busyhour.host import RECORDER
from busyhour.results.parts import GapError, Manifest, PartWriter
from busyhour.results.rows import Names, packed_row
from busyhour.results.transcripts import TurnRow, turn_rows, write_part
from simulation.assembly import assemble

PART_S: Final = 2.0
"""How long rows wait for others to share their part."""
PART_ROWS: Final = 50_000
"""Rows that don't wait."""
MOST_ROWS: Final = 200_000
"""In memory, 50 MB: who sends more while none can be written keeps them, and dials no more when it has too many."""
DISK_RETRY_S: Final = 1.0
"""Until a part that could not be written is tried again."""
DURABLE_S: Final = 3.5
"""How long rows may take to be in the manifest before their sender hears that they are not: less than it waits."""
SNAPSHOT_AFTER: Final = 500
"""Parts after which a snapshot takes their entries' place in the journal."""

log = logging.getLogger("busyhour.live")


class Nowhere:
    """Rows of the assembled simulation, of which there are none."""

    def add(self, chunk: bytes) -> None:
        """None comes."""


class LiveRecorder:
    """Takes rows from every shard, at least once each, and writes each once."""

    def __init__(self, plan: LivePlan, client: Any) -> None:
        self.plan = plan
        self._client = client
        self._patient = Patient(client, plan.scope, self.facts)
        self.trouble = ""
        """Why no part can be written; empty when it can."""
        self.counts: Counter[str] = Counter()
        self._written = asyncio.Condition()
        self._turns: list[TurnRow] = []
        self._hurry = asyncio.Event()
        self.stopped = False
        self.store_answers = True

    async def activate(self) -> None:
        """Raises RedisError, PartError, and OSError where the folder can't be written."""
        self.names = await asyncio.to_thread(self._assembled)
        self.journal = Journal(self._client, self.plan.scope, RECORDER)
        recovered = await self.journal.claim()
        self.manifest = Manifest(self.plan.folder, recovered.snapshot, recovered.entries)
        self._snapshot_at = self.journal.head - len(recovered.entries)
        self.counts["swept"] = len(self.manifest.sweep(self.journal.epoch))
        self.writer = PartWriter(
            self.names, self.plan.folder, self.journal.epoch, self.manifest.received, self.plan.replication
        )

    def _assembled(self) -> Names:
        with self.plan.scenario() as scenario:
            return assemble(scenario, self.plan.replication, Nowhere()).names

    async def begin(self) -> None:
        """Rows may come before the clock runs."""

    async def run(self) -> None:
        """Part after part until `close`. Raises FencedError when a successor has claimed the journal."""
        while not self.stopped:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), PART_S)
            self._hurry.clear()
            if self.writer.pending_rows:
                await self._write()
            with contextlib.suppress(RedisError, OSError):
                await self._patient.answer()

    async def _write(self) -> None:
        try:
            part = await asyncio.to_thread(self.writer.write)
        except OSError as full:  # the rows are kept
            self.trouble = f"rows can't be written: {full.strerror or full}"
            log.warning("%s", self.trouble)
            await asyncio.sleep(DISK_RETRY_S)
            return
        self.trouble = ""
        await self._write_turns(part.file)
        entry = part.to_entry()
        while True:
            try:
                await self.journal.append([entry])
                break
            except (RedisError, OSError):
                self.store_answers = False
                await asyncio.sleep(RETRY_S)
        self.store_answers = True
        self.manifest.apply(entry)
        self.counts["parts"] += 1
        self.counts["rows"] += part.rows
        async with self._written:
            self._written.notify_all()
        if self.journal.head - self._snapshot_at >= SNAPSHOT_AFTER:
            with contextlib.suppress(RedisError, OSError):
                await self.journal.snapshot(self.manifest.snapshot())
                self._snapshot_at = self.journal.head

    async def _write_turns(self, file: str) -> None:
        """What was said, beside the part of this name; those that can't be written go with the next one."""
        turns, self._turns = self._turns, []
        if turns:
            try:
                await asyncio.to_thread(write_part, self.plan.folder, file, self.plan.replication, turns)
            except OSError as full:
                log.warning("transcripts can't be written: %s", full.strerror or full)
                self._turns = turns + self._turns

    async def deliver(self, batch: Batch) -> Answer:
        """Rows, answered for when the manifest has them, or when that takes too long."""
        senders: list[str] = []
        for _, sender, messages in batch:
            senders.append(sender)
            if self.writer.pending_rows >= MOST_ROWS:
                continue
            try:
                for number, plain in messages:
                    call = call_of_facts(plain[1])
                    is_new = self.writer.add(sender, number, packed_row(call, cast("int", plain[2])))
                    if is_new and len(plain) > 3:
                        turns = cast("list[dict[str, Any]]", plain[3])
                        self._turns += turn_rows(f"{self.plan.replication}-{call.id}", turns)
            except GapError:
                continue
        if self.writer.pending_rows >= PART_ROWS:
            self._hurry.set()
        wanted = {sender: self.writer.received.get(sender, 0) for sender in senders}
        received = self.manifest.received
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DURABLE_S), self._written:
                await self._written.wait_for(
                    lambda: all(received.get(sender, 0) >= number for sender, number in wanted.items())
                )
        durable = [(RECORDER, sender, received.get(sender, 0)) for sender in senders]
        return durable, self.writer.pending_rows >= MOST_ROWS

    def hurry(self) -> None:
        """The run is over: rows wait for no others."""
        self._hurry.set()

    def status(self) -> dict[str, Any]:
        """A few facts, quickly."""
        return {
            "store_answers": self.store_answers,
            "trouble": self.trouble,
            "counts": dict(self.counts),
            "rows": self.manifest.rows,
            "pending": self.writer.pending_rows,
        }

    def facts(self) -> Facts:
        """For the doctor."""
        return Facts(RECORDER, store_answers=self.store_answers, trouble=self.trouble)

    def close(self) -> None:
        """`run` returns."""
        self.stopped = True
        self._hurry.set()


async def manifest_of(plan: LivePlan) -> tuple[Path, Manifest]:
    """The parts that count, for whoever concludes the run. Claims the recorder's journal: its owner writes no more."""
    client: Any = await connect(plan.store_url)
    try:
        recovered = await Journal(client, plan.scope, RECORDER).claim()
    finally:
        await client.aclose()
    return plan.folder, Manifest(plan.folder, recovered.snapshot, recovered.entries)
