"""The thread that works on chunks: what goes wrong there is told, and it never takes more than its share."""

import hashlib
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from busyhour.results.files import StagedFiles
from busyhour.results.parquet import BLOCK_ROWS
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.rows import CALL_ROW, pack_row
from busyhour.results.sums import Ledger
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window
from tests.unit.results.reference import HOUR, NAMES, START, call, packed, record

WINDOW = Window(START, START + HOUR)
TALLIES = Tallies(START + HOUR, HOUR)
BLOCK = pack_row(created_at=START, ended_at=START) * BLOCK_ROWS


class Broken(Exception):
    pass


def recorder_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("recorder-")]


def break_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(*_: object) -> None:
        raise Broken

    monkeypatch.setattr(Ledger, "add", add)


def test_a_failure_in_the_thread_surfaces_in_finish_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_ledger(monkeypatch)
    recorder = ReplicationRecorder(NAMES, 0, WINDOW, tmp_path)
    recorder.add(pack_row(created_at=START, ended_at=START))
    with pytest.raises(Broken):
        recorder.finish(TALLIES)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_failure_in_the_thread_surfaces_in_add_and_never_blocks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    break_ledger(monkeypatch)
    recorder = ReplicationRecorder(NAMES, 0, WINDOW)
    with pytest.raises(Broken):  # noqa: PT012 — which of the calls to add tells it is up to the threads
        for _ in range(1_000):
            recorder.add(BLOCK)
    recorder.abort()
    assert not recorder_threads()


def test_a_chunk_that_is_no_whole_number_of_rows_is_refused() -> None:
    recorder = ReplicationRecorder(NAMES, 0, WINDOW)
    recorder.add(b"short")
    with pytest.raises(ValueError, match="5 bytes is not a whole number of 108-byte rows"):
        recorder.finish(TALLIES)


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "calls").write_text("in the way")
    with pytest.raises(OSError, match="calls"):
        ReplicationRecorder(NAMES, 0, WINDOW, tmp_path)
    assert not recorder_threads()


def test_a_disk_that_fills_up_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(StagedFiles, "write", write)
    recorder = ReplicationRecorder(NAMES, 0, WINDOW, tmp_path)
    recorder.add(pack_row(created_at=START, ended_at=START))
    with pytest.raises(OSError, match="No space left"):
        recorder.finish(TALLIES)


def test_an_aborted_replication_leaves_nothing(tmp_path: Path) -> None:
    recorder = ReplicationRecorder(NAMES, 0, WINDOW, tmp_path)
    recorder.add(BLOCK)
    recorder.abort()
    recorder.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not recorder_threads()


def test_the_digest_is_of_the_packed_rows() -> None:
    made = [call(created_at=k, ended_at=k) for k in range(10)]
    assert record(made, chunk_rows=3).digest == hashlib.sha256(packed(made)).hexdigest()


def test_a_result_is_small_and_travels_between_processes() -> None:
    made = [call(created_at=k, queued_at=k, ended_at=k + 5, queue=0) for k in range(1_000)]
    result = record(made)
    travelled = pickle.dumps(result)
    assert pickle.loads(travelled).kpis == result.kpis
    assert len(travelled) < 150_000


FEED = f"""
import resource, sys
from pathlib import Path
import numpy as np
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.rows import CALL_ROW, Names
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window

start, rows, total = {START}, 16_384, int(sys.argv[2])
names = Names(queues=["q"], pools=["p"], agents=["p/1"], agent_pool=[0], queue_pools=[[0]])
recorder = ReplicationRecorder(names, 0, Window(start, start + 4 * 3600 * 10**6), Path(sys.argv[1]))
chunk = np.zeros(rows, CALL_ROW)
for name in CALL_ROW.names[1:16]:
    chunk[name] = -1
chunk["queue"] = chunk["agent_no"] = chunk["wrap_up_us"] = 0
for first in range(0, total, rows):
    chunk["call_no"] = np.arange(first, first + rows)
    chunk["created_at"] = chunk["queued_at"] = start + chunk["call_no"]
    chunk["connected_at"] = chunk["created_at"] + chunk["call_no"] % 1_000
    chunk["ended_at"] = chunk["connected_at"] + 1_000
    recorder.add(chunk.tobytes())
print(recorder.finish(Tallies(start + 4 * 3600 * 10**6, 4 * 3600 * 10**6)).calls)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mb(out: Path, rows: int) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", FEED, out, str(rows)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    calls, peak = (int(line) for line in told.stdout.split())
    assert calls >= rows
    return peak


def test_memory_is_bounded_by_blocks_and_not_by_calls(tmp_path: Path) -> None:
    """Ten times the calls, four bytes each of which are the waits that exact quantiles need."""
    few, many = peak_mb(tmp_path / "few", 300_000), peak_mb(tmp_path / "many", 3_000_000)
    kept = 2 * 4 * 2_700_000 // 2**20  # while they are put in order
    assert many < few + kept + 60
    assert CALL_ROW.itemsize * 2_700_000 > 250 * 2**20
