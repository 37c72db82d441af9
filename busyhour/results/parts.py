"""The rows of a live run on disk: parts of its `calls/` dataset, and the manifest that says which of them count.

Whoever records goes through these steps, in this order:

    1. `PartWriter.write`: a file under a passing name, fsynced, renamed, its folder fsynced
    2. `Part.to_entry` appended to the recorder's journal, which refuses whoever is no longer its owner
    3. `Manifest.apply` of the same entry, and only then the sources are told `Manifest.received`

A part counts exactly when its entry is in the journal. Before that its rows will be sent again, and the file is a
stray; after it nothing that crashes can take it back.

BusyhourError
├── GapError     a source skipped numbers: what it sent can't be taken yet
└── PartError    a part is not what the journal says
"""

import json
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from busyhour.core.disposition import AMD_RESULTS, DIRECTIONS, DISPOSITIONS, END_REASONS
from busyhour.core.errors import BusyhourError, InvalidValueError, require_at_least
from busyhour.core.ids import Instant
from busyhour.results.columns import Columns
from busyhour.results.parquet import CallTableBuilder, open_calls_file
from busyhour.results.readback import RowReader, untold
from busyhour.results.rows import CALL_ROW, CallRows, Names, rows_of

PART_GROUP_ROWS: Final = 16_384
"""Rows in a part's row group, 2 MB: less than in a replication's, because several parts are read side by side."""

_PART_NAME: Final = re.compile(r"\.?part-(\d+)-(\d+)\.(?:parquet|partial)")


class GapError(BusyhourError):
    """`source` sent its row `number` when `expected` was next: it must go on from there, and none of it was taken."""

    source: str
    number: int
    expected: int

    def __init__(self, source: str, number: int, expected: int) -> None:
        super().__init__(source, number, expected)
        self.source = source
        self.number = number
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.source} sent row {self.number}, {self.expected} is next"


class PartError(BusyhourError):
    """The part `file` is not what the journal says: `reason`."""

    file: str
    reason: str

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, reason)
        self.file = file
        self.reason = reason

    def __str__(self) -> str:
        return f"the part {self.file} is not what the journal says: {self.reason}"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of rows, in the order their calls ended."""

    file: str
    """Its name in `calls/`."""
    rows: int
    received: Mapping[str, int]
    """By source with rows in this part: the number of its last row here. The other sources stand where they stood."""
    first_ended_at: Instant
    last_ended_at: Instant

    def to_entry(self) -> bytes:
        """What the journal holds of it."""
        return json.dumps(self.as_plain(), separators=(",", ":"), sort_keys=True).encode()

    @staticmethod
    def from_entry(entry: bytes) -> "Part":
        """Raises PartError where `to_entry` did not write it."""
        try:
            return Part.from_plain(json.loads(entry))
        except ValueError as unreadable:
            raise PartError(repr(entry[:40]), "its entry is no JSON") from unreadable

    def as_plain(self) -> dict[str, object]:
        """What JSON can carry."""
        return {
            "file": self.file,
            "rows": self.rows,
            "received": dict(self.received),
            "ended": [self.first_ended_at, self.last_ended_at],
        }

    @staticmethod
    def from_plain(plain: Any) -> "Part":
        """Raises PartError where `as_plain` did not give it."""
        try:
            first, last = map(int, plain["ended"])
            received = {str(source): int(number) for source, number in plain["received"].items()}
            part = Part(str(plain["file"]), int(plain["rows"]), received, first, last)
        except (KeyError, TypeError, ValueError, AttributeError) as unlike:
            raise PartError(repr(plain)[:80], "its entry has other fields") from unlike
        if _epoch_of(part.file) is None or part.file.startswith("."):
            raise PartError(part.file, "no part has such a name")
        return part


class PartWriter:
    """Buffers rows of the sources, each once, and writes what it has as one part.

    `epoch` is the recorder's in its journal: no two owners write under one name. `received` is where the sources stand,
    `Manifest.received` of the recovered journal. `folder` is the run's; raises OSError where `calls/` can't be made.

    A row may be told to its source as safe when it is in the *manifest*; one that is in the buffer is only not taken
    again. The caller bounds the buffer: it stops taking rows while it can't write.
    """

    def __init__(
        self,
        names: Names,
        folder: Path,
        epoch: int,
        received: Mapping[str, int] | None = None,
        replication: int = 0,
    ) -> None:
        require_at_least("epoch", epoch, 1)
        self.epoch: Final = epoch
        self.received: dict[str, int] = dict(received or {})
        """By source: the number of the last row that was taken."""
        self._calls = folder / "calls"
        self._replication = replication
        self.pending_rows = 0
        """Taken, and in no part yet."""
        self._pending: list[bytes] = []
        self._moved: set[str] = set()
        self._lock = threading.Lock()
        self._written = 0
        self._calls.mkdir(parents=True, exist_ok=True)
        for made in (self._calls, folder, folder.parent):
            _sync_folder(made)
        self.use_names(names)

    def use_names(self, names: Names) -> None:
        """From here on. `names` has grown at the ends of its lists: what was written means the same."""
        self._table = CallTableBuilder(names, self._replication)
        self._reader = RowReader(names)
        self._known = {field: len(known) for field, known in _numbered_by(names).items()}
        self._contacts = [None if labels is None else len(labels) for labels in names.contact_labels]

    def add(self, source: str, number: int, row: bytes) -> bool:
        """Takes the row; False if it was taken before.

        Raises GapError, and InvalidValueError where it is not one row or has a number that no name stands behind. It is
        refused here because no part could be written with it, and the other sources would wait for it forever.
        """
        if len(row) != CALL_ROW.itemsize:
            raise InvalidValueError("row", len(row), f"{CALL_ROW.itemsize} bytes")
        return self.add_rows(source, number, row) == 1

    def add_rows(self, source: str, first: int, rows: bytes) -> int:
        """Takes the rows numbered from `first` on, and tells how many were new. Raises as `add` does."""
        require_at_least("first", first, 1)
        if len(rows) % CALL_ROW.itemsize:
            raise InvalidValueError("rows", len(rows), f"a multiple of {CALL_ROW.itemsize} bytes")
        expected = self.received.get(source, 0) + 1
        if first > expected:
            raise GapError(source, first, expected)
        new = rows[(expected - first) * CALL_ROW.itemsize :]
        taken = len(new) // CALL_ROW.itemsize
        if taken:
            self._check(rows_of(new))
            with self._lock:
                self._pending.append(new)
                self.pending_rows += taken
                self._moved.add(source)
                self.received[source] = expected + taken - 1
        return taken

    def write(self) -> Part:
        """All buffered rows as a part: on disk under its name when this returns, and counting for nothing until its
        entry is in the journal.

        May be left to a thread: rows that are added meanwhile go into the next part. Not to two at once.
        Raises OSError where it can't be written; the rows stay buffered then, for another try under another name.
        Raises InvalidValueError when there is nothing to write.
        """
        require_at_least("pending_rows", self.pending_rows, 1)
        self._written += 1
        with self._lock:
            taken, moved = self._pending, self._moved
            self._pending, self._moved, self.pending_rows = [], set(), 0
            received = {source: self.received[source] for source in sorted(moved)}
        try:
            rows = in_order_of_end(rows_of(b"".join(taken)))
            file = self._write_named(self._written, rows)
        except BaseException:
            with self._lock:
                self._pending[:0] = taken
                self.pending_rows += sum(map(len, taken)) // CALL_ROW.itemsize
                self._moved |= moved
            raise
        return Part(file, len(rows), received, int(rows["ended_at"][0]), int(rows["ended_at"][-1]))

    def _write_named(self, number: int, rows: CallRows) -> str:
        file = f"part-{self.epoch}-{number}.parquet"
        staged = self._calls / f".part-{self.epoch}-{number}.partial"
        try:
            self._write_file(staged, rows)
            if (self._calls / file).exists():
                raise FileExistsError(f"{self._calls / file}: epoch {self.epoch} has two writers")
            os.rename(staged, self._calls / file)
            _sync_folder(self._calls)
        except BaseException:
            staged.unlink(missing_ok=True)
            raise
        return file

    def _check(self, rows: CallRows) -> None:
        for field, known in self._known.items():
            if (most := int(rows[field].max())) >= known:
                raise InvalidValueError(field, most, f"below {known}")
        for campaign, labels in enumerate(self._contacts):
            contacts = rows["contact_no"][rows["campaign"] == campaign]
            if labels is not None and len(contacts) and (most := int(contacts.max())) >= labels:
                raise InvalidValueError("contact_no", most, f"below {labels}")

    def _write_file(self, path: Path, rows: CallRows) -> None:
        writer = open_calls_file(path)
        try:
            for group, at in enumerate(range(0, len(rows), PART_GROUP_ROWS)):
                here = rows[at : at + PART_GROUP_ROWS]
                table = self._table.table(Columns(here))
                writer.write_table(table, row_group_size=PART_GROUP_ROWS)
                kept = untold(here, self._reader.rows(table), group)
                if kept:
                    writer.add_key_value_metadata(kept)
        finally:
            writer.close()
        with path.open("rb") as written:
            os.fsync(written.fileno())


class Manifest:
    """The parts that count, from the entries of the recorder's journal."""

    def __init__(self, folder: Path, snapshot: bytes | None = None, entries: Sequence[bytes] = ()) -> None:
        """`snapshot` and `entries` as the journal was recovered. Raises PartError where they don't fit together."""
        self.calls: Final = folder / "calls"
        """Where the parts lie."""
        self.received: dict[str, int] = {}
        """By source: the number of the last row that counts. What its source may forget."""
        self._parts: dict[str, Part] = {}
        if snapshot is not None:
            for plain in _plain_parts(snapshot):
                self._add(Part.from_plain(plain))
        for entry in entries:
            self.apply(entry)

    @property
    def parts(self) -> tuple[Part, ...]:
        """In the order they were journaled."""
        return tuple(self._parts.values())

    @property
    def rows(self) -> int:
        """In all parts: as many as the sources' numbers say, because each row is in one part."""
        return sum(self.received.values())

    def apply(self, entry: bytes) -> Part:
        """An entry that the journal has. Raises PartError if its rows and numbers don't go on from what is here."""
        return self._add(Part.from_entry(entry))

    def snapshot(self) -> bytes:
        """What stands for all entries so far, in the journal."""
        parts = [part.as_plain() for part in self._parts.values()]
        return json.dumps({"parts": parts}, separators=(",", ":")).encode()

    def strays(self) -> list[str]:
        """Names in `calls/` of files that look like parts, whole or not, and don't count.

        A crash leaves one between its renaming and the journal, or half-written under its passing name; and so does an
        owner that was succeeded and did not know. The present owner's last part is one until its entry is in.
        """
        found = os.listdir(self.calls) if self.calls.is_dir() else []
        return sorted(name for name in found if _epoch_of(name) is not None and name not in self._parts)

    def sweep(self, epoch: int) -> list[str]:
        """Removes the strays of epochs before `epoch`, the present owner's, and names them.

        None of them can come to count: the journal has refused their writers since `epoch` began. Those of `epoch` and
        after it are left alone, so that an owner who was itself succeeded removes nothing of its successor's.
        """
        old = [name for name in self.strays() if cast(int, _epoch_of(name)) < epoch]
        for name in old:
            (self.calls / name).unlink(missing_ok=True)
        return old

    def _add(self, part: Part) -> Part:
        if part.file in self._parts:
            raise PartError(part.file, "it is there already")
        new = sum(number - self.received.get(source, 0) for source, number in part.received.items())
        back = [source for source, number in part.received.items() if number <= self.received.get(source, 0)]
        if new != part.rows or back:
            raise PartError(part.file, f"it has {part.rows} rows where {new} were to come")
        self._parts[part.file] = part
        self.received.update(part.received)
        return part


def in_order_of_end(rows: CallRows) -> CallRows:
    """By the instant their calls ended, then by number: an order that does not depend on how rows came in."""
    return rows[np.lexsort((rows["call_no"], rows["ended_at"]))]


def _numbered_by(names: Names) -> dict[str, Sequence[str]]:
    """By field of a row: the names that its numbers stand for."""
    return {
        "campaign": names.campaigns,
        "queue": names.queues,
        "trunk": names.trunks,
        "voice_agent": names.voice_agents,
        "agent_no": names.agents,
        "disposition": DISPOSITIONS,
        "end_reason": END_REASONS,
        "amd": AMD_RESULTS,
        "direction": DIRECTIONS,
    }


def _plain_parts(snapshot: bytes) -> Iterable[Any]:
    try:
        return cast(Iterable[Any], json.loads(snapshot)["parts"])
    except (KeyError, TypeError, ValueError) as unlike:
        raise PartError("(all)", "the snapshot has another form") from unlike


def _epoch_of(name: str) -> int | None:
    matched = _PART_NAME.fullmatch(name)
    return None if matched is None else int(matched[1])


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
