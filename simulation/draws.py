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
    """Streams of one entity, made when first read."""

    __slots__ = (
        "_durations",
        "_entity",
        "_queue_times",
        "_substreams",
        "_talk",
        "_uniforms",
        "_wrap_up",
        "handle_time",
    )

    def __init__(
        self, substreams: Substreams, entity: str, queue_times: list[QueueTimes], handle_time: Any
    ) -> None:
        self._substreams: Substreams = substreams
        self._entity: str = entity
        self._queue_times: list[QueueTimes] = queue_times
        self.handle_time: Any = handle_time
        """The entity's own talk time; None where the queue's holds."""
        self._talk: list[DurationStream | None] = [None for _ in queue_times]
        self._wrap_up: list[DurationStream | None] = [None for _ in queue_times]
        self._durations: dict[str, DurationStream] = {}
        self._uniforms: dict[str, UniformStream] = {}

    def add_queue(self) -> None:
        """`queue_times` has another one."""
        self._talk.append(None)
        self._wrap_up.append(None)

    def queue_changed(self, queue: int) -> None:
        """`queue_times` has something else for it."""
        self._talk[queue] = None
        self._wrap_up[queue] = None

    def talk_us(self, queue: int, index: int) -> int:
        """How long call `index` talks with an agent of `queue`."""
        stream = self._talk[queue]
        if stream is None:
            distribution = self.handle_time
            if distribution is None:
                distribution = self._queue_times[queue].handle_time
            stream = self._substreams.durations(self._entity, "handle_time", distribution)
            self._talk[queue] = stream
        return stream.at(index)

    def wrap_up_us(self, queue: int, index: int) -> int:
        """How long the agent of `queue` writes call `index` up."""
        stream = self._wrap_up[queue]
        if stream is None:
            stream = self._substreams.durations(self._entity, "wrap_up", self._queue_times[queue].wrap_up)
            self._wrap_up[queue] = stream
        return stream.at(index)

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
