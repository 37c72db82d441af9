"""A run's folder is put in place whole, and harms nothing that was there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.results_folder import FolderRefused, ResultsFolder


def earlier(place: Path, **summary: object) -> None:
    place.mkdir(parents=True)
    text = json.dumps({"schema": "busyhour.summary/v1", "name": "earlier", **summary})
    (place / "summary.json").write_text(text)


def name_in(place: Path) -> str:
    summary: dict[str, str] = json.loads((place / "summary.json").read_text())
    return summary["name"]


def write(folder: ResultsFolder, **summary: object) -> None:
    text = json.dumps({"schema": "busyhour.summary/v1", "name": "new", **summary})
    (folder.staging / "summary.json").write_text(text)


def test_a_kept_run_is_at_its_place_and_nothing_else_is_left(tmp_path: Path) -> None:
    with ResultsFolder(tmp_path / "runs" / "a") as folder:
        write(folder)
        assert folder.keep() == tmp_path / "runs" / "a"
    assert name_in(tmp_path / "runs" / "a") == "new"
    assert os.listdir(tmp_path / "runs") == ["a"]


def test_a_run_that_is_not_kept_leaves_the_earlier_result_and_nothing_else(tmp_path: Path) -> None:
    earlier(tmp_path / "a")
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder)
    assert name_in(tmp_path / "a") == "earlier"
    assert os.listdir(tmp_path) == ["a"]


def test_an_earlier_result_is_replaced(tmp_path: Path) -> None:
    earlier(tmp_path / "a")
    (tmp_path / "a" / "calls").mkdir()
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder)
        folder.keep()
    assert name_in(tmp_path / "a") == "new"
    assert os.listdir(tmp_path / "a") == ["summary.json"]


def test_an_interrupted_run_is_kept_beside_a_complete_one(tmp_path: Path) -> None:
    earlier(tmp_path / "a")
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder, partial=True)
        assert folder.keep(partial=True) == tmp_path / "a-partial"
    assert name_in(tmp_path / "a") == "earlier"
    assert name_in(tmp_path / "a-partial") == "new"


def test_an_interrupted_run_replaces_an_interrupted_one(tmp_path: Path) -> None:
    earlier(tmp_path / "a", partial=True)
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder, partial=True)
        assert folder.keep(partial=True) == tmp_path / "a"
    assert name_in(tmp_path / "a") == "new"


@pytest.mark.parametrize("name", ["thesis.tex", "calls.bak", ".git"])
def test_a_folder_with_anything_of_somebody_elses_is_refused(tmp_path: Path, name: str) -> None:
    earlier(tmp_path / "a")
    (tmp_path / "a" / name).write_text("precious")
    with pytest.raises(FolderRefused, match=name):
        ResultsFolder(tmp_path / "a")
    assert (tmp_path / "a" / name).read_text() == "precious"


def test_what_came_into_the_folder_during_the_run_is_not_replaced(tmp_path: Path) -> None:
    earlier(tmp_path / "a")
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder)
        (tmp_path / "a" / "notes.txt").write_text("precious")
        with pytest.raises(FolderRefused, match=r"notes\.txt"):
            folder.keep()
    assert (tmp_path / "a" / "notes.txt").read_text() == "precious"


def test_a_summary_that_is_not_busyhours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "summary.json").write_text('{"schema": "theirs/v1"}')
    with pytest.raises(FolderRefused, match="no complete result"):
        ResultsFolder(tmp_path / "a")


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder)
        folder.keep()
    assert name_in(tmp_path / "a") == "new"


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("precious")
    with pytest.raises(FolderRefused, match="not a folder"):
        ResultsFolder(tmp_path / "a")


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "big disk")
    with ResultsFolder(tmp_path / "a") as folder:
        write(folder)
        folder.keep()
    assert (tmp_path / "a").is_symlink()
    assert name_in(tmp_path / "big disk") == "new"


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    ).stdout.strip()
    (tmp_path / f".a.busyhour-{killed}").mkdir()
    (tmp_path / f".ab.busyhour-{killed}").mkdir()
    (tmp_path / f".a.busyhour-{os.getppid()}").mkdir()
    with ResultsFolder(tmp_path / "a"):
        left = sorted(os.listdir(tmp_path))
    # That of another name, that of a process that lives, and that of this run.
    assert left == sorted(
        [f".ab.busyhour-{killed}", f".a.busyhour-{os.getppid()}", f".a.busyhour-{os.getpid()}"]
    )


def test_a_result_that_a_killed_run_had_put_aside_comes_back(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    ).stdout.strip()
    earlier(tmp_path / f".a.busyhour-{killed}-earlier")
    with ResultsFolder(tmp_path / "a"):
        pass
    assert name_in(tmp_path / "a") == "earlier"
