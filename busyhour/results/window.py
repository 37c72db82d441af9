"""When statistics are taken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Calls created before `statistics_from` are in the files and plots, not in the KPIs; integrals begin
    there."""

    start: int
    """Instant the run starts."""
    horizon: int | None
    """Instant it ends; None: until idle, known only at the end."""
    warmup: int = 0
    """Microseconds after the start."""

    @property
    def statistics_from(self) -> int:
        return self.start + self.warmup
