"""What one replication comes to: small enough to send between processes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """When statistics are taken. Calls created before `statistics_from` are in the files and the plots, not
    in the KPIs."""

    start: int
    """Instant the run starts."""
    horizon: int | None
    """Instant it ends; None: until idle, known only at the end."""
    warmup: int = 0
    """Microseconds after the start."""

    @property
    def statistics_from(self) -> int:
        return self.start + self.warmup


@dataclass(frozen=True, slots=True)
class ReplicationResult:
    replication: int
    digest: str
    """SHA-256 of the packed rows, in hex."""
    calls: int
    events: int
    virtual_us: int
    wall_s: float
