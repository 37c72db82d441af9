"""Simulated voice agents that follow a flow, and the people who answer them."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from busyhour.core.flow.commands import CollectDigits, Listen
from busyhour.core.ids import ABSENT, SECOND
from busyhour.results.replication import ReplicationResult
from busyhour.results.transcripts import TRANSCRIPTS_SCHEMA
from simulation.draws import Draws
from simulation.flow_assembly import respondent_of
from simulation.respondents import Respondent, speech_us
from simulation.runs import run_replication, trace_replication
from simulation.scenario import load, loads
from simulation.scenario.callees import Callees
from simulation.substreams import Substreams

QA = Path(__file__).parents[3] / "scenarios" / "qa" / "voice_flow.yaml"
DIALOGUE = """
clock: {start: "2026-03-02T09:00:00Z", until: idle, horizon: 1h}
voice_agents:
  robot:
    words_per_minute: 60
    flow:
      name: f
      start: ask
      nodes:
        ask: {type: ask, text: "Well?", expect: {agree: "yes", refuse: "no"}, timeout_s: 2, retries: 0,
              edges: {agree: bye, refuse: bye, no_input: desk, no_match: desk}}
        desk: {type: transfer, queue: desk, edges: {failure: bye}}
        bye: {type: hang_up}
queues: {desk: {agents: 1, handle_time: 10s}}
callees: {people: {outcomes: {human: 1}, ring_time: {human: 1s}, patience: 60s}}
campaigns:
  list: {contacts: {count: 1}, voice_agent: robot, pacing: {mode: agentless}, limits: {calls_per_second: 1}}
"""


def run(text: str, folder: Path | None = None, *changes: str) -> ReplicationResult:
    return run_replication(loads(text, overrides=changes), 0, folder, False, lambda share, calls: None)


def turns(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "transcripts").to_pylist()


def test_what_is_said_is_the_transcript_a_row_a_turn(tmp_path: Path) -> None:
    run_replication(load(QA), 0, tmp_path, False, lambda share, calls: None)
    table = pq.read_table(tmp_path / "transcripts" / "replication-00000.parquet")
    assert table.schema.equals(TRANSCRIPTS_SCHEMA)
    calls = pq.read_table(tmp_path / "calls").to_pylist()
    (moves,) = [call["call_id"] for call in calls if call["campaign_id"] == "moves"]
    told = [
        (row["seq"], row["role"], row["text"], row["start_s"], row["end_s"], row["node_id"])
        for row in table.to_pylist()
        if row["call_id"] == moves
    ]
    assert told == [
        (0, "agent", "Hello Bob.", 0.0, 2.0, "greet"),
        (1, "agent", "Coming tomorrow?", 2.0, 4.0, "come"),
        (2, "customer", "No.", 5.0, 5.4, "come"),
        (3, "agent", "Which day?", 5.4, 7.4, "day"),
        (4, "customer", "[pressed 12]", 9.0, 9.0, "day"),
        (5, "agent", "Now Monday.", 9.3, 11.3, "moved"),
    ]
    assert {row["call_id"] for row in table.to_pylist()} == {call["call_id"] for call in calls}


def test_who_breaks_in_stops_the_question(tmp_path: Path) -> None:
    run_replication(load(QA), 0, tmp_path, False, lambda share, calls: None)
    calls = pq.read_table(tmp_path / "calls").to_pylist()
    (hurries,) = [call["call_id"] for call in calls if call["campaign_id"] == "hurries"]
    told = [
        (row["text"], row["start_s"], row["end_s"]) for row in turns(tmp_path) if row["call_id"] == hurries
    ]
    assert told[2:] == [("Well?", 7.0, 7.5), ("Sure.", 7.5, 7.9)]


def test_a_scenario_without_flows_leaves_no_transcripts(tmp_path: Path) -> None:
    text = (
        DIALOGUE[: DIALOGUE.index("    words")]
        + "    talk_time: 5s\n"
        + DIALOGUE[DIALOGUE.index("queues:") :]
    )
    run(text, tmp_path)
    assert not (tmp_path / "transcripts").exists()


def test_people_of_whom_nothing_is_said_give_one_of_the_expected_answers(tmp_path: Path) -> None:
    result = run(DIALOGUE, tmp_path, "campaigns.list.contacts.count=40", "campaigns.list.callees=people")
    said = [row["text"] for row in turns(tmp_path) if row["role"] == "customer"]
    assert len(said) == 40
    assert set(said) == {"yes", "no"}
    assert result.kpis["voice_agents"]["robot"]["transferred"] == 0.0


def test_a_machine_that_answers_says_nothing(tmp_path: Path) -> None:
    result = run(
        DIALOGUE,
        tmp_path,
        "callees.people.outcomes={machine: 1}",
        "callees.people.amd={machine_as_human: 100%, machine_talk_time: 3s}",
    )
    assert [row["role"] for row in turns(tmp_path)] == ["agent", "system"]
    assert result.kpis["voice_agents"]["robot"]["transferred"] == 1.0


def test_who_loses_patience_with_the_machine_hangs_up_on_it(tmp_path: Path) -> None:
    persona = "{intents: {a: {share: 0%, says: [x]}}, machine_patience: 1500ms}"
    result = run(DIALOGUE, tmp_path, f"callees.people.persona={persona}")
    assert [(row["text"], row["end_s"]) for row in turns(tmp_path)] == [("Well?", 1.0)]
    (call,) = pq.read_table(tmp_path / "calls").to_pylist()
    assert (call["end_reason"], call["talk_s"]) == ("customer_hung_up", 1.5)
    assert result.illegal_events == 0


def test_a_conversation_under_way_at_the_end_of_the_run_is_told_until_then(tmp_path: Path) -> None:
    run(
        DIALOGUE,
        tmp_path,
        "clock={start: '2026-03-02T09:00:00Z', horizon: 20s}",
        "callees.people.ring_time.human=19500ms",
    )
    assert [(row["text"], row["start_s"], row["end_s"]) for row in turns(tmp_path)] == [("Well?", 0.0, 0.5)]


SILENT = "callees.people.script=[{silent: true}]"


def test_a_transfer_that_finds_nobody_free_goes_on_by_its_failure(tmp_path: Path) -> None:
    result = run(DIALOGUE, tmp_path, "queues.desk={agents: 0}", SILENT)
    (call,) = pq.read_table(tmp_path / "calls").to_pylist()
    assert (call["end_reason"], call["queue_id"]) == ("completed", None)
    assert result.kpis["voice_agents"]["robot"]["transferred"] == 0.0
    told = [(row["text"], row["start_s"]) for row in turns(tmp_path) if row["role"] == "system"]
    assert told == [("transfer to desk", 3.0), ("transfer failed: no_agent_available", 3.0)]
    assert result.illegal_events == 0


def test_whoever_gets_the_call_by_a_warm_transfer_is_told_the_briefing_first(tmp_path: Path) -> None:
    desk = "{type: transfer, queue: desk, briefing: one two three, edges: {failure: bye}}"
    run(DIALOGUE, tmp_path, f"voice_agents.robot.flow.nodes.desk={desk}", SILENT)
    (call,) = pq.read_table(tmp_path / "calls").to_pylist()
    assert (call["connected_at"] - call["answered_at"]).total_seconds() == 3.0 + 3.0
    assert (call["wait_s"], call["end_reason"]) == (0.0, "customer_hung_up")


def test_a_transfer_that_nobody_accepts_is_given_up_and_the_caller_is_back(tmp_path: Path) -> None:
    desk = "{type: transfer, queue: desk, timeout_s: 7, edges: {failure: sorry}}"
    result = run(
        DIALOGUE,
        tmp_path,
        "queues.desk={ring_timeout: 60s, pools: [desk]}",
        "agents.desk={count: 1, queues: [desk], answer: {after: 3s, no_answer: 100%}}",
        f"voice_agents.robot.flow.nodes.desk={desk}",
        "voice_agents.robot.flow.nodes.sorry={type: say, text: Sorry., next: bye}",
        SILENT,
    )
    last = turns(tmp_path)[-1]
    assert (last["text"], last["start_s"], last["end_s"]) == ("Sorry.", 10.0, 11.0)
    assert result.illegal_events == 0


def test_a_service_that_fails_leads_to_failure(tmp_path: Path) -> None:
    scenario = load(QA, ["voice_agents.assistant.http.fails=100%"])
    run_replication(scenario, 0, tmp_path, False, lambda share, calls: None)
    assert "Now Monday." not in {row["text"] for row in turns(tmp_path)}


def test_the_trace_tells_what_was_said() -> None:
    trace = trace_replication(load(QA), 0)
    assert '+0:00:06.400000 call 0 CallerSpoke text="Yes."' in trace
    assert "+0:00:09.400000 call 1 DigitPressed digit=1" in trace
    assert "+0:00:10.300000 call 1 HttpAnswered status=200" in trace


def test_the_same_seed_gives_the_same_words_and_another_one_others(tmp_path: Path) -> None:
    scenario = Path(__file__).parents[3] / "scenarios" / "appointment_calls.yaml"
    told: list[list[dict[str, Any]]] = []
    for place, seed in enumerate((1, 1, 2)):
        out = tmp_path / str(place)
        changes = [f"seed={seed}", "campaigns.appointments.contacts.count=60"]
        run_replication(load(scenario, changes), 0, out, False, lambda share, calls: None)
        told.append(turns(out))
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_words_take_their_time() -> None:
    assert speech_us("Will you come tomorrow?", 120) == 2 * SECOND
    assert speech_us("", 60) == SECOND


LISTEN = Listen(0, "come", {"agree": [["yes"]]}, SECOND)
DIGITS = CollectDigits(0, "day", 1, 4, "#", SECOND)


def people(**callees: Any) -> Respondent:
    return respondent_of(Callees.model_validate(callees))


def draws() -> Draws:
    return Draws(Substreams(5, 0), "people", [], None)


def test_intents_come_as_often_as_their_shares_say() -> None:
    persona = people(
        persona={
            "intents": {
                "yes": {"share": 0.5, "says": ["Yes.", "Sure."]},
                "no": {"share": 0.3, "says": ["No."]},
                "day": {"share": 1.0, "press": "1?", "at": ["day"]},
            }
        }
    )
    drawn = draws()
    replies = [persona.answer(drawn, index, 0, LISTEN) for index in range(4000)]
    shares = [sum(reply.text == text for reply in replies) / 4000 for text in ("Yes.", "Sure.", "No.", "")]
    for share, expected in zip(shares, (0.25, 0.25, 0.3, 0.2), strict=True):
        assert abs(share - expected) < 0.03
    assert all((reply.after_us == ABSENT) == (reply.text == "") for reply in replies)
    pressed = {persona.keys(drawn, index, 1, DIGITS).keys for index in range(200)}
    assert pressed == {f"1{digit}" for digit in range(10)}


@pytest.mark.parametrize(("share", "pressing"), [(0.0, 0), (1.0, 100)])
def test_who_cannot_press_keys_says_something(share: float, pressing: int) -> None:
    persona = people(
        persona={"intents": {"a": {"share": 1.0, "says": ["What?"], "press": "7"}}, "presses_keys": share}
    )
    drawn = draws()
    replies = [persona.keys(drawn, index, 0, DIGITS) for index in range(100)]
    assert sum(reply.keys == "7" for reply in replies) == pressing
    assert sum(reply.text == "What?" for reply in replies) == 100 - pressing


def test_small_talk_comes_before_the_answer() -> None:
    persona = people(
        persona={
            "intents": {"a": {"share": 1.0, "says": ["Yes."]}},
            "talkativeness": 1.0,
            "small_talk": ["Oh."],
        }
    )
    assert persona.answer(draws(), 3, 0, LISTEN).text == "Oh. Yes."


def test_a_persona_may_hang_up_at_any_question() -> None:
    persona = people(persona={"intents": {"a": {"share": 1.0, "says": ["Yes."]}}, "hangs_up": 1.0})
    assert persona.answer(draws(), 0, 0, LISTEN).hangs_up
    assert persona.keys(draws(), 0, 0, DIGITS).hangs_up


def test_a_script_that_is_over_says_nothing_more() -> None:
    scripted = people(script=[{"say": "Yes.", "after": SECOND}])
    assert scripted.answer(draws(), 0, 0, LISTEN).text == "Yes."
    assert scripted.keys(draws(), 0, 1, DIGITS).after_us == ABSENT


def test_obliging_people_press_as_many_digits_as_are_wanted_at_least() -> None:
    keys = people().keys(draws(), 0, 0, CollectDigits(0, "n", 3, 5, "#", SECOND)).keys
    assert len(keys) == 4
    assert keys[:3].isdecimal()
    assert keys[3] == "#"
