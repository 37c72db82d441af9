"""The table in a terminal and in a pipe."""

import io

import pytest
from rich.console import Console

from busyhour.results.summary import summarise
from busyhour.results.table import kpi_table, plain_text
from busyhour.results.window import Window
from tests.unit.results.made_up import HOSTILE, facts, results
from tests.unit.results.reference import START


def line_with(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(start))


def test_a_pipe_gets_plain_lines() -> None:
    text = plain_text(summarise(results(), facts()))
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.endswith("\n")


def test_the_most_telling_kpis_stand_with_their_intervals() -> None:
    summary = summarise(results(), facts())
    text = plain_text(summary)
    assert text.splitlines()[0].split() == [
        *("evening", "seed", "42", "·", "5", "replications", "of", "2", "h", "·"),
        *(f"{summary.calls:,}", "calls", "·", "3.1", "s"),
    ]
    assert "– " in line_with(text, "Occupancy")
    assert "within 20 s, target 80%" in line_with(text, "Service level")
    assert "cap 3%" in line_with(text, "Abandonment rate")
    assert "of 20" in line_with(text, "Most channels")
    order = [
        text.index(heading) for heading in ("Campaign sales-", "Queue sales", "Agents sales", "Trunk sales-")
    ]
    assert order == sorted(order)


def test_expectations_are_marked() -> None:
    expectations = ["queues.sales.offered > 10", "queues.sales.offered > 10000"]
    text = plain_text(summarise(results(), facts(expectations=expectations)))
    assert line_with(text, "✓").split()[1:4] == ["queues.sales.offered", ">", "10"]
    assert line_with(text, "✗").split()[1:4] == ["queues.sales.offered", ">", "10000"]


def test_warnings_come_last() -> None:
    text = plain_text(summarise(results(), facts(warnings=["Mind the gap."])))
    assert text.index("! Mind the gap.") > text.index("Queue sales")


def test_the_closed_form_stands_beside_its_kpi() -> None:
    analytic = {"sales": {"model": "Erlang A", "occupancy": 0.75}}
    assert "Erlang A 75.0%" in line_with(
        plain_text(summarise(results(), facts(analytic=analytic))), "Occupancy"
    )


def test_a_name_is_text_and_never_markup() -> None:
    summary = summarise(results(2, HOSTILE), facts(HOSTILE, replications=2, scenario=HOSTILE))
    assert f"Queue {HOSTILE}" in plain_text(summary)
    assert plain_text(summary).startswith(HOSTILE)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_any_terminal_can_show_it(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor")
    console.print(kpi_table(summarise(results(2), facts(replications=2))))


def test_a_run_without_a_result_still_prints() -> None:
    assert "0 of 5 replications" in plain_text(summarise([], facts()))


def test_a_run_until_idle_is_about_as_long_as_it_came_out() -> None:
    known = facts(window=Window(START, None))
    assert "5 replications of about 2.00 h" in plain_text(summarise(results(), known))
