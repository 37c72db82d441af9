"""The sections of the report: HTML in which every name, number and line of the scenario has been escaped."""

from collections.abc import Iterator, Sequence
from html import escape

from busyhour.core.ids import SECOND
from busyhour.results.beside import beside, headline_kpis, length_of
from busyhour.results.definitions import (
    DEFINITIONS,
    SECTION_TITLES,
    SECTIONS,
    Definition,
    Section,
    definition_of,
)
from busyhour.results.estimates import Estimate
from busyhour.results.expectations import Verdict
from busyhour.results.figures import Figure
from busyhour.results.replication import ReplicationResult
from busyhour.results.summary import Summary
from busyhour.results.wording import MISSING, given, mean_and_interval, quantity

_TILES = 8


def headline_facts(summary: Summary) -> str:
    facts = summary.facts
    number = f"{summary.replications} of {facts.replications}" if summary.partial else f"{facts.replications}"
    parts = [
        f"{number} replication{'' if facts.replications == 1 else 's'} of {length_of(summary)}",
        f"{summary.calls:,} calls",
        f"seed {facts.seed}",
    ]
    if facts.window.warmup:
        parts.insert(1, f"statistics after {given(facts.window.warmup / SECOND, 'seconds')}")
    return escape(" · ".join(parts))


def answer(summary: Summary) -> str:
    """The expectations, then the headline KPIs of everything, then what to be careful about."""
    verdicts = "".join(_verdict(verdict) for verdict in summary.verdicts)
    expected = f'<ul class="verdicts">{verdicts}</ul>' if verdicts else ""
    entities = "".join(
        _entity(summary, section, name) for section in SECTIONS for name in summary.estimates[section]
    )
    warned = "".join(f"<li>{escape(sentence)}</li>" for sentence in summary.warnings)
    careful = (
        f'<section class="callout" aria-labelledby="careful"><h2 id="careful">Before you rely on it</h2>'
        f"<ul>{warned}</ul></section>"
        if warned
        else ""
    )
    return f'<section id="answer"><h2>{_answer_title(summary)}</h2>{expected}{careful}{entities}</section>'


def _answer_title(summary: Summary) -> str:
    if not summary.verdicts:
        return "The answer"
    failed = sum(not verdict.passed for verdict in summary.verdicts)
    close = sum(verdict.undecided for verdict in summary.verdicts)
    count = len(summary.verdicts)
    if failed:
        title = f"{failed} of {count} expectations failed" if count > 1 else "The expectation failed"
    else:
        every = {1: "The expectation holds", 2: "Both expectations hold"}
        title = every.get(count, f"All {count} expectations hold")
    if not close:
        return title
    return f"{title}, {'too close to call' if close == count else f'{close} too close to call'}"


def _verdict(verdict: Verdict) -> str:
    expectation = verdict.expectation
    mean, interval = mean_and_interval(
        verdict.observed, definition_of(expectation.section, expectation.kpi).unit
    )
    word = "Holds" if verdict.passed else "Fails"
    kind = "passed" if verdict.passed else "failed"
    if verdict.undecided:
        word, kind = f"{word}, too close to call", f"{kind} undecided"
    shown = f" <span>{escape(interval)}</span>" if interval else ""
    return (
        f'<li class="verdict {kind}"><span class="mark">{"✓" if verdict.passed else "✗"} {word}</span>'
        f"<code>{escape(expectation.text.strip())}</code>"
        f'<span class="seen"><b>{escape(mean)}</b>{shown}</span></li>'
    )


def _entity(summary: Summary, section: Section, name: str) -> str:
    kpis = summary.estimates[section][name]
    shown = headline_kpis(section, kpis)[:_TILES]
    if not shown:
        return ""
    tiles: list[str] = []
    for definition in shown:
        mean, interval = mean_and_interval(kpis[definition.name], definition.unit)
        note = beside(summary, section, name, definition.name)
        tiles.append(
            f'<div class="tile"><dt>{escape(definition.title)}</dt><dd><span class="value">{escape(mean)}</span>'
            f'<span class="range">{escape(interval)}</span>'
            + (f'<span class="note">{escape(note)}</span>' if note else "")
            + "</dd></div>"
        )
    return (
        f'<div class="entity"><h3>{SECTION_TITLES[section]} <b>{escape(name)}</b></h3>'
        f'<dl class="tiles of-{len(tiles)}">{"".join(tiles)}</dl></div>'
    )


def plots(figures: Sequence[Figure]) -> str:
    groups = (
        ("time", "over-time", "Over time", ""),
        ("waits", "waits", "Waiting", ""),
        ("intervals", "certainty", "Certainty", ""),
    )
    sections: list[str] = []
    for group, anchor, title, intro in groups:
        members = [figure for figure in figures if figure.group == group]
        if not members:
            continue
        # a last plot alone in its row takes the whole of it
        odd = len(members) % 2
        drawn = "".join(_figure(f, wide=bool(odd) and k == len(members) - 1) for k, f in enumerate(members))
        said = f'<p class="intro">{intro}</p>' if intro else ""
        sections.append(
            f'<section id="{anchor}"><h2>{title}</h2>{said}<div class="plots">{drawn}</div></section>'
        )
    return "".join(sections)


def _figure(figure: Figure, *, wide: bool) -> str:
    return (
        f"<figure{' class=wide' if wide else ''}><figcaption><h3>{escape(figure.title)}</h3>"
        f"<p>{escape(figure.caption)}</p></figcaption>"
        f'<div class="plot" id="plot-{figure.key}" role="img" style="min-height:{figure.height}px" '
        f'aria-label="{escape(figure.title)}. {escape(figure.description)}"></div></figure>'
    )


def closed_forms(summary: Summary) -> str:
    """The closed form beside the simulation, where a queue has one."""
    tables = "".join(_closed_form(summary, queue) for queue in summary.facts.analytic)
    if not tables:
        return ""
    return (
        '<section id="closed-form"><h2>Beside the closed form</h2>'
        '<p class="intro">Where a queue is plain enough, its exact long-run values are known. About one in twenty '
        f"lies outside its 95% interval by chance.</p>{tables}</section>"
    )


def _closed_form(summary: Summary, queue: str) -> str:
    closed_form = summary.facts.analytic[queue]
    rows: list[str] = []
    for definition in DEFINITIONS["queues"]:
        value = closed_form.get(definition.name)
        if not isinstance(value, float | int):
            continue
        estimate = summary.estimates["queues"][queue][definition.name]
        mean, interval = mean_and_interval(estimate, definition.unit)
        rows.append(
            f'<tr><th scope="row">{escape(definition.title)}</th><td class="number">{escape(mean)}</td>'
            f'<td class="number">{escape(interval or MISSING)}</td>'
            f'<td class="number">{escape(quantity(float(value), definition.unit, estimate.mean))}</td>'
            f"<td>{_place(float(value), estimate)}</td></tr>"
        )
    texts = [str(closed_form[key]) for key in ("reference", "note") if closed_form.get(key)]
    note = f'<p class="note-line">{escape(" ".join(t if t.endswith(".") else t + "." for t in texts))}</p>'
    return (
        f'<div class="scroll"><table><caption>Queue <b>{escape(queue)}</b> and {escape(str(closed_form["model"]))}'
        '</caption><thead><tr><th scope="col">KPI</th><th scope="col" class="number">Simulated</th>'
        '<th scope="col" class="number">95% interval</th><th scope="col" class="number">Closed form</th>'
        f'<th scope="col">Closed form lies</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>{note}'
    )


def _place(value: float, estimate: Estimate) -> str:
    if estimate.ci95 is None:
        return '<span class="untold">no interval to tell</span>'
    low, high = estimate.ci95
    if low <= value <= high:
        return '<span class="inside">inside the interval</span>'
    return f'<span class="outside">{"below" if value < low else "above"} the interval</span>'


def all_kpis(summary: Summary) -> str:
    tables: list[str] = []
    for section in SECTIONS:
        for name, kpis in summary.estimates[section].items():
            rows = "".join(_kpi_row(definition, kpis[definition.name]) for definition in DEFINITIONS[section])
            tables.append(
                f'<div class="scroll"><table><caption>{SECTION_TITLES[section]} <b>{escape(name)}</b></caption>'
                '<thead><tr><th scope="col">KPI</th><th scope="col" class="number">Mean</th>'
                '<th scope="col" class="number">95% interval</th><th scope="col" class="number">sd</th>'
                '<th scope="col" class="number">n</th><th scope="col">Definition</th></tr></thead>'
                f"<tbody>{rows}</tbody></table></div>"
            )
    return (
        '<section id="kpis"><h2>Every KPI and what it means</h2><p class="intro">Means over replications; a ratio '
        "is the ratio of the means. n is the number of replications that could tell.</p>"
        f"<details data-print><summary>All {sum(t.count('<tr>') - 1 for t in tables)} KPIs</summary>"
        f"{''.join(tables)}</details></section>"
    )


def _kpi_row(definition: Definition, estimate: Estimate) -> str:
    mean, interval = mean_and_interval(estimate, definition.unit)
    sd = MISSING if estimate.sd is None else quantity(estimate.sd, definition.unit, estimate.mean)
    method = f" Interval: {estimate.method}." if estimate.method else ""
    return (
        f'<tr><th scope="row" title="{escape(definition.name)}">{escape(definition.title)}</th>'
        f'<td class="number">{escape(mean)}</td>'
        f'<td class="number">{escape(interval or MISSING)}</td><td class="number">{escape(sd)}</td>'
        f'<td class="number">{estimate.n}</td><td class="text">{escape(definition.text + method)}</td></tr>'
    )


def inputs(summary: Summary) -> str:
    if not summary.facts.resolved:
        return ""
    return (
        '<section id="inputs"><h2>Inputs</h2><p class="intro">The scenario with every default filled in; '
        "run again with the same seed, it gives the same calls.</p>"
        f"<details><summary>Scenario, as resolved</summary><pre>{escape(summary.facts.resolved)}</pre></details>"
        "</section>"
    )


def run(summary: Summary, results: Sequence[ReplicationResult]) -> str:
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in _run_facts(summary, results))
    return f'<section id="run"><h2>The run</h2><dl class="run">{rows}</dl></section>'


def _run_facts(summary: Summary, results: Sequence[ReplicationResult]) -> Iterator[tuple[str, str]]:
    facts = summary.facts
    yield "Seed", str(facts.seed)
    yield "Replications", f"{summary.replications} of {facts.replications}"
    yield "Virtual time each", length_of(summary)
    yield "Warm-up left out", given(facts.window.warmup / SECOND, "seconds")
    yield "Calls and events", f"{summary.calls:,} and {summary.events:,}"
    if facts.wall_s > 0:
        yield (
            "Wall time",
            f"{facts.wall_s:.1f} s on {facts.workers} worker{'' if facts.workers == 1 else 's'}, "
            f"{quantity(summary.events / facts.wall_s, 'number')} events a second",
        )
    yield "Illegal events", f"{summary.illegal_events:,} (refused by a machine's state, and counted)"
    checks = [check for result in results for check in result.checks]
    if checks:
        held = sum(check.holds for check in checks)
        yield (
            "Little's law",
            f"holds exactly in {held:,} of {len(checks):,} comparisons with the call records",
        )
    yield "Digest of the calls", summary.digest
    if facts.version:
        yield "Busyhour", " ".join(part for part in (facts.version, facts.runtime) if part)
