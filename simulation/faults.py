"""What a real carrier does now and then: reports that come late, twice, out of order or never."""

from typing import TYPE_CHECKING, Final, final

from busyhour.core.call_states import WAITING
from busyhour.core.events import CallEvent
from busyhour.core.ids import SECOND, Instant
from simulation.agenda import PROGRESS, Agenda, Occurrence
from simulation.trunks import FaultShares

if TYPE_CHECKING:
    from simulation.carrier import Leg

OVERTAKEN_FOR: Final = SECOND
"""A report that another was to overtake comes this much later when none followed."""


@final
class DelayedReport(Occurrence):
    """A report under way. It reaches the platform once, whatever brings it there first."""

    __slots__ = ("delivered", "event", "leg")

    def __init__(self, leg: "Leg", event: CallEvent) -> None:
        self.leg: Leg = leg
        self.event: CallEvent = event
        self.delivered: bool = False

    def happen(self, stage: int, now: Instant) -> None:
        if self.delivered:
            return
        self.delivered = True
        carrier = self.leg.carrier
        carrier.driver.deliver(self.event)
        if self.leg.call.state == WAITING:
            carrier.begin_patience(self.leg, now)


@final
class Faults:
    """Applies a trunk's fault shares to what it reports. Chances are drawn by call and kind of report."""

    __slots__ = ("_agenda", "_overtaken")

    def __init__(self, agenda: Agenda) -> None:
        self._agenda: Agenda = agenda
        self._overtaken: dict[int, DelayedReport] = {}
        """Call → the report that its next one overtakes."""

    def refuses(self, leg: "Leg", shares: FaultShares) -> bool:
        return shares.refuse > 0.0 and leg.draws.uniform("fault.refuse", leg.index) < shares.refuse

    def report(self, leg: "Leg", shares: FaultShares, event: CallEvent, now: Instant) -> None:
        """Deliver `event` as the trunk would: now, later, twice, after the next one, or not at all."""
        kind = str(event.kind)
        draws = leg.draws
        if shares.lost > 0.0 and draws.uniform("fault.lost." + kind, leg.index) < shares.lost:
            return
        report = DelayedReport(leg, event)
        again_at = now
        overtaken = self._overtaken.pop(leg.call.id, None)
        if overtaken is not None and overtaken.delivered:
            overtaken = None
        if shares.late > 0.0 and draws.uniform("fault.late." + kind, leg.index) < shares.late:
            by_us = draws.duration_us("fault.late_by." + kind, shares.late_by, leg.index)
            again_at = now + by_us
            self._agenda.at(again_at, PROGRESS, report)
        elif (
            overtaken is None
            and shares.reorder > 0.0
            and draws.uniform("fault.reorder." + kind, leg.index) < shares.reorder
        ):
            self._overtaken[leg.call.id] = report
            again_at = now + OVERTAKEN_FOR
            self._agenda.at(again_at, PROGRESS, report)
        else:
            report.happen(0, now)
        if overtaken is not None:
            overtaken.happen(0, now)
        if shares.duplicate > 0.0 and draws.uniform("fault.duplicate." + kind, leg.index) < shares.duplicate:
            self._agenda.at(again_at, PROGRESS, DelayedReport(leg, event))

    def forget(self, call: int) -> None:
        """The call is closed; what is still under way for it reaches nobody."""
        self._overtaken.pop(call, None)
