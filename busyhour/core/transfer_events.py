"""Events of transfers and of the callbacks they may leave: what the call hears, and what its queue is asked.

`number` counts the transfers of one call, so that an answer to an earlier one is known for what it is.
"""

from typing import final

from mypy_extensions import mypyc_attr

from busyhour.core.events import (
    HANDOFF_QUEUED,
    TRANSFER_ACCEPTED,
    TRANSFER_FAILED,
    TRANSFER_OFFERED,
    TRANSFER_REQUESTED,
    TRANSFER_RESERVED,
    CallEvent,
    QueueEvent,
)
from busyhour.core.ids import ABSENT, Micros


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class TransferRequested(CallEvent):
    """Somebody wants a person of `queue` on the call: its voice agent, or whoever watches it.

    `way` and `fallback` are codes of `transfer`; the caller is back with the voice agent after `timeout` at the latest.
    """

    __slots__ = ("queue", "way", "fallback", "timeout")

    def __init__(self, call: int, queue: int, way: int, fallback: int, timeout: Micros) -> None:
        self.kind: int = TRANSFER_REQUESTED
        self.call: int = call
        self.queue: int = queue
        self.way: int = way
        self.fallback: int = fallback
        self.timeout: Micros = timeout


@mypyc_attr(acyclic=True)
class TransferEvent(CallEvent):
    """A queue's answer to transfer `number` of the call. Refused and ringing have no facts of their own."""

    __slots__ = ("number",)

    def __init__(self, kind: int, call: int, number: int) -> None:
        self.kind: int = kind
        self.call: int = call
        self.number: int = number


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class TransferReserved(TransferEvent):
    """The queue has reserved an agent, who may have to accept."""

    __slots__ = ("agent",)

    def __init__(self, call: int, number: int, agent: int) -> None:
        self.kind: int = TRANSFER_RESERVED
        self.call: int = call
        self.number: int = number
        self.agent: int = agent


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class TransferAccepted(TransferEvent):
    """The reserved agent is there."""

    __slots__ = ("agent",)

    def __init__(self, call: int, number: int, agent: int) -> None:
        self.kind: int = TRANSFER_ACCEPTED
        self.call: int = call
        self.number: int = number
        self.agent: int = agent


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class TransferFailed(TransferEvent):
    """The reserved agent does not come; `reason` is a code of `transfer.FAILURES`."""

    __slots__ = ("reason",)

    def __init__(self, call: int, number: int, reason: int) -> None:
        self.kind: int = TRANSFER_FAILED
        self.call: int = call
        self.number: int = number
        self.reason: int = reason


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HandoffQueued(TransferEvent):
    """No agent was idle, and the queue has recorded that the caller is to be called back."""

    __slots__ = ("callback",)

    def __init__(self, call: int, number: int, callback: int) -> None:
        self.kind: int = HANDOFF_QUEUED
        self.call: int = call
        self.number: int = number
        self.callback: int = callback


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class TransferOffered(QueueEvent):
    """A call with a voice agent asks for an agent of `queue` who is idle now."""

    __slots__ = ("queue", "call", "number", "fallback")

    def __init__(self, queue: int, call: int, number: int, fallback: int) -> None:
        self.kind: int = TRANSFER_OFFERED
        self.queue: int = queue
        self.call: int = call
        self.number: int = number
        self.fallback: int = fallback

    def subject(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CallbackEvent(QueueEvent):
    """A callback is taken by `agent`, ABSENT when nobody says by whom, or done."""

    __slots__ = ("callback", "agent")

    def __init__(self, kind: int, callback: int, agent: int = ABSENT) -> None:
        self.kind: int = kind
        self.callback: int = callback
        self.agent: int = agent

    def subject(self) -> int:
        return self.callback
