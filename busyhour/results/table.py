"""The KPIs in a terminal: the most telling ones, by campaign, queue, agents and trunk, then expectations and
warnings."""

import io

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from busyhour.results.beside import beside, headline_kpis, length_of
from busyhour.results.definitions import (
    SECTION_TITLES,
    SECTIONS,
    Section,
    definition_of,
)
from busyhour.results.expectations import Verdict
from busyhour.results.summary import Summary
from busyhour.results.wording import mean_and_interval, quantity

PLAIN_WIDTH = 100


def kpi_table(summary: Summary) -> RenderableType:
    """To print on a rich console. Every name is text, never markup."""
    parts: list[RenderableType] = [_headline(summary), Text()]
    parts.append(_kpis(summary))
    if summary.verdicts:
        parts += [Text(), _expectations(summary.verdicts)]
    if summary.warnings:
        parts += [Text(), *(_warning(sentence) for sentence in summary.warnings)]
    return Group(*parts)


def plain_text(summary: Summary) -> str:
    """The same for a file or a pipe: no colour, no control characters, no trailing blanks."""
    file = io.StringIO()
    console = Console(file=file, width=PLAIN_WIDTH, no_color=True, highlight=False, force_terminal=False)
    console.print(kpi_table(summary))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _headline(summary: Summary) -> Text:
    facts = summary.facts
    runs = f"{summary.replications} of {facts.replications}" if summary.partial else f"{facts.replications}"
    plural = "" if facts.replications == 1 else "s"
    return Text.assemble(
        (facts.scenario, "bold"),
        (
            f"  seed {facts.seed} · {runs} replication{plural} of {length_of(summary)} · "
            f"{summary.calls:,} calls · {facts.wall_s:.1f} s",
            "dim",
        ),
    )


def _kpis(summary: Summary) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, min_width=28)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(style="dim")
    first = True
    for section in SECTIONS:
        for name, kpis in summary.estimates[section].items():
            shown = headline_kpis(section, kpis)
            if not shown:
                continue
            if not first:
                table.add_row()
            heading = Text.assemble((f"{SECTION_TITLES[section]} ", "dim"), (name, "bold cyan"))
            table.add_row(heading, "", "95% interval" if first else "", "")
            first = False
            for definition in shown:
                mean, interval = mean_and_interval(kpis[definition.name], definition.unit)
                note = _note(summary, section, name, definition.name)
                table.add_row(Text(f"  {definition.title}"), Text(mean, "bold"), Text(interval), Text(note))
    return table


def _note(summary: Summary, section: Section, name: str, kpi: str) -> str:
    said = beside(summary, section, name, kpi)
    closed_form = summary.facts.analytic.get(name) if section == "queues" else None
    if closed_form is None:
        return said
    value = closed_form.get(kpi)
    if not isinstance(value, float):
        return said
    simulated = summary.estimates["queues"][name][kpi].mean
    exact = f"{closed_form['model']} {quantity(value, definition_of('queues', kpi).unit, simulated)}"
    return f"{said}; {exact}" if said else exact


def _expectations(verdicts: tuple[Verdict, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    for verdict in verdicts:
        expectation = verdict.expectation
        mean, interval = mean_and_interval(
            verdict.observed, definition_of(expectation.section, expectation.kpi).unit
        )
        mark = Text("✓", "bold green") if verdict.passed else Text("✗", "bold red")
        table.add_row(mark, Text(expectation.text.strip()), Text(mean, "bold"), Text(interval))
    return table


def _warning(sentence: str) -> Text:
    return Text.assemble(("! ", "bold yellow"), sentence)
