"""When to dial: five pacers behind one face. `pacer_for` makes the one that a campaign asks for."""

from busyhour.core.ids import Micros
from busyhour.core.pacing.base import (
    AGENTLESS,
    AS_MANY_AS_ALLOWED,
    PACING_MODES,
    POWER,
    PREDICTIVE,
    PREVIEW,
    PROGRESSIVE,
    Pacer,
)
from busyhour.core.pacing.modes import PREVIEW_TIME, AgentlessPacer, PowerPacer, PreviewPacer
from busyhour.core.pacing.predictive import PredictivePacer

__all__ = [
    "AGENTLESS",
    "AS_MANY_AS_ALLOWED",
    "PACING_MODES",
    "POWER",
    "PREDICTIVE",
    "PREVIEW",
    "PREVIEW_TIME",
    "PROGRESSIVE",
    "Pacer",
    "pacer_for",
]


def pacer_for(
    mode: int,
    lines_per_agent: float = 1.0,
    max_lines_per_agent: float = 3.0,
    abandonment_cap: float = 0.03,
    reserve_agents: int = 0,
    preview_time: Micros = PREVIEW_TIME,
) -> Pacer:
    """The pacer for one of the PACING_MODES codes; a parameter of another mode is ignored.

    `lines_per_agent` is power's ratio, `max_lines_per_agent` and `abandonment_cap` (a share, 0..1) are
    predictive's bounds, `preview_time` is preview's.
    Raises ValueError on an unknown mode or a bound out of range.
    """
    if lines_per_agent < 0 or max_lines_per_agent < 0 or reserve_agents < 0 or preview_time < 0:
        raise ValueError("a pacer's bounds are not negative")
    if not 0.0 <= abandonment_cap <= 1.0:
        raise ValueError("the abandonment cap is a share between 0 and 1")
    if mode == AGENTLESS:
        return AgentlessPacer(reserve_agents)
    if mode == PREVIEW:
        return PreviewPacer(reserve_agents, preview_time)
    if mode == PROGRESSIVE:
        return PowerPacer(reserve_agents, 1.0)
    if mode == POWER:
        return PowerPacer(reserve_agents, lines_per_agent)
    if mode == PREDICTIVE:
        return PredictivePacer(reserve_agents, abandonment_cap, max_lines_per_agent)
    raise ValueError("unknown pacing mode " + str(mode))
