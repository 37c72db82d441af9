"""`summary.json`: its shape, what JSON cannot hold, expectations, and an interrupted run."""

import hashlib
import json
import math
from typing import Any

import pytest

from busyhour.results.definitions import DEFINITIONS, KPI_NAMES, SECTIONS
from busyhour.results.estimates import Estimate
from busyhour.results.expectations import judge
from busyhour.results.kpis import Observation
from busyhour.results.summary import summarise
from simulation.scenario.kpis import KPIS
from tests.unit.results.made_up import expected, facts, results


def parsed(text: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_summary_has_the_documented_shape() -> None:
    summary = parsed(summarise(results(), facts(expectations=["queues.sales.offered > 10"])).as_text())
    assert list(summary) == [
        *("schema", "scenario", "seed", "replications", "digest", "run"),
        *SECTIONS,
        *("expectations", "warnings"),
    ]
    assert summary["schema"] == "busyhour.summary/v1"
    assert list(summary["run"]) == ["virtual_s", "wall_s", "events", "calls"]
    assert summary["run"]["virtual_s"] == 7200
    assert summary["run"]["events"] == 5000
    rate = summary["campaigns"]["sales-campaign"]["abandonment_rate"]
    assert list(rate) == ["mean", "ci95", "sd", "n"]
    assert rate["ci95"][0] < rate["mean"] < rate["ci95"][1]
    assert list(summary["expectations"][0]) == ["text", "passed", "observed", "ci95"]


def test_every_kpi_that_a_scenario_may_expect_is_there_and_no_other() -> None:
    assert {section: set(names) for section, names in KPI_NAMES.items()} == {
        section: set(names) for section, names in KPIS.items()
    }
    summary = summarise(results(2), facts(replications=2)).as_json()
    for section in SECTIONS:
        for kpis in summary[section].values():
            assert set(kpis) == set(KPIS[section])


def test_every_definition_reads_as_a_sentence() -> None:
    for definitions in DEFINITIONS.values():
        for definition in definitions:
            assert definition.text.endswith(".")
            assert definition.title[0].isupper()


def test_the_digest_is_of_the_replications_in_order_however_they_came() -> None:
    found = results(3)
    summary = summarise([found[2], found[0], found[1]], facts(replications=3))
    whole = hashlib.sha256(b"".join(bytes.fromhex(r.digest) for r in found)).hexdigest()
    assert summary.digest == f"sha256:{whole}"
    assert summary.as_json() == summarise(found, facts(replications=3)).as_json()


def test_a_nan_becomes_null() -> None:
    found = results(2)
    kpis: dict[str, Observation] = found[0].kpis["queues"]["sales"]
    kpis["offered"] = math.inf
    assert (
        parsed(summarise(found, facts(replications=2)).as_text())["queues"]["sales"]["offered"]["mean"]
        is None
    )


def test_an_interrupted_run_is_marked_partial() -> None:
    summary = summarise(results(2), facts(replications=5))
    plain = summary.as_json()
    assert plain["partial"] is True
    assert (plain["replications"], plain["replications_finished"]) == (5, 2)
    assert plain["queues"]["sales"]["offered"]["n"] == 2
    assert "Interrupted: 2 of 5 replications were finished, and only those are counted." in plain["warnings"]


def test_a_run_interrupted_at_once_still_has_a_summary() -> None:
    text = summarise([], facts(expectations=["queues.sales.offered > 10"])).as_text()
    summary = parsed(text)
    assert summary["queues"]["sales"]["offered"] == {"mean": None, "ci95": None, "sd": None, "n": 0}
    assert summary["expectations"][0]["passed"] is False


def test_the_closed_form_stands_beside_its_queue() -> None:
    closed_form = {"model": "Erlang C", "reference": "…", "service_level": 0.888}
    summary = summarise(results(2), facts(replications=2, analytic={"sales": closed_form})).as_json()
    assert summary["queues"]["sales"]["analytic"] == closed_form


def test_a_complete_run_is_not_partial() -> None:
    assert "partial" not in summarise(results(2), facts(replications=2)).as_json()


@pytest.mark.parametrize(
    ("operator", "holds"),
    [("<=", True), (">=", True), ("<", False), (">", False), ("==", True), ("!=", False)],
)
def test_an_expectation_compares_with_the_mean(operator: str, holds: bool) -> None:
    estimates: Any = {"queues": {"q": {"offered": Estimate(5.0, (4.0, 6.0), 1.0, 10)}}}
    verdict = judge(expected(f"queues.q.offered {operator} 5"), estimates)
    assert verdict.passed is holds
    assert verdict.undecided


def test_a_bound_outside_the_interval_is_decided() -> None:
    estimates: Any = {"queues": {"q": {"offered": Estimate(5.0, (4.0, 6.0), 1.0, 10)}}}
    assert not judge(expected("queues.q.offered <= 7"), estimates).undecided


def test_what_was_not_observed_has_not_passed() -> None:
    estimates: Any = {"queues": {"q": {"offered": Estimate(None, None, None, 0)}}}
    assert not judge(expected("queues.q.offered != 7"), estimates).passed


def test_a_failed_expectation_fails_the_run() -> None:
    found = results(2)
    passing, failing = "queues.sales.offered > 10", "queues.sales.offered > 10000"
    assert summarise(found, facts(replications=2, expectations=[passing])).passed
    assert not summarise(found, facts(replications=2, expectations=[passing, failing])).passed
