"""Traces and layouts of plotly figures as plain dictionaries, in colours that are tokens of the page's
palettes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from busyhour.results.curves import Curve, Values

Trace = dict[str, Any]


def line_with_band(name: str, curve: Curve, colour: str, hover: str = "%{y:.4~g}") -> list[Trace]:
    traces: list[Trace] = []
    common: Trace = {"type": "scatter", "mode": "lines", "x": curve.x, "legendgroup": for_plotly(name)}
    if curve.low is not None and curve.high is not None:
        edge: Trace = {**common, "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        traces.append({**edge, "y": numbers(curve.high)})
        traces.append({**edge, "y": numbers(curve.low), "fill": "tonexty", "fillcolor": f"{colour}/0.16"})
    traces.append(
        {
            **common,
            "name": for_plotly(name),
            "y": numbers(curve.mean),
            "line": {"color": colour, "width": 2},
            "hovertemplate": f"{for_plotly(name)}: {hover}<extra></extra>",
        }
    )
    return traces


def stacked_layer(name: str, x: Sequence[Any], y: Values, colour: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "stackgroup": "agents",
        "name": name,
        "x": list(x),
        "y": numbers(y),
        "line": {"width": 0, "color": colour},
        "fillcolor": colour,
        "hovertemplate": f"{name}: %{{y:.3~g}}<extra></extra>",
    }


def limit_line(name: str, x: Sequence[Any], y: float, colour: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": for_plotly(name),
        "x": [x[0], x[-1]],
        "y": [y, y],
        "line": {"color": colour, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
    }


def closed_form_trace(model: str, points: Sequence[tuple[float, float]]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": for_plotly(model),
        "x": [number(x) for x, _ in points],
        "y": [number(100 * y) for _, y in points],
        "line": {"color": "@ink", "width": 1.5, "dash": "dot"},
        "hovertemplate": f"{for_plotly(model)}: %{{y:.3~g}}% wait longer than %{{x:.4~g}} s<extra></extra>",
    }


def over_time_layout(unit: str, warm_up: tuple[str, str] | None) -> dict[str, Any]:
    """`warm_up`: its beginning and end, to be shaded."""
    layout = plain_layout("", unit)
    layout["xaxis"]["type"] = "date"
    layout["hovermode"] = "x unified"
    if warm_up is not None:
        label = {"text": "warm-up", "textposition": "top left", "font": {"color": "@muted", "size": 11}}
        layout["shapes"] = [
            {
                "type": "rect",
                "x0": warm_up[0],
                "x1": warm_up[1],
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"width": 0},
                "fillcolor": "@slate/0.12",
                "label": label,
            }
        ]
    return layout


def plain_layout(x_title: str, y_title: str) -> dict[str, Any]:
    return {
        "xaxis": {"title": {"text": x_title, "standoff": 8}, "showgrid": False, "zeroline": False},
        "yaxis": {"title": {"text": y_title, "standoff": 8}, "rangemode": "tozero", "zeroline": False},
        "hovermode": "closest",
    }


def scaled(curve: Curve, factor: float) -> Curve:
    low, high = (None if side is None else side * factor for side in (curve.low, curve.high))
    return Curve(curve.x, curve.mean * factor, low, high)


def numbers(values: Values) -> list[float | None]:
    return [number(float(v)) for v in values]


def number(value: float) -> float | None:
    """Five significant digits are more than a plot shows and a third of the bytes; JSON has no NaN."""
    return float(f"{value:.5g}") if np.isfinite(value) else None


def for_plotly(text: str) -> str:
    """For plotly, which reads a little HTML in every label, and % for its templates."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")
