"""A scenario from a file or a text, or every reason why not."""

from __future__ import annotations

import gc
import os
import re
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Final

from pydantic import ValidationError

from simulation.scenario.base import FILE_CONTEXT, Path
from simulation.scenario.contact_files import check_files
from simulation.scenario.errors import MOST_PROBLEMS, Problem, ScenarioError
from simulation.scenario.flow_files import put_in_place
from simulation.scenario.model import Scenario
from simulation.scenario.overrides import apply
from simulation.scenario.reading import MOST_BYTES, Node, ReadingError, place_of, printable, read_tree
from simulation.scenario.sentences import AT_KEY, Finding, findings_of

LONGEST_PATH: Final = 200


def load(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Scenario:
    """The scenario in a file, with `overrides` (`path=value`) applied to it. Raises ScenarioError."""
    name = os.fspath(path)
    return loads(read_text(name), name, FilePath(name).parent, overrides)


def loads(
    text: str,
    name: str = "scenario",
    folder: str | os.PathLike[str] = ".",
    overrides: Sequence[str] = (),
) -> Scenario:
    """The scenario in a text. `name` stands for it in messages; contact files are looked for in `folder`.

    Raises ScenarioError.
    """
    with _collector_paused():
        return _loaded(text, name, FilePath(folder), overrides)


@contextmanager
def _collector_paused() -> Generator[None]:
    """Without it, half the time that a long list of contacts takes goes to looking for garbage among it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _loaded(text: str, name: str, folder: FilePath, overrides: Sequence[str]) -> Scenario:
    try:
        tree = read_tree(text)
    except ReadingError as error:
        raise ScenarioError([told(name, error.line, error.column, error.path, error.sentence)]) from None
    if tree.entries is None:
        sentence = "must be a mapping of keys, the first such as clock: {horizon: 4h}"
        raise ScenarioError([told(name, tree.line, tree.column, (), sentence)])
    apply(tree, overrides, name)
    raw = tree.plain()
    raw.setdefault("name", _title(name))
    found = put_in_place(raw, folder)
    if found:
        raise refusal(name, tree, found)
    try:
        scenario = Scenario.model_validate(raw, context=FILE_CONTEXT, by_alias=True, by_name=False)
    except ValidationError as error:
        found, omitted = findings_of(error)
        raise refusal(name, tree, found, omitted) from None
    scenario = scenario.in_folder(folder)
    found = check_files(scenario)
    if found:
        raise refusal(name, tree, found)
    return scenario


def read_text(name: str) -> str:
    """The text of a file: regular, of at most 16 MiB, UTF-8. Raises ScenarioError."""

    def refusal(sentence: str, line: int = 0, column: int = 0) -> ScenarioError:
        return ScenarioError([Problem(printable(name), line, column, "", sentence)])

    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise refusal("is a directory; name the scenario file in it")
        if not stat.S_ISREG(mode):
            raise refusal("is not a regular file")
        with open(name, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise refusal("there is no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refusal(f"can't be read: {reason[:1].lower()}{reason[1:]}") from None
    if len(content) > MOST_BYTES:
        raise refusal("is larger than 16 MiB; keep long lists of contacts in a CSV file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        place = place_of(before, len(before))
        raise refusal("is not UTF-8 from here on; save it as UTF-8", *place) from None


def _title(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", FilePath(name).stem).strip("-._")
    return stem[:100] or "scenario"


def refusal(name: str, tree: Node, found: Sequence[Finding], omitted: int = 0) -> ScenarioError:
    problems = list(dict.fromkeys(_placed(name, tree, finding) for finding in found))
    problems.sort(key=lambda problem: (problem.line, problem.column))
    omitted += max(0, len(problems) - MOST_PROBLEMS)
    return ScenarioError(problems[:MOST_PROBLEMS], omitted)


def _placed(name: str, tree: Node, finding: Finding) -> Problem:
    """Where a finding is told: at the value, or at its key if the value is a list or mapping or the key is
    what is wrong. What the tree does not have is told where it would stand.
    """
    node = tree
    steps: list[str | int] = []
    line, column = node.line, node.column
    last = len(finding.path) - 1
    for index, step in enumerate(finding.path):
        if node.entries is not None and str(step) in node.entries:
            key = str(step)
            node = node.entries[key]
            line, column = node.key_line, node.key_column
            steps.append(key)
            if node.is_scalar() and not (index == last and finding.sentence.startswith(AT_KEY)):
                line, column = node.line, node.column
        elif node.items is not None and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            steps.append(step)
            line, column = node.line, node.column
        elif node.entries is not None and index == last:
            steps.append(step)
    return told(name, line, column, tuple(steps), finding.sentence, node.option)


def told(name: str, line: int, column: int, path: Path, sentence: str, option: str = "") -> Problem:
    dotted = printable(".".join(str(step) for step in path))
    return Problem(printable(name), line, column, dotted[:LONGEST_PATH], printable(sentence), option)
