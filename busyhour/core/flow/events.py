"""What happens to a conversation, for the machine that takes a call through its flow.

They are numbered after every other event, because a host's journal and a trace may hold both. What is said and what a
web service answers is text and JSON, so their plain form is here and not in `wire`, whose events are whole numbers.
"""

from typing import Final, cast, final

from mypy_extensions import mypyc_attr

from busyhour.core.errors import SnapshotError
from busyhour.core.events import Event
from busyhour.core.ids import Instant

FLOW_STARTED: Final = 64
SPEECH_FINISHED: Final = 65
CALLER_STARTED: Final = 66
CALLER_SPOKE: Final = 67
DIGIT_PRESSED: Final = 68
HTTP_ANSWERED: Final = 69
TRANSFER_SUCCEEDED: Final = 70
TRANSFER_FAILED: Final = 71
CONVERSATION_ENDED: Final = 72

FLOW_EVENT_NAMES: Final[dict[int, str]] = {
    FLOW_STARTED: "FlowStarted",
    SPEECH_FINISHED: "SpeechFinished",
    CALLER_STARTED: "CallerStarted",
    CALLER_SPOKE: "CallerSpoke",
    DIGIT_PRESSED: "DigitPressed",
    HTTP_ANSWERED: "HttpAnswered",
    TRANSFER_SUCCEEDED: "TransferSucceeded",
    TRANSFER_FAILED: "TransferFailed",
    CONVERSATION_ENDED: "ConversationEnded",
}
_KINDS: Final = {name: kind for kind, name in FLOW_EVENT_NAMES.items()}


@mypyc_attr(acyclic=True)
class FlowEvent(Event):
    """An event for the flow of a call. The voice agent has got the call, the caller has begun to speak, or nobody
    talks to the voice agent any more: those are plain `FlowEvent`s."""

    __slots__ = ("call",)

    def __init__(self, kind: int, call: int) -> None:
        self.kind: int = kind
        self.call: int = call

    def subject(self) -> int:
        return self.call

    def addressee(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True)
class ExchangeEvent(FlowEvent):
    """The answer to the command with this `exchange` number: the speech has finished, the transfer has succeeded."""

    __slots__ = ("exchange",)

    def __init__(self, kind: int, call: int, exchange: int) -> None:
        self.kind: int = kind
        self.call: int = call
        self.exchange: int = exchange


@final
@mypyc_attr(acyclic=True)
class CallerSpoke(FlowEvent):
    """The caller has finished saying `text`, begun at `started_at`."""

    __slots__ = ("started_at", "text")

    def __init__(self, call: int, started_at: Instant, text: str) -> None:
        self.kind: int = CALLER_SPOKE
        self.call: int = call
        self.started_at: Instant = started_at
        self.text: str = text


@final
@mypyc_attr(acyclic=True)
class DigitPressed(FlowEvent):
    """A key: 0 to 9, * or #."""

    __slots__ = ("digit",)

    def __init__(self, call: int, digit: str) -> None:
        self.kind: int = DIGIT_PRESSED
        self.call: int = call
        self.digit: str = digit


@final
@mypyc_attr(acyclic=True)
class HttpAnswered(FlowEvent):
    """A web service has answered request `exchange`; `status` 0 when it could not be asked. `body` is JSON."""

    __slots__ = ("body", "exchange", "status")

    def __init__(self, call: int, exchange: int, status: int, body: object) -> None:
        self.kind: int = HTTP_ANSWERED
        self.call: int = call
        self.exchange: int = exchange
        self.status: int = status
        self.body: object = body


@final
@mypyc_attr(acyclic=True)
class TransferFailed(FlowEvent):
    """Nobody took the call of transfer `exchange`, and the caller is back; `reason` as in a call's transfer."""

    __slots__ = ("exchange", "reason")

    def __init__(self, call: int, exchange: int, reason: str) -> None:
        self.kind: int = TRANSFER_FAILED
        self.call: int = call
        self.exchange: int = exchange
        self.reason: str = reason


def to_plain(event: FlowEvent) -> list[object]:
    """Its name and its facts in the order of its `__init__`, as JSON can carry them."""
    plain: list[object] = [FLOW_EVENT_NAMES[event.kind], event.call]
    if isinstance(event, ExchangeEvent):
        plain.append(event.exchange)
    elif isinstance(event, CallerSpoke):
        plain.extend([event.started_at, event.text])
    elif isinstance(event, DigitPressed):
        plain.append(event.digit)
    elif isinstance(event, HttpAnswered):
        plain.extend([event.exchange, event.status, event.body])
    elif isinstance(event, TransferFailed):
        plain.extend([event.exchange, event.reason])
    return plain


def from_plain(plain: list[object]) -> FlowEvent:
    """The event that `to_plain` was given. Raises SnapshotError."""
    kind = _KINDS.get(str(plain[0])) if plain else None
    try:
        if kind is None or not isinstance(plain[1], int):
            raise SnapshotError("flow event", f"{plain!r} names none")
        call = plain[1]
        if kind == CALLER_SPOKE:
            return CallerSpoke(call, cast("int", plain[2]), cast("str", plain[3]))
        if kind == DIGIT_PRESSED:
            return DigitPressed(call, cast("str", plain[2]))
        if kind == HTTP_ANSWERED:
            return HttpAnswered(call, cast("int", plain[2]), cast("int", plain[3]), plain[4])
        if kind == TRANSFER_FAILED:
            return TransferFailed(call, cast("int", plain[2]), cast("str", plain[3]))
        if kind == SPEECH_FINISHED or kind == TRANSFER_SUCCEEDED:
            return ExchangeEvent(kind, call, cast("int", plain[2]))
        return FlowEvent(kind, call)
    except IndexError:
        raise SnapshotError("flow event", f"{plain!r} has too few facts") from None
