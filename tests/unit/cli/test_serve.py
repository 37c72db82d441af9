"""What keeps `busyhour serve` from starting, before anything has started."""

from pathlib import Path

import pytest

from cli.main import run


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUSYHOUR_STORE_URL", raising=False)


def test_a_trunk_file_that_is_wrong_is_told_at_its_line_and_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trunks.yaml"
    file.write_text("trunks:\n  main: {chanels: 3}\n")
    monkeypatch.setenv("BUSYHOUR_TRUNKS", str(file))
    data = tmp_path / "data"
    assert run(["serve", "--data-dir", str(data)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{file}:2:10: trunks.main.chanels: unknown key; did you mean channels?")
    assert not data.exists()


def test_a_trunk_file_that_is_not_there_is_wrong_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUSYHOUR_TRUNKS", str(tmp_path / "none.yaml"))
    assert run(["serve", "--data-dir", str(tmp_path / "data")]) == 2
    assert "none.yaml" in capsys.readouterr().err


def test_a_drain_that_is_no_duration_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--drain", "soon"]) == 2
    assert "must be a duration" in capsys.readouterr().err
