"""One call, from its creation to its record.

The table `call_states.TRANSITIONS` is the machine; `docs/` draws its diagram from it. An event it does not allow
changes nothing and is counted, because carriers send late, duplicate and reordered events and messages between machines
may cross.
"""

from typing import Any, final

from mypy_extensions import mypyc_attr

from busyhour.core.call_states import (
    CONNECTED,
    CREATED,
    DIALING,
    ENDED,
    LEAVING_MESSAGE,
    LEGAL,
    RINGING,
    SCREENING,
    STARTING_VOICE,
    TRANSFERRING,
    WAITING,
    WITH_VOICE,
)
from busyhour.core.call_transfer import (
    back_to_voice,
    begin_transfer,
    briefed,
    give_up_transfer,
    transfer_answered,
    transfer_of,
)
from busyhour.core.commands import Command, Executor
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
    ATTEMPT_ADMITTED,
    BRIEFING_FINISHED,
    CALL_ARRIVED,
    CARRIER_ANSWERED,
    CARRIER_LOST,
    CARRIER_RINGING,
    MESSAGE_LEFT,
    OFFER_REFUSED,
    PARTY_HUNG_UP,
    VOICE_REFUSED,
    VOICE_STARTED,
    AgentAssigned,
    AnswerScreened,
    CallEvent,
    CarrierRefused,
    HangUpRequested,
    VoiceFinished,
)
from busyhour.core.ids import ABSENT, Instant, Micros
from busyhour.core.inbox import Inbox
from busyhour.core.transfer import FAIL_CALLER_HUNG_UP, FAIL_CARRIER, FAIL_TIMEOUT, Transfer
from busyhour.core.transfer_events import TransferAccepted, TransferEvent, TransferRequested


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
        "phone",
        "priority",
        "queue",
        "queued_at",
        "ringing_at",
        "screens_answers",
        "sip_code",
        "state",
        "transfer",
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
        self.phone: int = 0
        """The called number in E.164 format, without the +; 0 where there is none."""
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
        self.transfer: Transfer | None = None
        """The latest transfer that was asked for."""
        self.line: Any = None
        """What the carrier keeps of the call: it sets it and takes it away again. No part of a snapshot."""

    def receive(self, event: CallEvent, now: Instant) -> list[Command]:
        """Take one event in; what is illegal here changes nothing and is counted."""
        inbox = Inbox()
        self.answer(event, now, inbox)
        return inbox.commands

    def answer(self, event: CallEvent, now: Instant, out: Executor) -> None:
        """The same for a driver: what comes of it is told to `out`."""
        if isinstance(event, AgentAssigned):
            self.agent_assigned(event.agent, now, out)
        elif type(event) is CallEvent:
            self.hear(event.kind, now, out)
        elif not LEGAL[self.state][event.kind]:
            self.illegal_events += 1
            if isinstance(event, TransferAccepted) and event.agent != self.agent:
                out.agent_released(event.agent, self.id)
        elif isinstance(event, CarrierRefused):
            self.sip_code = event.sip_code
            if event.disposition == CANCELLED:
                # We have cancelled nothing, or the call would have ended: the carrier's own doing, and no free attempt.
                self._end(FAILED, END_CARRIER_FAILURE, now, out)
            else:
                self._end(event.disposition, event.end_reason, now, out)
        elif isinstance(event, AnswerScreened):
            self._screened(event.result, now, out)
        elif isinstance(event, VoiceFinished):
            if event.transfer_to != ABSENT:
                self._wait_for_agent(event.transfer_to, now, out)
            else:
                self._hang_up(HUMAN, END_COMPLETED, now, out)
        elif isinstance(event, HangUpRequested):
            self._hung_up_by_us(event.end_reason, now, out)
        elif isinstance(event, TransferRequested):
            begin_transfer(self, event, now, out)
        else:
            assert isinstance(event, TransferEvent), "every class of call events is here"
            transfer_answered(self, event, now, out)

    def hear(self, kind: int, now: Instant, out: Executor) -> None:
        """`answer` to an event of which there is no more to know than its kind, and which need not be made for it."""
        if not LEGAL[self.state][kind]:
            self.illegal_events += 1
        elif kind == PARTY_HUNG_UP:
            if self.state == CONNECTED or self.state == WITH_VOICE or self.state == TRANSFERRING:
                self._end(HUMAN, END_CUSTOMER_HUNG_UP, now, out)
            else:
                self._gone_too_early(now, out)
        elif kind == CALL_ARRIVED:
            self.answered_at = now
            self._wait_for_agent(self.queue, now, out)
        elif kind == ATTEMPT_ADMITTED:
            self.state = DIALING
            self.dialed_at = now
            out.place_call(self)
        elif kind == CARRIER_RINGING:
            self.state = RINGING
            self.ringing_at = now
        elif kind == CARRIER_ANSWERED:
            self.answered_at = now
            self.sip_code = 200
            if self.screens_answers:
                self.state = SCREENING
                out.screen_answer(self)
            else:
                self._greet(now, out)
        elif kind == OFFER_REFUSED:
            self._hang_up(self._lost_while_waiting(BUSY), END_QUEUE_FULL, now, out)
        elif self.state == TRANSFERRING and (kind == AGENT_HUNG_UP or kind == BRIEFING_FINISHED):
            briefed(self, kind, now, out)
        elif kind == AGENT_HUNG_UP:
            self._hang_up(HUMAN, END_AGENT_HUNG_UP, now, out)
        elif kind == VOICE_STARTED:
            self.state = WITH_VOICE
            self.voice_connected_at = now
            if self.campaign != ABSENT:
                out.attempt_connected(self.campaign, self.id)
        elif kind == VOICE_REFUSED:
            self._hang_up(ABANDONED, END_NO_VOICE_AGENT, now, out)
        elif kind == MESSAGE_LEFT:
            self._hang_up(MACHINE, END_MACHINE, now, out)
        else:
            assert kind == CARRIER_LOST, "the table allows no other kind"
            reached = self.state == CONNECTED or self.voice_connected_at != ABSENT
            self._end(HUMAN if reached else UNKNOWN, END_CARRIER_FAILURE, now, out)

    def agent_assigned(self, agent: int, now: Instant, out: Executor) -> None:
        """`answer` to a queue that has reserved an agent for the call."""
        if not LEGAL[self.state][AGENT_ASSIGNED]:
            self.illegal_events += 1
            if agent != self.agent:
                out.agent_released(agent, self.id)
            return
        self.state = CONNECTED
        self.agent = agent
        self.connected_at = now
        out.agent_taken(agent, self.id)
        if self.campaign != ABSENT and self.voice_connected_at == ABSENT:
            out.attempt_connected(self.campaign, self.id)
        out.connect_agent(self, agent)

    def deadline(self) -> Instant:
        """When an attempt or a transfer is given up, or a waiting caller sent away; ABSENT when nothing is due."""
        if self.state == DIALING or self.state == RINGING:
            if self.dial_timeout > 0:
                return self.dialed_at + self.dial_timeout
        elif self.state == WAITING and self.max_wait > 0:
            return self.queued_at + self.max_wait
        elif self.state == TRANSFERRING:
            return transfer_of(self).due_at
        return ABSENT

    def on_deadline(self, now: Instant) -> list[Command]:
        """Nobody answered or came in time, or no agent within the longest wait. Harmless when nothing is due."""
        inbox = Inbox()
        due = self.deadline()
        if due == ABSENT or now < due:
            return inbox.commands
        if self.state == WAITING:
            self._hang_up(self._lost_while_waiting(ABANDONED), END_MAX_WAIT, now, inbox)
        elif self.state == TRANSFERRING:
            give_up_transfer(self, FAIL_TIMEOUT, inbox)
            back_to_voice(self, inbox)
        else:
            self.sip_code = 487  # RFC 3261 15.1.2: what a cancelled INVITE is answered with.
            self._hang_up(NO_ANSWER, END_DIAL_TIMEOUT, now, inbox)
        return inbox.commands

    def _greet(self, now: Instant, out: Executor) -> None:
        """A live answer, as far as we can tell: a queue takes it, else a voice agent or the campaign's message."""
        if self.voice_agent == ABSENT and self.queue != ABSENT:
            self._wait_for_agent(self.queue, now, out)
            return
        self.state = STARTING_VOICE
        if self.campaign != ABSENT:
            out.attempt_answered(self.campaign, self.id)
        out.start_voice_session(self, self.voice_agent)

    def _wait_for_agent(self, queue: int, now: Instant, out: Executor) -> None:
        self.state = WAITING
        self.queue = queue
        self.queued_at = now
        if self.campaign != ABSENT and self.voice_connected_at == ABSENT:
            out.attempt_answered(self.campaign, self.id)
        out.call_offered(queue, self.id, self.priority)

    def _screened(self, result: int, now: Instant, out: Executor) -> None:
        self.amd = result
        if result != AMD_MACHINE:
            self._greet(now, out)
        elif self.leaves_messages:
            self.state = LEAVING_MESSAGE
            out.leave_message(self)
        else:
            self._hang_up(MACHINE, END_MACHINE, now, out)

    def _gone_too_early(self, now: Instant, out: Executor) -> None:
        """The party has hung up, and nobody talked with it."""
        if self.state == WAITING:
            self._end(self._lost_while_waiting(ABANDONED), END_NO_AGENT, now, out)
        elif self.state == DIALING or self.state == RINGING:
            self._end(NO_ANSWER, END_NO_ANSWER, now, out)
        elif self.state == LEAVING_MESSAGE:
            self._end(MACHINE, END_MACHINE, now, out)
        else:
            # Gone before anybody could tell who answered.
            self._end(UNKNOWN, END_CUSTOMER_HUNG_UP, now, out)

    def _lost_while_waiting(self, inbound_disposition: int) -> int:
        """A person whom a voice agent has served was reached; one who got nobody was abandoned."""
        if self.voice_connected_at != ABSENT:
            return HUMAN
        if self.direction == INBOUND:
            return inbound_disposition
        return ABANDONED

    def _hung_up_by_us(self, end_reason: int, now: Instant, out: Executor) -> None:
        disposition = CANCELLED
        if self.state == CONNECTED or self.state == WITH_VOICE or self.voice_connected_at != ABSENT:
            disposition = HUMAN
        if self.state == CREATED:
            self._end(disposition, end_reason, now, out)
        else:
            self._hang_up(disposition, end_reason, now, out)

    def _hang_up(self, disposition: int, end_reason: int, now: Instant, out: Executor) -> None:
        """We end what has a line."""
        self._end(disposition, end_reason, now, out, True)

    def _end(
        self, disposition: int, end_reason: int, now: Instant, out: Executor, hangs_up: bool = False
    ) -> None:
        before = self.state
        self.state = ENDED
        self.ended_at = now
        self.disposition = disposition
        self.end_reason = end_reason
        if hangs_up:
            out.hang_up(self)
        if before == CONNECTED:
            out.agent_released(self.agent, self.id)
        elif before == WAITING and end_reason != END_QUEUE_FULL:
            out.call_withdrawn(self.queue, self.id)
        elif before == TRANSFERRING:
            lost = end_reason == END_CARRIER_FAILURE
            give_up_transfer(self, FAIL_CARRIER if lost else FAIL_CALLER_HUNG_UP, out)
        if self.campaign != ABSENT:
            out.attempt_ended(self.campaign, self.id, disposition, end_reason)
        out.close_call(self)
