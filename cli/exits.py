"""Exit codes of every verb."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
"""An expectation or a golden comparison did not hold."""
WRONG_INPUT: Final = 2
COULD_NOT_RUN: Final = 3
INTERRUPTED: Final = 130
