"""Takes the packed rows of one replication, and leaves its Parquet files and a small result.

The engine's loop must not wait for files and sums, so chunks go through a short queue to one thread. What
that thread does is whole-column work in numpy, pyarrow and hashlib, which let go of the interpreter; the
queue is bounded, so an engine that is faster than the disk waits, and memory stays the same for ten million
calls.
"""

import hashlib
import queue
import threading
from pathlib import Path
from typing import Final

import numpy as np

from busyhour.core.disposition import END_QUEUE_FULL
from busyhour.results.columns import Columns
from busyhour.results.conclude import Recorded, conclude
from busyhour.results.files import StagedFiles
from busyhour.results.parquet import BLOCK_ROWS
from busyhour.results.peaks import PerSecond
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import CALL_ROW, Names, rows_of
from busyhour.results.sums import Ledger
from busyhour.results.tallies import Tallies
from busyhour.results.waits import WaitSamples
from busyhour.results.window import Window

_BLOCK_BYTES: Final = BLOCK_ROWS * CALL_ROW.itemsize
_WAITING_CHUNKS: Final = 4


class ReplicationRecorder:
    """One replication's rows, from the first chunk to `finish` or `abort`.

    `out_dir` is the run's folder, or None to write no files: `calls/` and `intervals/` get one file a
    replication, which appears under its name only when it is whole. Raises OSError where they can't be made.
    `with_series` keeps what the report plots over time, and what a single long run takes its intervals from.
    """

    def __init__(
        self,
        names: Names,
        replication: int,
        window: Window,
        out_dir: Path | None = None,
        *,
        with_series: bool = True,
    ) -> None:
        self._recorded = Recorded(
            names=names,
            replication=replication,
            window=window,
            ledger=Ledger(names, window),
            waits=WaitSamples(len(names.queues)),
            campaign_peaks=PerSecond(len(names.campaigns), window.start),
            trunk_peaks=PerSecond(len(names.trunks), window.start),
        )
        _keep_freed_memory()
        self._with_series = with_series
        self._files = None if out_dir is None else StagedFiles(names, replication, out_dir)
        self._digest = hashlib.sha256()
        self._calls = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._failure: BaseException | None = None
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_WAITING_CHUNKS)
        self._thread = threading.Thread(target=self._work, name=f"recorder-{replication}", daemon=True)
        self._thread.start()

    def add(self, chunk: bytes) -> None:
        """Packed rows, in the order calls ended. Raises what went wrong with an earlier chunk."""
        self._raise_failure()
        self._chunks.put(chunk)

    def finish(self, tallies: Tallies) -> ReplicationResult:
        """Waits for the rows to be written. Raises what went wrong with any of them, and leaves no file
        then."""
        self._stop()
        try:
            self._raise_failure()
            result, intervals = conclude(
                self._recorded,
                tallies,
                self._digest.hexdigest(),
                self._calls,
                with_series=self._with_series,
            )
            if self._files is not None:
                self._files.finish(intervals)
        except BaseException:
            self._discard()
            raise
        return result

    def abort(self) -> None:
        """Leaves nothing behind. May be called at any time, more than once."""
        self._stop()
        self._discard()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._chunks.put(None)
            self._thread.join()

    def _discard(self) -> None:
        if self._files is not None:
            self._files.discard()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            if self._failure is None:  # after a failure chunks are only taken off, so that `add` never hangs
                try:
                    self._take(chunk)
                except BaseException as failure:  # surfaces in add or finish
                    self._failure = failure
        if self._failure is None:
            try:
                self._work_off(self._pending_bytes)
            except BaseException as failure:
                self._failure = failure

    def _take(self, chunk: bytes) -> None:
        if len(chunk) % CALL_ROW.itemsize:
            raise ValueError(
                f"a chunk of {len(chunk)} bytes is not a whole number of {CALL_ROW.itemsize}-byte rows"
            )
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        while self._pending_bytes >= _BLOCK_BYTES:
            self._work_off(_BLOCK_BYTES)

    def _work_off(self, size: int) -> None:
        if not size:
            return
        whole = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        block, rest = whole[:size], whole[size:]
        self._pending = [rest] if rest else []
        self._pending_bytes = len(rest)
        self._digest.update(block)
        columns = Columns(rows_of(block))
        self._calls += len(columns)
        if self._files is not None:
            self._files.write(columns)
        recorded = self._recorded
        recorded.ledger.add(columns)
        late = columns.created_at >= recorded.window.statistics_from
        entered = (
            late & (columns.queue >= 0) & (columns.queued_at >= 0) & (columns.end_reason != END_QUEUE_FULL)
        )
        wait = (columns.waiting_ended_at() - columns.queued_at)[entered]
        recorded.waits.add(columns.queue[entered], wait)
        dialed = late & columns.outbound() & (columns.dialed_at >= 0)
        recorded.campaign_peaks.add(columns.dialed_at[dialed], columns.campaign[dialed])
        dialed &= (columns.trunk >= 0) & ~columns.blocked()
        recorded.trunk_peaks.add(columns.dialed_at[dialed], columns.trunk[dialed])


def _keep_freed_memory() -> None:
    """Keeps glibc from handing every block's temporary columns back to the kernel and faulting them in again.

    Freeing one large mapping raises malloc's own thresholds (mallopt(3), M_MMAP_THRESHOLD: "dynamic"), here
    to 64 MB that stay with the process: measured, 0.15 microseconds less a row. Elsewhere this does nothing.
    """
    np.empty(31 << 20, np.uint8)
