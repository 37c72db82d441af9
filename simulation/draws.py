"""The random attributes of one kind of call: a campaign's second attempts, an inbound source's first tries.

A stream is named by (seed, replication, entity, purpose) and read by the contact's or caller's number, so what befalls
one caller depends on nothing that befell another.
"""

from typing import Any, final

from simulation.substreams import DurationStream, Substreams, UniformStream


@final
class QueueTimes:
    """What a scenario says of the times in one queue; the distributions are opaque here."""

    __slots__ = ("handle_time", "patience", "wrap_up")

    def __init__(self, handle_time: Any, wrap_up: Any, patience: Any) -> None:
        self.handle_time: Any = handle_time
        self.wrap_up: Any = wrap_up
        self.patience: Any = patience
        """None: callers wait for ever."""


@final
class Draws:
    """Streams of one entity. Those of a call in a queue are at hand; others are made when first read."""

    __slots__ = (
        "_durations",
        "_entity",
        "_queue_times",
        "_substreams",
        "_uniforms",
        "handle_time",
        "talk",
        "wrap_up",
    )

    def __init__(
        self, substreams: Substreams, entity: str, queue_times: list[QueueTimes], handle_time: Any
    ) -> None:
        self._substreams: Substreams = substreams
        self._entity: str = entity
        self._queue_times: list[QueueTimes] = queue_times
        self.handle_time: Any = handle_time
        """The entity's own talk time; None where the queue's holds."""
        self.talk: list[DurationStream] = []
        """By queue: how long each call talks with an agent."""
        self.wrap_up: list[DurationStream] = []
        """By queue: how long the agent writes each call up."""
        self._durations: dict[str, DurationStream] = {}
        self._uniforms: dict[str, UniformStream] = {}
        while len(self.talk) < len(queue_times):
            self.add_queue()

    def add_queue(self) -> None:
        """`queue_times` has another one."""
        queue = len(self.talk)
        self.talk.append(self._talk_in(queue))
        self.wrap_up.append(self._wrap_up_in(queue))

    def queue_changed(self, queue: int) -> None:
        """`queue_times` has something else for it."""
        self.talk[queue] = self._talk_in(queue)
        self.wrap_up[queue] = self._wrap_up_in(queue)

    def _talk_in(self, queue: int) -> DurationStream:
        talk_time = self.handle_time
        if talk_time is None:
            talk_time = self._queue_times[queue].handle_time
        return self._substreams.durations(self._entity, "handle_time", talk_time)

    def _wrap_up_in(self, queue: int) -> DurationStream:
        return self._substreams.durations(self._entity, "wrap_up", self._queue_times[queue].wrap_up)

    def duration_us(self, purpose: str, distribution: Any, index: int) -> int:
        """A draw of `distribution` for `purpose`; one purpose has one distribution."""
        stream = self._durations.get(purpose)
        if stream is None:
            stream = self._substreams.durations(self._entity, purpose, distribution)
            self._durations[purpose] = stream
        return stream.at(index)

    def uniform(self, purpose: str, index: int) -> float:
        """A uniform number on [0, 1) for `purpose`."""
        stream = self._uniforms.get(purpose)
        if stream is None:
            stream = self._substreams.uniforms(self._entity, purpose)
            self._uniforms[purpose] = stream
        return stream.at(index)
