"""Files that a scenario names: within its folder, and nowhere else."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from simulation.scenario.reading import printable
from simulation.scenario.values import shown


def complaint_about(file: str, folder: Path, example: str) -> str:
    """Why a path names no file of this folder, or nothing. Raises OSError and RuntimeError where one can't tell."""
    plain = "must be a path within the scenario's folder"
    if not file or "\0" in file or "\\" in file:
        return f"{plain}, such as {example}, not {shown(file)}"
    if PurePosixPath(file).is_absolute() or PureWindowsPath(file).drive or file.startswith("~"):
        return f"{plain}, such as {example}, not the absolute {shown(file)}"
    if ".." in PurePosixPath(file).parts:
        return f"{plain}, and {shown(file)} leads out of it"
    real = (folder / file).resolve()
    if not real.is_relative_to(folder.resolve()):
        return f"{plain}, and {shown(file)} is a link that leads out of it"
    if not real.exists():
        return f"there is no file {shown(file)} in {printable(str(folder.resolve()))}"
    if not real.is_file():
        return f"{shown(file)} is not a regular file"
    return ""
