"""What a summary and a report need to know of a run besides its results. Plain data, from whoever ran it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from busyhour.results.expectations import Expectation
from busyhour.results.rows import Names
from busyhour.results.window import Window

ClosedForm = Mapping[str, str | float]
"""`model`, `reference` and `note` are texts; every other key is a KPI of a queue."""
Curve = Sequence[tuple[float, float]]
"""(seconds, share of calls that wait longer)."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    scenario: str
    seed: int
    replications: int
    """Asked for; a run that was interrupted has fewer results."""
    names: Names
    window: Window
    wall_s: float = 0.0
    """The whole run's, as the user waited."""
    description: str = ""
    resolved: str = ""
    """The scenario as resolved, in YAML."""
    expectations: Sequence[Expectation] = ()
    analytic: Mapping[str, ClosedForm] = field(default_factory=dict[str, ClosedForm])
    """By queue, where it is plain enough for a closed form."""
    wait_curves: Mapping[str, Curve] = field(default_factory=dict[str, Curve])
    """By queue: the closed form's tail of the waits, to draw through the simulated one; empty where it has none."""
    abandonment_caps: Mapping[str, float] = field(default_factory=dict[str, float])
    """By campaign, a share; campaigns without a cap are left out."""
    channel_limits: Mapping[str, int] = field(default_factory=dict[str, int])
    """By trunk; unlimited ones are left out."""
    service_targets: Mapping[str, float] = field(default_factory=dict[str, float])
    """By queue: the share to answer within the threshold."""
    steady_state: bool = False
    """Rates, staff and rules are the same throughout, so the KPIs are meant to be the long run's: a single
    replication may be cut into batches, and a warm-up that is too short is warned of."""
    time_zone: str = "UTC"
    """IANA name: for the time axes of plots."""
    version: str = ""
    runtime: str = ""
    """Such as "compiled" or "interpreted"."""
    workers: int = 1
    cut_short: bool = False
    """The last replication was interrupted, and is counted as far as it went; a live one can be."""
    warnings: Sequence[str] = ()
    """What the run itself has to say."""
