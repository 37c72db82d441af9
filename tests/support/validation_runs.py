"""The validations run on the engine, replications side by side, and what came of them beside what must.

A replication takes the path of `busyhour simulate`: scenario file → `run_one` → KPIs, and the product's own
estimates over replications. Where something is read off `calls/`, the files are written and read back.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from math import ceil, sqrt
from pathlib import Path

from scipy.special import stdtrit

from busyhour.results.estimates import Estimate, mean_of, ratio_of_means
from busyhour.results.kpis import Observation
from busyhour.results.replication import ReplicationResult
from busyhour.results.summary import summarise
from simulation.executor import run_one
from simulation.run_facts import facts_of
from simulation.scenario import Scenario, loads
from tests.support.validation_readings import Calls, Reading
from tests.support.validation_scenarios import NARROW, Validation

LEAST_REPLICATIONS = 5
"""Fewer give no interval worth the name, however few a slow machine can afford."""


@dataclass(frozen=True)
class Figure:
    """One simulated value beside the exact one."""

    row: int
    validation: str
    name: str
    """`section.name.kpi`, or what was read off the rows."""
    exact: float
    estimate: Estimate
    narrow: float
    """Half-width of the 95% interval that the full number of replications must reach, as a share of the exact
    value."""

    @property
    def simulated(self) -> float:
        assert self.estimate.mean is not None, f"{self.name}: nothing was observed"
        return self.estimate.mean

    def half_width(self, confidence: float = 0.95) -> float:
        """Of Student's interval (for a ratio: on the jackknife's standard error), in the value's own unit."""
        n, sd = self.estimate.n, self.estimate.sd
        assert sd is not None, f"{self.name}: no interval from {n} replications"
        return float(stdtrit(n - 1, 0.5 + confidence / 2)) * sd / sqrt(n)

    @property
    def relative_half_width(self) -> float:
        """Of the 95% interval, as a share of the exact value."""
        return self.half_width() / self.exact

    def inside(self, confidence: float = 0.95) -> bool:
        return abs(self.simulated - self.exact) <= self.half_width(confidence)

    def __str__(self) -> str:
        return (
            f"row {self.row}, {self.validation}: {self.name} is {self.exact:.8g}, simulated "
            f"{self.simulated:.8g} ± {self.half_width():.3g} ({100 * self.relative_half_width:.2f}%, 95%, "
            f"{self.estimate.n} replications)"
        )


@dataclass(frozen=True)
class Outcome:
    """All replications of one validation."""

    results: Sequence[ReplicationResult]
    figures: Sequence[Figure]
    estimates: Mapping[str, Estimate]
    """Of every KPI there is, by `section.name.kpi`."""


@dataclass(frozen=True)
class Replicated:
    result: ReplicationResult
    readings: Sequence[Observation]


@cache
def scenario_of(text: str) -> Scenario:
    return loads(text)


def _unheard(fraction: float, calls: int) -> None:
    """Progress for nobody."""


def replicate(text: str, readings: Sequence[Reading], replication: int) -> Replicated:
    """One replication of the scenario `text`; what `readings` find is in their order."""
    scenario = scenario_of(text)
    if not readings:
        return Replicated(run_one(scenario, replication, None, False, _unheard), ())
    clock = scenario.clock
    with tempfile.TemporaryDirectory(prefix="busyhour-validation-") as folder:
        result = run_one(scenario, replication, Path(folder), False, _unheard)
        end = clock.start_us + result.virtual_us
        (file,) = Path(folder, "calls").glob("*.parquet")
        calls = Calls(file, clock.start_us + clock.warmup, end)
        return Replicated(result, [reading.observe(calls) for reading in readings])


def first_of(text: str) -> ReplicationResult:
    """The first replication of the scenario `text`."""
    return replicate(text, (), 0).result


class Crew:
    """Processes that replicate."""

    def __init__(self, pool: ProcessPoolExecutor, processes: int) -> None:
        self._pool = pool
        self._processes = processes

    def replications(
        self, text: str, replications: range, readings: Sequence[Reading] = ()
    ) -> list[Replicated]:
        """In order. Raises whatever a replication raised."""
        one = partial(replicate, text, tuple(readings))
        return list(self._pool.map(one, replications, chunksize=self._chunk(len(replications))))

    def first_replications(self, texts: Sequence[str]) -> list[ReplicationResult]:
        """Of each scenario its first, in order. Raises whatever a replication raised."""
        return list(self._pool.map(first_of, texts, chunksize=self._chunk(len(texts))))

    def _chunk(self, count: int) -> int:
        return max(1, count // (4 * self._processes))

    def estimates(self, text: str, results: Sequence[ReplicationResult]) -> dict[str, Estimate]:
        """As `summary.json` has them, by `section.name.kpi`."""
        found = summarise(results, facts_of(scenario_of(text))).estimates
        return {
            f"{section}.{name}.{kpi}": estimate
            for section, by_name in found.items()
            for name, kpis in by_name.items()
            for kpi, estimate in kpis.items()
        }

    def run(self, name: str, validation: Validation, scale: float = 1.0) -> Outcome:
        """`scale`: times as many replications as the scenario says."""
        count = max(LEAST_REPLICATIONS, ceil(scale * scenario_of(validation.text).replications))
        readings = validation.of_rows()
        replicated = self.replications(validation.text, range(count), tuple(readings))
        results = [one.result for one in replicated]
        estimates = self.estimates(validation.text, results)
        read = {
            str(reading): _estimate([one.readings[index] for one in replicated])
            for index, reading in enumerate(readings)
        }
        exact = {**validation.kpis(), **{str(reading): value for reading, value in readings.items()}}
        return Outcome(
            results,
            [
                Figure(
                    validation.row,
                    name,
                    kpi,
                    value,
                    {**estimates, **read}[kpi],
                    validation.wider.get(kpi, NARROW),
                )
                for kpi, value in exact.items()
            ],
            estimates,
        )


def _estimate(observations: Sequence[Observation]) -> Estimate:
    pairs = [o for o in observations if isinstance(o, tuple)]
    return ratio_of_means(pairs) if pairs else mean_of([o for o in observations if isinstance(o, float)])


@contextmanager
def crew(processes: int | None = None) -> Iterator[Crew]:
    """As many processes as there are processors, unless told otherwise."""
    count = processes or os.cpu_count() or 1
    # Spawned, because a fork of a process with threads (numpy's, pyarrow's) may find their locks held.
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        yield Crew(pool, count)
