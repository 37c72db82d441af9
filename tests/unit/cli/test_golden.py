"""The first divergence between two traces, and where golden traces lie."""

from pathlib import Path

from cli.golden import first_divergence, golden_path, read_golden, write_golden

LINES = [f"+0:00:0{second}.000000 call 1 Event{second}" for second in range(8)]


def test_equal_traces_have_no_divergence() -> None:
    assert first_divergence(LINES, list(LINES)) is None


def test_the_first_line_that_differs_is_shown_between_its_neighbours() -> None:
    observed = [*LINES]
    observed[4] = "+0:00:04.000000 call 1 Other"
    divergence = first_divergence(LINES, observed)
    assert divergence is not None
    assert divergence.line == 5
    assert divergence.report() == [
        *(f"  {line}" for line in LINES[1:4]),
        *(f"- {line}" for line in LINES[4:7]),
        *(f"+ {line}" for line in observed[4:7]),
    ]


def test_a_run_that_ends_early_diverges_where_it_ends() -> None:
    divergence = first_divergence(LINES, LINES[:7])
    assert divergence is not None
    assert divergence.line == 8
    assert divergence.report()[-1] == "+ (the run ends here)"


def test_a_run_that_goes_on_diverges_where_the_golden_trace_ends() -> None:
    divergence = first_divergence(LINES[:7], LINES)
    assert divergence is not None
    assert divergence.report()[-2:] == ["- (the golden trace ends here)", f"+ {LINES[7]}"]


def test_a_golden_trace_lies_beside_its_scenario_and_reads_as_it_was_written(tmp_path: Path) -> None:
    path = golden_path(tmp_path / "outage.yaml")
    assert path == tmp_path / "golden" / "outage.trace"
    assert read_golden(path) is None
    write_golden(path, LINES)
    assert read_golden(path) == LINES
    assert path.read_text().endswith("Event7\n")
