"""Takes the packed rows of one replication, and leaves its Parquet files and a small result.

The engine's loop must not wait for files and sums, so chunks go through a short queue to one thread. What
that thread does is whole-column work in numpy, pyarrow and hashlib, which let go of the interpreter; the
queue is bounded, so an engine that is faster than the disk waits, and memory stays the same for ten million
calls.
"""

import hashlib
import os
import queue
import threading
from pathlib import Path
from typing import Any, Final

from busyhour.results.parquet import CallTableBuilder, open_calls_file
from busyhour.results.replication import ReplicationResult, Window
from busyhour.results.rows import CALL_ROW, Names, rows_of
from busyhour.results.tallies import Tallies

BLOCK_ROWS: Final = 131_072
"""Rows worked on at once, and in one Parquet row group: 14 MB, whatever the size of the chunks that come
in."""

_BLOCK_BYTES: Final = BLOCK_ROWS * CALL_ROW.itemsize
_WAITING_CHUNKS: Final = 4


class ReplicationRecorder:
    """One replication's rows, from the first chunk to `finish` or `abort`.

    `out_dir` is the run's folder, or None to write no files: `calls/` and `intervals/` get one file a
    replication, which appears under its name only when it is whole. Raises OSError where they can't be made.
    """

    def __init__(self, names: Names, replication: int, window: Window, out_dir: Path | None = None) -> None:
        self._names = names
        self._replication = replication
        self._window = window
        self._calls_file = None if out_dir is None else _StagedCalls(names, replication, out_dir)
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
        """Waits for the rows to be written. Raises what went wrong with any of them."""
        self._stop()
        try:
            self._raise_failure()
            if self._calls_file is not None:
                self._calls_file.finish()
        except BaseException:
            self._discard()
            raise
        return ReplicationResult(
            replication=self._replication,
            digest=self._digest.hexdigest(),
            calls=self._calls,
            events=tallies.events,
            virtual_us=tallies.virtual_us,
            wall_s=tallies.wall_s,
        )

    def abort(self) -> None:
        """Leaves nothing behind. May be called at any time, more than once."""
        self._stop()
        self._discard()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._chunks.put(None)
            self._thread.join()

    def _discard(self) -> None:
        if self._calls_file is not None:
            self._calls_file.discard()

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
        rows = rows_of(block)
        self._calls += len(rows)
        if self._calls_file is not None:
            self._calls_file.write(block)


class _StagedCalls:
    """A calls file that has its name only once it is whole; readers of the dataset skip names that begin with
    a dot."""

    def __init__(self, names: Names, replication: int, out_dir: Path) -> None:
        folder = out_dir / "calls"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"replication-{replication:05d}.parquet"
        self._staged = folder / f".replication-{replication:05d}.partial"
        self._table = CallTableBuilder(names, replication)
        self._writer: Any = open_calls_file(self._staged)

    def write(self, block: bytes) -> None:
        assert self._writer is not None
        self._writer.write_table(self._table.table(rows_of(block)), row_group_size=BLOCK_ROWS)

    def finish(self) -> None:
        assert self._writer is not None
        self._writer.close()
        self._writer = None
        os.replace(self._staged, self._path)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._staged.unlink(missing_ok=True)
