"""`report.html`: one file that answers the scenario's question, works offline and can be printed.

Nothing in the page comes from elsewhere, and its content security policy would refuse it: only the scripts
written here run, each by its hash, so that not even a hostile name that found its way past the escaping
could.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from busyhour.results import report_parts
from busyhour.results.figures import figures
from busyhour.results.replication import ReplicationResult
from busyhour.results.summary import Summary

_PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
_METHOD: Final = (
    "Intervals are 95% and come from independent replications: Student's for means, the jackknife for ratios. "
    "An interval says how far chance may have moved the number, not how true the inputs are."
)


def write_report(path: Path, summary: Summary, results: Sequence[ReplicationResult]) -> None:
    """Raises OSError where the file can't be written, ValueError for an unknown time zone."""
    staged = path.with_name(f".{path.name}.partial")
    staged.write_text(report_html(summary, results), encoding="utf-8", newline="\n")
    os.replace(staged, path)


def report_html(summary: Summary, results: Sequence[ReplicationResult]) -> str:
    """The page, 5 MB of which are plotly. Raises ValueError for an unknown time zone."""
    drawn = figures(summary, results)
    facts = summary.facts
    shown = [{"key": f.key, "traces": f.traces, "layout": f.layout, "height": f.height} for f in drawn]
    script, plotly = _asset("page.js"), _plotly()
    sections = (
        report_parts.answer(summary),
        report_parts.plots(drawn),
        report_parts.closed_forms(summary),
        report_parts.all_kpis(summary),
        report_parts.inputs(summary),
        report_parts.run(summary, results),
    )
    lead = f'<p class="lead">{escape(facts.description.strip())}</p>' if facts.description.strip() else ""
    return _filled(
        _asset("page.html"),
        {
            "policy": _policy(script, plotly),
            "title": escape(f"{facts.scenario} – Busyhour"),
            "style": _asset("style.css"),
            "name": escape(facts.scenario),
            "description": lead,
            "facts": report_parts.headline_facts(summary),
            "sections": "\n".join(section for section in sections if section),
            "footer": _METHOD,
            "figures": inert_json(shown),
            "plotly": plotly,
            "script": script,
        },
    )


def inert_json(value: Any) -> str:
    """JSON that can stand in a script element whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _filled(template: str, values: Mapping[str, str]) -> str:
    """One pass, so that a placeholder inside a value stays what it is."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _asset(name: str) -> str:
    return files("busyhour.results").joinpath("report_page", name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    """plotly.js from plotly's wheel, where the whole bundle is the only one."""
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
