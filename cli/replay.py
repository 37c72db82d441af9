"""`busyhour replay`: scenario files as tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.exits import FAILED, INTERRUPTED, OK, WRONG_INPUT
from cli.golden import first_divergence, golden_path, read_golden, write_golden
from cli.interrupts import Interrupts
from cli.junit import Outcome, junit_xml

if TYPE_CHECKING:
    from simulation.scenario import Scenario

SCENARIO_SUFFIXES: Final = (".yaml", ".yml")


@click.command()
@click.argument("paths", metavar="FILE_OR_DIR…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--golden", is_flag=True, help="Compare every event with the golden trace, golden/<name>.trace."
)
@click.option("--update-golden", is_flag=True, help="Write the golden traces anew from what happens now.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML to this file."
)
def replay(paths: Sequence[Path], golden: bool, update_golden: bool, junit: Path | None) -> int:
    """Run each scenario file, and each in a folder, and check what it expects.

    A golden trace is a text file beside the scenario with a line for every event of the first replication. The
    first divergence is shown with its neighbours: - what should be, + what was.
    """
    if golden and update_golden:
        raise click.UsageError("--golden compares and --update-golden writes; choose one of them.")
    outcomes: list[Outcome] = []
    with Interrupts() as interrupts:
        for file in scenario_files(paths):
            if interrupts.asked:
                break
            outcome = replayed(file, golden, update_golden, interrupts.cancelled)
            if not interrupts.asked:
                outcomes.append(outcome)
                tell(outcome)
    if junit is not None:
        junit.write_text(junit_xml(outcomes), encoding="utf-8")
    good = sum(outcome.ok for outcome in outcomes)
    click.echo(f"{good} of {len(outcomes)} as expected")
    if interrupts.asked:
        click.echo("interrupted: the rest was not run", err=True)
        return INTERRUPTED
    if any(outcome.wrong for outcome in outcomes):
        return WRONG_INPUT
    return OK if good == len(outcomes) else FAILED


def scenario_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those below the folders named, by name. Raises click.UsageError where there are none."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(
                each for each in path.rglob("*") if each.suffix in SCENARIO_SUFFIXES and each.is_file()
            )
            if not below:
                raise click.UsageError(f"{path} holds no scenario files (*.yaml).")
            files += below
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def replayed(file: Path, golden: bool, update_golden: bool, cancelled: Callable[[], bool]) -> Outcome:
    """Run one file and check it; once `cancelled`, the outcome says nothing.

    Raises OSError where a golden trace can't be written.
    """
    from simulation.scenario import ScenarioError, load

    outcome = Outcome(file)
    started = time.monotonic()
    try:
        scenario = load(file)
        check_expectations(scenario, outcome, cancelled)
        if (golden or update_golden) and not cancelled():
            check_trace(scenario, outcome, update_golden)
    except ScenarioError as error:
        outcome.wrong.append(str(error))
    outcome.seconds = time.monotonic() - started
    return outcome


def check_expectations(scenario: Scenario, outcome: Outcome, cancelled: Callable[[], bool]) -> None:
    """Run every replication and hold the KPIs against what the file expects."""
    from busyhour.results.definitions import definition_of
    from busyhour.results.summary import summarise
    from busyhour.results.wording import mean_and_interval
    from simulation.executor import InProcess, Job
    from simulation.run_facts import facts_of

    results = list(InProcess().run(Job(scenario, range(scenario.replications), cancelled=cancelled)))
    if cancelled():
        return
    summary = summarise(results, facts_of(scenario))
    for verdict in summary.verdicts:
        if not verdict.passed:
            wanted = verdict.expectation
            unit = definition_of(wanted.section, wanted.kpi).unit
            observed, _ = mean_and_interval(verdict.observed, unit)
            outcome.failures.append(f"expected {wanted.text}, and it is {observed}")
    for result in results:
        for check in result.checks:
            if not check.holds:
                outcome.failures.append(
                    f"Little's law fails in {check.section}.{check.name}, replication {result.replication}: "
                    f"{check.integrated_us} µs were integrated and the calls add up to {check.from_rows_us} µs"
                )
    outcome.passed += counted(len(summary.verdicts), "expectation")


def check_trace(scenario: Scenario, outcome: Outcome, update: bool) -> None:
    """Compare the events of the first replication with the golden trace, or write that anew."""
    from simulation.runs import trace_replication

    lines = trace_replication(scenario, 0)
    path = golden_path(outcome.file)
    golden = read_golden(path)
    if update:
        if golden != lines:
            write_golden(path, lines)
            outcome.passed.append(f"{path} written anew" if golden is not None else f"{path} written")
        return
    if golden is None:
        outcome.failures.append(f"{path} is not there; --update-golden writes it")
        return
    divergence = first_divergence(golden, lines)
    if divergence is None:
        outcome.passed += counted(len(lines), "event", "as golden")
        return
    report = "\n".join(divergence.report())
    outcome.failures.append(f"{path}:{divergence.line}: the events diverge\n{report}")


def counted(count: int, what: str, how: str = "") -> list[str]:
    """`["3 expectations"]`; nothing of nothing."""
    return [" ".join(filter(None, [str(count), what + "s" * (count != 1), how]))] if count else []


def tell(outcome: Outcome) -> None:
    """A line for people, and what went wrong below it."""
    head = click.style("ok    ", fg="green") if outcome.ok else click.style("FAILED", fg="red")
    details = (
        f"  ({', '.join(outcome.passed)}, {outcome.seconds:.1f} s)" if outcome.ok and outcome.passed else ""
    )
    click.echo(f"{head} {outcome.file}{details}")
    for line in indented([*outcome.wrong, *outcome.failures]):
        click.echo(line)


def indented(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from (f"       {line}" for line in text.splitlines())
