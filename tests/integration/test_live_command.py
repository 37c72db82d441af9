"""`busyhour run` in a terminal: what its operator sees when something dies, and what Ctrl-C leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = """
name: evening
seed: 5
clock: {horizon: 10m}
agents: {team: {count: 10}}
queues: {desk: {pools: [team], handle_time: {exponential: {mean: 5s}}, wrap_up: 1s}}
trunks: {main: {channels: 60, calls_per_second: 10}}
callees: {all: {outcomes: {human: 0.6, no_answer: 0.4}, ring_time: {human: 2s, no_answer: 4s}}}
campaigns:
  spring: {contacts: {count: 5000}, callees: all, queue: desk, trunk: main, pacing: {mode: power, lines_per_agent: 2}}
"""
COMMAND = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]


def wait_for(condition: Callable[[], bool], within_s: float, seen: Callable[[], str]) -> None:
    until_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until_s, seen()
        time.sleep(0.05)


@pytest.mark.ray
@pytest.mark.slow
def test_a_shard_that_dies_is_told_of_and_ctrl_c_keeps_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "evening.yaml").write_text(SCENARIO)
    out, err, dials = tmp_path / "stdout", tmp_path / "stderr", tmp_path / "dials"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("BUSYHOUR_STORE_URL", None)

    def dialled() -> int:
        return dials.read_bytes().count(b"\n") if dials.exists() else 0

    # Ctrl-C comes to every process of the terminal's: the group, as here.
    with out.open("w") as stdout, err.open("w") as stderr:
        run = subprocess.Popen(
            [
                *COMMAND,
                "run",
                "evening.yaml",
                "--data-dir",
                "store",
                "--dial-log",
                "dials",
                "--out",
                "results",
            ],
            cwd=tmp_path,
            env=environment,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        wait_for(lambda: dialled() > 10, 90, err.read_text)
        doctor = [*COMMAND, "doctor", "--data-dir", "store"]
        examined = subprocess.run(doctor, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert examined.returncode == 0, examined.stdout + examined.stderr
        shard = re.search(r"calls-0 +process (\d+) on \S+, 0 restarts", examined.stdout)
        assert shard, examined.stdout
        os.kill(int(shard[1]), signal.SIGKILL)
        wait_for(lambda: "calls-0 is back after" in err.read_text(), 60, err.read_text)
        before = dialled()
        wait_for(lambda: dialled() > before + 5, 60, err.read_text)

        os.killpg(run.pid, signal.SIGINT)
        code = run.wait(90)
    finally:
        run.kill()
        run.wait()

    told = err.read_text()
    assert code == 130, told
    assert f"calls-0 has died, process {shard[1]}: it is started again" in told
    assert "interrupted: 0 of 1 replications were finished" in told
    assert "Campaign spring" in out.read_text()
    summary = json.loads((tmp_path / "results" / "summary.json").read_text())
    assert summary["partial"]
    assert summary["warnings"][0].startswith("calls-0 died once and was started again")
    attempts = {line.rsplit(" ", 1)[0] for line in dials.read_text().splitlines()}
    assert len(attempts) == dialled(), "none was dialled twice"
    assert summary["campaigns"]["spring"]["attempts"]["mean"] >= len(attempts)
    assert summary["run"]["calls"] == summary["campaigns"]["spring"]["attempts"]["mean"]
