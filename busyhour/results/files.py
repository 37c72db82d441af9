"""The files of one replication, which have their names only once they are whole."""

import os
from pathlib import Path
from typing import Any

from busyhour.results.arrow import ArrowTable
from busyhour.results.columns import Columns
from busyhour.results.intervals import write_intervals
from busyhour.results.parquet import BLOCK_ROWS, CallTableBuilder, open_calls_file
from busyhour.results.rows import Names


def _staged(replication: int, out_dir: Path) -> tuple[Path, Path]:
    """Of calls and intervals: what they are called until they are whole."""
    name = f".replication-{replication:05d}.partial"
    return out_dir / "calls" / name, out_dir / "intervals" / name


def discard_staged(replication: int, out_dir: Path) -> None:
    """Takes away what a recorder that was killed has left."""
    for path in _staged(replication, out_dir):
        path.unlink(missing_ok=True)


class StagedFiles:
    """`calls/` and `intervals/` of a run's folder. Readers of a dataset skip names that begin with a dot, so
    a run cut short leaves a dataset of whole replications. Raises OSError where a file can't be made or
    written."""

    def __init__(self, names: Names, replication: int, out_dir: Path) -> None:
        name = f"replication-{replication:05d}"
        self._calls = out_dir / "calls" / f"{name}.parquet"
        self._intervals = out_dir / "intervals" / f"{name}.parquet"
        self._staged_calls, self._staged_intervals = _staged(replication, out_dir)
        for path in (self._calls, self._intervals):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._table = CallTableBuilder(names, replication)
        self._writer: Any = open_calls_file(self._staged_calls)

    def write(self, columns: Columns) -> None:
        self._writer.write_table(self._table.table(columns), row_group_size=BLOCK_ROWS)

    def finish(self, intervals: ArrowTable) -> None:
        self._writer.close()
        self._writer = None
        write_intervals(self._staged_intervals, intervals)
        os.replace(self._staged_intervals, self._intervals)
        os.replace(self._staged_calls, self._calls)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._staged_calls.unlink(missing_ok=True)
        self._staged_intervals.unlink(missing_ok=True)
