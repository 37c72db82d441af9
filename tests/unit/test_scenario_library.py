"""The scenario files that are shipped: they load, run, teach what they say and leave no key of the format unshown."""

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
import yaml
from jsonschema import Draft202012Validator

from busyhour.results.replication import ReplicationResult
from busyhour.results.summary import summarise
from simulation.run_facts import facts_of
from simulation.runs import run_replication, trace_replication
from simulation.scenario import Scenario, load
from simulation.scenario.base import Part
from simulation.scenario.callees import Outcomes
from simulation.scenario.contacts import Behaviour
from simulation.scenario.distributions import Kind, MixturePart
from simulation.scenario.expectations import Expectation
from simulation.scenario.json_schema import json_schema
from simulation.scenario.kpis import KPIS

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
LIBRARY = sorted(FOLDER.glob("*.yaml"))
QA = sorted((FOLDER / "qa").glob("*.yaml"))
MOST_QA_EVENTS = 200

SHORTER: dict[str, list[str]] = {
    "outbound_retail": ["clock.horizon=1h"],
    "collections_progressive": ["clock.horizon=9h"],
    "redial_policies": ["clock.horizon=12h"],
    "inbound_erlang": ["clock.horizon=2h"],
}
"""By file: what makes one replication of it quick and still shows every part at work."""

ROUGH = {"trunk_outage"}
"""Whose faults and delays make events come that no machine expects."""

SET = re.compile(r"--set (?:'([^']+)'|(\S+))")
KPI = re.compile(r"\b(campaigns|queues|agents|trunks|voice_agents)\.([\w*-]+)\.(\w+)")


def named(path: Path) -> str:
    return path.stem


def replication(scenario: Scenario) -> ReplicationResult:
    return run_replication(scenario, 0, None, False, lambda share, calls: None)


def header(path: Path) -> str:
    """The comment that a file begins with."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))])


@pytest.mark.parametrize("path", [*LIBRARY, *QA], ids=named)
def test_a_shipped_scenario_is_valid_by_the_json_schema_and_loads(path: Path) -> None:
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert not list(Draft202012Validator(json_schema()).iter_errors(plain))
    scenario = load(path)
    assert scenario.name == path.stem.replace("_", "-")
    assert scenario.description
    assert scenario.expect


@pytest.mark.parametrize("path", LIBRARY, ids=named)
def test_a_scenario_of_the_library_runs(path: Path) -> None:
    result = replication(load(path, SHORTER.get(path.stem, [])))
    assert result.calls > 100
    assert result.consistent
    assert result.illegal_events == 0 or path.stem in ROUGH


@pytest.mark.parametrize("path", LIBRARY, ids=named)
def test_a_scenario_of_the_library_says_what_it_asks_and_what_to_look_at(path: Path) -> None:
    text = header(path)
    for part in ("The question", "What to look at", "What to try", "Where the figures come from"):
        assert f"# {part}\n" in text
    scenario = load(path)
    for section, name, kpi in KPI.findall(text.partition("What to try")[0]):
        assert name == "*" or name in getattr(scenario, section)
        assert kpi in KPIS[section]


@pytest.mark.parametrize("path", LIBRARY, ids=named)
def test_what_a_scenario_suggests_to_set_can_be_set(path: Path) -> None:
    suggestions = [
        [quoted or plain for quoted, plain in SET.findall(line)] for line in header(path).splitlines()
    ]
    suggestions = [suggestion for suggestion in suggestions if suggestion]
    assert suggestions
    for suggestion in suggestions:
        assert load(path, suggestion) != load(path)


@pytest.mark.parametrize("path", QA, ids=named)
def test_a_qa_scenario_meets_its_expectations(path: Path) -> None:
    scenario = load(path)
    result = replication(scenario)
    assert result.consistent
    failed = [
        (verdict.expectation.text, verdict.observed.mean)
        for verdict in summarise([result], facts_of(scenario)).verdicts
        if not verdict.passed
    ]
    assert failed == []


@pytest.mark.parametrize("path", QA, ids=named)
def test_a_qa_scenario_is_short_and_leaves_nothing_to_chance(path: Path) -> None:
    trace = trace_replication(load(path), 0)
    assert 0 < len(trace) < MOST_QA_EVENTS
    assert trace == trace_replication(load(path, ["seed=987654321"]), 1)
    assert "# By hand" in header(path)


def test_every_golden_trace_belongs_to_a_qa_scenario() -> None:
    golden = {path.stem for path in (FOLDER / "qa" / "golden").glob("*.trace")}
    assert golden == {path.stem for path in QA}


def test_every_key_of_the_format_and_every_choice_is_shown_in_some_scenario() -> None:
    shown: dict[tuple[type[Part], str], set[Any]] = {}
    for path in (*LIBRARY, *QA):
        for part in parts(load(path)):
            for field in part.model_fields_set:
                shown.setdefault((type(part), field), set()).update(words(getattr(part, field)))
    missing: list[str] = []
    for model in set(models(Part)) - {Expectation}:
        hints = get_type_hints(model, include_extras=True)
        for field in model.model_fields:
            if field == "kind":
                continue  # A distribution's kind is the key it stands under.
            if (model, field) not in shown:
                missing.append(f"{model.__name__}.{field}")
            else:
                unseen = set(choices(hints[field])) - shown[model, field]
                missing += [f"{model.__name__}.{field}: {choice}" for choice in unseen]
    assert missing == []


def test_the_reference_names_every_key() -> None:
    page = (FOLDER.parent / "docs" / "scenario-reference.md").read_text(encoding="utf-8")
    code = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", page))))
    keys = {
        field.alias or name
        for model in set(models(Part)) - {Expectation}
        if not issubclass(model, (*Kind.__subclasses__(), MixturePart, Outcomes, Behaviour))
        for name, field in model.model_fields.items()
    }
    assert keys - code == set()


def models(base: type[Part]) -> Iterator[type[Part]]:
    """Of scenarios; a trunk file's own are none of theirs."""
    for model in base.__subclasses__():
        if model.__module__ != "simulation.scenario.trunk_file":
            yield model
        yield from models(model)


def parts(value: Any) -> Iterator[Part]:
    """A scenario and everything below it."""
    if isinstance(value, Part):
        yield value
        for field in type(value).model_fields:
            yield from parts(getattr(value, field))
    elif isinstance(value, dict):
        for below in typing.cast(dict[Any, Any], value).values():
            yield from parts(below)
    elif isinstance(value, tuple):
        for below in typing.cast(tuple[Any, ...], value):
            yield from parts(below)


def words(value: Any) -> set[Any]:
    each = typing.cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,)
    return {word for word in each if isinstance(word, str)}


def choices(annotation: Any) -> Iterator[Any]:
    """The words that an annotation allows, wherever they stand in it."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for below in get_args(annotation):
            yield from choices(below)
