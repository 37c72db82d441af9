"""The report's page: whole, inert, and its figures such as plotly takes them."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from busyhour.results.figures import figures
from busyhour.results.replication import ReplicationResult
from busyhour.results.report import inert_json, report_html, write_report
from busyhour.results.run_facts import RunFacts
from busyhour.results.summary import summarise
from busyhour.results.window import Window
from tests.unit.results.made_up import HOSTILE, facts, names_of, results
from tests.unit.results.reference import HOUR, START, call, record

ANALYTIC = {
    "sales": {
        "model": "Erlang A",
        "reference": "Palm (1957)",
        "note": "Steady state.",
        "wait_probability": 0.3,
        "wait_p90_s": 21.0,
        "wait_p95_s": 40.0,
        "occupancy": 0.99999,
    }
}


class Page(HTMLParser):
    """Elements, ids, script texts, and the text a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br", "img"):
            self._inside.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self._inside or self._inside.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        if inside == "script":
            self.scripts[-1] += data
        elif inside != "style":
            self.text += data

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(found: list[ReplicationResult], known: RunFacts) -> Page:
    return Page(report_html(summarise(found, known), found))


@pytest.fixture(scope="module")
def evening() -> Page:
    known = facts(
        description="Will abandonment stay under 3%?",
        resolved="name: evening\nseed: 42\n",
        expectations=["queues.sales.occupancy >= 0.5", "queues.sales.offered > 10000"],
        analytic=ANALYTIC,
    )
    return page(results(), known)


def test_every_element_is_closed(evening: Page) -> None:
    assert evening.unbalanced == []


def test_the_page_needs_nothing_from_elsewhere(evening: Page) -> None:
    for _, attributes in evening.elements:
        for name in ("src", "href", "data", "poster", "action"):
            assert (attributes.get(name) or "#")[0] == "#" or attributes[name] == "data:,"
    assert "default-src 'none'" in policy(evening)


def policy(of: Page) -> str:
    (content,) = [a["content"] for a in of.having("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert content is not None
    return content


def test_only_the_pages_own_scripts_may_run(evening: Page) -> None:
    figures_json, *scripts = evening.scripts
    allowed = re.findall(r"'sha256-([^']+)'", policy(evening))
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert sorted(allowed) == sorted(hashes)
    assert json.loads(figures_json)


def test_the_answer_comes_first_and_every_section_has_its_heading(evening: Page) -> None:
    headings = ["1 of 2 expectations failed", "Before you rely on it", "Over time", "Waiting", "Certainty"]
    headings += ["Beside the closed form", "Every KPI and what it means", "Inputs", "The run"]
    places = [evening.text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "Will abandonment stay under 3%?" in evening.text
    assert "name: evening" in evening.text


def test_levels_of_headings_are_never_skipped(evening: Page) -> None:
    levels = [int(tag[1]) for tag, _ in evening.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_plot_has_words_for_who_cannot_see_it(evening: Page) -> None:
    plots = [a for a in evening.having("div") if a.get("class") == "plot"]
    assert len(plots) == len(json.loads(evening.scripts[0]))
    assert all(plot["role"] == "img" and len(plot["aria-label"] or "") > 30 for plot in plots)


def test_tables_have_captions_and_scoped_headers(evening: Page) -> None:
    assert len(evening.having("caption")) == len(evening.having("table")) > 0
    assert all(a.get("scope") in ("col", "row") for a in evening.having("th"))


def test_the_closed_form_is_said_to_lie_inside_or_outside(evening: Page) -> None:
    assert "above the interval" in evening.text
    assert "Palm (1957). Steady state." in evening.text


def test_every_figure_is_one_that_plotly_takes() -> None:
    found = results()
    drawn = figures(summarise(found, facts(analytic=ANALYTIC)), found)
    assert {figure.key for figure in drawn} >= {
        *("arrivals", "agents-0", "abandonment", "channels-0", "queues", "waits-0", "intervals"),
    }
    for figure in drawn:
        go.Figure(data=without_tokens(figure.traces), layout=without_tokens(figure.layout))


def without_tokens(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"^@\w+(/[0-9.]+)?$", "#123456", value)
    if isinstance(value, dict):
        return {k: without_tokens(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_tokens(v) for v in value]
    return value


def test_hostile_names_are_inert_wherever_they_stand() -> None:
    found = results(2, HOSTILE)
    known = facts(
        HOSTILE,
        replications=2,
        scenario=HOSTILE,
        description=HOSTILE,
        resolved=HOSTILE,
        warnings=[HOSTILE],
        analytic={HOSTILE: {**ANALYTIC["sales"], "model": HOSTILE, "reference": HOSTILE}},
        version=HOSTILE,
    )
    made = page(found, known)
    assert made.having("img") == []
    assert len(made.scripts) == 3
    assert made.unbalanced == []
    assert not any(name.startswith("on") for _, attributes in made.elements for name in attributes)
    assert made.text.count(HOSTILE) >= 8
    labels = json.dumps(json.loads(made.scripts[0]))
    assert "<img" not in labels
    assert "%{y}{{style}}" not in labels


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "\u2028\u2029", "&amp;", '"\\'])
def test_json_in_a_script_keeps_its_meaning_and_cannot_end_it(text: str) -> None:
    inert = inert_json({"name": text})
    assert json.loads(inert) == {"name": text}
    assert not set(inert) & set("<>&\u2028\u2029")


def test_one_replication_and_none_have_a_report_too() -> None:
    assert "no interval to tell" in page(results(1), facts(replications=1, analytic=ANALYTIC)).text
    assert "Interrupted: 0 of 5" in page([], facts()).text


def test_replications_of_different_lengths_share_the_plots() -> None:
    hours = 3_600_000_000
    found = [*results(2), *results(1, horizon=7 * hours)]
    drawn = figures(summarise(found, facts(replications=3)), found)
    assert any(figure.key == "agents-0" for figure in drawn)


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    found = results(2)
    write_report(tmp_path / "report.html", summarise(found, facts(replications=2)), found)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").endswith("</html>\n")


def test_an_offset_is_as_good_as_a_time_zone() -> None:
    found = results(1)
    for zone in ("-05:00", "America/New_York"):
        (arrivals, *_) = figures(summarise(found, facts(replications=1, time_zone=zone)), found)
        assert arrivals.traces[0]["x"][0].startswith("2026-03-02 17:0")


def test_a_cap_is_shown_and_a_rate_of_nothing_without_one_is_not() -> None:
    made = [
        call(created_at=k, dialed_at=k, answered_at=k, ended_at=k + 1, campaign=0, direction=1, disposition=0)
        for k in range(100)
    ]
    found = [record(made, names=names_of(), horizon=2 * HOUR)]
    for caps, shown in (({}, False), ({"sales-campaign": 0.03}, True)):
        known = facts(replications=1, abandonment_caps=caps)
        drawn = {figure.key: figure for figure in figures(summarise(found, known), found)}
        assert ("abandonment" in drawn) is shown


def test_warm_up_is_shaded() -> None:
    found = results(2)
    known = facts(replications=2, window=Window(START, START + 2 * HOUR, HOUR // 2))
    drawn = {figure.key: figure for figure in figures(summarise(found, known), found)}
    (shade,) = drawn["agents-0"].layout["shapes"]
    assert (shade["x0"], shade["x1"]) == ("2026-03-02 17:00:00", "2026-03-02 17:30:00")
    go.Figure(layout=without_tokens(drawn["agents-0"].layout))
