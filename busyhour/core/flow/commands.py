"""What a flow asks of whoever carries its conversation: an adapter for speech and telephony, or the simulator.

A command that is answered carries an `exchange` number, and its answer brings it back: late answers to something that
was given up are told from the one awaited. Durations are microseconds. They are few a call and carried out outside the
driver, by a chain of isinstance tests.
"""

from typing import final

from busyhour.core.flow.matching import Choices
from busyhour.core.ids import Micros


class FlowCommand:
    """Something a flow asks for, at `node`."""

    __slots__ = ("call", "node")

    def __init__(self, call: int, node: str) -> None:
        self.call: int = call
        self.node: str = node


@final
class Say(FlowCommand):
    """Speak; SPEECH_FINISHED answers it. A caller may break in where `is_question`, and whoever notices says so at once
    (CALLER_STARTED)."""

    __slots__ = ("exchange", "is_question", "text")

    def __init__(self, call: int, node: str, exchange: int, text: str, is_question: bool) -> None:
        self.call: int = call
        self.node: str = node
        self.exchange: int = exchange
        self.text: str = text
        self.is_question: bool = is_question


@final
class StopSpeech(FlowCommand):
    """The caller has broken in: say no more of speech `exchange`. Nothing answers it."""

    __slots__ = ("exchange",)

    def __init__(self, call: int, node: str, exchange: int) -> None:
        self.call: int = call
        self.node: str = node
        self.exchange: int = exchange


@final
class Listen(FlowCommand):
    """Report what the caller says. `choices` are expected, none of them: anything; the machine keeps the timeout."""

    __slots__ = ("choices", "timeout")

    def __init__(self, call: int, node: str, choices: Choices, timeout: Micros) -> None:
        self.call: int = call
        self.node: str = node
        self.choices: Choices = choices
        self.timeout: Micros = timeout


@final
class CollectDigits(FlowCommand):
    """Report the keys that the caller presses; the machine keeps the timeout."""

    __slots__ = ("finish_key", "max_digits", "min_digits", "timeout")

    def __init__(
        self, call: int, node: str, min_digits: int, max_digits: int, finish_key: str, timeout: Micros
    ) -> None:
        self.call: int = call
        self.node: str = node
        self.min_digits: int = min_digits
        self.max_digits: int = max_digits
        self.finish_key: str = finish_key
        self.timeout: Micros = timeout


@final
class RequestHttp(FlowCommand):
    """Ask a web service; `HttpAnswered` answers it. `body` is JSON, None for none. Whoever sends it guards against
    addresses that must not be reached."""

    __slots__ = ("body", "exchange", "method", "timeout", "url")

    def __init__(
        self, call: int, node: str, exchange: int, method: str, url: str, body: object, timeout: Micros
    ) -> None:
        self.call: int = call
        self.node: str = node
        self.exchange: int = exchange
        self.method: str = method
        self.url: str = url
        self.body: object = body
        self.timeout: Micros = timeout


@final
class TransferCall(FlowCommand):
    """Hand the call to a person of `queue`; TRANSFER_SUCCEEDED or `TransferFailed` answers it within `timeout`."""

    __slots__ = ("briefing", "exchange", "kind", "queue", "timeout")

    def __init__(
        self, call: int, node: str, exchange: int, queue: str, kind: str, briefing: str, timeout: Micros
    ) -> None:
        self.call: int = call
        self.node: str = node
        self.exchange: int = exchange
        self.queue: str = queue
        self.kind: str = kind
        self.briefing: str = briefing
        self.timeout: Micros = timeout


@final
class HandOff(FlowCommand):
    """Leave the people of `queue` a task to call back. Nothing answers it."""

    __slots__ = ("note", "queue")

    def __init__(self, call: int, node: str, queue: str, note: str) -> None:
        self.call: int = call
        self.node: str = node
        self.queue: str = queue
        self.note: str = note


@final
class EndCall(FlowCommand):
    """The flow is at its end: hang up."""

    __slots__ = ("reason",)

    def __init__(self, call: int, node: str, reason: str) -> None:
        self.call: int = call
        self.node: str = node
        self.reason: str = reason
