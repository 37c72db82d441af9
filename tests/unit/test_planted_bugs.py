"""`python -m tests.mutants` must not rot: every bug has its place, and is one."""

import ast

import pytest

from tests.mutants.planted import BUGS, ROOT, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_can_be_planted(bug: Bug) -> None:
    source = (ROOT / bug.file).read_text()
    planted = bug.planted_in(source)
    assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(source))


def test_a_bug_without_its_place_is_refused() -> None:
    with pytest.raises(ValueError, match="places for it"):
        BUGS[0].planted_in("pass")


def test_there_are_twenty() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) == 20
