"""The `events/` dataset: what happened, a row an event."""

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from busyhour.core.events import Event
from busyhour.core.ids import Instant
from simulation.tracing import Narrator

EVENTS_SCHEMA: Final[Any] = pa.schema(
    [
        ("replication", pa.int32()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("machine", pa.dictionary(pa.int8(), pa.string())),  # call, agent, queue or campaign
        ("subject", pa.string()),
        ("event", pa.dictionary(pa.int8(), pa.string())),
        ("facts", pa.string()),
    ]
)
_ROWS_AT_ONCE: Final = 65_536


class EventFile(Narrator):
    """Writes `events/`, a Parquet file a replication, which has its name only once it is whole."""

    def __init__(self, replication: int, out: Path) -> None:
        """Raises OSError where the file can't be made."""
        folder = out / "events"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"replication-{replication:05d}.parquet"
        self._staged = folder / f".replication-{replication:05d}.partial"
        self._writer = pq.ParquetWriter(self._staged, EVENTS_SCHEMA, compression="zstd")
        self._replication = replication
        self._rows: list[tuple[int, str, str, str, str]] = []

    def saw(self, event: Event, now: Instant) -> None:
        self._rows.append((now, *self.told(event)))
        if len(self._rows) == _ROWS_AT_ONCE:
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
        at, *words = zip(*self._rows, strict=True)
        columns: list[Any] = [
            pa.array([self._replication] * len(at), pa.int32()),
            pa.array(at, EVENTS_SCHEMA.field("at").type),
            *(
                pa.array(column, pa.string()).cast(field.type)
                for column, field in zip(words, list(EVENTS_SCHEMA)[2:], strict=True)
            ),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=EVENTS_SCHEMA))
        self._rows = []
