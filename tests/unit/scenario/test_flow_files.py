"""Flows in files of their own are put in place when the scenario is loaded."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from busyhour.core.flow.reading import check
from simulation.scenario import inputs_digest, load, loads, to_yaml
from simulation.scenario.json_schema import json_schema
from tests.support.flows import REMINDER
from tests.unit.scenario.conftest import Refusal

TEXT = """
clock: {horizon: 4h}
queues: {desk: {agents: 5}}
inbound: [{rate: 5/min}]
voice_agents: {robot: {flow: flows/f.json}}
"""


def put(folder: Path, content: str | bytes) -> None:
    path = folder / "flows" / "f.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_a_flow_is_read_from_its_file_and_is_the_scenarios_own_from_then_on(tmp_path: Path) -> None:
    put(tmp_path, json.dumps(REMINDER))
    scenario = loads(TEXT, "s", tmp_path)
    put(tmp_path, "gone")
    assert scenario.voice_agents["robot"].flow == REMINDER
    again = loads(to_yaml(scenario), "s", tmp_path)
    assert again == scenario
    assert inputs_digest(again) == inputs_digest(scenario)


def test_a_part_of_a_flow_in_place_can_be_set(tmp_path: Path) -> None:
    text = TEXT.replace("flows/f.json", json.dumps(REMINDER))
    scenario = loads(text, "s", tmp_path, ["voice_agents.robot.flow.nodes.bye.reason=over"])
    flow: Any = scenario.voice_agents["robot"].flow
    assert flow["nodes"]["bye"]["reason"] == "over"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", '"flows/f.json" is empty'),
        (b"\xff", '"flows/f.json" is not UTF-8; save it as UTF-8'),
        ("a: &x 1", '"flows/f.json" 1:4: anchors and aliases (& and *) are not read; write the value out'),
        ("[]", "must be a flow, or the file of one such as reminders.json, not a list"),
        (
            '{"name": "f", "start": "a", "nodes": {"a": {"type": "say", "text": "x"}}}',
            'node "a": a say has no way on; add next',
        ),
        (b" " * ((1 << 20) + 1), '"flows/f.json" is larger than 1 MiB, which no flow is'),
    ],
)
def test_what_is_wrong_with_a_flow_in_a_file_is_told_where_the_file_is_named(
    tmp_path: Path, refusal: Refusal, content: str | bytes, sentence: str
) -> None:
    put(tmp_path, content)
    (problem,) = refusal(TEXT)
    assert (problem.line, problem.path, problem.sentence) == (5, "voice_agents.robot.flow", sentence)


def test_a_flow_file_that_is_not_there_is_told(refusal: Refusal) -> None:
    (problem,) = refusal(TEXT)
    assert problem.sentence.startswith('there is no file "flows/f.json" in ')


def test_the_shipped_flow_is_one_that_the_api_would_take() -> None:
    folder = Path(__file__).parents[3] / "scenarios"
    plain = json.loads((folder / "flows" / "appointments.json").read_text(encoding="utf-8"))
    assert check(plain) == []
    assert load(folder / "appointment_calls.yaml").voice_agents["assistant"].flow == plain


def test_the_json_schema_takes_a_flow_in_place_and_refuses_what_no_flow_has() -> None:
    validator = Draft202012Validator(json_schema())

    def scenario(flow: Any) -> dict[str, Any]:
        return {"clock": {"horizon": 60}, "voice_agents": {"robot": {"flow": flow}}}

    assert not list(validator.iter_errors(scenario(REMINDER)))
    assert not list(validator.iter_errors(scenario("flows/f.json")))
    nodes = {**REMINDER["nodes"], "bye": {"type": "hang_up", "colour": "red"}}
    assert list(validator.iter_errors(scenario({**REMINDER, "nodes": nodes})))
