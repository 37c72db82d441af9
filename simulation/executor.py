"""Where replications run: the port, and the executor that runs them one after another in this process.

Replications share nothing, so an executor may run them anywhere and in any order; it gives their results in
order, and the files it leaves are the same bytes wherever they were made.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from busyhour.results.replication import ReplicationResult
from simulation.scenario import Scenario


class Cancelled(Exception):
    """Raised out of a replication whose run was asked to stop."""


def report_nothing(replication: int, fraction: float, calls: int) -> None:
    """Progress for nobody."""


def never() -> bool:
    """Not cancelled."""
    return False


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run, and who wants to know."""

    scenario: Scenario
    replications: Sequence[int]
    out: Path | None = None
    """The run's folder; None to write no files."""
    events: bool = False
    """Whether `events/` is written too."""
    progress: Callable[[int, float, int], None] = report_nothing
    """Told (replication, share of it done from 0 to 1, its calls so far), one call at a time."""
    cancelled: Callable[[], bool] = never
    """Asked now and then; once it says True no further replication starts and those that run are dropped."""


class ReplicationExecutor(Protocol):
    """Runs a job's replications."""

    def run(self, job: Job) -> Iterator[ReplicationResult]:
        """Results in order of replication; after a cancellation those that were finished, and no others.

        A result's files are in `job.out` when it is given. Raises OSError where they can't be written, and
        whatever a replication raised.
        """
        ...


def run_one(
    scenario: Scenario,
    replication: int,
    out: Path | None,
    events: bool,
    progress: Callable[[float, int], None],
) -> ReplicationResult:
    """One replication, with its files below `out`. `progress` may raise, which drops the replication."""
    # Late, because the engine is the most there is to import and a caller wants to be told first.
    from simulation.runs import run_replication

    return run_replication(scenario, replication, out, events, progress)


class InProcess:
    """One replication after another, here. Imports no Ray."""

    def run(self, job: Job) -> Iterator[ReplicationResult]:
        for replication in job.replications:
            if job.cancelled():
                return

            def progress(fraction: float, calls: int, replication: int = replication) -> None:
                if job.cancelled():
                    raise Cancelled(replication)
                job.progress(replication, fraction, calls)

            try:
                result = run_one(job.scenario, replication, job.out, job.events, progress)
            except Cancelled:
                return
            job.progress(replication, 1.0, result.calls)
            yield result
