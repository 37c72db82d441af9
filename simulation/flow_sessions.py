"""Conversations of simulated voice agents that follow a flow, with the people they call."""

from typing import Any, Final, final

from busyhour.core.call import Call
from busyhour.core.call_states import CONNECTED, TRANSFERRING
from busyhour.core.events import PARTY_HUNG_UP
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
)
from busyhour.core.flow.nodes import Flow
from busyhour.core.flow.states import FINISHED, REQUESTING, SPEAKING
from busyhour.core.flow.templates import variables_of
from busyhour.core.ids import ABSENT, Instant, Micros
from busyhour.core.transfer import FAILURES, NO_FALLBACK, WAYS
from simulation.agenda import DEADLINES, ENDINGS, PATIENCE, PROGRESS
from simulation.callees import MACHINE_ANSWERS
from simulation.carrier import Leg, SimulatedCarrier, leg_of
from simulation.respondents import KEY_US, Reply, Respondent, speech_us
from simulation.voice import Conversation, Talker

# Stages of a conversation; SPEECH_ENDS and HTTP_ANSWERS have the number of their exchange above them.
BEGINS: Final = 0
SPEECH_ENDS: Final = 1
CALLER_BEGINS: Final = 2
CALLER_ENDS: Final = 3
KEY: Final = 4
HTTP_ANSWERS: Final = 5
LEAVES: Final = 6
DEADLINE: Final = 7
RESUMES: Final = 8
STAGES: Final = 9

HTTP_OK: Final = 200
HTTP_FAILED: Final = 503
NOBODY_FREE: Final = "no_agent_available"
"""Why a transfer has failed before an agent was asked."""


@final
class FlowTalker(Talker):
    """A voice agent's flow, and what it needs to be gone through."""

    __slots__ = (
        "carrier",
        "about",
        "contacts",
        "flow",
        "http_after",
        "http_answers",
        "http_fails",
        "names",
        "queue_no",
        "respondents",
        "transcripts",
        "words_per_minute",
    )

    def __init__(
        self,
        carrier: SimulatedCarrier,
        flow: Flow,
        words_per_minute: float,
        names: list[str],
        respondents: list[Respondent],
        contacts: list[Any],
        queue_no: dict[str, int],
        transcripts: Any,
    ) -> None:
        """By campaign: `names`, `respondents`, and `contacts`, which gives what is known of contact `n` as
        `contacts[campaign](n)`. `transcripts.add(call, turns)` takes what was said, None where nobody wants it."""
        self.carrier: SimulatedCarrier = carrier
        self.flow: Flow = flow
        self.words_per_minute: float = words_per_minute
        self.names: list[str] = names
        self.respondents: list[Respondent] = respondents
        self.contacts: list[Any] = contacts
        self.queue_no: dict[str, int] = queue_no
        self.transcripts: Any = transcripts
        self.about: Any = None
        """Gives what is known of a call besides what its machine knows, as `about(call)`; None where nothing is."""
        self.http_after: Any = None
        """An opaque distribution."""
        self.http_fails: float = 0.0
        self.http_answers: dict[str, Any] = {}
        """Node → JSON that the service answers with."""

    def begin(self, call: Call, now: Instant) -> Conversation:
        session = FlowSession(self, leg_of(call))
        session.begin(now)
        return session

    def variables(self, call: Call) -> dict[str, str]:
        """What the flow knows when it begins."""
        contact: dict[str, object] = self.contacts[call.campaign](call.contact)
        about_call: dict[str, object] = {
            "direction": "outbound",
            "to": contact.get("phone"),
            "attempt": call.attempt,
            "campaign": self.names[call.campaign],
        }
        if self.about is not None:
            about_call.update(self.about(call))
        return variables_of({"contact": contact, "call": about_call})


@final
class FlowSession(Conversation):
    """One call's talk: the flow's machine on one side, the person called on the other.

    A machine that has answered the call says nothing, and so does whoever has hung up.
    """

    __slots__ = (
        "_began_at",
        "_briefing_us",
        "_due_at",
        "_reply",
        "_transfer",
        "_turn",
        "dialogue",
        "leg",
        "over",
        "respondent",
        "talker",
    )

    def __init__(self, talker: FlowTalker, leg: Leg) -> None:
        call = leg.call
        self.talker: FlowTalker = talker
        self.leg: Leg = leg
        self.respondent: Respondent = talker.respondents[call.campaign]
        self.dialogue: Dialogue = Dialogue(call.id, talker.flow, call.answered_at, talker.variables(call))
        self.over: bool = False
        """The voice agent has done with the call."""
        self._turn: int = 0
        """Questions that the person has been asked so far."""
        self._reply: Reply | None = None
        """What the person is about to say or press, or does so already."""
        self._began_at: Instant = ABSENT
        """When the person began to speak; the agent's turn is not waited for."""
        self._due_at: Instant = ABSENT
        """The deadline that is on the agenda."""
        self._transfer: int = ABSENT
        """The exchange in which a person was asked for, while nobody has answered."""
        self._briefing_us: Micros = 0

    def begin(self, now: Instant) -> None:
        leg = self.leg
        self._at(now, ENDINGS, BEGINS)
        if leg.outcome != MACHINE_ANSWERS:
            patience_us = self.respondent.patience_us(leg.draws, leg.index)
            if patience_us != ABSENT:
                self._at(now + patience_us, PATIENCE, LEAVES)

    def _at(self, instant: Instant, priority: int, stage: int, exchange: int = 0) -> None:
        self.talker.carrier.agenda.at(instant, priority, self, stage + STAGES * exchange)

    def happen(self, stage: int, now: Instant) -> None:
        if self.over:
            return
        exchange = stage // STAGES
        stage %= STAGES
        call = self.leg.call.id
        if stage == BEGINS:
            self.tell(FlowEvent(FLOW_STARTED, call), now)
        elif stage == SPEECH_ENDS:
            if exchange == self.dialogue.exchange and self.dialogue.state == SPEAKING:
                self.tell(ExchangeEvent(SPEECH_FINISHED, call, exchange), now)
        elif stage == DEADLINE:
            self._due_at = ABSENT
            if self._transfer != ABSENT and self.leg.call.state == TRANSFERRING:
                return  # the call gives the transfer up at the same instant, and tells
            self._carry_out(self.dialogue.on_deadline(now), now)
        elif stage == HTTP_ANSWERS:
            self._http_answers(exchange, now)
        elif stage == RESUMES:
            self._goes_on(now)
        elif self.leg.is_clear:
            return
        elif stage == LEAVES:
            self._leave(now)
        else:
            self._reply_goes_on(stage, now)

    def tell(self, event: FlowEvent, now: Instant) -> None:
        """Have the flow's machine receive something."""
        driver = self.talker.carrier.driver
        driver.events += 1
        if driver.trace is not None:
            driver.trace(event, now)
        self._carry_out(self.dialogue.receive(event, now), now)

    def _carry_out(self, commands: list[FlowCommand], now: Instant) -> None:
        for command in commands:
            self._carry_out_one(command, now)
        due_at = self.dialogue.deadline()
        if due_at != ABSENT and due_at != self._due_at and not self.over:
            self._due_at = due_at
            self._at(due_at, DEADLINES, DEADLINE)

    def ended(self, now: Instant) -> None:
        """What was said goes on record."""
        if self._transfer != ABSENT and self.leg.call.state == CONNECTED:
            self.tell(ExchangeEvent(TRANSFER_SUCCEEDED, self.leg.call.id, self._transfer), now)
        self.over = True
        dialogue = self.dialogue
        if dialogue.state != FINISHED:
            dialogue.receive(FlowEvent(CONVERSATION_ENDED, dialogue.call), now)
        self.talker.carrier.driver.stray_events += dialogue.illegal_events
        transcripts = self.talker.transcripts
        if transcripts is not None:
            transcripts.add(dialogue.call, dialogue.transcript.to_plain(now))

    def resumed(self, now: Instant) -> None:
        if self._transfer != ABSENT:  # else somebody else had asked for it, and the conversation has gone on
            self._at(now, PROGRESS, RESUMES)

    def _goes_on(self, now: Instant) -> None:
        """The caller is back."""
        call = self.leg.call
        assert call.transfer is not None, "it has come to nothing"
        exchange, self._transfer = self._transfer, ABSENT
        self.tell(TransferFailed(call.id, exchange, FAILURES[call.transfer.failure] or NOBODY_FREE), now)

    def briefing_us(self) -> Micros:
        return self._briefing_us

    # What the flow asks for -----------------------------------------------------------------------------------------

    def _carry_out_one(self, command: FlowCommand, now: Instant) -> None:
        """Stopped speech needs nothing, for its end is no longer waited for; and who calls back after a hand-off is not
        simulated."""
        leg = self.leg
        talker = self.talker
        if isinstance(command, Say):
            length_us = speech_us(command.text, talker.words_per_minute)
            self._at(now + length_us, ENDINGS, SPEECH_ENDS, command.exchange)
        elif isinstance(command, Listen):
            if self._may_reply():
                self._will(self.respondent.answer(leg.draws, leg.index, self._turn, command), now)
        elif isinstance(command, CollectDigits):
            if self._may_reply():
                self._will(self.respondent.keys(leg.draws, leg.index, self._turn, command), now)
        elif isinstance(command, RequestHttp):
            after_us = leg.draws.duration_us(f"http.after/{command.exchange}", talker.http_after, leg.index)
            self._at(now + after_us, PROGRESS, HTTP_ANSWERS, command.exchange)
        elif isinstance(command, TransferCall):
            self._ask_for_a_person(command, now)
        elif isinstance(command, EndCall):
            talker.carrier.voice_finished(leg, ABSENT)

    def _ask_for_a_person(self, command: TransferCall, now: Instant) -> None:
        """At the queue, where there must be one who is free now."""
        leg = self.leg
        if leg.call.state == TRANSFERRING:  # somebody else is at it
            self.tell(TransferFailed(command.call, command.exchange, NOBODY_FREE), now)
            return
        self._transfer = command.exchange
        self._briefing_us = 0
        if command.briefing:
            self._briefing_us = speech_us(command.briefing, self.talker.words_per_minute)
        queue, way = self.talker.queue_no[command.queue], WAYS.index(command.kind)
        self.talker.carrier.ask_for_a_person(leg, queue, way, NO_FALLBACK, command.timeout, now)

    # What the person does -------------------------------------------------------------------------------------------

    def _may_reply(self) -> bool:
        """Who is about to answer an earlier question, too late, answers that one first."""
        return self._reply is None and not self.leg.is_clear and self.leg.outcome != MACHINE_ANSWERS

    def _will(self, reply: Reply, now: Instant) -> None:
        self._turn += 1
        if reply.after_us == ABSENT:
            return
        self._reply = reply
        if reply.hangs_up:
            self._at(now + reply.after_us, PATIENCE, LEAVES)
        elif reply.text:
            self._at(now + reply.after_us, PROGRESS, CALLER_BEGINS)
        else:
            self._at(now + reply.after_us, PROGRESS, KEY)

    def _reply_goes_on(self, stage: int, now: Instant) -> None:
        """Whatever the voice agent says meanwhile: a person who has begun goes on."""
        reply = self._reply
        call = self.leg.call.id
        assert reply is not None, "nobody else begins to speak or to press keys"
        if stage == CALLER_BEGINS:
            self._began_at = now
            self._at(now + speech_us(reply.text, self.respondent.words_per_minute), PROGRESS, CALLER_ENDS)
            self.tell(FlowEvent(CALLER_STARTED, call), now)
        elif stage == CALLER_ENDS:
            self._reply = None
            self.tell(CallerSpoke(call, self._began_at, reply.text), now)
        else:
            rest = reply.keys[1:]
            self._reply = None
            if rest:
                self._reply = Reply(KEY_US, "", rest, False)
                self._at(now + KEY_US, PROGRESS, KEY)
            self.tell(DigitPressed(call, reply.keys[0]), now)

    def _leave(self, now: Instant) -> None:
        """Hang up, which the carrier reports."""
        self.leg.is_clear = True
        self.talker.carrier.tell(self.leg, PARTY_HUNG_UP, now)

    def _http_answers(self, exchange: int, now: Instant) -> None:
        dialogue = self.dialogue
        if exchange != dialogue.exchange or dialogue.state != REQUESTING:
            return
        leg = self.leg
        talker = self.talker
        fails = talker.http_fails
        if fails > 0.0 and leg.draws.uniform(f"http.fails/{exchange}", leg.index) < fails:
            self.tell(HttpAnswered(dialogue.call, exchange, HTTP_FAILED, None), now)
        else:
            answer = talker.http_answers.get(dialogue.node)
            self.tell(HttpAnswered(dialogue.call, exchange, HTTP_OK, answer), now)
