"""Transfers against a small reference: every sequence of six events, and the facts that integrators are promised."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from busyhour.core.call import Call
from busyhour.core.call_states import CALL_STATES, TRANSFERRING, TRANSITIONS, WITH_VOICE
from busyhour.core.commands import (
    BriefAgent,
    Command,
    ConnectAgent,
    EndVoiceSession,
    HangUp,
    ResumeVoiceSession,
)
from busyhour.core.disposition import END_CANCELLED, OUTBOUND
from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    AGENT_ENGAGED,
    AGENT_HUNG_UP,
    AGENT_RELEASED,
    AGENT_TAKEN,
    ATTEMPT_ADMITTED,
    BRIEFING_FINISHED,
    CARRIER_ANSWERED,
    CARRIER_LOST,
    EVENT_NAMES,
    PARTY_HUNG_UP,
    TRANSFER_REFUSED,
    TRANSFER_RINGING,
    VOICE_STARTED,
    AgentEvent,
    CallEvent,
    CallWithdrawn,
    HangUpRequested,
    VoiceFinished,
)
from busyhour.core.ids import ABSENT, SECOND
from busyhour.core.snapshots import call_facts, call_of_facts, call_snapshot, restored_call
from busyhour.core.transfer import (
    ASYNC_HANDOFF,
    COLD,
    FAIL_CALLER_HUNG_UP,
    FAIL_CARRIER,
    FAIL_DECLINED,
    FAIL_NO_ANSWER,
    FAIL_TIMEOUT,
    FAILURES,
    NO_FALLBACK,
    TRANSFER_STATES,
    TRANSFER_TRANSITIONS,
    WARM,
)
from busyhour.core.transfer_events import (
    HandoffQueued,
    TransferAccepted,
    TransferEvent,
    TransferFailed,
    TransferOffered,
    TransferRequested,
    TransferReserved,
)

DEADLINE = object()
TIMEOUT = 30 * SECOND
WANTS = TransferRequested(7, 2, WARM, NO_FALLBACK, TIMEOUT)
WANTS_COLD = TransferRequested(7, 3, COLD, ASYNC_HANDOFF, TIMEOUT)
BRIEFED, TIRED, HANGS_UP, LOST = (
    CallEvent(kind, 7) for kind in (BRIEFING_FINISHED, AGENT_HUNG_UP, PARTY_HUNG_UP, CARRIER_LOST)
)
CUT = HangUpRequested(7, END_CANCELLED)
EVENTS: list[Any] = [
    *(WANTS, WANTS_COLD, BRIEFED, TIRED, HANGS_UP, LOST, CUT, DEADLINE, VoiceFinished(7, ABSENT)),
    *(TransferReserved(7, number, 3 + number) for number in (1, 2)),
    *(TransferAccepted(7, number, 3 + number) for number in (1, 2)),
    *(TransferEvent(TRANSFER_RINGING, 7, number) for number in (1, 2)),
    *(TransferEvent(TRANSFER_REFUSED, 7, number) for number in (1, 2)),
    *(HandoffQueued(7, number, 9) for number in (1, 2)),
    *(TransferFailed(7, number, FAIL_NO_ANSWER) for number in (1, 2)),
]

Told = tuple[str, int]


@dataclass(frozen=True)
class Reference:
    """A call with a voice agent, as the specification says it; `told` is what it asks for, in order."""

    call: str = "with_voice"
    state: str = ""
    number: int = 0
    cold: bool = False
    queue: int = ABSENT
    agent: int = ABSENT
    failure: str = ""

    def on(self, event: Any) -> tuple["Reference", list[Told]]:
        if self.call == "transferring":
            return self._transferring(event)
        if self.call == "with_voice" and isinstance(event, TransferRequested):
            asked = Reference("transferring", "asked", self.number + 1, event.way == COLD, event.queue)
            return asked, [("offer", event.queue)]
        if self.call == "with_voice" and isinstance(event, VoiceFinished):
            return replace(self, call="ended"), [("hang up", 7)]
        if self.call in ("with_voice", "connected") and event in (HANGS_UP, LOST, CUT):
            return self._over(event)
        if self.call == "connected" and event is TIRED:
            return replace(self, call="ended"), [("hang up", 7), ("release", self.agent)]
        if isinstance(event, TransferAccepted) and (self.state, self.agent) != ("bridged", event.agent):
            return self, [("release", event.agent)]
        return self, []

    def _over(self, event: Any) -> tuple["Reference", list[Told]]:
        told = [("hang up", 7)] if event is CUT else []
        if self.call == "connected":
            told.append(("release", self.agent))
        return replace(self, call="ended"), told

    def _transferring(self, event: Any) -> tuple["Reference", list[Told]]:
        if event in (HANGS_UP, LOST, CUT, DEADLINE):
            failure = {HANGS_UP: "caller_hung_up", CUT: "caller_hung_up", LOST: "carrier_failure"}
            gone = replace(self, call="ended", state="failed", failure=failure.get(event, "timeout"))
            let_go = ("release", self.agent) if self.state == "briefing" else ("withdraw", self.queue)
            if event is DEADLINE:
                return replace(gone, call="with_voice"), [let_go, ("resume", 7)]
            return gone, [*([("hang up", 7)] if event is CUT else []), let_go]
        if self.state == "briefing" and event is BRIEFED:
            return self._bridged()
        if self.state == "briefing" and event is TIRED:
            return self._back("failed", "agent_declined", ("release", self.agent))
        if not isinstance(event, TransferEvent):
            return self, []
        if isinstance(event, TransferAccepted):
            if event.number == self.number and self.state in ("reserved", "ringing_agent"):
                taken = replace(self, state="briefing", agent=event.agent)
                if self.cold:
                    return taken._bridged()
                return taken, [("engage", event.agent), ("brief", event.agent)]
            held = self.state == "briefing" and self.agent == event.agent
            return self, [] if held else [("release", event.agent)]
        if event.number != self.number:
            return self, []
        if isinstance(event, TransferReserved):
            asked = self.state == "asked"
            return (replace(self, state="reserved", agent=event.agent) if asked else self), []
        if isinstance(event, TransferFailed):
            coming = self.state in ("reserved", "ringing_agent")
            return self._back("failed", FAILURES[event.reason]) if coming else (self, [])
        if event.kind == TRANSFER_RINGING:
            return (replace(self, state="ringing_agent") if self.state == "reserved" else self), []
        if self.state != "asked":
            return self, []
        return self._back("handed_off" if isinstance(event, HandoffQueued) else "refused", "")

    def _bridged(self) -> tuple["Reference", list[Told]]:
        told = [("take", self.agent), ("end voice", 7), ("connect", self.agent)]
        return replace(self, call="connected", state="bridged"), told

    def _back(self, state: str, failure: str, *first: Told) -> tuple["Reference", list[Told]]:
        return replace(self, call="with_voice", state=state, failure=failure), [*first, ("resume", 7)]


def with_voice() -> Call:
    call = Call(7, OUTBOUND, ABSENT, 0, 0, 0)
    call.voice_agent = 0
    for kind in (ATTEMPT_ADMITTED, CARRIER_ANSWERED, VOICE_STARTED):
        call.receive(CallEvent(kind, 7), SECOND)
    assert call.state == WITH_VOICE
    return call


def given(call: Call, event: Any, now: int) -> list[Told]:
    if event is DEADLINE:
        due_at = call.deadline()
        return told_by(call.on_deadline(max(now, due_at)))
    return told_by(call.receive(event, now))


def told_by(commands: list[Command]) -> list[Told]:
    agents = {AGENT_ENGAGED: "engage", AGENT_RELEASED: "release", AGENT_TAKEN: "take"}
    plain: dict[type, str] = {EndVoiceSession: "end voice", ResumeVoiceSession: "resume", HangUp: "hang up"}
    told: list[Told] = []
    for command in commands:
        if isinstance(command, AgentEvent):
            told.append((agents[command.kind], command.agent))
        elif isinstance(command, TransferOffered):
            told.append(("offer", command.queue))
        elif isinstance(command, CallWithdrawn):
            told.append(("withdraw", command.queue))
        elif isinstance(command, BriefAgent | ConnectAgent):
            told.append(("brief" if isinstance(command, BriefAgent) else "connect", command.agent))
        elif type(command) in plain:
            told.append((plain[type(command)], 7))
    return told


def shown(call: Call) -> Reference:
    """The call as the reference has it."""
    transfer = call.transfer
    if transfer is None:
        return Reference(CALL_STATES[call.state])
    return Reference(
        CALL_STATES[call.state],
        TRANSFER_STATES[transfer.state],
        transfer.number,
        transfer.way == COLD,
        transfer.queue,
        transfer.agent,
        FAILURES[transfer.failure],
    )


def test_every_sequence_of_six_events_does_what_the_reference_does() -> None:
    """Calls that the reference takes for the same are walked on once. Every transition is met."""
    seen: set[tuple[int, int, int]] = set()
    of_calls: set[tuple[int, int, int]] = set()
    level = {Reference(): with_voice()}
    for step in range(6):
        following: dict[Reference, Call] = {}
        for reference, call in level.items():
            for event in EVENTS:
                there = restored_call(json.loads(json.dumps(call_snapshot(call))))
                expected, wanted = reference.on(event)
                before, state = call.transfer, call.state
                illegal = there.illegal_events
                assert given(there, event, (step + 2) * SECOND) == wanted, (
                    reference,
                    EVENT_NAMES[event.kind],
                )
                assert shown(there) == expected
                if event is not DEADLINE and there.illegal_events == illegal:
                    if state == TRANSFERRING:
                        of_calls.add((state, event.kind, there.state))
                        if before is not None and there.transfer is not None:
                            seen.add((before.state, event.kind, there.transfer.state))
                following.setdefault(expected, there)
        level = following
    assert seen == {
        (state, kind, to) for (state, kind), after in TRANSFER_TRANSITIONS.items() for to in after
    }
    table = {(state, kind, to) for (state, kind), after in TRANSITIONS.items() for to in after}
    assert of_calls == {step for step in table if step[0] == TRANSFERRING}


def transferred(*events: Any) -> Call:
    call = with_voice()
    for seconds, event in enumerate(events, 2):
        given(call, event, seconds * SECOND)
    return call


RESERVED, ACCEPTED = TransferReserved(7, 1, 4), TransferAccepted(7, 1, 4)
RINGS = TransferEvent(TRANSFER_RINGING, 7, 1)


def test_the_record_of_a_warm_transfer_has_the_caller_with_the_agent_from_the_bridging_on() -> None:
    call = transferred(WANTS, RESERVED, RINGS, ACCEPTED, BRIEFED)
    assert (call.queue, call.agent) == (2, 4)
    assert call.queued_at == call.connected_at == 6 * SECOND


@pytest.mark.parametrize(
    ("events", "failure"),
    [
        ([RESERVED, RINGS, TransferFailed(7, 1, FAIL_NO_ANSWER)], FAIL_NO_ANSWER),
        ([RESERVED, RINGS, TransferFailed(7, 1, FAIL_DECLINED)], FAIL_DECLINED),
        ([RESERVED, ACCEPTED, TIRED], FAIL_DECLINED),
        ([RESERVED, RINGS, DEADLINE], FAIL_TIMEOUT),
        ([RESERVED, ACCEPTED, DEADLINE], FAIL_TIMEOUT),
        ([DEADLINE], FAIL_TIMEOUT),
    ],
)
def test_after_a_failure_the_caller_is_back_with_the_voice_agent(events: list[Any], failure: int) -> None:
    call = transferred(WANTS, *events)
    assert call.state == WITH_VOICE
    assert (call.agent, call.queue, call.queued_at, call.connected_at) == (ABSENT,) * 4
    assert call.transfer is not None
    assert FAILURES[call.transfer.failure] == FAILURES[failure]
    assert given(call, WANTS, 90 * SECOND) == [("offer", 2)], "and may be transferred again"


@pytest.mark.parametrize(("end", "failure"), [(HANGS_UP, FAIL_CALLER_HUNG_UP), (LOST, FAIL_CARRIER)])
def test_a_call_that_ends_in_a_transfer_says_why(end: Any, failure: int) -> None:
    call = transferred(WANTS, RESERVED, end)
    assert call.transfer is not None
    assert FAILURES[call.transfer.failure] == FAILURES[failure]


def test_an_agent_who_accepts_too_late_is_let_go() -> None:
    call = transferred(WANTS, RESERVED, RINGS, DEADLINE)
    assert given(call, ACCEPTED, 60 * SECOND) == [("release", 4)]


def test_an_answer_to_an_earlier_transfer_does_not_end_the_next() -> None:
    call = transferred(WANTS, RESERVED, DEADLINE, WANTS)
    assert given(call, TransferFailed(7, 1, FAIL_NO_ANSWER), 60 * SECOND) == []
    assert call.state == TRANSFERRING


def test_a_transfer_is_a_part_of_the_call_s_snapshot_and_facts() -> None:
    call = transferred(WANTS, RESERVED, RINGS)
    facts = json.loads(json.dumps(call_facts(call)))
    assert call_snapshot(call_of_facts(facts)) == call_snapshot(call)
    assert call_of_facts(facts).deadline() == 2 * SECOND + TIMEOUT
    with pytest.raises(SnapshotError, match="is no transfer"):
        call_of_facts(facts[:-1])
    with pytest.raises(SnapshotError, match="transferring without a transfer"):
        restored_call({**call_snapshot(call), "transfer": []})
