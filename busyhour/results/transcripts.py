"""The `transcripts/` dataset: a row a turn of a conversation that followed a flow, in the order conversations ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from busyhour.results.arrow import pa, pq

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
        folder = out / "transcripts"
        folder.mkdir(parents=True, exist_ok=True)
        self._replication = replication
        self._path = folder / f"replication-{replication:05d}.parquet"
        self._staged = folder / f".replication-{replication:05d}.partial"
        self._rows: list[TurnRow] = []
        self._writer: Any = pq.ParquetWriter(
            self._staged,
            TRANSCRIPTS_SCHEMA,
            compression="zstd",
            use_dictionary=["replication", "role", "text", "node_id"],
            store_schema=False,
        )

    def add(self, call_no: int, turns: Sequence[Mapping[str, Any]]) -> None:
        """The turns of the call with this number. Raises OSError where they can't be written."""
        self._rows += turn_rows(f"{self._replication}-{call_no}", turns)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._write()

    def finish(self) -> None:
        self._write()
        self._writer.close()
        self._staged.replace(self._path)

    def discard(self) -> None:
        self._writer.close()
        self._staged.unlink(missing_ok=True)

    def _write(self) -> None:
        if not self._rows:
            return
        columns = [[self._replication] * len(self._rows), *zip(*self._rows, strict=True)]
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, TRANSCRIPTS_SCHEMA, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=TRANSCRIPTS_SCHEMA))
        self._rows = []
