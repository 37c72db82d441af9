"""One call's way through a flow.

The table `states.FLOW_TRANSITIONS` is the machine. An event that it does not allow changes nothing and is counted:
speech and telephony report late and twice like carriers do. The machine stands at a node and waits there for the one
thing that the node waits for; between two of them it passes through the nodes that take no time.
"""

from typing import Final, final

from busyhour.core.flow.commands import (
    CollectDigits,
    EndCall,
    FlowCommand,
    HandOff,
    Listen,
    RequestHttp,
    Say,
    StopSpeech,
    TransferCall,
)
from busyhour.core.flow.conditions import holds
from busyhour.core.flow.events import (
    CALLER_STARTED,
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
from busyhour.core.flow.json_values import filled_body, found_in
from busyhour.core.flow.matching import matched
from busyhour.core.flow.nodes import (
    ANSWERED,
    COLLECTED,
    ELSE,
    FAILURE,
    NEXT,
    NO_INPUT,
    NO_MATCH,
    SUCCESS,
    AskNode,
    BranchNode,
    CollectDigitsNode,
    Flow,
    HandOffNode,
    HangUpNode,
    HttpNode,
    Node,
    SayNode,
    SetNode,
    TransferNode,
)
from busyhour.core.flow.states import (
    COLLECTING,
    FINISHED,
    LISTENING,
    READY,
    REQUESTING,
    SPEAKING,
    TRANSFERRING,
    is_legal,
)
from busyhour.core.flow.templates import Template, Variables, as_text
from busyhour.core.flow.transcript import AGENT, CUSTOMER, SYSTEM, Transcript
from busyhour.core.ids import ABSENT, SECOND, Instant

MOST_STEPS: Final = 1_000
"""Nodes that one call passes: a caller who leads round for ever is hung up on."""
TOO_LONG: Final = "flow_too_long"
"""The reason then."""
LONGEST_UTTERANCE: Final = 60 * SECOND
"""Of a caller who has begun to speak: should the end be lost, the question counts as unanswered."""


@final
class Dialogue:
    """The machine. `call` is the call's number, for commands and events; `node` where it stands, by id."""

    __slots__ = (
        "call",
        "deadline_at",
        "digits",
        "exchange",
        "flow",
        "illegal_events",
        "node",
        "prompts",
        "reason",
        "state",
        "steps",
        "transcript",
        "transferred",
        "variables",
    )

    def __init__(self, call: int, flow: Flow, answered_at: Instant, variables: dict[str, str]) -> None:
        """`variables`: what is known of contact and call, as `templates.variables_of` gives it."""
        self.call: int = call
        self.flow: Flow = flow
        self.variables: Variables = Variables(variables)
        self.transcript: Transcript = Transcript(answered_at)
        self.state: int = READY
        self.node: str = flow.start
        self.steps: int = 0
        self.prompts: int = 0
        """How often the question at hand has been put."""
        self.digits: str = ""
        self.exchange: int = 0
        """Number of the latest command that is answered."""
        self.deadline_at: Instant = ABSENT
        self.reason: str = ""
        """Why it is finished, once it is: a hang_up's reason, `transferred`, `ended` by somebody else."""
        self.transferred: bool = False
        """A person has the call."""
        self.illegal_events: int = 0

    def receive(self, event: FlowEvent, now: Instant) -> list[FlowCommand]:
        """Take one event in; what is illegal here changes nothing and is counted."""
        commands: list[FlowCommand] = []
        if not is_legal(self.state, event.kind) or not self._is_awaited(event):
            self.illegal_events += 1
        elif isinstance(event, CallerSpoke):
            self._caller_spoke(event, now, commands)
        elif isinstance(event, DigitPressed):
            self._digit_pressed(event.digit, now, commands)
        elif isinstance(event, HttpAnswered):
            self._http_answered(event, now, commands)
        elif isinstance(event, TransferFailed):
            self.transcript.add(SYSTEM, f"transfer failed: {event.reason}", now, now, self.node)
            self._follow(FAILURE, now, commands)
        elif event.kind == FLOW_STARTED:
            self._go(self.node, now, commands)
        elif event.kind == SPEECH_FINISHED:
            self.transcript.end(now)
            self._spoken(now, commands)
        elif event.kind == CALLER_STARTED:
            self._caller_started(now, commands)
        elif event.kind == TRANSFER_SUCCEEDED:
            self._transfer_succeeded(now, commands)
        else:
            self.transcript.end(now)
            self._finish("ended")
        return commands

    def deadline(self) -> Instant:
        """When the caller has been silent for too long, or a web service; ABSENT when nothing is due."""
        return self.deadline_at

    def on_deadline(self, now: Instant) -> list[FlowCommand]:
        """The time is up. Harmless when nothing is due."""
        commands: list[FlowCommand] = []
        if self.deadline_at == ABSENT or now < self.deadline_at:
            return commands
        self.deadline_at = ABSENT
        if self.state == REQUESTING:
            self._follow(FAILURE, now, commands)
        elif self.state == COLLECTING and self.digits:
            self._digits_are_in(now, commands)
        else:
            self._not_understood(NO_INPUT, now, commands)
        return commands

    def _is_awaited(self, event: FlowEvent) -> bool:
        if isinstance(event, ExchangeEvent):
            return event.exchange == self.exchange
        if isinstance(event, HttpAnswered):
            return event.exchange == self.exchange
        if isinstance(event, TransferFailed):
            return event.exchange == self.exchange
        return True

    # From node to node ----------------------------------------------------------------------------------------------

    def _follow(self, edge: str, now: Instant, commands: list[FlowCommand]) -> None:
        self._go(self.flow.nodes[self.node].edges[edge], now, commands)

    def _go(self, id: str, now: Instant, commands: list[FlowCommand]) -> None:
        """Enter a node, and those after it, up to one that takes time. A flow has no circle without such a node."""
        while id:
            self.deadline_at = ABSENT
            self.node = id
            self.steps += 1
            if self.steps > MOST_STEPS:
                self._end(TOO_LONG, commands)
                return
            id = self._enter(self.flow.nodes[id], now, commands)

    def _enter(self, node: Node, now: Instant, commands: list[FlowCommand]) -> str:
        """The node to go on to; empty where this one takes time, or ends the flow."""
        variables = self.variables
        if isinstance(node, SayNode):
            return "" if self._say(node.text, False, now, commands) else node.edges[NEXT]
        if isinstance(node, AskNode):
            self.prompts = 1
            if not self._say(node.text, True, now, commands):
                self._spoken(now, commands)
        elif isinstance(node, CollectDigitsNode):
            self.prompts = 1
            self.digits = ""
            if not self._say(node.text, True, now, commands):
                self._spoken(now, commands)
        elif isinstance(node, BranchNode):
            for condition in node.conditions:
                if holds(condition, variables):
                    return node.edges[condition.edge]
            return node.edges[ELSE]
        elif isinstance(node, SetNode):
            for name, template in node.variables.items():
                variables.set(name, template.filled(variables))
            return node.edges[NEXT]
        elif isinstance(node, HttpNode):
            self.state = REQUESTING
            self.deadline_at = now + node.timeout
            self.exchange += 1
            url = node.url.filled_for_url(variables)
            body = filled_body(node.body, variables)
            commands.append(
                RequestHttp(self.call, node.id, self.exchange, node.method, url, body, node.timeout)
            )
        elif isinstance(node, TransferNode):
            self.state = TRANSFERRING
            self.exchange += 1
            self.transcript.add(SYSTEM, f"transfer to {node.queue}", now, now, node.id)
            briefing = node.briefing.filled(variables)
            commands.append(
                TransferCall(self.call, node.id, self.exchange, node.queue, node.kind, briefing, node.timeout)
            )
        elif isinstance(node, HandOffNode):
            self.transcript.add(SYSTEM, f"handed off to {node.queue}", now, now, node.id)
            commands.append(HandOff(self.call, node.id, node.queue, node.note.filled(variables)))
            return node.edges[NEXT]
        else:
            assert isinstance(node, HangUpNode), "every type of node is here"
            self._end(node.reason, commands)
        return ""

    def _end(self, reason: str, commands: list[FlowCommand]) -> None:
        if not self.transferred:
            commands.append(EndCall(self.call, self.node, reason))
        self._finish(reason)

    def _finish(self, reason: str) -> None:
        self.state = FINISHED
        self.reason = reason
        self.deadline_at = ABSENT

    # Speaking -------------------------------------------------------------------------------------------------------

    def _say(self, template: Template, is_question: bool, now: Instant, commands: list[FlowCommand]) -> bool:
        """False where there is nothing to say: all the text was variables that are not known."""
        text = template.filled(self.variables).strip()
        if not text:
            return False
        self.state = SPEAKING
        self.exchange += 1
        self.transcript.begin(AGENT, text, now, self.node)
        commands.append(Say(self.call, self.node, self.exchange, text, is_question))
        return True

    def _spoken(self, now: Instant, commands: list[FlowCommand]) -> None:
        """Whatever there was to say at this node has been said, or cut short."""
        node = self.flow.nodes[self.node]
        if isinstance(node, AskNode):
            self.state = LISTENING
            self.deadline_at = now + node.timeout
            commands.append(Listen(self.call, node.id, node.choices, node.timeout))
        elif isinstance(node, CollectDigitsNode):
            self.state = COLLECTING
            self.deadline_at = now + node.timeout
            commands.append(
                CollectDigits(
                    self.call, node.id, node.min_digits, node.max_digits, node.finish_key, node.timeout
                )
            )
        else:
            self._follow(NEXT, now, commands)

    def _broken_in(self, now: Instant, commands: list[FlowCommand]) -> None:
        """The caller does not wait for the end of the question."""
        self.transcript.end(now)
        commands.append(StopSpeech(self.call, self.node, self.exchange))
        self._spoken(now, commands)

    # Listening ------------------------------------------------------------------------------------------------------

    def _caller_started(self, now: Instant, commands: list[FlowCommand]) -> None:
        if self.state == SPEAKING and isinstance(self.flow.nodes[self.node], AskNode):
            self._broken_in(now, commands)
        if self.state == LISTENING:
            self.deadline_at = now + LONGEST_UTTERANCE

    def _caller_spoke(self, event: CallerSpoke, now: Instant, commands: list[FlowCommand]) -> None:
        """An answer to a question; else it is in the transcript and nothing comes of it."""
        node = self.flow.nodes[self.node]
        if self.state == SPEAKING and isinstance(node, AskNode):
            self._broken_in(now, commands)
        text = event.text.strip()
        if text:
            self.transcript.add(CUSTOMER, text, event.started_at, now, node.id)
        if self.state != LISTENING:
            return
        assert isinstance(node, AskNode), "it is the only one that listens"
        if not text:
            self._not_understood(NO_INPUT, now, commands)
            return
        edge = matched(node.choices, text) if node.choices else ANSWERED
        if not edge:
            self._not_understood(NO_MATCH, now, commands)
            return
        if node.save_as:
            self.variables.set(node.save_as, text)
        self._follow(edge, now, commands)

    def _not_understood(self, edge: str, now: Instant, commands: list[FlowCommand]) -> None:
        """Ask again, as often as the node says, then go on by `edge`."""
        node = self.flow.nodes[self.node]
        if isinstance(node, AskNode):
            retries, reprompt = node.retries, node.reprompt
        else:
            assert isinstance(node, CollectDigitsNode), "no other waits for the caller"
            retries, reprompt = node.retries, node.reprompt
            self.digits = ""
        self.deadline_at = ABSENT
        if self.prompts > retries:
            self._follow(edge, now, commands)
            return
        self.prompts += 1
        if not self._say(reprompt, True, now, commands):
            self._spoken(now, commands)

    # Digits ---------------------------------------------------------------------------------------------------------

    def _digit_pressed(self, digit: str, now: Instant, commands: list[FlowCommand]) -> None:
        """Digits are taken while the prompt is still spoken; where none are asked for, nothing comes of them."""
        node = self.flow.nodes[self.node]
        if not isinstance(node, CollectDigitsNode):
            return
        if self.state == SPEAKING:
            self._broken_in(now, commands)
        if digit == node.finish_key:
            self._digits_are_in(now, commands)
            return
        self.digits += digit
        self.deadline_at = now + node.timeout
        if len(self.digits) == node.max_digits:
            self._digits_are_in(now, commands)

    def _digits_are_in(self, now: Instant, commands: list[FlowCommand]) -> None:
        node = self.flow.nodes[self.node]
        assert isinstance(node, CollectDigitsNode), "it is the only one that takes digits"
        digits = self.digits
        self.transcript.add(
            CUSTOMER, f"[pressed {digits}]" if digits else "[pressed nothing]", now, now, node.id
        )
        if len(digits) < node.min_digits:
            self._not_understood(NO_MATCH, now, commands)
            return
        if node.save_as:
            self.variables.set(node.save_as, digits)
        self._follow(COLLECTED, now, commands)

    # Others ---------------------------------------------------------------------------------------------------------

    def _http_answered(self, event: HttpAnswered, now: Instant, commands: list[FlowCommand]) -> None:
        node = self.flow.nodes[self.node]
        assert isinstance(node, HttpNode), "it is the only one that asks a service"
        if not 200 <= event.status < 300:
            self._follow(FAILURE, now, commands)
            return
        for name, path in node.save.items():
            self.variables.set(name, as_text(found_in(event.body, path)))
        self._follow(SUCCESS, now, commands)

    def _transfer_succeeded(self, now: Instant, commands: list[FlowCommand]) -> None:
        self.transferred = True
        if SUCCESS in self.flow.nodes[self.node].edges:
            self._follow(SUCCESS, now, commands)
        else:
            self._finish("transferred")
