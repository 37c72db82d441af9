"""`busyhour simulate`: what it leaves, what it prints, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cli.main import run

ROOT = Path(__file__).resolve().parents[3]
BUSYHOUR = [sys.executable, "-c", "from cli.main import main; main()"]
SMALL = """
name: small
seed: 7
replications: 2
clock: {horizon: 10m}
queues: {q: {agents: 4, handle_time: {exponential: {mean: 60s}}}}
inbound: [{queue: q, rate: "3/min"}]
expect: [queues.q.occupancy <= 1]
"""
LONG = SMALL.replace("10m", "300h").replace("replications: 2", "replications: 500")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with small.yaml and long.yaml in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "long.yaml").write_text(LONG)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    """What a run left, but for what says how long it took."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("summary.json", "report.html")
    }


def summary_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


def test_a_run_leaves_summary_report_scenario_and_datasets(folder: Path) -> None:
    assert run(["simulate", "small.yaml"]) == 0
    out = folder / "runs" / "small-7"
    assert sorted(path.name for path in out.iterdir()) == [
        "calls",
        "intervals",
        "report.html",
        "scenario.yaml",
        "summary.json",
    ]
    rows = pq.read_table(out / "calls").num_rows
    assert rows == summary_in(out)["run"]["calls"] > 0
    assert sorted(os.listdir(folder)) == ["long.yaml", "runs", "small.yaml"]


def test_the_scenario_it_leaves_gives_the_same_run(folder: Path) -> None:
    assert run(["simulate", "small.yaml", "--out", "first", "--set", "queues.q.agents=3", "--quiet"]) == 0
    assert run(["simulate", "first/scenario.yaml", "--out", "second", "--quiet"]) == 0
    assert files(folder / "first") == files(folder / "second")
    assert summary_in(folder / "first")["digest"] == summary_in(folder / "second")["digest"]


def test_events_are_written_where_they_are_asked_for(folder: Path) -> None:
    assert run(["simulate", "small.yaml", "--events", "--quiet"]) == 0
    out = folder / "runs" / "small-7"
    events = pq.read_table(out / "events").to_pydict()
    assert set(events["replication"]) == {0, 1}
    assert events["event"].count("CallArrived") == summary_in(out)["run"]["calls"]


def test_options_take_the_place_of_what_the_file_says(folder: Path) -> None:
    options = ["--seed", "8", "--replications", "3", "--set", "name=other", "--set", "queues.q.agents=9"]
    assert run(["simulate", "small.yaml", "--quiet", *options]) == 0
    summary = summary_in(folder / "runs" / "other-8")
    assert (summary["seed"], summary["replications"]) == (8, 3)
    assert summary["queues"]["q"]["agents_mean"]["mean"] == 9.0


def test_json_is_the_summary_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "small.yaml", "--json", "--out", "out"]) == 0
    assert json.loads(capsys.readouterr().out) == summary_in(folder / "out")


def test_quiet_says_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "small.yaml", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_table_has_the_kpis_and_says_where_the_report_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "small.yaml"]) == 0
    out, err = capsys.readouterr()
    assert "Occupancy" in out
    assert "95% interval" in out
    assert "runs/small-7/report.html" in out
    assert err.startswith("small: 2 × ")


def test_an_expectation_that_does_not_hold_is_exit_code_1_and_the_result_is_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "small.yaml").write_text(SMALL.replace("occupancy <= 1", "occupancy > 1"))
    assert run(["simulate", "small.yaml", "--quiet"]) == 1
    assert "queues.q.occupancy > 1" in capsys.readouterr().err
    assert summary_in(folder / "runs" / "small-7")["expectations"][0]["passed"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.yaml"], "missing.yaml"),
        (["small.yaml", "--set", "queues.q.agent=4"], "--set queues.q.agent=4"),
        (["small.yaml", "--set", "nonsense"], "path=value"),
        (["small.yaml", "--seed", "-1"], "--seed"),
        (["small.yaml", "--workers", "0"], "--workers"),
        (["small.yaml", "--replications", "many"], "--replications"),
        (["small.yaml", "--out", "small.yaml"], "not a folder"),
        (["small.yaml", "--out", "."], "long.yaml"),
        ([], "FILE"),
    ],
)
def test_wrong_input_is_exit_code_2_a_sentence_and_nothing_written(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["simulate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert sorted(os.listdir(folder)) == ["long.yaml", "small.yaml"]


def test_a_contact_file_that_is_wrong_further_down_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "leads.csv").write_text("phone\n+14155550100\n4155550101\n")
    (folder / "calls.yaml").write_text(
        SMALL + "callees: {people: {outcomes: {human: 1}}}\n"
        "campaigns: {c: {contacts: {file: leads.csv}, callees: people, queue: q}}\n"
    )
    before = sorted(os.listdir(folder))
    assert run(["simulate", "calls.yaml"]) == 2
    assert "leads.csv:3" in capsys.readouterr().err
    assert [name for name in sorted(os.listdir(folder)) if name != "runs"] == before
    assert list((folder / "runs").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_exit_code_3(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "runs").write_text("a file stands where the folder would be")
    assert run(["simulate", "small.yaml", "--quiet"]) == 3
    assert "runs" in capsys.readouterr().err


def test_a_disk_that_fills_up_keeps_the_earlier_result(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "small.yaml", "--quiet", "--out", "out"]) == 0
    before = files(folder / "out"), (folder / "out" / "summary.json").read_bytes()

    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    assert run(["simulate", "small.yaml", "--quiet", "--out", "out", "--seed", "8"]) == 3
    assert "No space left on device" in capsys.readouterr().err
    assert (files(folder / "out"), (folder / "out" / "summary.json").read_bytes()) == before
    assert sorted(os.listdir(folder)) == ["long.yaml", "out", "small.yaml"]


def test_one_worker_imports_no_ray(folder: Path) -> None:
    program = (
        "import sys; from cli.main import run;"
        "code = run(['simulate', 'small.yaml', '--workers', '1', '--quiet']);"
        "sys.exit(code or 'ray' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], env=environment(), check=False)
    assert finished.returncode == 0


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def started(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*BUSYHOUR, "simulate", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(found: Path, pattern: str, process: "subprocess.Popen[str]") -> None:
    """Until a file is there, which says that the run has come so far."""
    until = time.monotonic() + 60
    while not list(found.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


def test_ctrl_c_keeps_what_is_finished_marked_partial(folder: Path) -> None:
    process = started("long.yaml", "--out", "out")
    wait_for(folder, ".out.busyhour-*/calls/replication-00001.parquet", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    summary = summary_in(folder / "out")
    kept = summary["replications_finished"]
    assert summary["partial"] is True
    assert 2 <= kept < 500
    assert len(list((folder / "out" / "calls").iterdir())) == kept
    assert f"{kept} of 500 replications were finished" in err
    assert "Occupancy" in out
    assert sorted(os.listdir(folder)) == ["long.yaml", "out", "small.yaml"]


def test_ctrl_c_before_anything_is_finished_keeps_nothing(folder: Path) -> None:
    (folder / "endless.yaml").write_text(SMALL.replace("10m", "80000h"))
    process = started("endless.yaml", "--out", "out")
    wait_for(folder, ".out.busyhour-*/calls/.replication-00000.partial", process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing is kept" in err
    assert sorted(os.listdir(folder)) == ["endless.yaml", "long.yaml", "small.yaml"]


def test_an_interrupted_run_leaves_a_complete_result_as_it_was(folder: Path) -> None:
    assert run(["simulate", "small.yaml", "--out", "out", "--quiet"]) == 0
    before = files(folder / "out")
    process = started("long.yaml", "--out", "out")
    wait_for(folder, ".out.busyhour-*/calls/replication-00000.parquet", process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert files(folder / "out") == before
    assert summary_in(folder / "out-partial")["partial"] is True


def test_a_second_ctrl_c_ends_it_at_once_and_leaves_nothing(folder: Path) -> None:
    # The first comes while the interrupts are taken for the run, the second while it concludes or runs on.
    program = (
        "import os, signal, sys\n"
        "from cli.main import run\n"
        "from cli import progress\n"
        "def twice(self, replication, fraction, calls):\n"
        "    os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGINT)\n"
        "progress.Progress.note = twice\n"
        "sys.exit(run(['simulate', 'long.yaml', '--out', 'out', '--quiet']))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 130
    assert "Traceback" not in finished.stderr
    assert sorted(os.listdir(folder)) == ["long.yaml", "small.yaml"]
