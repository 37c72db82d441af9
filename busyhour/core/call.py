"""One call, from its creation to its record.

The table `TRANSITIONS` is the machine; `docs/` draws its diagram from it. An event it does not allow changes nothing
and is counted, because carriers send late, duplicate and reordered events and messages between machines may cross.
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from busyhour.core.commands import (
    CloseCall,
    Command,
    ConnectAgent,
    HangUp,
    LeaveMessage,
    PlaceCall,
    ScreenAnswer,
    StartVoiceSession,
)
from busyhour.core.disposition import (
    ABANDONED,
    AMD_MACHINE,
    AMD_NONE,
    BUSY,
    CANCELLED,
    END_AGENT_HUNG_UP,
    END_CARRIER_FAILURE,
    END_COMPLETED,
    END_CUSTOMER_HUNG_UP,
    END_DIAL_TIMEOUT,
    END_MACHINE,
    END_MAX_WAIT,
    END_NO_AGENT,
    END_NO_ANSWER,
    END_NO_VOICE_AGENT,
    END_QUEUE_FULL,
    FAILED,
    HUMAN,
    INBOUND,
    MACHINE,
    NO_ANSWER,
    UNKNOWN,
)
from busyhour.core.events import (
    AGENT_ASSIGNED,
    AGENT_HUNG_UP,
    AGENT_RELEASED,
    AGENT_TAKEN,
    ANSWER_SCREENED,
    ATTEMPT_ADMITTED,
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    CALL_ARRIVED,
    CALL_EVENT_KINDS,
    CARRIER_ANSWERED,
    CARRIER_REFUSED,
    CARRIER_RINGING,
    HANG_UP_REQUESTED,
    MESSAGE_LEFT,
    OFFER_REFUSED,
    PARTY_HUNG_UP,
    VOICE_FINISHED,
    VOICE_REFUSED,
    VOICE_STARTED,
    AgentAssigned,
    AgentEvent,
    AnswerScreened,
    AttemptEnded,
    AttemptEvent,
    CallEvent,
    CallOffered,
    CallWithdrawn,
    CarrierRefused,
    HangUpRequested,
    VoiceFinished,
)
from busyhour.core.ids import ABSENT, Instant, Micros

CREATED: Final = 0
DIALING: Final = 1
RINGING: Final = 2
SCREENING: Final = 3
STARTING_VOICE: Final = 4
WITH_VOICE: Final = 5
WAITING: Final = 6
CONNECTED: Final = 7
LEAVING_MESSAGE: Final = 8
ENDED: Final = 9
CALL_STATES: Final = (
    "created",
    "dialing",
    "ringing",
    "screening",
    "starting_voice",
    "with_voice",
    "waiting",
    "connected",
    "leaving_message",
    "ended",
)

_ANSWERED_BY_CARRIER: Final = (SCREENING, STARTING_VOICE, WAITING)

TRANSITIONS: Final[dict[tuple[int, int], tuple[int, ...]]] = {
    (CREATED, CALL_ARRIVED): (WAITING,),
    (CREATED, ATTEMPT_ADMITTED): (DIALING,),
    (CREATED, CARRIER_REFUSED): (ENDED,),
    (CREATED, HANG_UP_REQUESTED): (ENDED,),
    (DIALING, CARRIER_RINGING): (RINGING,),
    (DIALING, CARRIER_ANSWERED): _ANSWERED_BY_CARRIER,
    (DIALING, CARRIER_REFUSED): (ENDED,),
    (DIALING, PARTY_HUNG_UP): (ENDED,),
    (DIALING, HANG_UP_REQUESTED): (ENDED,),
    (RINGING, CARRIER_ANSWERED): _ANSWERED_BY_CARRIER,
    (RINGING, CARRIER_REFUSED): (ENDED,),
    (RINGING, PARTY_HUNG_UP): (ENDED,),
    (RINGING, HANG_UP_REQUESTED): (ENDED,),
    (SCREENING, ANSWER_SCREENED): (STARTING_VOICE, WAITING, LEAVING_MESSAGE, ENDED),
    (SCREENING, PARTY_HUNG_UP): (ENDED,),
    (SCREENING, HANG_UP_REQUESTED): (ENDED,),
    (STARTING_VOICE, VOICE_STARTED): (WITH_VOICE,),
    (STARTING_VOICE, VOICE_REFUSED): (ENDED,),
    (STARTING_VOICE, PARTY_HUNG_UP): (ENDED,),
    (STARTING_VOICE, HANG_UP_REQUESTED): (ENDED,),
    (WITH_VOICE, VOICE_FINISHED): (WAITING, ENDED),
    (WITH_VOICE, PARTY_HUNG_UP): (ENDED,),
    (WITH_VOICE, HANG_UP_REQUESTED): (ENDED,),
    (WAITING, AGENT_ASSIGNED): (CONNECTED,),
    (WAITING, OFFER_REFUSED): (ENDED,),
    (WAITING, PARTY_HUNG_UP): (ENDED,),
    (WAITING, HANG_UP_REQUESTED): (ENDED,),
    (LEAVING_MESSAGE, MESSAGE_LEFT): (ENDED,),
    (LEAVING_MESSAGE, PARTY_HUNG_UP): (ENDED,),
    (LEAVING_MESSAGE, HANG_UP_REQUESTED): (ENDED,),
    (CONNECTED, PARTY_HUNG_UP): (ENDED,),
    (CONNECTED, AGENT_HUNG_UP): (ENDED,),
    (CONNECTED, HANG_UP_REQUESTED): (ENDED,),
}
"""(state, event kind) → the states it may lead to; what is not here is illegal."""


_LEGAL: Final = [
    (state, kind) in TRANSITIONS for state in range(len(CALL_STATES)) for kind in range(CALL_EVENT_KINDS)
]


@final
@mypyc_attr(acyclic=True)
class Call:
    """The state machine of one call. Instants are ABSENT until they happen.

    `campaign`, `contact`, `queue`, `trunk`, `voice_agent` and `agent` are ids, ABSENT where there is none.
    """

    __slots__ = (
        "agent",
        "amd",
        "answered_at",
        "attempt",
        "campaign",
        "connected_at",
        "contact",
        "created_at",
        "dial_timeout",
        "dialed_at",
        "direction",
        "disposition",
        "end_reason",
        "ended_at",
        "id",
        "illegal_events",
        "leaves_messages",
        "line",
        "max_wait",
        "priority",
        "queue",
        "queued_at",
        "ringing_at",
        "screens_answers",
        "sip_code",
        "state",
        "trunk",
        "voice_agent",
        "voice_connected_at",
    )

    def __init__(
        self, id: int, direction: int, queue: int, trunk: int, priority: int, created_at: Instant
    ) -> None:
        self.id: int = id
        self.direction: int = direction
        self.queue: int = queue
        self.trunk: int = trunk
        self.priority: int = priority
        self.created_at: Instant = created_at
        self.state: int = CREATED
        self.campaign: int = ABSENT
        self.contact: int = ABSENT
        self.attempt: int = 0
        self.voice_agent: int = ABSENT
        self.agent: int = ABSENT
        self.screens_answers: bool = False
        self.dial_timeout: Micros = 0
        """From dialling to giving up an unanswered attempt; 0 for never."""
        self.max_wait: Micros = 0
        """From the offer to a queue to sending the caller away; 0 for never."""
        self.leaves_messages: bool = False
        self.dialed_at: Instant = ABSENT
        self.ringing_at: Instant = ABSENT
        self.answered_at: Instant = ABSENT
        self.voice_connected_at: Instant = ABSENT
        self.queued_at: Instant = ABSENT
        self.connected_at: Instant = ABSENT
        self.ended_at: Instant = ABSENT
        self.disposition: int = UNKNOWN
        self.end_reason: int = END_COMPLETED
        self.sip_code: int = ABSENT
        self.amd: int = AMD_NONE
        self.illegal_events: int = 0
        self.line: object = None
        """What the carrier keeps of the call: it sets it and takes it away again. No part of a snapshot."""

    def receive(self, event: CallEvent, now: Instant) -> list[Command]:
        """Take one event in; what is illegal here changes nothing and is counted."""
        commands: list[Command] = []
        self.answer(event, now, commands)
        return commands

    def answer(self, event: CallEvent, now: Instant, commands: list[Command]) -> None:
        """The same for a driver, which has what comes of it appended to its inbox."""
        kind = event.kind
        if not _LEGAL[self.state * CALL_EVENT_KINDS + kind]:
            self.illegal_events += 1
            if isinstance(event, AgentAssigned) and event.agent != self.agent:
                commands.append(event.declined())
        elif kind == PARTY_HUNG_UP:
            self._party_hung_up(now, commands)
        elif isinstance(event, AgentAssigned):
            self._connect(event.agent, now, commands)
        elif kind == CALL_ARRIVED:
            self.answered_at = now
            self._wait_for_agent(self.queue, now, commands)
        elif kind == ATTEMPT_ADMITTED:
            self.state = DIALING
            self.dialed_at = now
            commands.append(PlaceCall(self))
        elif kind == CARRIER_RINGING:
            self.state = RINGING
            self.ringing_at = now
        elif isinstance(event, CarrierRefused):
            self.sip_code = event.sip_code
            if event.disposition == CANCELLED:
                # We have cancelled nothing, or the call would have ended: the carrier's own doing, and no free attempt.
                self._end(FAILED, END_CARRIER_FAILURE, now, commands)
            else:
                self._end(event.disposition, event.end_reason, now, commands)
        elif kind == CARRIER_ANSWERED:
            self.answered_at = now
            self.sip_code = 200
            if self.screens_answers:
                self.state = SCREENING
                commands.append(ScreenAnswer(self))
            else:
                self._greet(now, commands)
        elif isinstance(event, AnswerScreened):
            self._screened(event.result, now, commands)
        elif kind == OFFER_REFUSED:
            self._hang_up(self._lost_while_waiting(BUSY), END_QUEUE_FULL, now, commands)
        elif kind == AGENT_HUNG_UP:
            self._hang_up(HUMAN, END_AGENT_HUNG_UP, now, commands)
        elif kind == VOICE_STARTED:
            self.state = WITH_VOICE
            self.voice_connected_at = now
            if self.campaign != ABSENT:
                commands.append(AttemptEvent(ATTEMPT_CONNECTED, self.campaign, self.id))
        elif kind == VOICE_REFUSED:
            self._hang_up(ABANDONED, END_NO_VOICE_AGENT, now, commands)
        elif isinstance(event, VoiceFinished):
            if event.transfer_to != ABSENT:
                self._wait_for_agent(event.transfer_to, now, commands)
            else:
                self._hang_up(HUMAN, END_COMPLETED, now, commands)
        elif kind == MESSAGE_LEFT:
            self._hang_up(MACHINE, END_MACHINE, now, commands)
        else:
            assert isinstance(event, HangUpRequested), "the table allows no other kind"
            self._hung_up_by_us(event.end_reason, now, commands)

    def deadline(self) -> Instant:
        """When an unanswered attempt is given up or a waiting caller sent away; ABSENT when nothing is due."""
        if self.state == DIALING or self.state == RINGING:
            if self.dial_timeout > 0:
                return self.dialed_at + self.dial_timeout
        elif self.state == WAITING and self.max_wait > 0:
            return self.queued_at + self.max_wait
        return ABSENT

    def on_deadline(self, now: Instant) -> list[Command]:
        """Nobody answered in time, or no agent within the longest wait. Harmless when nothing is due."""
        commands: list[Command] = []
        due = self.deadline()
        if due == ABSENT or now < due:
            return commands
        if self.state == WAITING:
            self._hang_up(self._lost_while_waiting(ABANDONED), END_MAX_WAIT, now, commands)
        else:
            self.sip_code = 487  # RFC 3261 15.1.2: what a cancelled INVITE is answered with.
            self._hang_up(NO_ANSWER, END_DIAL_TIMEOUT, now, commands)
        return commands

    def _greet(self, now: Instant, commands: list[Command]) -> None:
        """A live answer, as far as we can tell: a queue takes it, else a voice agent or the campaign's message."""
        if self.voice_agent == ABSENT and self.queue != ABSENT:
            self._wait_for_agent(self.queue, now, commands)
            return
        self.state = STARTING_VOICE
        if self.campaign != ABSENT:
            commands.append(AttemptEvent(ATTEMPT_ANSWERED, self.campaign, self.id))
        commands.append(StartVoiceSession(self, self.voice_agent))

    def _wait_for_agent(self, queue: int, now: Instant, commands: list[Command]) -> None:
        self.state = WAITING
        self.queue = queue
        self.queued_at = now
        if self.campaign != ABSENT and self.voice_connected_at == ABSENT:
            commands.append(AttemptEvent(ATTEMPT_ANSWERED, self.campaign, self.id))
        commands.append(CallOffered(queue, self.id, self.priority))

    def _connect(self, agent: int, now: Instant, commands: list[Command]) -> None:
        self.state = CONNECTED
        self.agent = agent
        self.connected_at = now
        commands.append(AgentEvent(AGENT_TAKEN, agent, self.id))
        if self.campaign != ABSENT and self.voice_connected_at == ABSENT:
            commands.append(AttemptEvent(ATTEMPT_CONNECTED, self.campaign, self.id))
        commands.append(ConnectAgent(self, agent))

    def _screened(self, result: int, now: Instant, commands: list[Command]) -> None:
        self.amd = result
        if result != AMD_MACHINE:
            self._greet(now, commands)
        elif self.leaves_messages:
            self.state = LEAVING_MESSAGE
            commands.append(LeaveMessage(self))
        else:
            self._hang_up(MACHINE, END_MACHINE, now, commands)

    def _party_hung_up(self, now: Instant, commands: list[Command]) -> None:
        if self.state == CONNECTED or self.state == WITH_VOICE:
            self._end(HUMAN, END_CUSTOMER_HUNG_UP, now, commands)
        elif self.state == WAITING:
            self._end(self._lost_while_waiting(ABANDONED), END_NO_AGENT, now, commands)
        elif self.state == DIALING or self.state == RINGING:
            self._end(NO_ANSWER, END_NO_ANSWER, now, commands)
        elif self.state == LEAVING_MESSAGE:
            self._end(MACHINE, END_MACHINE, now, commands)
        else:
            # Gone before anybody could tell who answered.
            self._end(UNKNOWN, END_CUSTOMER_HUNG_UP, now, commands)

    def _lost_while_waiting(self, inbound_disposition: int) -> int:
        """A person whom a voice agent has served was reached; one who got nobody was abandoned."""
        if self.voice_connected_at != ABSENT:
            return HUMAN
        if self.direction == INBOUND:
            return inbound_disposition
        return ABANDONED

    def _hung_up_by_us(self, end_reason: int, now: Instant, commands: list[Command]) -> None:
        disposition = CANCELLED
        if self.state == CONNECTED or self.state == WITH_VOICE or self.voice_connected_at != ABSENT:
            disposition = HUMAN
        if self.state == CREATED:
            self._end(disposition, end_reason, now, commands)
        else:
            self._hang_up(disposition, end_reason, now, commands)

    def _hang_up(self, disposition: int, end_reason: int, now: Instant, commands: list[Command]) -> None:
        """We end what has a line."""
        commands.append(HangUp(self))
        self._end(disposition, end_reason, now, commands)

    def _end(self, disposition: int, end_reason: int, now: Instant, commands: list[Command]) -> None:
        before = self.state
        self.state = ENDED
        self.ended_at = now
        self.disposition = disposition
        self.end_reason = end_reason
        if before == CONNECTED:
            commands.append(AgentEvent(AGENT_RELEASED, self.agent, self.id))
        elif before == WAITING and end_reason != END_QUEUE_FULL:
            commands.append(CallWithdrawn(self.queue, self.id))
        if self.campaign != ABSENT:
            commands.append(AttemptEnded(self.campaign, self.id, disposition, end_reason))
        commands.append(CloseCall(self))
