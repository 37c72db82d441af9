"""A scenario from a file or a text, or every reason why not."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path as FilePath

from pydantic import ValidationError

from simulation.scenario.base import FILE_CONTEXT, Path
from simulation.scenario.errors import MOST_PROBLEMS, Problem, ScenarioError
from simulation.scenario.model import Scenario
from simulation.scenario.overrides import apply
from simulation.scenario.reading import MOST_BYTES, Node, ReadingError, place_of, read_tree
from simulation.scenario.sentences import findings_of


def load(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Scenario:
    """The scenario in a file, with `overrides` (`path=value`) applied to it. Raises ScenarioError."""
    name = os.fspath(path)
    return loads(read_text(name), name, FilePath(name).parent, overrides)


def loads(
    text: str, name: str = "scenario", folder: str | os.PathLike[str] = ".", overrides: Sequence[str] = ()
) -> Scenario:
    """The scenario in a text. `name` stands for it in messages; contact files are looked for in `folder`.

    Raises ScenarioError.
    """
    try:
        tree = read_tree(text)
    except ReadingError as error:
        raise ScenarioError([_told(name, error.line, error.column, error.path, error.sentence)]) from None
    if not isinstance(tree.value, dict):
        raise ScenarioError(
            [_told(name, tree.line, tree.column, (), "must be a mapping, such as clock: {horizon: 1h}")]
        )
    tree = apply(tree, overrides, name)
    raw = tree.plain()
    raw.setdefault("name", _title(name))
    try:
        scenario = Scenario.model_validate(raw, context=FILE_CONTEXT, by_name=False, by_alias=True)
    except ValidationError as error:
        raise _refusal(name, tree, error) from None
    scenario._folder = FilePath(folder)  # pyright: ignore[reportPrivateUsage]
    return scenario


def read_text(name: str) -> str:
    """The text of a file: regular, of at most 16 MiB, UTF-8. Raises ScenarioError."""

    def refuse(sentence: str, line: int = 0, column: int = 0) -> ScenarioError:
        return ScenarioError([Problem(name, line, column, "", sentence)])

    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise refuse("is a directory; name the scenario file in it")
        if not stat.S_ISREG(mode):
            raise refuse("is not a regular file")
        with open(name, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise refuse("there is no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refuse(f"can't be read: {reason[:1].lower()}{reason[1:]}") from None
    if len(content) > MOST_BYTES:
        raise refuse("is larger than 16 MiB; keep long lists of contacts in a CSV file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        line, column = place_of(before, len(before))
        raise refuse("is not UTF-8 from here on; save it as UTF-8", line, column) from None


def _title(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", FilePath(name).stem).strip("-._")
    return stem[:100] or "scenario"


def _refusal(name: str, tree: Node, error: ValidationError) -> ScenarioError:
    problems: list[Problem] = []
    for path, sentence in findings_of(error):
        problem = _placed(name, tree, path, sentence)
        if problem not in problems[-1:]:
            problems.append(problem)
    problems.sort(key=lambda problem: (problem.line, problem.column))
    return ScenarioError(problems[:MOST_PROBLEMS], max(0, len(problems) - MOST_PROBLEMS))


def _placed(name: str, tree: Node, path: Path, sentence: str) -> Problem:
    """The place of a path: of its key where the key is what is wrong or missing, else of its value."""
    node = tree
    steps: list[str | int] = []
    line, column = node.line, node.column
    for index, step in enumerate(path):
        value = node.value
        if isinstance(value, dict) and str(step) in value:
            key = str(step)
            if node.keys is not None:
                line, column = node.keys[key]
            node = value[key]
            steps.append(key)
            if not (index == len(path) - 1 and sentence.startswith("unknown key")):
                if not isinstance(node.value, dict | list) or not node.value:
                    line, column = node.line, node.column
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            node = value[step]
            steps.append(step)
            line, column = node.line, node.column
        elif isinstance(value, dict) and index == len(path) - 1:
            steps.append(step)
    return _told(name, line, column, tuple(steps), sentence, node.option)


def _told(name: str, line: int, column: int, path: Path, sentence: str, option: str = "") -> Problem:
    return Problem(name, line, column, ".".join(str(step) for step in path), sentence, option)
