"""A recorder in a process of its own leaves what one in a thread leaves, and nothing where it is given up or killed."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import simulation.runs
from busyhour.results.parquet import BLOCK_ROWS
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.recorder_process import RecorderProcess
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import pack_row
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window
from simulation.scenario import Scenario, load
from tests.unit.results.reference import HOUR, NAMES, START, call, packed

WINDOW = Window(START, START + HOUR)
TALLIES = Tallies(START + HOUR, HOUR)
BLOCK = pack_row(created_at=START, ended_at=START) * BLOCK_ROWS
ROWS = packed(
    [call(created_at=k, queued_at=k, connected_at=k + 3, ended_at=k + 9, queue=0) for k in range(5_000)]
)
PATIENCE_S = 30.0


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def await_end(pid: int) -> None:
    """Of a process that is nobody's child here."""
    given_up_at = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < given_up_at, f"process {pid} is still there"
        time.sleep(0.02)


def test_it_leaves_what_a_recorder_in_a_thread_leaves(tmp_path: Path) -> None:
    results: list[ReplicationResult] = []
    for kind in (ReplicationRecorder, RecorderProcess):
        recorder = kind(NAMES, 3, WINDOW, tmp_path / kind.__name__)
        for at in range(0, len(ROWS), 108 * 1_000):
            recorder.add(ROWS[at : at + 108 * 1_000])
        results.append(recorder.finish(TALLIES))
    assert results[0].calls == 5_000
    assert pickle.dumps(results[0]) == pickle.dumps(results[1])
    left = files(tmp_path / "ReplicationRecorder")
    assert list(left) == ["calls/replication-00003.parquet", "intervals/replication-00003.parquet"]
    assert files(tmp_path / "RecorderProcess") == left


def test_a_replication_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    recorder = RecorderProcess(NAMES, 0, WINDOW, tmp_path)
    recorder.add(BLOCK)
    recorder.abort()
    recorder.abort()
    assert files(tmp_path) == {}
    assert not Path(f"/proc/{recorder.pid}").exists()


def test_what_goes_wrong_with_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "calls").write_text("in the way")
    recorder = RecorderProcess(NAMES, 0, WINDOW, tmp_path)
    with pytest.raises(FileExistsError, match="calls"):  # noqa: PT012 — which call tells is up to the processes
        recorder.add(BLOCK)
        recorder.finish(TALLIES)
    recorder.abort()
    assert list(files(tmp_path)) == ["calls"]


def test_a_chunk_that_is_no_whole_number_of_rows_is_refused() -> None:
    recorder = RecorderProcess(NAMES, 0, WINDOW)
    recorder.add(b"short")
    with pytest.raises(ValueError, match="5 bytes is not a whole number of 108-byte rows"):
        recorder.finish(TALLIES)


@pytest.mark.parametrize("blocks", [0, 40])
def test_one_that_is_killed_is_told_and_leaves_nothing(tmp_path: Path, blocks: int) -> None:
    recorder = RecorderProcess(NAMES, 0, WINDOW, tmp_path)
    recorder.add(BLOCK)
    os.kill(recorder.pid, signal.SIGKILL)
    with pytest.raises(ChildProcessError) as raised:  # noqa: PT012 — as above
        for _ in range(blocks):
            recorder.add(BLOCK)
        recorder.finish(TALLIES)
    assert str(raised.value) == "the process that records the calls was killed by signal 9"
    recorder.abort()
    assert files(tmp_path) == {}


def test_whoever_hands_rows_over_does_not_wait_for_one_that_is_still_starting(tmp_path: Path) -> None:
    recorder = RecorderProcess(NAMES, 0, WINDOW, tmp_path)
    os.kill(recorder.pid, signal.SIGSTOP)
    engine = threading.Thread(target=lambda: [recorder.add(BLOCK) for _ in range(4)], daemon=True)
    engine.start()
    engine.join(PATIENCE_S)
    waits = engine.is_alive()
    os.kill(recorder.pid, signal.SIGCONT)
    assert not waits
    assert recorder.finish(TALLIES).calls == 4 * BLOCK_ROWS


def test_ctrl_c_in_the_terminal_does_not_reach_it() -> None:
    recorder = RecorderProcess(NAMES, 0, WINDOW)
    assert os.getpgid(recorder.pid) != os.getpgid(0)
    recorder.abort()


ABANDONED = """
import os, signal, sys, time
from pathlib import Path
from busyhour.results.recorder_process import RecorderProcess
from tests.unit.results.test_recorder_process import BLOCK, NAMES, WINDOW

folder = Path(sys.argv[1])
recorder = RecorderProcess(NAMES, 0, WINDOW, folder)
recorder.add(BLOCK)
while not list(folder.rglob(".*.partial")):
    time.sleep(0.02)
print(recorder.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_and_leaves_nothing_when_whoever_ran_the_replication_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run(
        [sys.executable, "-c", ABANDONED, tmp_path],
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
        env=environment,
    )
    assert killed.returncode == -signal.SIGKILL
    await_end(int(killed.stdout))
    assert files(tmp_path) == {}


DESK = """\
schema: busyhour.scenario/v1
name: desk
clock: {horizon: 1h}
queues: {desk: {agents: 3, handle_time: 60s, wrap_up: 0s}}
inbound: [{queue: desk, rate: "2/min"}]
"""


def desk(tmp_path: Path) -> Scenario:
    file = tmp_path / "desk.yaml"
    file.write_text(DESK)
    return load(file)


def test_a_long_replication_has_its_recorder_elsewhere_and_leaves_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = desk(tmp_path)
    made: list[int] = []

    class Counted(RecorderProcess):
        def finish(self, tallies: Tallies) -> ReplicationResult:
            made.append(self.pid)
            return super().finish(tallies)

    monkeypatch.setattr(simulation.runs, "RecorderProcess", Counted)
    left: list[dict[str, bytes]] = []
    # 120 calls are expected in the hour.
    for long, processors, expected in ((121, 2, 0), (120, 1, 0), (120, 2, 1)):
        monkeypatch.setattr(simulation.runs, "LONG", long)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, usable=processors: set(range(usable)))
        out = tmp_path / f"{long}-{processors}"
        simulation.runs.run_replication(scenario, 0, out, False, lambda _share, _calls: None)
        assert len(made) == expected
        left.append(files(out))
    assert left[0] == left[1] == left[2]
    assert len(left[0]) == 2


def test_progress_that_raises_gives_the_recorder_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation.runs, "LONG", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})

    def stop(_share: float, _calls: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulation.runs.run_replication(desk(tmp_path), 0, tmp_path / "out", False, stop)
    assert files(tmp_path / "out") == {}
