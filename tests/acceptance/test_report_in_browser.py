"""The report opened in a real browser: it draws every plot, complains of nothing and asks for nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from busyhour.results.report import write_report
from busyhour.results.summary import summarise
from tests.support.browser import Browser, Opened, chromium, needs_chromium
from tests.unit.results.made_up import HOSTILE, facts, results

pytestmark = [pytest.mark.browser, needs_chromium]

MARKS = ".scatterlayer path, .scatterlayer .point, .errorbars path"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "report.html"
    found = results()
    closed_form = {"model": "Erlang A", "reference": "Palm (1957)", "note": "", "wait_p95_s": 40.0}
    known = facts(
        description="Will abandonment stay under 3%?",
        resolved="name: evening\n",
        expectations=["queues.sales.occupancy >= 0.5", "queues.sales.offered > 10000"],
        analytic={"sales": closed_form},
    )
    write_report(path, summarise(found, known), found)
    return path


def wait_until_drawn(opened: Opened) -> None:
    opened.page.wait_for_selector("html[data-plots=drawn]", timeout=30_000)


def keys(opened: Opened) -> list[str]:
    figures = json.loads(opened.page.text_content("#figures"))
    return [figure["key"] for figure in figures]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_plot_is_drawn_and_nothing_is_complained_of(
    browser: Browser, report: Path, width: int, scheme: str
) -> None:
    with browser.open(report, width=width, scheme="dark" if scheme == "dark" else "light") as opened:
        wait_until_drawn(opened)
        assert len(keys(opened)) >= 7
        for key in keys(opened):
            plot = opened.page.locator(f"#plot-{key}")
            assert plot.locator(MARKS).count() > 0, key
            box = plot.locator("svg.main-svg").first.bounding_box()
            assert box["width"] > 200, key
            assert box["height"] > 200, key
        assert opened.complaints == []
        assert opened.requests == [report.as_uri()]
        # nothing sticks out sideways
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_lines_follow_the_colour_scheme_of_the_reader(browser: Browser, report: Path) -> None:
    from playwright.sync_api import expect

    with browser.open(report) as opened:
        wait_until_drawn(opened)
        line = opened.page.locator("#plot-abandonment .js-line").last
        light = line.evaluate("line => line.style.stroke")
        opened.page.emulate_media(color_scheme="dark")
        expect(line).not_to_have_css("stroke", light)
        assert opened.complaints == []


def test_a_hostile_name_is_read_and_never_run(browser: Browser, tmp_path: Path) -> None:
    found = results(2, HOSTILE)
    known = facts(HOSTILE, replications=2, scenario=HOSTILE, description=HOSTILE, resolved=HOSTILE)
    path = tmp_path / "report.html"
    write_report(path, summarise(found, known), found)
    with browser.open(path) as opened:
        opened.page.on("dialog", lambda dialog: opened.complaints.append(f"dialog: {dialog.message}"))
        wait_until_drawn(opened)
        assert opened.page.text_content("h1") == HOSTILE
        assert opened.page.locator("img").count() == 0
        # plotly shows a name as it is written, not as markup
        legend = opened.page.locator("#plot-arrivals .legendtext").all_text_contents()
        assert any("<img src=x onerror=alert(1)>" in text for text in legend)
        assert opened.complaints == []
        assert opened.requests == [path.as_uri()]


def test_the_whole_report_is_on_paper_in_light_colours(browser: Browser, report: Path) -> None:
    with browser.open(report, scheme="dark") as opened:
        wait_until_drawn(opened)
        printed = opened.page.pdf(format="A4", print_background=True)
        assert printed.startswith(b"%PDF")
        assert opened.page.locator("details[data-print][open]").count() == 1
        assert opened.complaints == []


def test_headings_and_plots_can_be_reached_without_seeing(browser: Browser, report: Path) -> None:
    with browser.open(report) as opened:
        wait_until_drawn(opened)
        assert opened.page.get_by_role("heading", level=1).count() == 1
        figures = json.loads(opened.page.text_content("#figures"))
        named = [opened.page.locator(f"#plot-{figure['key']}[role=img]") for figure in figures]
        assert all(len(plot.get_attribute("aria-label")) > 30 for plot in named)
        assert opened.page.get_by_role("table").count() > 0
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the answer"
