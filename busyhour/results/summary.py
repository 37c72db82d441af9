"""`summary.json`: every KPI with its interval, the expectations and what to be careful about.
"busyhour.summary/v1"."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from busyhour.core.ids import SECOND
from busyhour.results.batches import Batches, batches_of
from busyhour.results.caveats import caveats
from busyhour.results.definitions import DEFINITIONS, SECTIONS, Section
from busyhour.results.estimates import Estimate, Interval, estimate
from busyhour.results.expectations import Estimates, Verdict, judge
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import Names
from busyhour.results.run_facts import RunFacts

SCHEMA: Final = "busyhour.summary/v1"


@dataclass(frozen=True, slots=True)
class Summary:
    """What the replications come to; `as_json` is what `summary.json` holds."""

    facts: RunFacts
    replications: int
    """Counted: those that were finished, and one that was cut short."""
    digest: str
    virtual_s: float
    """Of one replication, on average."""
    events: int
    """Over all replications, as the calls."""
    illegal_events: int
    calls: int
    estimates: Estimates
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]

    @property
    def partial(self) -> bool:
        return self.facts.cut_short or self.replications < self.facts.replications

    @property
    def finished(self) -> int:
        """Replications that came to their end."""
        return self.replications - self.facts.cut_short

    @property
    def passed(self) -> bool:
        """Every expectation."""
        return all(verdict.passed for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """Plain data that JSON can hold: no NaN, no infinity."""
        facts = self.facts
        summary: dict[str, Any] = {
            "schema": SCHEMA,
            "scenario": facts.scenario,
            "seed": facts.seed,
            "replications": facts.replications,
            "digest": self.digest,
            "run": {
                "virtual_s": self.virtual_s,
                "wall_s": facts.wall_s,
                "events": self.events,
                "calls": self.calls,
            },
        }
        if self.partial:
            summary["partial"] = True
            summary["replications_finished"] = self.finished
        for section in SECTIONS:
            summary[section] = {
                name: {kpi: found.as_json() for kpi, found in kpis.items()}
                for name, kpis in self.estimates[section].items()
            }
        for queue, closed_form in facts.analytic.items():
            summary["queues"][queue]["analytic"] = dict(closed_form)
        summary["expectations"] = [verdict.as_json() for verdict in self.verdicts]
        summary["warnings"] = list(self.warnings)
        return cast(dict[str, Any], _without_nan(summary))

    def as_text(self) -> str:
        """The file's text."""
        return json.dumps(self.as_json(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def summarise(results: Sequence[ReplicationResult], facts: RunFacts) -> Summary:
    """`results` in any order; none at all gives an empty, partial summary.

    Raises KeyError where an expectation names what the run does not have.
    """
    ordered = sorted(results, key=lambda result: result.replication)
    estimates = _estimates(ordered, facts)
    verdicts = tuple(judge(expectation, estimates) for expectation in facts.expectations)
    return Summary(
        facts=facts,
        replications=len(ordered),
        digest=run_digest(ordered),
        virtual_s=sum(r.virtual_us for r in ordered) / len(ordered) / SECOND if ordered else 0.0,
        events=sum(r.events for r in ordered),
        illegal_events=sum(r.illegal_events for r in ordered),
        calls=sum(r.calls for r in ordered),
        estimates=estimates,
        verdicts=verdicts,
        warnings=tuple(caveats(ordered, facts, estimates, verdicts)),
    )


def run_digest(results: Sequence[ReplicationResult]) -> str:
    """SHA-256 over the replications' digests, in the order of their numbers."""
    ordered = sorted(results, key=lambda result: result.replication)
    return "sha256:" + hashlib.sha256(b"".join(bytes.fromhex(r.digest) for r in ordered)).hexdigest()


def _estimates(results: Sequence[ReplicationResult], facts: RunFacts) -> Estimates:
    single = results[0] if len(results) == 1 else None
    batches: Batches = {}
    if single is not None and single.series is not None and facts.steady_state:
        batches = batches_of(single.series, facts.names, facts.window.warmup)
    estimates: dict[Section, dict[str, dict[str, Estimate]]] = {}
    for section in SECTIONS:
        estimates[section] = {}
        for name in _names(facts.names, section):
            found: dict[str, Estimate] = {}
            for definition in DEFINITIONS[section]:
                kpi = definition.name
                observed = [r.kpis[section][name][kpi] for r in results]
                found[kpi] = estimate(
                    definition,
                    observed,
                    batches=batches.get(section, {}).get(name, {}).get(kpi, ()),
                    bounds=_bounds(single, name, kpi) if section == "queues" else None,
                )
            estimates[section][name] = found
    return estimates


def _bounds(single: ReplicationResult | None, queue: str, kpi: str) -> Interval | None:
    return None if single is None else single.quantile_bounds.get(queue, {}).get(kpi)


def _names(names: Names, section: Section) -> Sequence[str]:
    by_section: Mapping[Section, Sequence[str]] = {
        "campaigns": names.campaigns,
        "queues": names.queues,
        "agents": names.pools,
        "trunks": names.trunks,
        "voice_agents": names.voice_agents,
    }
    return by_section[section]


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in cast(list[Any], value)]
    return value
