"""What a reader must know before believing a number: each caveat is a sentence with what would help."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import SECOND
from busyhour.results.definitions import definition_of
from busyhour.results.expectations import Estimates, Verdict
from busyhour.results.replication import ReplicationResult, Series, common_series
from busyhour.results.run_facts import RunFacts
from busyhour.results.steadiness import NEVER, settles_at
from busyhour.results.wording import given, interval_of, mean_and_interval, quantity

FEW_REPLICATIONS: Final = 5

_FEWEST_POINTS: Final = 20
_MOST_REPLICATIONS_TO_NAME: Final = 10_000


def caveats(
    results: Sequence[ReplicationResult], facts: RunFacts, estimates: Estimates, verdicts: Sequence[Verdict]
) -> list[str]:
    return [
        *facts.warnings,
        *_inconsistent(results),
        *_replications(results, facts, estimates),
        *_undecided(verdicts, len(results)),
        *_unsettled(results, facts),
        *_growing(results, facts),
        *_campaigns(results, facts, estimates),
        *_full_trunks(facts, estimates),
    ]


def _inconsistent(results: Sequence[ReplicationResult]) -> Iterator[str]:
    for result in results:
        for check in result.checks:
            if not check.holds:
                yield (
                    f"Little's law fails in replication {result.replication}, {check.section} {check.name}: "
                    f"{check.integrated_us / SECOND:,.6f} s were integrated and the call records add up to "
                    f"{check.from_rows_us / SECOND:,.6f} s. This is a defect of Busyhour; please report it."
                )


def _replications(
    results: Sequence[ReplicationResult], facts: RunFacts, estimates: Estimates
) -> Iterator[str]:
    if facts.cut_short:
        yield (
            f"Interrupted: {len(results) - 1} of {facts.replications} replications were finished; "
            "the last one was cut short and is counted as far as it went."
        )
    elif len(results) < facts.replications:
        yield (
            f"Interrupted: {len(results)} of {facts.replications} replications were finished, "
            "and only those are counted."
        )
    if len(results) == 1:
        every = (e for names in estimates.values() for kpis in names.values() for e in kpis.values())
        if not any(e.method is not None and e.method.startswith("batch") for e in every):
            yield "One replication tells no 95% interval; --replications 10 does."
    elif 1 < len(results) < FEW_REPLICATIONS:
        yield (
            f"Intervals from {len(results)} replications are wide and only roughly 95%; "
            "10 are the usual least (--replications 10)."
        )


def _undecided(verdicts: Sequence[Verdict], n: int) -> Iterator[str]:
    for verdict in verdicts:
        expectation, observed = verdict.expectation, verdict.observed
        if observed.mean is None:
            yield f"Nothing was observed for “{expectation.text}”, so it has not passed."
        elif verdict.undecided and observed.ci95 is not None:
            low, high = observed.ci95
            gap = abs(observed.mean - expectation.value)
            unit = definition_of(expectation.section, expectation.kpi).unit
            interval = interval_of(observed, unit)
            needed = math.ceil(n * ((high - low) / 2 / gap) ** 2) if gap > 0 and observed.n > 1 else None
            remedy = (
                f"about {needed:,} replications would tell"
                if needed is not None and needed <= _MOST_REPLICATIONS_TO_NAME
                else "it is too close to call"
            )
            yield f"The interval {interval} is wider than the question “{expectation.text}”: {remedy}."


def _unsettled(results: Sequence[ReplicationResult], facts: RunFacts) -> Iterator[str]:
    """Of agents busy, where the run is meant to stand for the long run."""
    series = common_series(results)
    if not facts.steady_state or not series:
        return
    bin_us = series[0].bin_us
    whole = min(s.length_us for s in series) // bin_us
    start = -(-facts.window.warmup // bin_us)
    for name, curve in _curves(series, facts, whole):
        settled = settles_at(curve, start)
        if settled == NEVER:
            yield (
                f"{name} has not settled by the end of the run: "
                "a longer horizon is needed for its long-run value."
            )
        elif settled > start:
            needed = quantity(settled * bin_us / SECOND, "seconds")
            begin = given(facts.window.warmup / SECOND, "seconds")
            yield (
                f"Warm-up too short: {name[0].lower()}{name[1:]} settles after about {needed}, "
                f"and statistics start after {begin}."
            )


def _curves(
    series: Sequence[Series], facts: RunFacts, whole: int
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for index, name in enumerate(facts.names.pools):
        busy = [(s.sums.talk_us + s.sums.wrap_up_us)[:whole, index] for s in series]
        yield f"The number of busy agents in {name}", np.stack(busy).astype(np.float64)


def _growing(results: Sequence[ReplicationResult], facts: RunFacts) -> Iterator[str]:
    """A queue that is longer in each third of the run than in the one before, and three times as long in the
    end."""
    series = common_series(results)
    if not series:
        return
    for index, name in enumerate(facts.names.queues):
        whole = min(s.length_us for s in series) // series[0].bin_us
        length = np.mean([s.sums.waiting_us[:whole, index] for s in series], axis=0) / series[0].bin_us
        if whole < _FEWEST_POINTS:
            continue
        thirds = [float(part.mean()) for part in np.array_split(length, 3)]
        if thirds[0] < thirds[1] < thirds[2] and thirds[2] > 3 * thirds[0] and thirds[2] > 1.0:
            yield (
                f"Queue {name} grows throughout: {thirds[0]:.1f}, {thirds[1]:.1f} and {thirds[2]:.1f} calls wait in "
                "the three thirds of the run. Its waits depend on how long the run is."
            )


def _campaigns(results: Sequence[ReplicationResult], facts: RunFacts, estimates: Estimates) -> Iterator[str]:
    for name in facts.names.campaigns:
        kpis = estimates["campaigns"][name]
        skipped: Counter[str] = Counter()
        for result in results:
            skipped.update(result.contacts_skipped.get(name, {}))
        for reason, count in sorted(skipped.items()):
            each = quantity(count / len(results), "count")
            yield f"Campaign {name}: {each} contacts a replication were skipped, {reason.replace('_', ' ')}."
        unfinished = sum(name in result.unfinished for result in results)
        if unfinished and kpis["contacts_remaining"].mean:
            yield (
                f"Campaign {name} was not finished in {unfinished} of {len(results)} replications; "
                f"{mean_and_interval(kpis['contacts_remaining'], 'count')[0]} contacts remained on average."
            )
        cap = facts.abandonment_caps.get(name)
        rate = kpis["abandonment_rate"]
        if cap is not None and rate.mean is not None and (rate.ci95 or (rate.mean, 0.0))[0] > cap:
            shown = mean_and_interval(rate, "share")[0]
            yield f"Campaign {name} abandons {shown} of its live answers, over its cap of {given(cap, 'share')}."


def _full_trunks(facts: RunFacts, estimates: Estimates) -> Iterator[str]:
    for name, limit in facts.channel_limits.items():
        kpis = estimates["trunks"].get(name, {})
        most, blocked = kpis.get("channels_max"), kpis.get("blocking_rate")
        if most is None or blocked is None or most.mean is None or not blocked.mean:
            continue
        if most.mean >= limit:
            yield (
                f"Trunk {name} was full: all {limit} channels in use, "
                f"{mean_and_interval(blocked, 'share')[0]} of attempts blocked."
            )
