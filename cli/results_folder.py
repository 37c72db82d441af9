"""The folder a run leaves: made beside its place and put there whole, so that no run harms an earlier one.

A run writes into a hidden sibling, `.<name>.busyhour-<pid>`, and takes its place by renaming once it is
complete. An earlier result of Busyhour's is replaced; anything else is refused. An interrupted run replaces
only an interrupted one: beside a complete result it is kept as `<name>-partial`.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Final

SUMMARY: Final = "summary.json"
OURS: Final = frozenset(
    {SUMMARY, "report.html", "scenario.yaml", "calls", "intervals", "events", "transcripts"}
)
"""All that a run writes; a folder with anything else in it belongs to somebody else too."""


class FolderRefused(Exception):
    """`--out` names what a run must not replace. The sentence says why, and what would be right."""


def earlier_result(path: Path) -> dict[str, object] | None:
    """The summary of the result in `path`, empty for an empty folder, None where there is nothing.

    Raises FolderRefused for whatever Busyhour did not write.
    """
    if not os.path.lexists(path):
        return None
    if not path.is_dir():
        raise FolderRefused(f"--out {path} is not a folder; name a folder, or one that does not exist yet")
    names = sorted(entry.name for entry in path.iterdir())
    if not names:
        return {}
    foreign = [name for name in names if name not in OURS]
    if not foreign:
        try:
            summary: object = json.loads((path / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            summary = None
        if isinstance(summary, dict) and str(summary.get("schema", "")).startswith("busyhour.summary/"):
            return summary
        raise FolderRefused(
            f"--out {path} holds no complete result of Busyhour's; empty it or name another folder"
        )
    raise FolderRefused(
        f"--out {path} holds {foreign[0]!r}, which Busyhour did not write; name another folder"
    )


class ResultsFolder:
    """One run's folder, until it is in its place. A context manager: what is not kept is removed."""

    def __init__(self, place: Path) -> None:
        """Raises FolderRefused, and OSError where nothing can be written."""
        # A link to a folder stays a link: what it leads to is replaced.
        self.place = place = Path(os.path.realpath(place))
        earlier_result(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(place)
        self.staging = place.parent / f".{place.name}.busyhour-{os.getpid()}"
        shutil.rmtree(self.staging, ignore_errors=True)
        self.staging.mkdir()

    def __enter__(self) -> "ResultsFolder":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)

    def keep(self, partial: bool = False) -> Path:
        """Put what was written in its place; the folder it is in now. Raises FolderRefused and OSError."""
        place = self.place
        earlier = earlier_result(place)
        if partial and earlier and not earlier.get("partial"):
            place = place.with_name(f"{place.name}-partial")
            earlier = earlier_result(place)
        if earlier is None:
            os.rename(self.staging, place)
            return place
        # There is no portable exchange of two folders: between the renames neither is in place, and should
        # the second fail the first is undone.
        aside = place.parent / f".{place.name}.busyhour-{os.getpid()}-earlier"
        os.rename(place, aside)
        try:
            os.rename(self.staging, place)
        except OSError:
            os.rename(aside, place)
            raise
        shutil.rmtree(aside, ignore_errors=True)
        return place


def _remove_leftovers(place: Path) -> None:
    """Take away what runs that were killed have left beside `place`."""
    pattern = re.compile(re.escape(f".{place.name}.busyhour-") + r"(\d+)(-earlier)?")
    for path in place.parent.iterdir():
        match = pattern.fullmatch(path.name)
        if match is None or _is_running(int(match[1])):
            continue
        if match[2] and not os.path.lexists(place):
            # Killed between the two renames: the earlier result goes back.
            os.rename(path, place)
        else:
            shutil.rmtree(path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
