"""From one replication's sums to its KPIs.

A KPI is looked up, not computed by hand: for each campaign, queue, pool, trunk and voice agent there are
*facts* (counts and microseconds by name), and a table says which fact a plain KPI shows and which two a ratio
divides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import ABSENT, SECOND
from busyhour.results.definitions import DEFINITIONS, SECTIONS, Section
from busyhour.results.rows import Names
from busyhour.results.sums import (
    CAMPAIGN_COUNTS,
    POOL_COUNTS,
    QUEUE_COUNTS,
    QUEUE_SUMS,
    TRUNK_COUNTS,
    TRUNK_SUMS,
    VOICE_COUNTS,
    VOICE_SUMS,
    Sums,
)
from busyhour.results.tallies import Tallies

Ratio = tuple[float, float]
"""Numerator and denominator, so that replications can be put together as a ratio of means."""
Observation = float | Ratio | None
"""What one replication says of a KPI; None: nothing."""
Observations = dict[Section, dict[str, dict[str, Observation]]]
"""By section, name and KPI."""

Facts = Mapping[str, float | None]

# numerator, denominator, and what one of the quotient's units is worth
_RATIOS: Final[dict[Section, dict[str, tuple[str, str, int]]]] = {
    "campaigns": {
        "abandonment_rate": ("abandoned", "live_answers", 1),
        "answer_rate": ("live_answers", "attempts", 1),
        "attempts_per_contact": ("attempts", "contacts_attempted", 1),
    },
    "queues": {
        "service_level": ("in_time", "offered", 1),
        "asa_s": ("answered_wait_us", "answered", SECOND),
        "abandonment_rate": ("abandoned", "offered", 1),
        "occupancy": ("busy_us", "staffed_us", 1),
        "blocking_rate": ("blocked", "offered", 1),
        "wait_probability": ("waited", "offered", 1),
        "wait_mean_s": ("entered_wait_us", "entered", SECOND),
        "queue_length_mean": ("waiting_us", "window_us", 1),
        "agents_mean": ("staffed_us", "window_us", 1),
        "talk_mean_s": ("talk_us", "answered", SECOND),
        "wrap_up_mean_s": ("wrap_up_us", "answered", SECOND),
    },
    "agents": {
        "occupancy": ("busy_us", "staffed_us", 1),
        "talk_share": ("talk_us", "staffed_us", 1),
        "wrap_up_share": ("wrap_up_us", "staffed_us", 1),
        "idle_share": ("idle_us", "staffed_us", 1),
        "agents_mean": ("staffed_us", "window_us", 1),
    },
    "trunks": {
        "blocking_rate": ("blocked", "attempts", 1),
        "channels_mean": ("channels_us", "window_us", 1),
        "answer_seizure_ratio": ("answered", "seizures", 1),
        "average_call_duration_s": ("conversation_us", "answered", SECOND),
    },
    "voice_agents": {
        "concurrent_mean": ("voice_us", "window_us", 1),
        "talk_mean_s": ("voice_talk_us", "answered", SECOND),
    },
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sums over a stretch of time, with the agents staffed in it."""

    sums: Sums
    staffed_us: NDArray[np.int64]
    """By pool; -1 where not known."""
    length_us: int


def observe(
    names: Names,
    stretch: Stretch,
    tallies: Tallies | None = None,
    quantiles: Sequence[Mapping[str, float | None]] = (),
    calls_per_second: Mapping[Section, Sequence[int]] | None = None,
) -> Observations:
    """Every KPI that `stretch` and what else is given can tell; the others None. `quantiles` goes by
    queue."""
    facts = _facts(names, stretch, tallies, quantiles, calls_per_second or {})
    return {
        section: {name: _section(section, f) for name, f in facts[section].items()} for section in SECTIONS
    }


def _section(section: Section, facts: Facts) -> dict[str, Observation]:
    observed: dict[str, Observation] = {}
    for definition in DEFINITIONS[section]:
        if definition.kind == "ratio":
            above, below, worth = _RATIOS[section][definition.name]
            numerator, denominator = facts.get(above), facts.get(below)
            if numerator is None or denominator is None:
                observed[definition.name] = None
            else:
                observed[definition.name] = (numerator / worth, float(denominator))
        else:
            value = facts.get(definition.name)
            observed[definition.name] = None if value is None else float(value)
    return observed


def _facts(
    names: Names,
    stretch: Stretch,
    tallies: Tallies | None,
    quantiles: Sequence[Mapping[str, float | None]],
    calls_per_second: Mapping[Section, Sequence[int]],
) -> dict[Section, dict[str, Facts]]:
    sums, length_us = stretch.sums, stretch.length_us
    window: Facts = {"window_us": length_us}
    found: dict[Section, dict[str, Facts]] = {section: {} for section in SECTIONS}
    for index, name in enumerate(names.campaigns):
        found["campaigns"][name] = {
            **_row(CAMPAIGN_COUNTS, sums.campaigns[index]),
            "contacts_attempted": int(sums.first_attempts[index]),
            "calls_per_second_max": _item(calls_per_second.get("campaigns", ()), index),
            **_campaign_tally(tallies, index),
        }
    for index, name in enumerate(names.queues):
        row = _row((*QUEUE_COUNTS, *QUEUE_SUMS), sums.queues[index])
        found["queues"][name] = {
            **row,
            **window,
            **_agents(stretch, names.queue_pools[index] if index < len(names.queue_pools) else ()),
            # talk and wrap-up here are of this queue's calls, the agents' own may be of other queues too
            "talk_us": row["talk_us"],
            "wrap_up_us": row["wrap_up_us"],
            "entered": row["offered"] - row["blocked"],
            "waiting_us": int(sums.waiting_us[index]),
            "queue_length_max": _counted(tallies and _item(tallies.queues, index), "length_max"),
            **(quantiles[index] if index < len(quantiles) else {}),
        }
    for index, name in enumerate(names.pools):
        found["agents"][name] = {
            **_row(POOL_COUNTS, sums.pools[index]),
            **window,
            **_agents(stretch, (index,)),
        }
    for index, name in enumerate(names.trunks):
        row = _row((*TRUNK_COUNTS, *TRUNK_SUMS), sums.trunks[index])
        tally = tallies and _item(tallies.trunks, index)
        most = _counted(tally, "calls_per_second_max")
        found["trunks"][name] = {
            **row,
            **window,
            "seizures": row["attempts"] - row["blocked"],
            "channels_us": int(sums.channels_us[index]),
            "channels_max": _counted(tally, "channels_max"),
            "calls_per_second_max": most
            if most is not None
            else _item(calls_per_second.get("trunks", ()), index),
        }
    for index, name in enumerate(names.voice_agents):
        found["voice_agents"][name] = {
            **_row((*VOICE_COUNTS, *VOICE_SUMS), sums.voice_agents[index]),
            **window,
            "voice_us": int(sums.voice_us[index]),
            "concurrent_max": _counted(tallies and _item(tallies.voice_agents, index), "concurrent_max"),
        }
    return found


def _row(names: Sequence[str], values: NDArray[np.int64]) -> dict[str, int]:
    return dict(zip(names, values.tolist(), strict=True))


def _agents(stretch: Stretch, pools: Sequence[int]) -> Facts:
    chosen = list(pools)
    talk_us = int(stretch.sums.talk_us[chosen].sum())
    wrap_up_us = int(stretch.sums.wrap_up_us[chosen].sum())
    staffed = stretch.staffed_us[chosen]
    if not chosen or bool((staffed < 0).any()):
        return {"talk_us": talk_us, "wrap_up_us": wrap_up_us, "busy_us": talk_us + wrap_up_us}
    staffed_us = int(staffed.sum())
    return {
        "talk_us": talk_us,
        "wrap_up_us": wrap_up_us,
        "busy_us": talk_us + wrap_up_us,
        "staffed_us": staffed_us,
        "idle_us": staffed_us - talk_us - wrap_up_us,
    }


def _campaign_tally(tallies: Tallies | None, index: int) -> dict[str, float | None]:
    tally = tallies and _item(tallies.campaigns, index)
    if tally is None:
        return {}
    finished = tally.launched_at != ABSENT and tally.finished_at != ABSENT
    facts: dict[str, float | None] = {
        "contacts_total": tally.contacts_total,
        "contacts_completed": tally.contacts_completed,
        "contacts_exhausted": tally.contacts_exhausted,
        "contacts_remaining": tally.contacts_remaining,
        "duration_s": (tally.finished_at - tally.launched_at) / SECOND if finished else None,
    }
    if tally.contacts_attempted != ABSENT:
        facts["contacts_attempted"] = tally.contacts_attempted
    return facts


def _item(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _counted(tally: Any, name: str) -> int | None:
    if tally is None:
        return None
    value: int = getattr(tally, name)
    return None if value == ABSENT else value
