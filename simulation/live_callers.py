"""Whoever calls in reaches one process of a live run, the front: when it begins to answer, and when another does."""

from collections.abc import Sequence
from typing import final

from busyhour.core.ids import ABSENT, Instant
from simulation.agenda import CHANGES, PROGRESS, Agenda, Occurrence
from simulation.inbound import CallerAgain, InboundSource


@final
class Callers:
    """The streams of callers, as one process knows them. They are on its agenda while it answers them."""

    def __init__(self, sources: list[InboundSource], agenda: Agenda, call_hosts: int) -> None:
        self.sources = sources
        self._agenda = agenda
        self._call_hosts = call_hosts
        self._turns = 0
        self._next: dict[int, Instant] = {}
        """Stream → its next caller, whom somebody else answers."""

    def begin(self, answers_from: Instant, answered_until: Instant) -> None:
        """Answer whoever calls from the one instant on and after the other (ABSENT: no predecessor has answered
        anybody); ABSENT, nobody.
        """
        if answers_from == ABSENT:
            self._take_off_agenda()
        elif answers_from > 0 or answered_until != ABSENT:
            self.answer(max(answers_from, answered_until + 1))

    def answer(self, since: Instant) -> None:
        """Whoever calls from then on, which may be past; the first callers may be on the agenda."""
        self._take_off_agenda()
        for source in self.sources:
            source.closed = False
            next_at = self._next.pop(source.number, ABSENT)
            if next_at >= since:
                self._agenda.at(next_at, PROGRESS, source, 0)
            else:
                source.skip_to(since - 1)

    def leave(self, at: Instant) -> None:
        """From then on somebody else answers."""
        self._agenda.at(at, CHANGES, _LastCaller(self.sources))

    def _take_off_agenda(self) -> None:
        self._agenda.retain(self._stays)

    def _stays(self, occurrence: Occurrence, due_at: Instant) -> bool:
        if isinstance(occurrence, InboundSource):
            self._next[occurrence.number] = due_at
            return False
        return not isinstance(occurrence, CallerAgain | _LastCaller)

    def number_into(self, shards: Sequence[int]) -> None:
        """The next calls have numbers of one of these virtual shards, turn by turn."""
        if shards:
            self._turns += 1
            numbers = self.sources[0].admission
            row = numbers.next_call // self._call_hosts
            numbers.next_call = row * self._call_hosts + shards[self._turns % len(shards)]

    def take_numbers(self, first: int) -> None:
        """Those from `first` on are for callers here."""
        numbers = self.sources[0].admission
        numbers.stride = self._call_hosts  # no two calls have numbers of one row
        numbers.next_call = -(-first // self._call_hosts) * self._call_hosts


@final
class _LastCaller(Occurrence):
    """Somebody else answers from now on."""

    __slots__ = ("sources",)

    def __init__(self, sources: list[InboundSource]) -> None:
        self.sources: list[InboundSource] = sources

    def happen(self, stage: int, now: Instant) -> None:
        for source in self.sources:
            source.close()
