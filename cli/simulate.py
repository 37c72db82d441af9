"""`busyhour simulate`: a scenario file to KPIs, call records and a report."""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exits import COULD_NOT_RUN, FAILED, INTERRUPTED, OK, WRONG_INPUT
from cli.interrupts import Interrupts
from cli.progress import Progress, progress_for
from cli.results_folder import FolderRefused, ResultsFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from busyhour.results.replication import ReplicationResult
    from busyhour.results.summary import Summary
    from simulation.executor import ReplicationExecutor
    from simulation.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says besides the scenario."""

    workers: int | None
    address: str | None
    out: Path | None
    events: bool
    as_json: bool
    quiet: bool

    @property
    def needs_ray(self) -> bool:
        return self.address is not None or (self.workers or 1) > 1


@click.command()
@click.argument("file", metavar="FILE")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), help="In place of the file's: same seed, same calls."
)
@click.option(
    "--replications", type=click.IntRange(1), help="Independent runs, in place of the file's number."
)
@click.option(
    "--workers", type=click.IntRange(1), help="Replications that run side by side; two or more use Ray."
)
@click.option("--address", metavar="RAY", help="Run on the Ray cluster at this address.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results; runs/<name>-<seed>.")
@click.option("--set", "sets", metavar="PATH=VALUE", multiple=True, help="As in queues.sales.agents=45.")
@click.option("--events", is_flag=True, help="Write every event too, to events/.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json, and nothing else, on stdout.")
@click.option("--quiet", is_flag=True, help="Neither progress nor table.")
def simulate(
    file: str,
    seed: int | None,
    replications: int | None,
    workers: int | None,
    address: str | None,
    out: Path | None,
    sets: tuple[str, ...],
    events: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run the scenario FILE in virtual time.

    Prints the KPIs with 95% confidence intervals and leaves summary.json, report.html, scenario.yaml and the
    Parquet datasets calls/ and intervals/. Ctrl-C keeps the replications that are finished, marked partial.
    """
    from simulation.scenario import ScenarioError, load

    overrides = [*sets]
    if seed is not None:
        overrides.append(f"seed={seed}")
    if replications is not None:
        overrides.append(f"replications={replications}")
    try:
        scenario = load(file, overrides)
        return _simulate(scenario, Wishes(workers, address, out, events, as_json, quiet))
    except (ScenarioError, FolderRefused) as error:
        click.echo(error, err=True)
        return WRONG_INPUT


def _simulate(scenario: Scenario, wishes: Wishes) -> int:
    """Raises ScenarioError for a wrong row of a contact file, FolderRefused, and OSError."""
    started = time.monotonic()
    progress = progress_for(scenario.replications, _virtual_hours(scenario), wishes.quiet)
    with ResultsFolder(wishes.out or Path("runs") / f"{scenario.name}-{scenario.seed}") as folder:
        with Interrupts(progress.say) as interrupts, progress:
            progress.say(_opening(scenario, wishes))
            results = _run(scenario, wishes, folder, progress, interrupts)
            if results is None:
                return COULD_NOT_RUN
            if not results:
                click.echo("interrupted: no replication was finished, so nothing is kept", err=True)
                return INTERRUPTED
            summary = conclude(scenario, wishes, folder, results, time.monotonic() - started)
        place = folder.keep(partial=summary.partial)
    show(summary, wishes, place)
    if summary.partial:
        return INTERRUPTED
    return OK if summary.passed else FAILED


def _run(
    scenario: Scenario, wishes: Wishes, folder: ResultsFolder, progress: Progress, interrupts: Interrupts
) -> list[ReplicationResult] | None:
    """The results of what was finished; None where it could not be run, which has been said."""
    from simulation.executor import Job

    job = Job(
        scenario,
        range(scenario.replications),
        folder.staging,
        wishes.events,
        progress.note,
        interrupts.cancelled,
    )
    if not wishes.needs_ray:
        return list(_here().run(job))
    from actors.replications import NoCluster

    try:
        # Threads of Ray's print there when a worker dies, and standard output is the summary's.
        with redirect_stdout(sys.stderr):
            return list(_on_ray(wishes).run(job))
    except NoCluster as error:
        click.echo(error, err=True)
        return None


def _here() -> ReplicationExecutor:
    from simulation.executor import InProcess

    return InProcess()


def _on_ray(wishes: Wishes) -> ReplicationExecutor:
    from actors.replications import RayReplications

    return RayReplications(wishes.workers, wishes.address)


def conclude(
    scenario: Scenario,
    wishes: Wishes,
    folder: ResultsFolder,
    results: list[ReplicationResult],
    wall_s: float,
    incidents: Sequence[str] = (),
    cut_short: bool = False,
) -> Summary:
    """Summary, report and the scenario as it was run, into the folder.

    `incidents` are warnings from the run; `cut_short`: its last replication did not come to its end.
    """
    from busyhour.results.report import write_report
    from busyhour.results.summary import summarise
    from simulation.run_facts import facts_of

    facts = facts_of(scenario, wall_s, wishes.workers or 1)
    facts = replace(facts, warnings=[*incidents, *facts.warnings], cut_short=cut_short)
    summary = summarise(results, facts)
    (folder.staging / "summary.json").write_text(summary.as_text(), encoding="utf-8")
    (folder.staging / "scenario.yaml").write_text(facts.resolved, encoding="utf-8")
    write_report(folder.staging / "report.html", summary, results)
    return summary


def show(summary: Summary, wishes: Wishes, place: Path) -> None:
    if wishes.as_json:
        click.echo(summary.as_text(), nl=False)
    elif not wishes.quiet:
        from rich.console import Console

        from busyhour.results.table import kpi_table, plain_text

        console = Console()
        if console.is_terminal:
            console.print(kpi_table(summary))
        else:
            click.echo(plain_text(summary), nl=False)
        click.echo(
            f"\n{_shown(place / 'report.html')} is the report; calls/ beside it holds a row for every call."
        )
    if summary.partial:
        click.echo(
            f"interrupted: {summary.finished} of {summary.facts.replications} replications were finished; "
            f"what there is lies in {_shown(place)}, marked partial",
            err=True,
        )
    elif wishes.quiet:
        for verdict in summary.verdicts:
            if not verdict.passed:
                click.echo(f"not as expected: {verdict.expectation.text}", err=True)


def _opening(scenario: Scenario, wishes: Wishes) -> str:
    from busyhour.interpreted import reason, runtime

    length = _virtual_hours(scenario)
    what = f"{scenario.replications} × " + ("until idle" if length is None else f"{length:g} h")
    where = "on Ray, which takes some seconds to start" if wishes.needs_ray else f"{runtime()} core"
    stale = "; its sources have changed since it was compiled: make compile" if reason() == "stale" else ""
    return f"{scenario.name}: {what}, seed {scenario.seed}, {where}{stale}"


def _virtual_hours(scenario: Scenario) -> float | None:
    """Of one replication; None where it ends when idle."""
    horizon = scenario.clock.horizon
    return None if horizon is None or scenario.clock.until == "idle" else horizon / 3_600_000_000


def _shown(path: Path) -> str:
    """As the user would type it from here."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
