"""Replications on Ray: the only Ray start of the suite, through the command itself."""

import json
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.main import run

SCENARIO = """
name: parallel
seed: 11
replications: 6
clock: {horizon: 6h}
trunks: {main: {channels: 60}}
callees: {people: {outcomes: {human: 0.3, machine: 0.2, no_answer: 0.5}}}
queues: {q: {agents: 20, handle_time: {exponential: {mean: 60s}}, patience: 60s}}
inbound: [{queue: q, rate: "6/min"}]
campaigns:
  listed: {contacts: {file: lists/leads.csv}, callees: people, trunk: main, queue: q, pacing: {mode: progressive}}
"""


class Assassin(threading.Thread):
    """Kills the first worker that is seen running a replication: what a node's memory killer does."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.killed = ""
        self.over = threading.Event()

    def run(self) -> None:
        while not self.killed and not self.over.wait(0.002):
            for child in psutil.Process().children(recursive=True):
                try:
                    title = " ".join(child.cmdline())
                    if "ray::replicate" in title:
                        child.kill()
                        self.killed = title
                        return
                except psutil.Error:
                    continue


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("summary.json", "report.html")
    }


def summary_in(folder: Path) -> dict[str, Any]:
    summary = json.loads((folder / "summary.json").read_text())
    del summary["run"]["wall_s"]
    return summary


@pytest.mark.ray
def test_two_workers_leave_the_same_bytes_as_one_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lists").mkdir()
    phones = "".join(f"+1415555{number:04d}\n" for number in range(2_000))
    Path("lists/leads.csv").write_text(f"phone\n{phones}")
    Path("parallel.yaml").write_text(SCENARIO)
    assert run(["simulate", "parallel.yaml", "--events", "--quiet", "--out", "one"]) == 0

    assassin = Assassin()
    assassin.start()
    code = run(["simulate", "parallel.yaml", "--events", "--workers", "2", "--quiet", "--out", "two"])
    assassin.over.set()
    assassin.join()

    assert (code, capsys.readouterr().out) == (0, "")
    assert assassin.killed
    assert files(tmp_path / "two") == files(tmp_path / "one")
    assert summary_in(tmp_path / "two") == summary_in(tmp_path / "one")
