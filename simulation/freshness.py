"""How long a process may act on what it knew: not for longer than it takes to be succeeded."""

from collections.abc import Callable
from typing import Final

FRESH_S: Final = 1.0
"""How long a process may believe that its journals are still its own: much less than it takes to be succeeded."""


class Fresh:
    """When a process last knew that its journals were its own.

    It may have been paused at any instruction since, and have a successor that has closed its calls: what it has not
    carried out yet it must not carry out then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds, and goes on while the process is paused."""
        self._clock = clock
        self._since_s = clock()

    def renew(self) -> None:
        """Something is sent now that a journal of somebody else's refuses."""
        self._since_s = self._clock()

    def holds(self) -> bool:
        return self._clock() - self._since_s < FRESH_S
