"""The `transcripts/` dataset: a row a turn of a conversation that followed a flow, in the order conversations ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from busyhour.results.arrow import ArrowTable, pa, pc, pq

TRANSCRIPTS_SCHEMA: Final = pa.schema(
    [
        ("replication", pa.int32()),
        ("call_id", pa.string()),  # as in calls/
        ("seq", pa.int32()),  # from 0 in each call
        ("role", pa.string()),  # of busyhour.core.flow.transcript.ROLES
        ("text", pa.string()),
        ("start_s", pa.float64()),  # from the answer
        ("end_s", pa.float64()),
        ("node_id", pa.string()),  # of the flow; null for none
    ]
)
"""What a reader of the dataset sees."""

FOLDER: Final = "transcripts"
_ROWS_AT_ONCE: Final = 65_536

TurnRow = tuple[str, int, str, str, float, float, str | None]
"""`TRANSCRIPTS_SCHEMA` without the replication."""


def turn_rows(call_id: str, turns: Sequence[Mapping[str, Any]]) -> list[TurnRow]:
    """The rows of a call's turns, given as `Transcript.to_plain` has them."""
    return [
        (
            call_id,
            turn["seq"],
            turn["role"],
            turn["text"],
            turn["start_s"],
            turn["end_s"],
            turn.get("node_id"),
        )
        for turn in turns
    ]


class TranscriptFile:
    """One replication's file, which has its name only once it is whole."""

    def __init__(self, replication: int, out: Path) -> None:
        """`out` is the run's folder. Raises OSError where the file can't be made."""
        self._replication = replication
        self._rows: list[TurnRow] = []
        self._file = _StagedFile(out, f"replication-{replication:05d}.parquet")

    def add(self, call_no: int, turns: Sequence[Mapping[str, Any]]) -> None:
        """The turns of the call with this number. Raises OSError where they can't be written."""
        self._rows += turn_rows(f"{self._replication}-{call_no}", turns)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._write()

    def finish(self) -> None:
        self._write()
        self._file.finish()

    def discard(self) -> None:
        self._file.discard()

    def _write(self) -> None:
        if self._rows:
            self._file.write(table_of(self._replication, self._rows))
            self._rows = []


class _StagedFile:
    """A file of `transcripts/` in the folder `out`."""

    def __init__(self, out: Path, name: str) -> None:
        folder = out / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / name
        self._staged = folder / f".{name}.partial"
        self._writer: Any = pq.ParquetWriter(
            self._staged,
            TRANSCRIPTS_SCHEMA,
            compression="zstd",
            use_dictionary=["replication", "role", "text", "node_id"],
            store_schema=False,
        )

    def write(self, table: ArrowTable) -> None:
        self._writer.write_table(table)

    def finish(self) -> None:
        self._writer.close()
        self._staged.replace(self._path)

    def discard(self) -> None:
        self._writer.close()
        self._staged.unlink(missing_ok=True)


def table_of(replication: int, rows: Sequence[TurnRow]) -> ArrowTable:
    columns = [[replication] * len(rows), *zip(*rows, strict=True)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, TRANSCRIPTS_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=TRANSCRIPTS_SCHEMA)


def write_part(folder: Path, name: str, replication: int, rows: Sequence[TurnRow]) -> None:
    """Some turns of a live run, in a file named as the part of `calls/` that is written with them; at least one.

    They count when that part does. A recorder that crashes before it has journaled the part loses them: the rows of the
    calls are sent again, what was said in calls whose shard is gone by then is not. Raises OSError.
    """
    file = _StagedFile(folder, name)
    try:
        file.write(table_of(replication, rows))
        file.finish()
    except BaseException:
        file.discard()
        raise


def conclude_transcripts(folder: Path, names: Sequence[str], replication: int, out: Path) -> None:
    """A live run's parts as one file of the folder `out`, by call number. `names`: of the parts that count.

    Raises OSError.
    """
    there = [path for path in (folder / FOLDER / name for name in names) if path.exists()]
    parts = [pq.read_table(path, schema=TRANSCRIPTS_SCHEMA) for path in there]
    table = pa.concat_tables([TRANSCRIPTS_SCHEMA.empty_table(), *parts])
    numbers = pc.cast(pc.list_element(pc.split_pattern(table["call_id"], "-"), 1), pa.int64())
    order = pc.sort_indices(
        table.append_column("number", numbers), sort_keys=[("number", "ascending"), ("seq", "ascending")]
    )
    file = _StagedFile(out, f"replication-{replication:05d}.parquet")
    try:
        file.write(table.take(order))
        file.finish()
    except BaseException:
        file.discard()
        raise
