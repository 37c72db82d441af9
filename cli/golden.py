"""Golden traces: the events of a scenario as they should be, a line an event, kept in git beside the scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

FOLDER: Final = "golden"
SUFFIX: Final = ".trace"
CONTEXT: Final = 3
"""Lines shown before and after the first divergence."""


def golden_path(scenario_file: Path) -> Path:
    """`qa/outage.yaml` has its golden trace in `qa/golden/outage.trace`."""
    return scenario_file.parent / FOLDER / f"{scenario_file.stem}{SUFFIX}"


def read_golden(path: Path) -> list[str] | None:
    """The lines, or None where there is no such file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None


def write_golden(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    staged = path.with_suffix(f"{SUFFIX}.new")
    staged.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    staged.replace(path)


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where two traces part."""

    line: int
    """From 1; the first that differs."""
    before: Sequence[str]
    """The lines before it, which are the same."""
    golden: Sequence[str]
    """What should follow; empty where the golden trace has ended."""
    observed: Sequence[str]
    """What followed; empty where the run has ended."""

    def report(self) -> list[str]:
        """For people: the context, then what should be (-) and what was (+)."""
        return [
            *(f"  {line}" for line in self.before),
            *(f"- {line}" for line in self.golden or ["(the golden trace ends here)"]),
            *(f"+ {line}" for line in self.observed or ["(the run ends here)"]),
        ]


def first_divergence(golden: Sequence[str], observed: Sequence[str]) -> Divergence | None:
    """None where both are the same."""
    for index, (wanted, found) in enumerate(zip_longest(golden, observed)):
        if wanted != found:
            after = index + CONTEXT
            return Divergence(
                index + 1, golden[max(0, index - CONTEXT) : index], golden[index:after], observed[index:after]
            )
    return None
