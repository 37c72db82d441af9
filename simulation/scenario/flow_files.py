"""Flows in files of their own, YAML or JSON, put in place when the scenario is loaded.

From then on a scenario holds its flows, wherever it is sent and whatever becomes of the files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from simulation.scenario.base import Finding, as_mapping
from simulation.scenario.folders import complaint_about
from simulation.scenario.reading import ReadingError, printable, read_tree
from simulation.scenario.values import shown

MOST_FLOW_BYTES: Final = 1 << 20
EXAMPLE: Final = "reminders.json"


def put_in_place(raw: dict[str, Any], folder: Path) -> list[Finding]:
    """Read the flows that the scenario's plain form names by their files into it; what is wrong with the files."""
    found: list[Finding] = []
    for name, agent in (as_mapping(raw.get("voice_agents")) or {}).items():
        fields = as_mapping(agent) or {}
        file = fields.get("flow")
        if isinstance(file, str):
            try:
                fields["flow"] = _read(file, folder)
            except _Unreadable as unreadable:
                found.append(Finding(("voice_agents", name, "flow"), str(unreadable)))
    return found


class _Unreadable(Exception):
    """The sentence says why."""


def _read(file: str, folder: Path) -> Any:
    try:
        complaint = complaint_about(file, folder, EXAMPLE)
        if complaint:
            raise _Unreadable(complaint)
        with (folder / file).open("rb") as opened:
            content = opened.read(MOST_FLOW_BYTES + 1)
    except (OSError, RuntimeError) as error:
        raise _Unreadable(f"{shown(file)} can't be read: {printable(str(error))[:200]}") from None
    if len(content) > MOST_FLOW_BYTES:
        raise _Unreadable(f"{shown(file)} is larger than 1 MiB, which no flow is")
    try:
        text = content.decode("utf-8")
        if not text.strip():
            raise _Unreadable(f"{shown(file)} is empty")
        return read_tree(text).plain()
    except UnicodeDecodeError:
        raise _Unreadable(f"{shown(file)} is not UTF-8; save it as UTF-8") from None
    except ReadingError as error:
        raise _Unreadable(f"{shown(file)} {error.line}:{error.column}: {error.sentence}") from None
