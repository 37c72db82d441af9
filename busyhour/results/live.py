"""A live run concluded from its parts, by the code that concludes a simulated one.

Rows go by the instant their calls ended, then by call number: the digest, the bytes of `calls/` and the interval of a
wait's quantile depend on their order, so it must not be that in which shards happened to deliver. All other figures are
sums and maxima, the same in any order.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.errors import InvalidValueError
from busyhour.core.ids import ABSENT, Instant
from busyhour.results.arrow import pa
from busyhour.results.parts import PART_GROUP_ROWS, Manifest, Part, PartError, in_order_of_end
from busyhour.results.readback import RowReader, read_back, rows_in
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import CALL_ROW, CallRows, Names, rows_of
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window

MOST_OPEN: Final = 32
"""Parts read side by side: a row group of each is in memory. Shards deliver within seconds, so parts that overlap are
few; where a source was silent for long and there are more, they are merged into longer runs first."""


@dataclass(frozen=True, slots=True)
class Run:
    """Rows in order."""

    first_ended_at: Instant
    last_ended_at: Instant
    blocks: Callable[[], Iterator[CallRows]]


def rows_from_parts(names: Names, folder: Path, manifest: Manifest) -> Iterator[bytes]:
    """Every row that counts, once, as packed chunks in order. Strays are not looked at.

    `names` may have grown since the parts were written, at the ends of its lists. Raises PartError where a part is
    missing or is not whole, OSError where it can't be read.
    """
    reader = RowReader(names)
    runs = [_run_of(part, manifest.calls, reader) for part in manifest.parts]
    for block in merged(runs, folder):
        yield block.tobytes()


def conclude_parts(
    names: Names,
    window: Window,
    folder: Path,
    manifest: Manifest,
    tallies: Tallies,
    out_dir: Path | None,
    replication: int = 0,
) -> ReplicationResult:
    """The live run's result, as that replication; its `calls/` and `intervals/` go below `out_dir`, which is not
    `folder`.

    Raises as `rows_from_parts` does and leaves no file then.
    """
    if out_dir is not None and out_dir.resolve() == folder.resolve():
        # Readers of a dataset take every file of its folder: each call would be there twice.
        raise InvalidValueError("out_dir", str(out_dir), "another folder than that of the parts")
    recorder = ReplicationRecorder(names, replication, window, out_dir)
    try:
        for chunk in rows_from_parts(names, folder, manifest):
            recorder.add(chunk)
        return recorder.finish(tallies)
    except BaseException:
        recorder.abort()
        raise


def _run_of(part: Part, calls: Path, reader: RowReader) -> Run:
    path = calls / part.file

    def blocks() -> Iterator[CallRows]:
        try:
            if (there := rows_in(path)) != part.rows:
                raise PartError(part.file, f"it has {there} rows, not {part.rows}")
            yield from read_back(path, reader)
        except FileNotFoundError as missing:
            raise PartError(part.file, "it is missing") from missing
        except (pa.ArrowInvalid, KeyError) as unreadable:
            raise PartError(part.file, f"it can't be read: {unreadable}") from unreadable

    return Run(part.first_ended_at, part.last_ended_at, blocks)


def merged(runs: Sequence[Run], folder: Path, most_open: int = MOST_OPEN) -> Iterator[CallRows]:
    """The rows of all runs in order. Runs that had to be merged beforehand lie in `folder`, in files without a name."""
    runs = sorted(runs, key=lambda run: run.first_ended_at)
    with ExitStack() as spools:
        while most_side_by_side(runs) > most_open:
            # Without a name the file leaves nothing behind, whatever happens here.
            spool = spools.enter_context(tempfile.TemporaryFile(dir=folder))
            runs = [
                _spooled(_merged(runs[at : at + most_open]), spool) for at in range(0, len(runs), most_open)
            ]
        yield from _merged(runs)


def most_side_by_side(runs: Sequence[Run]) -> int:
    """How many of the runs, in order of their beginning, cover one instant at the most."""
    if not runs:
        return 0
    first = np.array([run.first_ended_at for run in runs])
    over = np.searchsorted(np.sort([run.last_ended_at for run in runs]), first, side="left")
    return int((np.arange(1, len(runs) + 1) - over).max())


def _spooled(blocks: Iterator[CallRows], spool: IO[bytes]) -> Run:
    begin, first, last = spool.tell(), ABSENT, ABSENT
    for block in blocks:
        first = int(block["ended_at"][0]) if first == ABSENT else first
        last = int(block["ended_at"][-1])
        spool.write(block.tobytes())
    spool.flush()
    end = spool.tell()

    def again() -> Iterator[CallRows]:
        size = PART_GROUP_ROWS * CALL_ROW.itemsize
        for at in range(begin, end, size):
            yield rows_of(os.pread(spool.fileno(), min(size, end - at), at))

    return Run(first, last, again)


@final
class _Open:
    """A run that is being read: the rest of its present block."""

    __slots__ = ("_blocks", "call_no", "ended_at", "rows")

    rows: CallRows
    ended_at: NDArray[np.int64]
    call_no: NDArray[np.int64]

    def __init__(self, run: Run) -> None:
        self._blocks = run.blocks()
        self.next_block()

    def next_block(self) -> None:
        """An empty one at the run's end."""
        self._keep(next(self._blocks, np.zeros(0, CALL_ROW)))

    def last(self) -> tuple[int, int]:
        return int(self.ended_at[-1]), int(self.call_no[-1])

    def take(self, up_to: tuple[int, int]) -> CallRows:
        ended_at, call_no = up_to
        low = int(np.searchsorted(self.ended_at, ended_at, side="left"))
        high = int(np.searchsorted(self.ended_at, ended_at, side="right"))
        count = low + int(np.searchsorted(self.call_no[low:high], call_no, side="right"))
        taken = self.rows[:count]
        if count == len(self.rows):
            self.next_block()
        else:
            self._keep(self.rows[count:])
        return taken

    def _keep(self, rows: CallRows) -> None:
        self.rows = rows
        self.ended_at = np.ascontiguousarray(rows["ended_at"])
        self.call_no = np.ascontiguousarray(rows["call_no"])


def _merged(runs: Sequence[Run]) -> Iterator[CallRows]:
    """`runs` in order of their beginning. One is opened when the rows before its first have gone."""
    waiting = list(reversed(runs))
    opened: list[_Open] = []
    while waiting or opened:
        while waiting and (not opened or waiting[-1].first_ended_at <= min(run.last() for run in opened)[0]):
            run = _Open(waiting.pop())
            if len(run.rows):
                opened.append(run)
        if not opened:
            return
        up_to = min(run.last() for run in opened)
        pieces = [run.take(up_to) for run in opened]
        opened = [run for run in opened if len(run.rows)]
        pieces = [piece for piece in pieces if len(piece)]
        yield pieces[0] if len(pieces) == 1 else in_order_of_end(np.concatenate(pieces))
