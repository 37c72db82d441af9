"""What each part of a file may not say is told at its place with a remedy: the cases are in refusals.txt."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulation.scenario import Problem

Refusal = Callable[..., list[Problem]]


def cases() -> Iterator[tuple[str, list[str]]]:
    """(the whole file, what is told of it)."""
    lines = Path(__file__).with_name("refusals.txt").read_text(encoding="utf-8").splitlines()
    around: list[str] = []
    given: str | None = None
    told: list[str] = []
    for line in [*lines, "== "]:
        if line.startswith("    "):
            told.append(line.strip())
            continue
        if given is not None:
            yield "\n".join(around).replace("…", given.replace("\\n", "\n")), told
            given, told = None, []
        if line.startswith("== "):
            if around and around[-1] == "":
                around = []
            around.append(line[3:])
        elif not line:
            around = []
        elif not line.startswith("#"):
            given = line


@pytest.mark.parametrize(("text", "told"), list(cases()))
def test_a_wrong_part_is_told_with_a_remedy(refusal: Refusal, text: str, told: list[str]) -> None:
    problems = refusal(text)
    assert [f"{p.line}:{p.column} {p.path}: {p.sentence}" for p in problems] == told


def test_the_cases_are_read() -> None:
    assert len(list(cases())) > 120


def test_contacts_may_not_be_left_empty(refusal: Refusal) -> None:
    (problem,) = refusal("clock: {until: idle}\nqueues: {q: {agents: 1}}\ncampaigns: {c: {contacts: }}")
    assert problem.sentence == (
        "must be {count: 20000}, {file: leads.csv} or a list of contacts, not nothing"
    )
