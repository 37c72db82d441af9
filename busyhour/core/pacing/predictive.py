"""Predictive pacing."""

from typing import final

from busyhour.core.ids import Instant
from busyhour.core.pacing.base import Pacer


@final
class PredictivePacer(Pacer):
    """Placeholder for one commit: progressive."""

    __slots__ = ("abandonment_cap", "max_lines_per_agent")

    abandonment_cap: float
    max_lines_per_agent: float

    def __init__(self, reserve_agents: int, abandonment_cap: float, max_lines_per_agent: float) -> None:
        super().__init__(reserve_agents)
        self.abandonment_cap = abandonment_cap
        self.max_lines_per_agent = max_lines_per_agent

    def lines_wanted(self, now: Instant) -> int:
        missing = self.available() - len(self.in_flight)
        return missing if missing > 0 else 0
