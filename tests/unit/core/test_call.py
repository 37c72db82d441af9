"""One call: every sequence of events up to length six, and the facts of each ending. Transfers: test_transfer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from busyhour.core.call import Call
from busyhour.core.call_states import (
    CALL_STATES,
    CONNECTED,
    CREATED,
    DIALING,
    ENDED,
    RINGING,
    TRANSFERRING,
    TRANSITIONS,
    WAITING,
    WITH_VOICE,
)
from busyhour.core.commands import CloseCall, Command, ConnectAgent, HangUp, PlaceCall
from busyhour.core.disposition import (
    ABANDONED,
    AMD_HUMAN,
    AMD_MACHINE,
    BUSY,
    CANCELLED,
    DISPOSITIONS,
    END_AGENT_HUNG_UP,
    END_BUSY,
    END_CANCELLED,
    END_CARRIER_FAILURE,
    END_COMPLETED,
    END_CUSTOMER_HUNG_UP,
    END_DIAL_TIMEOUT,
    END_HORIZON,
    END_MACHINE,
    END_MAX_WAIT,
    END_NO_AGENT,
    END_NO_VOICE_AGENT,
    END_QUEUE_FULL,
    END_REASONS,
    FAILED,
    HUMAN,
    INBOUND,
    MACHINE,
    NO_ANSWER,
    OUTBOUND,
    UNKNOWN,
)
from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    AGENT_HUNG_UP,
    AGENT_RELEASED,
    AGENT_TAKEN,
    ATTEMPT_ADMITTED,
    CALL_ARRIVED,
    CALL_EVENT_KINDS,
    CARRIER_ANSWERED,
    CARRIER_LOST,
    CARRIER_RINGING,
    EVENT_NAMES,
    MESSAGE_LEFT,
    OFFER_REFUSED,
    PARTY_HUNG_UP,
    TRANSFER_REQUESTED,
    VOICE_REFUSED,
    VOICE_STARTED,
    AgentAssigned,
    AgentEvent,
    AnswerScreened,
    AttemptEnded,
    CallEvent,
    CallOffered,
    CallWithdrawn,
    CarrierRefused,
    HangUpRequested,
    VoiceFinished,
)
from busyhour.core.ids import ABSENT, SECOND
from busyhour.core.snapshots import call_snapshot, restored_call

DEADLINE = object()
"""Stands for the passing of the call's deadline among the events."""
PLAIN = [
    *(CALL_ARRIVED, ATTEMPT_ADMITTED, CARRIER_RINGING, CARRIER_ANSWERED, PARTY_HUNG_UP, OFFER_REFUSED),
    *(AGENT_HUNG_UP, VOICE_STARTED, VOICE_REFUSED, MESSAGE_LEFT, CARRIER_LOST),
]
EVENTS: list[Any] = [
    *(CallEvent(kind, 7) for kind in PLAIN),
    CarrierRefused(7, 486, BUSY, END_BUSY),
    CarrierRefused(7, 487, CANCELLED, END_CANCELLED),
    AnswerScreened(7, AMD_HUMAN),
    AnswerScreened(7, AMD_MACHINE),
    AgentAssigned(7, 1, 4),
    AgentAssigned(7, 2, 5),
    VoiceFinished(7, ABSENT),
    VoiceFinished(7, 2),
    HangUpRequested(7, END_CANCELLED),
    DEADLINE,
]


def inbound(max_wait: int = 0) -> Call:
    call = Call(7, INBOUND, 1, ABSENT, 0, 0)
    call.max_wait = max_wait
    return call


def outbound(screens: bool = False, leaves: bool = False, voice: int = ABSENT, queue: int = 1) -> Call:
    call = Call(7, OUTBOUND, queue, 0, 0, 0)
    call.campaign, call.contact, call.attempt = 3, 11, 1
    call.screens_answers, call.leaves_messages, call.voice_agent = screens, leaves, voice
    call.dial_timeout, call.max_wait = 25 * SECOND, 40 * SECOND
    return call


CALLS = {
    "inbound": inbound(),
    "inbound that is sent away": inbound(30 * SECOND),
    "to a queue": outbound(),
    "screened": outbound(screens=True),
    "screened, with messages": outbound(screens=True, leaves=True),
    "to a voice agent": outbound(voice=0, queue=ABSENT),
    "screened, to a voice agent, then to a queue": outbound(screens=True, voice=0),
    "with a message to people": outbound(queue=ABSENT),
}


def given(call: Call, event: Any) -> tuple[list[Command], int]:
    """The commands, and when: events come a second after the latest instant, deadlines when they are due."""
    plain = call_snapshot(call)
    latest = max(int(str(value)) for key, value in plain.items() if key.endswith("_at"))
    if event is DEADLINE:
        now = max(call.deadline(), latest)
        return call.on_deadline(now), now
    return call.receive(event, latest + SECOND), latest + SECOND


def told(commands: list[Command], kind: type) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]


def check_step(before: dict[str, object], call: Call, event: Any, commands: list[Command], now: int) -> None:
    was, state = int(str(before["state"])), call.state
    kind = ABSENT if event is DEADLINE else event.kind
    closes = told(commands, CloseCall)
    assert len(closes) == (was != ENDED and state == ENDED), "a call is closed once, when it ends"
    if event is DEADLINE:
        assert state == was or (state == ENDED and was in (DIALING, RINGING, WAITING))
    elif (was, kind) in TRANSITIONS:
        assert state in TRANSITIONS[was, kind], f"{CALL_STATES[was]} on {EVENT_NAMES[kind]}"
        assert call.illegal_events == before["illegal_events"]
    else:
        assert call_snapshot(call) == {**before, "illegal_events": call.illegal_events}, (
            "illegal, and changes something"
        )
        assert call.illegal_events == int(str(before["illegal_events"])) + 1
        wanted = isinstance(event, AgentAssigned) and event.agent != call.agent
        assert [c.kind for c in told(commands, AgentEvent)] == [AGENT_RELEASED] * wanted
        assert len(commands) == wanted
    if closes:
        assert isinstance(commands[-1], CloseCall)
        assert call.ended_at == now
        assert [e.disposition for e in told(commands, AttemptEnded)] == [call.disposition] * (
            call.campaign >= 0
        )
        released = [e.agent for e in told(commands, AgentEvent)]
        assert released == ([call.agent] if was == CONNECTED else [])
        withdrawn = was == WAITING and call.end_reason != END_QUEUE_FULL
        assert len(told(commands, CallWithdrawn)) == withdrawn
        by_far_end = (
            kind in (PARTY_HUNG_UP, CARRIER_LOST, EVENT_NAMES.index("CarrierRefused")) or was == CREATED
        )
        assert len(told(commands, HangUp)) == (not by_far_end), "we clear every line that the far end has not"
    if told(commands, ConnectAgent):
        assert [e.kind for e in told(commands, AgentEvent)] == [AGENT_TAKEN]


def every_sequence(call: Call, length: int) -> Iterator[int]:
    """Walk all sequences of EVENTS, checking each step; calls equal but for their instants are walked on once.

    Instants never decide where an event leads, so that what follows one of them follows all. Yields the states met.
    """
    level = [call]
    for _ in range(length):
        following: dict[str, Call] = {}
        for here in level:
            for event in EVENTS:
                before = call_snapshot(here)
                there = restored_call(before)
                commands, now = given(there, event)
                check_step(before, there, event, commands, now)
                yield there.state
                facts = {
                    k: (v != ABSENT if k.endswith("_at") else v) for k, v in call_snapshot(there).items()
                }
                following.setdefault(json.dumps({**facts, "illegal_events": 0}), there)
        level = list(following.values())


@pytest.mark.parametrize("name", CALLS)
def test_every_sequence_of_six_events_leaves_a_legal_state_and_closes_the_call_once(name: str) -> None:
    assert ENDED in set(every_sequence(CALLS[name], 6))


def test_the_sequences_reach_every_state_and_every_transition() -> None:
    seen: set[tuple[int, int, int]] = set()
    for call in CALLS.values():
        level = [call_snapshot(call)]
        for _ in range(6):
            following: dict[str, dict[str, object]] = {}
            for before in level:
                for event in EVENTS:
                    there = restored_call(before)
                    given(there, event)
                    if event is not DEADLINE and there.illegal_events == before["illegal_events"]:
                        seen.add((int(str(before["state"])), event.kind, there.state))
                    after = call_snapshot(there)
                    facts = {k: (v != ABSENT if k.endswith("_at") else v) for k, v in after.items()}
                    following.setdefault(json.dumps({**facts, "illegal_events": 0}), after)
            level = list(following.values())
    of_transfers = {(WITH_VOICE, TRANSFER_REQUESTED, TRANSFERRING)}
    table = {(state, kind, to) for (state, kind), after in TRANSITIONS.items() for to in after}
    assert seen == {step for step in table if step[0] != TRANSFERRING} - of_transfers


def test_every_kind_of_event_has_a_row_in_the_table_and_no_row_leaves_the_end() -> None:
    assert {kind for _, kind in TRANSITIONS} == set(range(CALL_EVENT_KINDS))
    assert ENDED not in {state for state, _ in TRANSITIONS}


def played(call: Call, *events: Any) -> Call:
    call = restored_call(call_snapshot(call))
    for event in events:
        given(call, event)
    return call


ADMITTED, RINGS, ANSWERS = (
    CallEvent(kind, 7) for kind in (ATTEMPT_ADMITTED, CARRIER_RINGING, CARRIER_ANSWERED)
)
ARRIVES, HANGS_UP, FULL = (CallEvent(kind, 7) for kind in (CALL_ARRIVED, PARTY_HUNG_UP, OFFER_REFUSED))
STARTS, REFUSES, LEFT, TIRED = (
    CallEvent(kind, 7) for kind in (VOICE_STARTED, VOICE_REFUSED, MESSAGE_LEFT, AGENT_HUNG_UP)
)
TAKEN = AgentAssigned(7, 1, 4)
IS_MACHINE, IS_HUMAN = AnswerScreened(7, AMD_MACHINE), AnswerScreened(7, AMD_HUMAN)
CUT = HangUpRequested(7, END_HORIZON)
VOICE = "screened, to a voice agent, then to a queue"
TO_QUEUE = VoiceFinished(7, 2)

ENDINGS: list[tuple[str, list[Any], int, int]] = [
    ("inbound", [ARRIVES, TAKEN, HANGS_UP], HUMAN, END_CUSTOMER_HUNG_UP),
    ("inbound", [ARRIVES, TAKEN, TIRED], HUMAN, END_AGENT_HUNG_UP),
    ("inbound", [ARRIVES, HANGS_UP], ABANDONED, END_NO_AGENT),
    ("inbound", [ARRIVES, FULL], BUSY, END_QUEUE_FULL),
    ("inbound that is sent away", [ARRIVES, DEADLINE], ABANDONED, END_MAX_WAIT),
    ("inbound", [ARRIVES, CUT], CANCELLED, END_HORIZON),
    ("to a queue", [ADMITTED, DEADLINE], NO_ANSWER, END_DIAL_TIMEOUT),
    ("to a queue", [ADMITTED, RINGS, DEADLINE], NO_ANSWER, END_DIAL_TIMEOUT),
    ("to a queue", [ADMITTED, CarrierRefused(7, 486, BUSY, END_BUSY)], BUSY, END_BUSY),
    ("to a queue", [ADMITTED, CarrierRefused(7, 487, CANCELLED, END_CANCELLED)], FAILED, END_CARRIER_FAILURE),
    ("to a queue", [ADMITTED, RINGS, ANSWERS, HANGS_UP], ABANDONED, END_NO_AGENT),
    ("to a queue", [ADMITTED, ANSWERS, FULL], ABANDONED, END_QUEUE_FULL),
    ("to a queue", [ADMITTED, ANSWERS, DEADLINE], ABANDONED, END_MAX_WAIT),
    ("to a queue", [ADMITTED, ANSWERS, TAKEN, CUT], HUMAN, END_HORIZON),
    ("screened", [ADMITTED, ANSWERS, IS_MACHINE], MACHINE, END_MACHINE),
    ("screened", [ADMITTED, ANSWERS, HANGS_UP], UNKNOWN, END_CUSTOMER_HUNG_UP),
    ("screened, with messages", [ADMITTED, ANSWERS, IS_MACHINE, LEFT], MACHINE, END_MACHINE),
    (VOICE, [ADMITTED, ANSWERS, IS_HUMAN, REFUSES], ABANDONED, END_NO_VOICE_AGENT),
    (VOICE, [ADMITTED, ANSWERS, IS_HUMAN, STARTS, VoiceFinished(7, ABSENT)], HUMAN, END_COMPLETED),
    (VOICE, [ADMITTED, ANSWERS, IS_HUMAN, STARTS, TO_QUEUE, HANGS_UP], HUMAN, END_NO_AGENT),
    (VOICE, [ADMITTED, ANSWERS, IS_HUMAN, STARTS, TO_QUEUE, FULL], HUMAN, END_QUEUE_FULL),
    (VOICE, [ADMITTED, ANSWERS, IS_HUMAN, STARTS, TO_QUEUE, CUT], HUMAN, END_HORIZON),
]


@pytest.mark.parametrize(("name", "events", "disposition", "end_reason"), ENDINGS)
def test_how_it_ended_is_what_became_of_it(
    name: str, events: list[Any], disposition: int, end_reason: int
) -> None:
    call = played(CALLS[name], *events)
    assert call.state == ENDED
    assert DISPOSITIONS[call.disposition] == DISPOSITIONS[disposition]
    assert END_REASONS[call.end_reason] == END_REASONS[end_reason]


def test_second_answer_changes_nothing() -> None:
    once = played(CALLS["to a queue"], ADMITTED, ANSWERS)
    twice = played(CALLS["to a queue"], ADMITTED, ANSWERS, ANSWERS)
    assert call_snapshot(twice) == {**call_snapshot(once), "illegal_events": 1}


def test_an_answer_after_the_cancel_is_cleared_from_nobody_s_queue() -> None:
    call = played(CALLS["to a queue"], ADMITTED, RINGS, DEADLINE)
    assert call.receive(ANSWERS, 90 * SECOND) == []
    assert call.state == ENDED


def test_an_agent_reserved_for_a_call_that_has_ended_is_let_go() -> None:
    call = played(CALLS["inbound"], ARRIVES, HANGS_UP)
    (command,) = call.receive(AgentAssigned(7, 1, 4), 90 * SECOND)
    assert isinstance(command, AgentEvent)
    assert (command.kind, command.agent, command.call) == (AGENT_RELEASED, 4, 7)


def test_the_same_agent_assigned_twice_is_kept() -> None:
    call = played(CALLS["inbound"], ARRIVES, TAKEN)
    assert call.receive(TAKEN, 90 * SECOND) == []
    assert call.state == CONNECTED


def test_a_deadline_that_is_not_due_does_nothing() -> None:
    call = played(CALLS["to a queue"], ADMITTED)
    assert call.deadline() == call.dialed_at + 25 * SECOND
    assert call.on_deadline(call.deadline() - 1) == []
    assert call.state == DIALING


def test_instants_are_those_at_which_things_happened() -> None:
    call = outbound(screens=True, voice=0)
    for seconds, event in enumerate(
        [ADMITTED, RINGS, ANSWERS, IS_HUMAN, STARTS, TO_QUEUE, TAKEN, HANGS_UP], 1
    ):
        call.receive(event, seconds * SECOND)
    assert [
        *(call.dialed_at, call.ringing_at, call.answered_at, call.voice_connected_at),
        *(call.queued_at, call.connected_at, call.ended_at),
    ] == [second * SECOND for second in (1, 2, 3, 5, 6, 7, 8)]
    assert (call.queue, call.agent, call.sip_code, call.amd) == (2, 4, 200, AMD_HUMAN)


def test_a_transfer_waits_in_the_queue_it_was_handed_to() -> None:
    call = played(CALLS[VOICE], ADMITTED, ANSWERS, IS_HUMAN, STARTS)
    (offer,) = call.receive(TO_QUEUE, 90 * SECOND)
    assert isinstance(offer, CallOffered)
    assert (offer.queue, offer.call) == (2, 7)


def test_a_snapshot_is_json_and_misses_nothing() -> None:
    call = played(CALLS[VOICE], ADMITTED, ANSWERS, IS_HUMAN, STARTS, TO_QUEUE, TAKEN)
    plain = json.loads(json.dumps(call_snapshot(call)))
    assert call_snapshot(restored_call(plain)) == call_snapshot(call)
    attributes = {
        name for name in dir(call) if not name.startswith("_") and not callable(getattr(call, name))
    }
    assert attributes - set(plain) == {"line"}
    with pytest.raises(SnapshotError, match="direction must be a whole number"):
        restored_call({"id": 7})
    with pytest.raises(SnapshotError, match="no call state 11"):
        restored_call({**plain, "state": 11})


def test_admission_places_the_call() -> None:
    (command,) = outbound().receive(ADMITTED, 0)
    assert isinstance(command, PlaceCall)


@pytest.mark.parametrize(
    ("until", "disposition"),
    [
        ([ADMITTED], UNKNOWN),
        ([ADMITTED, RINGS, ANSWERS], UNKNOWN),
        ([ADMITTED, RINGS, ANSWERS, AgentAssigned(7, 1, 4)], HUMAN),
    ],
)
def test_a_call_that_its_carrier_knows_no_more_ends_as_far_as_is_known(
    until: list[Any], disposition: int
) -> None:
    call = played(outbound(), *until, CallEvent(CARRIER_LOST, 7))
    assert (call.state, call.disposition, call.end_reason) == (ENDED, disposition, END_CARRIER_FAILURE)
