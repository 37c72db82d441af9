"""Any legal flow under any sequence of events ends or waits, tells time forwards, and survives being restored."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from busyhour.core.flow.commands import (
    CollectDigits,
    EndCall,
    FlowCommand,
    Listen,
    RequestHttp,
    Say,
    TransferCall,
)
from busyhour.core.flow.dialogue import Dialogue
from busyhour.core.flow.events import (
    CALLER_STARTED,
    CONVERSATION_ENDED,
    FLOW_STARTED,
    SPEECH_FINISHED,
    TRANSFER_SUCCEEDED,
    CallerSpoke,
    DigitPressed,
    ExchangeEvent,
    FlowEvent,
    HttpAnswered,
    TransferFailed,
    from_plain,
    to_plain,
)
from busyhour.core.flow.nodes import Flow
from busyhour.core.flow.reading import check, load
from busyhour.core.flow.snapshots import dialogue_snapshot, restored_dialogue
from busyhour.core.flow.states import (
    COLLECTING,
    FINISHED,
    FLOW_TRANSITIONS,
    LISTENING,
    READY,
    REQUESTING,
    SPEAKING,
    TRANSFERRING,
)
from busyhour.core.ids import ABSENT, SECOND, Instant
from tests.support.flows import legal_flows

ANSWERED = 1_000 * SECOND

happenings = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "spoken",
                "spoken",
                "says yes",
                "says nothing",
                "says much",
                "begins",
                "digit",
                "service",
                "refused",
                "taken",
                "not taken",
                "late",
                "late",
                "started",
                "ended",
                "stale",
            ]
        ),
        st.integers(0, 9 * SECOND),
    ),
    max_size=40,
)


def event_of(name: str, dialogue: Dialogue, now: Instant) -> FlowEvent | None:
    """None for the deadline."""
    exchange = dialogue.exchange
    return {
        "spoken": ExchangeEvent(SPEECH_FINISHED, 1, exchange),
        "stale": ExchangeEvent(SPEECH_FINISHED, 1, exchange - 1),
        "says yes": CallerSpoke(1, now - SECOND, "yes"),
        "says nothing": CallerSpoke(1, now, ""),
        "says much": CallerSpoke(1, now - 30 * SECOND, "what " * 50),
        "begins": FlowEvent(CALLER_STARTED, 1),
        "digit": DigitPressed(1, "5"),
        "service": HttpAnswered(1, exchange, 200, {"a": ["x"]}),
        "refused": HttpAnswered(1, exchange, 500, None),
        "taken": ExchangeEvent(TRANSFER_SUCCEEDED, 1, exchange),
        "not taken": TransferFailed(1, exchange, "timeout"),
        "started": FlowEvent(FLOW_STARTED, 1),
        "ended": FlowEvent(CONVERSATION_ENDED, 1),
    }.get(name)


def told(commands: list[FlowCommand]) -> list[tuple[object, ...]]:
    return [
        (type(each).__name__, *(getattr(each, name) for name in ("call", "node", *type(each).__slots__)))
        for each in commands
    ]


AWAITED = {
    SPEAKING: Say,
    LISTENING: Listen,
    COLLECTING: CollectDigits,
    REQUESTING: RequestHttp,
    TRANSFERRING: TransferCall,
}
"""By state: what was asked for last, whose answer the machine waits for."""


def check_waiting(dialogue: Dialogue, commands: list[FlowCommand]) -> None:
    """After anything that has changed something the machine has ended, or has asked for what it waits for."""
    state = dialogue.state
    if state in (LISTENING, COLLECTING, REQUESTING):
        assert dialogue.deadline() != ABSENT, "silence could last for ever"
    else:
        assert dialogue.deadline() == ABSENT
    if commands:
        expected = EndCall if state == FINISHED else AWAITED[state]
        assert isinstance(commands[-1], expected)


def check_times(dialogue: Dialogue, now: Instant) -> None:
    turns = dialogue.transcript.to_plain(now)
    assert [turn["seq"] for turn in turns] == list(range(len(turns)))
    starts = [float(str(turn["start_s"])) for turn in turns]
    assert starts == sorted(starts)
    assert all(start >= 0 for start in starts)
    for turn, start in zip(turns, starts, strict=True):
        assert start <= float(str(turn["end_s"])) <= (now - ANSWERED) / SECOND
        assert turn["text"]


@settings(max_examples=300)
@given(legal_flows(["desk"]).map(load), happenings)
def test_whatever_happens_a_flow_ends_or_waits_and_goes_on_from_a_snapshot(
    flow: Flow, what: list[tuple[str, int]]
) -> None:
    dialogue = Dialogue(1, flow, ANSWERED, {"contact.name": "Ada"})
    now = ANSWERED
    for name, later_us in [("started", 0), *what]:
        now += later_us
        twin = restored_dialogue(flow, json.loads(json.dumps(dialogue_snapshot(dialogue))))
        before = dialogue.state
        event = event_of(name, dialogue, now)
        if event is None:
            commands = dialogue.on_deadline(now)
            others = twin.on_deadline(now)
        else:
            commands = dialogue.receive(event, now)
            others = twin.receive(from_plain(json.loads(json.dumps(to_plain(event)))), now)
            if dialogue.state != before:
                assert dialogue.state in FLOW_TRANSITIONS[before, event.kind]
        assert told(commands) == told(others)
        assert dialogue_snapshot(dialogue) == dialogue_snapshot(twin)
        assert dialogue.state != READY
        check_waiting(dialogue, commands)
        check_times(dialogue, now)


@settings(max_examples=100)
@given(
    legal_flows(["desk"]).map(load),
    st.lists(st.sampled_from(["says yes", "late", "digit", "refused"]), max_size=30),
)
def test_a_conversation_that_is_carried_on_comes_to_its_end(flow: Flow, what: list[str]) -> None:
    """Every wait is answered in the way that fits it, which ends the flow or takes it to another wait."""
    dialogue = Dialogue(1, flow, ANSWERED, {})
    now = ANSWERED
    dialogue.receive(FlowEvent(FLOW_STARTED, 1), now)
    for choice in what:
        now += SECOND
        if dialogue.state == SPEAKING:
            name = "spoken"
        elif dialogue.state == TRANSFERRING:
            name = "not taken"
        elif dialogue.state == REQUESTING:
            name = "refused"
        else:
            name = choice
        if dialogue.state == FINISHED:
            assert dialogue.reason == "completed"
            break
        steps = dialogue.steps, dialogue.prompts, dialogue.digits, dialogue.state
        event = event_of(name, dialogue, now)
        if event is None:
            now = dialogue.deadline()
            dialogue.on_deadline(now)
        else:
            dialogue.receive(event, now)
        fits = (dialogue.state, name) not in (
            (LISTENING, "digit"),
            (LISTENING, "refused"),
            (COLLECTING, "says yes"),
            (COLLECTING, "refused"),
        )
        if fits:
            assert steps != (dialogue.steps, dialogue.prompts, dialogue.digits, dialogue.state)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
node_keys = st.sampled_from(
    [
        "type",
        "text",
        "next",
        "edges",
        "expect",
        "conditions",
        "variables",
        "url",
        "body",
        "save",
        "queue",
        "retries",
    ]
)
node_types = st.sampled_from(
    ["say", "ask", "collect_digits", "branch", "set", "http", "transfer", "hand_off", "hang_up"]
)
hostile_nodes = st.fixed_dictionaries({"type": node_types | json_values}).flatmap(
    lambda kind: st.dictionaries(node_keys, json_values, max_size=6).map(lambda rest: {**rest, **kind})
)


@settings(max_examples=400)
@given(
    json_values
    | st.fixed_dictionaries(
        {
            "name": st.just("x") | json_values,
            "start": st.just("a") | json_values,
            "nodes": st.dictionaries(st.sampled_from("abc") | st.text(max_size=5), hostile_nodes, max_size=4)
            | json_values,
        }
    )
)
def test_whatever_is_no_flow_is_told_in_printable_sentences(plain: object) -> None:
    for sentence in check(plain):
        assert sentence.isprintable()
        assert 10 < len(sentence) < 600
    if not check(plain):
        load(plain)
