"""Replications one after another in this process."""

import subprocess
import sys
from pathlib import Path

from simulation.executor import InProcess, Job
from simulation.scenario import Scenario, loads

ROOT = Path(__file__).resolve().parents[3]
TEXT = """
clock: {horizon: 1h}
queues: {q: {agents: 5, handle_time: {exponential: {mean: 60s}}}}
inbound: [{queue: q, rate: "4/min"}]
replications: 3
"""


def scenario() -> Scenario:
    return loads(TEXT)


def test_results_come_in_order_and_replications_differ() -> None:
    results = list(InProcess().run(Job(scenario(), range(3))))
    assert [result.replication for result in results] == [0, 1, 2]
    assert len({result.digest for result in results}) == 3


def test_a_replication_is_the_same_whichever_others_run(tmp_path: Path) -> None:
    (alone,) = InProcess().run(Job(scenario(), [2], tmp_path))
    *_, last = InProcess().run(Job(scenario(), range(3)))
    assert alone.digest == last.digest


def test_progress_ends_at_the_whole_of_each_replication() -> None:
    notes: list[tuple[int, float, int]] = []

    def note(replication: int, fraction: float, calls: int) -> None:
        notes.append((replication, fraction, calls))

    results = list(InProcess().run(Job(scenario(), range(2), progress=note)))
    whole = [(replication, calls) for replication, fraction, calls in notes if fraction == 1.0]
    assert set(whole) >= {(result.replication, result.calls) for result in results}


def test_after_a_cancellation_what_was_finished_is_there_and_nothing_more(tmp_path: Path) -> None:
    finished: list[int] = []
    job = Job(scenario(), range(3), tmp_path, cancelled=lambda: len(finished) == 2)
    for result in InProcess().run(job):
        finished.append(result.replication)
    assert finished == [0, 1]
    assert sorted(path.name for path in (tmp_path / "calls").iterdir()) == [
        "replication-00000.parquet",
        "replication-00001.parquet",
    ]


def test_a_replication_that_is_cancelled_leaves_no_file(tmp_path: Path) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    long = loads(TEXT.replace("1h", "30h"))
    assert list(InProcess().run(Job(long, range(3), tmp_path, cancelled=cancelled))) == []
    assert asked > 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_running_imports_no_ray() -> None:
    program = f"""
import sys
from simulation.executor import InProcess, Job
from simulation.scenario import loads
list(InProcess().run(Job(loads({TEXT!r}), range(1))))
sys.exit("ray" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
