"""Flow events and dialogues as plain data, and what the table does not allow."""

import json

import pytest

from busyhour.core.errors import SnapshotError
from busyhour.core.flow.events import (
    CALLER_STARTED,
    CONVERSATION_ENDED,
    FLOW_EVENT_NAMES,
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
from busyhour.core.flow.reading import load
from busyhour.core.flow.snapshots import dialogue_snapshot, restored_dialogue
from busyhour.core.flow.states import (
    FINISHED,
    FLOW_STATES,
    FLOW_TRANSITIONS,
    READY,
    SPEAKING,
)
from tests.support.flows import REMINDER
from tests.support.talks import CALL, Talk, requesting, transferring


def events() -> list[FlowEvent]:
    return [
        *(FlowEvent(kind, CALL) for kind in (FLOW_STARTED, CALLER_STARTED, CONVERSATION_ENDED)),
        *(ExchangeEvent(kind, CALL, 3) for kind in (SPEECH_FINISHED, TRANSFER_SUCCEEDED)),
        CallerSpoke(CALL, 5, "Größe, \U0001f600"),
        DigitPressed(CALL, "#"),
        HttpAnswered(CALL, 3, 200, {"a": [1, None, "x"]}),
        TransferFailed(CALL, 3, "timeout"),
    ]


def test_every_kind_of_event_has_a_plain_form_and_comes_back_from_it() -> None:
    assert {event.kind for event in events()} == set(FLOW_EVENT_NAMES)
    for event in events():
        plain = json.loads(json.dumps(to_plain(event)))
        again = from_plain(plain)
        assert type(again) is type(event)
        assert to_plain(again) == plain
        assert (event.subject(), event.addressee()) == (CALL, CALL)


@pytest.mark.parametrize(
    "plain", [[], ["Nothing", 1], ["FlowStarted"], ["FlowStarted", "x"], ["CallerSpoke", 1, 2]]
)
def test_what_is_no_event_is_refused(plain: list[object]) -> None:
    with pytest.raises(SnapshotError):
        from_plain(plain)


def test_an_event_that_the_table_does_not_allow_changes_nothing() -> None:
    talks = [Talk, Talk().asked, Talk().collecting, requesting, transferring]
    seen: set[int] = set()
    for make in talks:
        talk = make()
        state = talk.dialogue.state
        seen.add(state)
        for event in events():
            if (state, event.kind) not in FLOW_TRANSITIONS:
                counted = talk.dialogue.illegal_events + 1
                before = dialogue_snapshot(talk.dialogue)
                assert talk.take(event, 50) == []
                assert dialogue_snapshot(talk.dialogue) == {**before, "illegal_events": counted}
    assert seen == set(range(len(FLOW_STATES))) - {SPEAKING, FINISHED}
    assert READY in seen


def test_a_snapshot_of_another_flow_or_of_none_is_refused() -> None:
    flow = load(REMINDER)
    snapshot = dialogue_snapshot(Talk().asked().dialogue)
    assert dialogue_snapshot(restored_dialogue(flow, snapshot)) == snapshot
    for change in (
        {"node": "elsewhere"},
        {"state": 99},
        {"state": "x"},
        {"digits": 5},
        {"turns": [[0, "x"]]},
        {"turns": [[9, "x", 0, 0, ""]]},
        {"variables": None},
    ):
        with pytest.raises(SnapshotError):
            restored_dialogue(flow, {**snapshot, **change})
