"""What the tests of scenario files share."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simulation.scenario import Problem, ScenarioError, loads

SMALLEST = """\
clock: {horizon: 4h}
queues: {sales: {agents: 5}}
inbound: [{rate: 5/min}]
"""

Refusal = Callable[..., list[Problem]]


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """The problems that a text is refused for; fails where it is not refused."""

    def refused(text: str, overrides: Sequence[str] = ()) -> list[Problem]:
        with pytest.raises(ScenarioError) as caught:
            loads(text, "evening.yaml", tmp_path, overrides)
        return list(caught.value.problems)

    return refused


@pytest.fixture
def smallest() -> str:
    return SMALLEST
