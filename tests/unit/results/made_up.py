"""Results made by hand, for what is done with them afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from busyhour.core import disposition as d
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import Names
from busyhour.results.run_facts import RunFacts
from busyhour.results.tallies import CampaignTally, QueueTally, TrunkTally
from busyhour.results.window import Window
from tests.unit.results.reference import HOUR, SECOND, START, Call, call, mmc, record, staffed

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'[bold]%{y}{{style}}"


@dataclass(frozen=True)
class Expected:
    text: str
    section: Any
    name: str
    kpi: str
    operator: str
    value: float


def expected(text: str) -> Expected:
    path, operator, value = text.split()
    section, name, kpi = path.split(".")
    number = float(value.rstrip("%")) / (100 if value.endswith("%") else 1)
    return Expected(text, section, name, kpi, operator, number)


def names_of(name: str = "sales") -> Names:
    return Names(
        campaigns=[f"{name}-campaign"],
        queues=[name],
        trunks=[f"{name}-trunk"],
        pools=[name],
        agents=[f"{name}/{k}" for k in range(4)],
        agent_pool=[0] * 4,
        queue_pools=[[0]],
    )


def evening(seed: int, horizon: int = 2 * HOUR) -> list[Call]:
    """Callers of an inbound queue of four agents, and a few dials a minute, one live answer in twenty abandoned."""
    rng = np.random.default_rng([seed, 1])
    dials: list[Call] = []
    for number in range(horizon // (10 * SECOND)):
        at = number * 10 * SECOND
        common = {
            "created_at": at,
            "dialed_at": at,
            "campaign": 0,
            "trunk": 0,
            "direction": d.OUTBOUND,
            "attempt": 1,
        }
        kind = int(rng.integers(60))
        if kind < 20:
            answered = min(at + 9 * SECOND, horizon)
            lost = kind == 0
            ended = min(answered + (2 if lost else 40) * SECOND, horizon)
            disposition = d.ABANDONED if lost else d.HUMAN
            dials.append(
                call(
                    **common, answered_at=answered, ended_at=ended, disposition=disposition, contact_no=number
                )
            )
        else:
            ended = min(at + 20 * SECOND, horizon)
            dials.append(call(**common, ended_at=ended, disposition=d.NO_ANSWER, end_reason=d.END_NO_ANSWER))
    return mmc(seed, agents=4, arrivals_per_s=0.03, talk_s=100, horizon=horizon, patience_s=90) + dials


def results(
    count: int = 5, name: str = "sales", horizon: int = 2 * HOUR, **options: Any
) -> list[ReplicationResult]:
    return [
        record(
            evening(seed, horizon),
            names=names_of(name),
            horizon=horizon,
            replication=seed,
            pools=staffed(4),
            campaigns=[CampaignTally(1000, 300, 100, 600, launched_at=START)],
            queues=[QueueTally(length_max=5 + seed)],
            trunks=[TrunkTally(channels_max=9)],
            events=1000,
            wall_s=0.5,
            **options,
        )
        for seed in range(count)
    ]


def facts(
    name: str = "sales", replications: int = 5, expectations: Sequence[str] = (), **changes: Any
) -> RunFacts:
    given: dict[str, Any] = {
        "scenario": "evening",
        "seed": 42,
        "replications": replications,
        "names": names_of(name),
        "window": Window(START, START + 2 * HOUR),
        "wall_s": 3.1,
        "expectations": [expected(text) for text in expectations],
        "abandonment_caps": {f"{name}-campaign": 0.03},
        "channel_limits": {f"{name}-trunk": 20},
        "service_targets": {name: 0.8},
        "time_zone": "America/New_York",
        "version": "0.1.0",
    }
    return RunFacts(**{**given, **changes})
