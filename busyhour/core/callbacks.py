"""Callbacks: callers whom nobody could take, and whom a person is to call back."""

from typing import Final, final

from busyhour.core.events import CALLBACK_DONE, CALLBACK_TAKEN
from busyhour.core.ids import ABSENT, Instant
from busyhour.core.transfer_events import CallbackEvent

RECORDED: Final = 0
TAKEN: Final = 1
DONE: Final = 2
CALLBACK_STATES: Final = ("recorded", "taken", "done")

CALLBACK_TRANSITIONS: Final[dict[tuple[int, int], tuple[int, ...]]] = {
    (RECORDED, CALLBACK_TAKEN): (TAKEN,),
    (RECORDED, CALLBACK_DONE): (DONE,),
    (TAKEN, CALLBACK_DONE): (DONE,),
}
"""(callback state, event kind) → the states it may lead to."""

DONE_AT_MOST: Final = 1_000
"""Callbacks that are done and still listed; of more, the one done longest ago is forgotten."""


@final
class Callback:
    """One caller to be called back."""

    __slots__ = ("agent", "call", "id", "queue", "recorded_at", "state")

    def __init__(self, id: int, queue: int, call: int, recorded_at: Instant) -> None:
        self.id: int = id
        self.queue: int = queue
        self.call: int = call
        """The call on which nobody was there."""
        self.recorded_at: Instant = recorded_at
        self.state: int = RECORDED
        self.agent: int = ABSENT
        """Who has taken it, where somebody said so."""


@final
class Callbacks:
    """The callbacks of a group of queues, in the order in which they were recorded."""

    __slots__ = ("by_id", "done", "last")

    def __init__(self) -> None:
        self.by_id: dict[int, Callback] = {}
        self.done: list[int] = []
        """Those that are done, in that order."""
        self.last: int = 0
        """Number of the latest; the first is 1."""

    def record(self, queue: int, call: int, now: Instant) -> Callback:
        self.last += 1
        callback = Callback(self.last, queue, call, now)
        self.by_id[callback.id] = callback
        return callback

    def receive(self, event: CallbackEvent) -> bool:
        """Take one event in; False when it is illegal here, and has changed nothing."""
        callback = self.by_id.get(event.callback)
        if callback is None or (callback.state, event.kind) not in CALLBACK_TRANSITIONS:
            return False
        if event.agent != ABSENT:
            callback.agent = event.agent
        if event.kind == CALLBACK_TAKEN:
            callback.state = TAKEN
            return True
        callback.state = DONE
        self.done.append(callback.id)
        if len(self.done) > DONE_AT_MOST:
            del self.by_id[self.done.pop(0)]
        return True

    def of(self, queue: int) -> list[Callback]:
        """Those of one queue, the one recorded first before the others."""
        return [callback for callback in self.by_id.values() if callback.queue == queue]
