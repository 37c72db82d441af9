"""What is wrong with a scenario file.

    BusyhourError
    └── ScenarioError       one file, or one set of overrides, refused; carries up to 20 problems

A problem reads `file:line:column: path: what is wrong, and what would be right`. One made by an override
reads `--set path=value: path: …`, for there is no line to point at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from busyhour.core.errors import BusyhourError

MOST_PROBLEMS: Final = 20
"""Problems told of one file; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence about one place."""

    file: str
    """As the caller named it."""
    line: int
    """From 1; 0 when the file as a whole is meant."""
    column: int
    """From 1, in characters; 0 when the file as a whole is meant."""
    path: str
    """Dotted, with list indexes as numbers: `inbound.0.rate`. Empty for the file as a whole."""
    sentence: str
    option: str = ""
    """The override that brought the value in, `--set path=value`; empty for what stands in the file."""

    def __str__(self) -> str:
        if self.option:
            place = self.option
        elif self.line:
            place = f"{self.file}:{self.line}:{self.column}"
        else:
            place = self.file
        return f"{place}: {self.path}: {self.sentence}" if self.path else f"{place}: {self.sentence}"


class ScenarioError(BusyhourError):
    """A scenario that can't be run as written.

    `problems` holds what was found, in the order of the file, at most `MOST_PROBLEMS`; `omitted` counts what
    was left out.
    """

    def __init__(self, problems: Sequence[Problem], omitted: int = 0) -> None:
        super().__init__(tuple(problems), omitted)
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.omitted = omitted

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if self.omitted:
            lines.append(f"… and {self.omitted} more")
        return "\n".join(lines)
