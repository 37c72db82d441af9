"""The report's plots, as plain plotly figures.

Colours are tokens ("@busy"), which the page turns into those of its light or dark palette; an `rgba` is
written as "@busy/0.15". Names are escaped for plotly's own markup.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.results.curves import Curve, Curves, wait_tail
from busyhour.results.definitions import DEFINITIONS, SECTION_TITLES, SECTIONS
from busyhour.results.replication import ReplicationResult, Series
from busyhour.results.run_facts import RunFacts
from busyhour.results.summary import Summary
from busyhour.results.sums import CAMPAIGN_COUNTS, QUEUE_COUNTS
from busyhour.results.traces import (
    Trace,
    closed_form_trace,
    for_plotly,
    limit_line,
    line_with_band,
    number,
    over_time_layout,
    plain_layout,
    scaled,
    stacked_layer,
)
from busyhour.results.wording import given, mean_and_interval, quantity

_MOST_LINES: Final = 6
_MOST_INTERVALS: Final = 24
_LINES: Final = ("@blue", "@amber", "@green", "@violet", "@rose", "@slate")


@dataclass(frozen=True, slots=True)
class Figure:
    key: str
    title: str
    caption: str
    description: str
    """For who can't see it."""
    traces: list[Trace]
    layout: dict[str, Any]
    group: str
    height: int = 300


def figures(summary: Summary, results: Sequence[ReplicationResult]) -> list[Figure]:
    facts = summary.facts
    curves = Curves(results, facts.time_zone)
    found: list[Figure | None] = []
    if curves:
        found.append(_arrivals(curves, facts))
        for index in range(min(len(facts.names.pools), _MOST_LINES)):
            found.append(_agents(curves, facts, index, summary))
        found.append(_abandonment(curves, facts, summary))
        for index in range(min(len(facts.names.trunks), _MOST_LINES)):
            found.append(_channels(curves, facts, index, summary))
        found.append(_queue_lengths(curves, facts))
    for queue in facts.names.queues[:_MOST_LINES]:
        found.append(_waits(results, facts, queue, summary))
    found.append(_intervals(summary))
    return [figure for figure in found if figure is not None]


def _arrivals(curves: Curves, facts: RunFacts) -> Figure | None:
    attempts, offered = CAMPAIGN_COUNTS.index("attempts"), QUEUE_COUNTS.index("offered")
    lines: list[tuple[str, Curve]] = []
    for index, name in enumerate(facts.names.campaigns):
        lines.append((f"{name}: dialled", curves.flow(_column("campaigns", index, attempts))))
    for index, name in enumerate(facts.names.queues):
        lines.append((f"{name}: offered", curves.flow(_column("queues", index, offered))))
    lines = [line for line in lines if np.nansum(line[1].mean) > 0]
    if not lines:
        return None
    count = len(lines)
    lines = lines[:_MOST_LINES]
    peak = max(float(np.nanmax(curve.mean)) for _, curve in lines)
    return Figure(
        "arrivals",
        "Dials and arrivals",
        "Calls dialled by each campaign, and calls offered to each queue, a minute."
        + _band(curves)
        + _of(_MOST_LINES - 1, count, "lines"),
        f"Lines of calls a minute over time; the highest reaches {quantity(peak, 'number')} a minute.",
        [trace for k, (name, curve) in enumerate(lines) for trace in line_with_band(name, curve, _LINES[k])],
        over_time_layout("calls a minute", curves.warm_up(facts.window.warmup)),
        "time",
    )


def _agents(curves: Curves, facts: RunFacts, index: int, summary: Summary) -> Figure | None:
    talk = curves.level(lambda s: s.sums.talk_us[:, index])
    wrap_up = curves.level(lambda s: s.sums.wrap_up_us[:, index])
    staffed = curves.level(lambda s: s.staffed_us[:, index])
    name = facts.names.pools[index]
    traces = [
        stacked_layer("talking", talk.x, talk.mean, "@blue"),
        stacked_layer("wrap-up", talk.x, wrap_up.mean, "@amber"),
    ]
    if not np.isnan(staffed.mean).all():
        idle = np.maximum(staffed.mean - talk.mean - wrap_up.mean, 0.0)
        traces.append(stacked_layer("idle", talk.x, idle, "@idle"))
    elif not np.nansum(talk.mean):
        return None
    occupancy = summary.estimates["agents"][name]["occupancy"]
    return Figure(
        f"agents-{index}",
        f"Agents of {name}",
        "Agents talking, in wrap-up and idle, averaged over the replications."
        + _of(index, len(facts.names.pools), "pools"),
        f"Stacked areas over time; occupancy is {mean_and_interval(occupancy, 'share')[0]}.",
        traces,
        over_time_layout("agents", curves.warm_up(facts.window.warmup)),
        "time",
    )


def _abandonment(curves: Curves, facts: RunFacts, summary: Summary) -> Figure | None:
    abandoned, live = CAMPAIGN_COUNTS.index("abandoned"), CAMPAIGN_COUNTS.index("live_answers")
    traces: list[Trace] = []
    told: list[str] = []
    for index, name in enumerate(facts.names.campaigns):
        curve = curves.rate_so_far(
            _column("campaigns", index, abandoned), _column("campaigns", index, live), facts.window.warmup
        )
        cap = facts.abandonment_caps.get(name)
        nothing = cap is None and not np.nansum(curve.mean)
        if nothing or np.isnan(curve.mean).all() or len(told) == _MOST_LINES:
            continue
        colour = _LINES[len(told)]
        traces += line_with_band(name, scaled(curve, 100.0), colour, "%{y:.2f}%")
        mean = mean_and_interval(summary.estimates["campaigns"][name]["abandonment_rate"], "share")[0]
        if cap is not None:
            label = f"cap of {name}, {given(cap, 'share')}"
            traces.append(
                limit_line(label, curve.x, 100 * cap, colour if len(facts.names.campaigns) > 1 else "@bad")
            )
        told.append(f"{name} {mean}" + ("" if cap is None else f" against a cap of {given(cap, 'share')}"))
    if not told:
        return None
    return Figure(
        "abandonment",
        "Abandonment so far",
        "Share of all live answers so far that hung up before an agent took them"
        + (", against the cap." if facts.abandonment_caps else ".")
        + _band(curves),
        f"Lines over time of the cumulative abandonment rate: {'; '.join(told)}.",
        traces,
        over_time_layout("% of live answers", curves.warm_up(facts.window.warmup)),
        "time",
    )


def _channels(curves: Curves, facts: RunFacts, index: int, summary: Summary) -> Figure | None:
    name = facts.names.trunks[index]
    curve = curves.level(lambda s: s.sums.channels_us[:, index])
    if not np.nansum(curve.mean):
        return None
    traces = line_with_band("in use", curve, "@blue")
    limit = facts.channel_limits.get(name)
    if limit is not None:
        traces.append(limit_line(f"limit, {limit:,}", curve.x, limit, "@bad"))
    mean = mean_and_interval(summary.estimates["trunks"][name]["channels_mean"], "number")[0]
    against = "." if limit is None else f", against a limit of {limit:,}."
    return Figure(
        f"channels-{index}",
        f"Channels of {name}",
        f"Channels in use, averaged over each bin{against}"
        + _band(curves)
        + _of(index, len(facts.names.trunks), "trunks"),
        f"A line over time; {mean} channels are in use on average{against}",
        traces,
        over_time_layout("channels", curves.warm_up(facts.window.warmup)),
        "time",
    )


def _queue_lengths(curves: Curves, facts: RunFacts) -> Figure | None:
    traces: list[Trace] = []
    peak = 0.0
    for index, name in enumerate(facts.names.queues[:_MOST_LINES]):
        curve = curves.level(lambda s, index=index: s.sums.waiting_us[:, index])
        if np.nansum(curve.mean) > 0:
            peak = max(peak, float(np.nanmax(curve.mean)))
            traces += line_with_band(name, curve, _LINES[index])
    if not traces:
        return None
    return Figure(
        "queues",
        "Calls waiting",
        "Calls waiting in each queue, averaged over each bin."
        + _band(curves)
        + _of(_MOST_LINES - 1, len(facts.names.queues), "queues"),
        f"Lines over time; the longest mean queue is {quantity(peak, 'number')} calls.",
        traces,
        over_time_layout("calls waiting", curves.warm_up(facts.window.warmup)),
        "time",
    )


def _waits(
    results: Sequence[ReplicationResult], facts: RunFacts, queue: str, summary: Summary
) -> Figure | None:
    curve = wait_tail(results, queue)
    if curve is None or not curve.mean[0]:
        return None  # nobody entered, or nobody waited
    traces = line_with_band(
        "simulated", scaled(curve, 100.0), "@blue", "%{y:.2f}% wait longer than %{x:.4~g} s"
    )
    last = float(curve.x[-1])
    points = [(x, y) for x, y in facts.wait_curves.get(queue, ()) if x <= last]
    if points:
        traces.append(closed_form_trace(str(facts.analytic[queue]["model"]), points))
    threshold_s = facts.names.service_threshold(list(facts.names.queues).index(queue)) / 1e6
    layout = plain_layout("seconds waited", "% that wait longer")
    if threshold_s <= last:
        layout["shapes"] = [
            {
                "type": "line",
                "x0": threshold_s,
                "x1": threshold_s,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": "@muted", "width": 1, "dash": "dot"},
                "label": {
                    "text": f"threshold, {given(threshold_s, 'seconds')}",
                    "textposition": "end",
                    "textangle": 0,
                    "xanchor": "left",
                    "yanchor": "top",
                    "padding": 4,
                    "font": {"color": "@muted", "size": 11},
                },
            }
        ]
    estimates = summary.estimates["queues"][queue]
    return Figure(
        f"waits-{list(facts.names.queues).index(queue)}",
        f"Waits in {queue}",
        "Share of the calls that entered the queue and waited longer than so many seconds, answered or not."
        + (" The band holds 90% of the replications." if curve.low is not None else ""),
        f"A falling line: {mean_and_interval(estimates['wait_probability'], 'share')[0]} wait at all, "
        f"half wait {quantity(estimates['wait_p50_s'].mean, 'seconds')} or less, "
        f"one in twenty longer than {quantity(estimates['wait_p95_s'].mean, 'seconds')}.",
        traces,
        layout,
        "waits",
    )


def _intervals(summary: Summary) -> Figure | None:
    """How sure each number is: its interval as a percentage of it, the surest on top."""
    rows: list[tuple[float, float, float, str, str]] = []
    for section in SECTIONS:
        for name, kpis in summary.estimates[section].items():
            for definition in DEFINITIONS[section]:
                found = kpis[definition.name]
                if not definition.headline or found.ci95 is None or not found.mean or found.sd == 0.0:
                    continue
                low, high = (100 * (end / found.mean - 1) for end in found.ci95)
                label = f"{SECTION_TITLES[section]} {name}: {definition.title.lower()}"
                value, interval = mean_and_interval(found, definition.unit)
                rows.append((max(high, -low), low, high, label, f"{value} ({interval})"))
    if not rows:
        return None
    rows = sorted(rows)[::-1][:_MOST_INTERVALS]
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [0.0] * len(rows),
        "y": [for_plotly(row[3]) for row in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [number(row[2]) for row in rows],
            "arrayminus": [number(-row[1]) for row in rows],
            "color": "@blue",
            "thickness": 2,
            "width": 4,
        },
        "marker": {"color": "@blue", "size": 7},
        "customdata": [for_plotly(row[4]) for row in rows],
        "hovertemplate": "%{y}<br>%{customdata}<extra></extra>",
        "showlegend": False,
    }
    layout = plain_layout("% above or below the mean", "")
    layout["yaxis"].update(
        {"type": "category", "automargin": True, "showgrid": False, "ticklabelstandoff": 8}
    )
    layout["xaxis"].update({"zeroline": True, "zerolinecolor": "@muted", "ticksuffix": "%"})
    layout["hovermode"] = "closest"
    widest = rows[0]
    return Figure(
        "intervals",
        "How sure each number is",
        "The 95% interval of each KPI as a percentage of its mean, the least certain at the bottom.",
        f"Error bars; the least certain is {widest[3]}, within {quantity(widest[0] / 100, 'share')} of its mean.",
        [trace],
        layout,
        "intervals",
        height=90 + 26 * len(rows),
    )


def _column(table: str, index: int, measure: int) -> Callable[[Series], NDArray[np.int64]]:
    return lambda series: getattr(series.sums, table)[:, index, measure]


def _of(index: int, count: int, what: str) -> str:
    """Says on the last one shown that there are more."""
    return (
        f" {_MOST_LINES} of {count} {what} are shown."
        if index == _MOST_LINES - 1 and count > _MOST_LINES
        else ""
    )


def _band(curves: Curves) -> str:
    return " The band holds 90% of the replications." if len(curves.series) > 1 else ""
