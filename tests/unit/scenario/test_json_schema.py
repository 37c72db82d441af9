"""The JSON Schema that editors use agrees with what `load` reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from cli.schema import schema, schema_text
from simulation.scenario import load, loads, to_yaml
from simulation.scenario.json_schema import json_schema
from simulation.scenario.reading import read_tree

HEAD = """\
clock: {horizon: 4h}
queues: {sales: {agents: 5}}
callees: {all: {}}
"""

SHIPPED = sorted(Path(__file__).parents[3].joinpath("scenarios").rglob("*.yaml"))

VALID = [
    "inbound: [{rate: 5/min}]",
    "inbound: [{rate: 5/min, patience: 30}]\nclock: {horizon: 1h, start: '2026-03-02T17:00:00Z', message_delay: 5ms}",
    "inbound: [{rate: 5/min, patience: 30s}, {rate: 5/min, patience: infinite}]",
    "inbound: [{rate: 5/min, patience: {lognormal: {mean: 3m, sd: 120}}, busyness: {gamma: {shape: 29.7}}}]",
    "inbound: [{profile: [{from: 0, rate: 5/min}, {from: 1h30m, rate: 300/h}]}]",
    "inbound: [{sinusoid: {mean: 10/h, amplitude: 5/h, period: 8h}, retry: {probability: 70%, after: 2m}}]",
    "inbound: [{rate: 1/s, patience: {mixture: [{weight: 1, of: 5s}, {weight: 2, of: {erlang: {k: 2, mean: 9s}}}]}}]",
    "inbound: [{rate: 1/s, patience: {shifted: {by: 1s, of: {weibull: {shape: 2, scale: 5s}}}}}]",
    "inbound: [{rate: 1/s, patience: {empirical: {values: [1s, 2], weights: [1, 2.5]}}}]",
    "inbound: [{rate: 1/s, handle_time: {triangular: {low: 1, mode: 2, high: 3}}}]",
    "inbound: [{rate: 1/s, handle_time: {uniform: {low: 1, high: 3}}}]",
    "inbound: [{rate: 1/s, handle_time: {normal: {mean: 1m, sd: 3s}}}]",
    "inbound: [{rate: 1/s, handle_time: {gamma: {shape: 2, scale: 3s}}}]",
    "campaigns: {c: {contacts: {count: 5, timezones: {Europe/Paris: 40%, UTC: 0.6}}}}",
    'campaigns: {c: {contacts: [{phone: "+14155550123", behaviour: [busy, {human: {after: 5s}}, {machine: }]}]}}',
    "campaigns: {c: {contacts: {count: 5}, limits: {max_concurrency: unlimited, calls_per_second: 30/min}}}",
    'campaigns: {c: {contacts: {count: 5}, calling_hours: {start: "08:00", end: 24:00, days: [mon]}}}',
    "campaigns: {c: {contacts: {count: 5}, retry: {rules: [{outcome: blocked, after: 0}]}, calling_hours: null}}",
    "inbound: [{rate: 1/s}]\ntrunks: {t: {channels: unlimited, faults: {late: {share: 2%, by: 1s}}}}",
    "inbound: [{rate: 1/s}]\nexpect: [queues.sales.asa_s <= 20s, 'agents.sales.occupancy>0.5']",
    "inbound: [{rate: 1/s}]\ntimeline: [{at: 1h, set_agents: {pool: sales, count: 30}}]",
    "inbound: [{rate: 1/s}]\nagents: {x: {shifts: [{count: 1, from: 0s, to: 2h}], queues: [sales]}}",
    "inbound: [{rate: 1/s}]\ncallees: {x: {by_hour: {9: {human: 1}, '19': {busy: 1}}, patience: infinite}}",
]

INVALID = [
    "inbound: [{rate: 5}]",
    "inbound: [{rate: 5/week}]",
    "inbound: [{rate: 5/min, rato: 1}]",
    "inbound: [{rate: 5/min, patience: fast}]",
    "inbound: [{rate: 5/min, patience: unlimited}]",
    "inbound: [{rate: 5/min, patience: {exponental: {mean: 5s}}}]",
    "inbound: [{rate: 5/min, patience: {exponential: {mean: 5s, sd: 1s}}}]",
    "inbound: [{rate: 5/min, patience: {exponential: {}}}]",
    "inbound: [{rate: 5/min, patience: {exponential: {mean: 5s}, gamma: {shape: 1, scale: 1}}}]",
    "inbound: [{rate: 5/min, busyness: {gamma: {shape: 1m}}}]",
    "inbound: {rate: 5/min}",
    "campaigns: {c: {contacts: {count: 0}}}",
    "campaigns: {c: {contacts: {count: 5, file: x.csv}}}",
    "campaigns: {c: {contacts: leads.csv}}",
    "campaigns: {c: {}}",
    "campaigns: {a b: {contacts: {count: 5}}}",
    'campaigns: {c: {contacts: [{phone: "4155550123"}]}}',
    'campaigns: {c: {contacts: [{phone: "+14155550123", behaviour: [bussy]}]}}',
    'campaigns: {c: {contacts: [{phone: "+14155550123", behaviour: [{busy: {talk: 5s}}]}]}}',
    "campaigns: {c: {contacts: {count: 5}, pacing: {mode: predictiv}}}",
    "campaigns: {c: {contacts: {count: 5}, pacing: {abandonment_cap: 3}}}",
    "campaigns: {c: {contacts: {count: 5}, amd: {enabled: yes}}}",
    'campaigns: {c: {contacts: {count: 5}, calling_hours: {start: "25:00"}}}',
    "campaigns: {c: {contacts: {count: 5}, retry: {max_attempts: 5000}}}",
    "inbound: [{rate: 1/s}]\nreplications: 100001",
    "inbound: [{rate: 1/s}]\nexpect: [queues.sales.occ < 1]",
    "inbound: [{rate: 1/s}]\ntimeline: [{stop: c}]",
    "inbound: [{rate: 1/s}]\ncallees: {x: {by_hour: {24: {human: 1}}}}",
    "inbound: [{rate: 1/s}]\nfoo: 1",
]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def whole(case: str) -> str:
    keys = [line.partition(":")[0] for line in case.splitlines()]
    return "\n".join([case, *(line for line in HEAD.splitlines() if line.partition(":")[0] not in keys), ""])


def test_the_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("case", VALID)
def test_what_loads_is_accepted_as_written_and_as_resolved(
    case: str, validator: Draft202012Validator
) -> None:
    scenario = loads(whole(case))
    assert _errors(validator, whole(case)) == []
    assert _errors(validator, to_yaml(scenario)) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shipped_is_accepted_as_written_and_as_resolved(
    path: Path, validator: Draft202012Validator
) -> None:
    resolved = to_yaml(load(path))
    assert _errors(validator, path.read_text(encoding="utf-8")) == []
    assert _errors(validator, resolved) == []
    assert loads(resolved, "resolved.yaml", path.parent) == load(path)


@pytest.mark.parametrize("case", INVALID)
def test_what_is_misspelt_is_refused_by_both(case: str, validator: Draft202012Validator) -> None:
    with pytest.raises(Exception, match="input:"):
        loads(whole(case), "input")
    assert _errors(validator, whole(case)) != []


def test_a_clock_is_needed(validator: Draft202012Validator) -> None:
    assert _errors(validator, "queues: {sales: {agents: 5}}\n") == ["'clock' is a required property"]


def test_every_key_is_described() -> None:
    exported = json_schema()
    silent = [
        f"{name}.{key}"
        for name, model in {**exported["$defs"], "Scenario": exported}.items()
        for key, described in model.get("properties", {}).items()
        if "description" not in described and "description" not in _target(exported, described)
    ]
    assert silent == []


def test_defaults_are_in_the_units_of_a_file() -> None:
    definitions = json_schema()["$defs"]
    assert definitions["ServiceLevel"]["properties"]["threshold"]["default"] == "20s"
    assert definitions["Queue"]["properties"]["handle_time"]["default"] == {"exponential": {"mean": "3m"}}
    assert definitions["Trunk"]["properties"]["channels"]["default"] == "unlimited"
    assert definitions["CallingHours"]["properties"]["start"]["default"] == "08:00"


def test_every_reference_leads_to_a_definition_and_every_definition_is_used() -> None:
    exported = json_schema()
    assert {reference.removeprefix("#/$defs/") for reference in _references(exported)} == set(
        exported["$defs"]
    )


def test_the_command_prints_it() -> None:
    finished = CliRunner().invoke(schema, [])
    assert (finished.exit_code, finished.output) == (0, schema_text())
    assert json.loads(finished.output) == json_schema()


def _errors(validator: Draft202012Validator, text: str) -> list[str]:
    return [error.message for error in validator.iter_errors(read_tree(text).plain())]


def _target(exported: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    return exported["$defs"][described["$ref"].removeprefix("#/$defs/")] if "$ref" in described else {}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, below in schema.items():
            if key == "$ref":
                yield below
            else:
                yield from _references(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from _references(below)
