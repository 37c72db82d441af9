"""A whole replication in this process, watched: its packed rows, every event, and the machines at its end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from busyhour.core.events import Event
from busyhour.core.ids import ABSENT, HOUR, Instant
from busyhour.results.rows import CALL_ROW, CallRows, rows_of
from simulation.admission import SimulatedAdmission
from simulation.assembly import World, assemble
from simulation.contact_supply import SimulatedContacts
from simulation.engine import ROUND
from simulation.scenario import Scenario

MOST_TURNS = 400_000
"""Occurrences that no scenario of the tests comes near: beyond, a run that should end does not."""

Look = Callable[[World, Event, Instant], None]


class Chunks:
    """Takes packed rows as the recorder would."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def packed(self) -> bytes:
        return b"".join(self.chunks)


@dataclass
class WholeRun:
    scenario: Scenario
    world: World
    ended_at: Instant
    """The horizon, or the instant at which nothing was left to do."""
    alive: list[int]
    """Calls that had not ended by then."""
    packed: bytes
    events: list[tuple[Instant, Event]] = field(default_factory=list[tuple[Instant, Event]])

    @property
    def rows(self) -> CallRows:
        return rows_of(self.packed) if self.packed else np.zeros(0, CALL_ROW)

    @property
    def created(self) -> int:
        """Calls that were created, inbound and outbound."""
        admission = self.world.driver.admission
        assert isinstance(admission, SimulatedAdmission)
        return admission.next_call

    def handed_over(self, campaign: int) -> int:
        """Contacts that the campaign was given."""
        contacts = self.world.driver.contacts
        assert isinstance(contacts, SimulatedContacts)
        return contacts.supplies[campaign].handed_over

    def events_of(self, kinds: Iterable[int]) -> list[tuple[Instant, Any]]:
        wanted = frozenset(kinds)
        return [(at, event) for at, event in self.events if event.kind in wanted]


def run_whole(
    scenario: Scenario,
    replication: int = 0,
    *,
    watched: bool = True,
    look: Look | None = None,
    drained: bool = False,
) -> WholeRun:
    """Run one replication to its end; `look(world, event, now)` is called before each event is received.

    `drained`: then let happen what is due in the six hours after it, such as wrap-ups and letters under way.
    Raises AssertionError when it does not end.
    """
    sink = Chunks()
    events: list[tuple[Instant, Event]] = []
    worlds: list[World] = []

    def trace(event: Event, now: Instant) -> None:
        events.append((now, event))
        if look is not None:
            look(worlds[0], event, now)

    world = assemble(scenario, replication, sink, trace if watched else None)
    worlds.append(world)

    rounds: list[Instant] = []

    def report(now: Instant) -> None:
        rounds.append(now)
        assert len(rounds) * ROUND < MOST_TURNS, f"still running after {len(rounds) * ROUND} occurrences"

    until = ABSENT if scenario.clock.end_us is None else scenario.clock.end_us
    ended_at = world.engine.run(until, scenario.clock.until == "idle", report)
    if drained:
        world.engine.run(ended_at + 6 * HOUR, False, report)
    alive = sorted(world.driver.calls)
    world.engine.close_calls(ended_at)
    world.log.flush()
    return WholeRun(scenario, world, ended_at, alive, sink.packed(), events)
