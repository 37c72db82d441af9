"""A dialogue that a test leads, told in seconds since the answer."""

from typing import Any

from busyhour.core.flow.commands import FlowCommand
from busyhour.core.flow.dialogue import Dialogue
from busyhour.core.flow.events import (
    FLOW_STARTED,
    SPEECH_FINISHED,
    CallerSpoke,
    DigitPressed,
    ExchangeEvent,
    FlowEvent,
)
from busyhour.core.flow.reading import load
from busyhour.core.flow.states import COLLECTING, LISTENING, REQUESTING, TRANSFERRING
from busyhour.core.flow.templates import variables_of
from busyhour.core.ids import SECOND
from tests.support.flows import REMINDER

CALL = 7
ANSWERED = 100 * SECOND


class Talk:
    """A dialogue, with what happens to it told in seconds since the answer."""

    def __init__(self, plain: dict[str, Any] = REMINDER) -> None:
        self.dialogue = Dialogue(
            CALL, load(plain), ANSWERED, variables_of({"contact": {"name": "Ada"}, "call": {"attempt": 1}})
        )
        self.commands: list[FlowCommand] = []

    def take(self, event: FlowEvent, at_s: float) -> list[FlowCommand]:
        self.commands = self.dialogue.receive(event, ANSWERED + round(at_s * SECOND))
        return self.commands

    def begins(self, at_s: float = 0) -> list[FlowCommand]:
        return self.take(FlowEvent(FLOW_STARTED, CALL), at_s)

    def has_spoken(self, at_s: float) -> list[FlowCommand]:
        return self.take(ExchangeEvent(SPEECH_FINISHED, CALL, self.dialogue.exchange), at_s)

    def hears(self, text: str, from_s: float, to_s: float) -> list[FlowCommand]:
        return self.take(CallerSpoke(CALL, ANSWERED + round(from_s * SECOND), text), to_s)

    def presses(self, digits: str, at_s: float) -> list[FlowCommand]:
        commands: list[FlowCommand] = []
        for digit in digits:
            commands += self.take(DigitPressed(CALL, digit), at_s)
        return commands

    def is_late(self, at_s: float) -> list[FlowCommand]:
        self.commands = self.dialogue.on_deadline(ANSWERED + round(at_s * SECOND))
        return self.commands

    def asked(self) -> "Talk":
        """Greeted until 1 s, asked until 3 s, and listening."""
        self.begins()
        self.has_spoken(1)
        self.has_spoken(3)
        assert self.dialogue.state == LISTENING
        return self

    def collecting(self) -> "Talk":
        """Said no at 4 s, asked for digits until 6 s."""
        self.asked()
        self.hears("no", 3.5, 4)
        self.has_spoken(6)
        assert self.dialogue.state == COLLECTING
        return self

    def told(self) -> list[tuple[Any, ...]]:
        return [
            (turn["role"], turn["text"], turn["start_s"], turn["end_s"])
            for turn in self.dialogue.transcript.to_plain(ANSWERED + 1_000 * SECOND)
        ]


def requesting() -> Talk:
    talk = Talk().collecting()
    talk.presses("12#", 7)
    assert talk.dialogue.state == REQUESTING
    return talk


def transferring() -> Talk:
    talk = Talk().asked()
    talk.hears("I want a person", 4, 5)
    assert talk.dialogue.state == TRANSFERRING
    return talk
