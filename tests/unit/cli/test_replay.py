"""`busyhour replay`: scenario files as tests."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli.main import run

SCENARIO = """
clock: {horizon: 5m}
queues: {q: {agents: 1, handle_time: 30s}}
inbound: [{queue: q, rate: "2/min", process: deterministic}]
expect: [queues.q.offered >= 5]
"""


@pytest.fixture
def qa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "qa"
    folder.mkdir()
    (folder / "steady.yaml").write_text(SCENARIO)
    return folder


def test_expectations_that_hold_are_exit_code_0(qa: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "qa"]) == 0
    assert "1 of 1 as expected" in capsys.readouterr().out


def test_an_expectation_that_does_not_hold_is_exit_code_1_with_what_was_observed(
    qa: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (qa / "wrong.yaml").write_text(SCENARIO.replace(">= 5", ">= 500"))
    assert run(["replay", "qa"]) == 1
    out = capsys.readouterr().out
    assert "expected queues.q.offered >= 500, and it is" in out
    assert "1 of 2 as expected" in out


def test_a_wrong_file_is_exit_code_2_and_the_others_are_run(
    qa: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (qa / "a_wrong.yaml").write_text("clock: {horizon: 5m, horizont: 5m}")
    assert run(["replay", "qa"]) == 2
    out = capsys.readouterr().out
    assert "horizont: unknown key" in out
    assert "1 of 2 as expected" in out


def test_a_golden_trace_holds_until_something_changes(qa: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "qa", "--golden"]) == 1
    assert "--update-golden writes it" in capsys.readouterr().out
    assert run(["replay", "qa", "--update-golden"]) == 0
    assert run(["replay", "qa", "--golden"]) == 0
    (qa / "steady.yaml").write_text(SCENARIO.replace("handle_time: 30s", "handle_time: 31s"))
    capsys.readouterr()
    assert run(["replay", "qa", "--golden"]) == 1
    out = capsys.readouterr().out
    assert "steady.trace:" in out
    assert "- +" in out
    assert "+ +" in out


def test_updating_what_has_not_changed_leaves_the_file(qa: Path) -> None:
    assert run(["replay", "qa", "--update-golden"]) == 0
    before = (qa / "golden" / "steady.trace").stat().st_mtime_ns
    assert run(["replay", "qa", "--update-golden"]) == 0
    assert (qa / "golden" / "steady.trace").stat().st_mtime_ns == before


def test_comparing_and_writing_at_once_is_wrong_input(qa: Path) -> None:
    assert run(["replay", "qa", "--golden", "--update-golden"]) == 2
    assert not (qa / "golden").exists()


def test_a_folder_without_scenarios_and_a_missing_file_are_wrong_input(
    qa: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (qa / "empty").mkdir()
    assert run(["replay", "qa/empty"]) == 2
    assert run(["replay", "qa/missing.yaml"]) == 2
    assert run(["replay"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_file_named_twice_is_run_once(qa: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "qa", "qa/steady.yaml"]) == 0
    assert "1 of 1 as expected" in capsys.readouterr().out


def test_junit_has_a_case_for_each_file(qa: Path) -> None:
    shutil.copy(qa / "steady.yaml", qa / "second.yaml")
    (qa / "wrong.yaml").write_text(SCENARIO.replace(">= 5", ">= 500"))
    assert run(["replay", "qa", "--junit", "junit.xml"]) == 1
    suite = ElementTree.parse("junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert [case.get("name") for case in suite] == ["second", "steady", "wrong"]
