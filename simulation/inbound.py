"""Callers who come by themselves, and those who try again after they got nobody."""

from collections.abc import Iterator
from typing import Any, final

from busyhour.core.call import Call
from busyhour.core.call_states import WAITING
from busyhour.core.disposition import END_NO_CHANNEL, END_TRUNK_DOWN, FAILED, INBOUND
from busyhour.core.events import CALL_ARRIVED, CarrierRefused
from busyhour.core.ids import ABSENT, Instant
from simulation.admission import SimulatedAdmission
from simulation.agenda import PROGRESS, Occurrence
from simulation.callees import FOREVER
from simulation.carrier import Leg, SimulatedCarrier
from simulation.draws import Draws, QueueTimes
from simulation.substreams import Substreams


@final
class InboundSource(Occurrence):
    """One stream of callers to one queue."""

    __slots__ = (
        "_draws",
        "_first_draws",
        "admission",
        "arrivals",
        "arrived",
        "carrier",
        "closed",
        "handle_time",
        "max_wait",
        "number",
        "patience",
        "priority",
        "queue",
        "queue_times",
        "retry_after",
        "retry_probability",
        "substreams",
        "to_come",
        "trunk",
    )

    _first_draws: Draws

    def __init__(
        self,
        number: int,
        queue: int,
        arrivals: Iterator[Instant],
        carrier: SimulatedCarrier,
        admission: SimulatedAdmission,
        substreams: Substreams,
        queue_times: list[QueueTimes],
    ) -> None:
        self.number: int = number
        self.queue: int = queue
        self.arrivals: Iterator[Instant] = arrivals
        self.carrier: SimulatedCarrier = carrier
        self.admission: SimulatedAdmission = admission
        self.substreams: Substreams = substreams
        self.queue_times: list[QueueTimes] = queue_times
        self.trunk: int = ABSENT
        self.priority: int = 0
        self.max_wait: int = 0
        self.handle_time: Any = None
        self.patience: Any = None
        """Opaque distribution; None: callers wait for ever."""
        self.retry_probability: float = 0.0
        self.retry_after: Any = None
        self.arrived: int = 0
        """Callers so far; a caller keeps the number through every try."""
        self.to_come: int = 0
        """Occurrences of this source on the agenda: the next caller and those who will try again."""
        self.closed: bool = False
        """Nobody calls any more."""
        self._draws: list[Draws] = []

    def open(self) -> None:
        """Put the first caller on the agenda, if there is one."""
        self._first_draws = self.draws(1)
        instant = next(self.arrivals, ABSENT)
        if instant != ABSENT:
            self.to_come += 1
            self.carrier.agenda.at(instant, PROGRESS, self, 0)

    def skip_to(self, now: Instant) -> None:
        """Nobody answers callers before `now`: go on with the first one after it."""
        instant = next(self.arrivals, ABSENT)
        while instant != ABSENT and instant <= now:
            self.arrived += 1
            instant = next(self.arrivals, ABSENT)
        if instant != ABSENT:
            self.arrived += 1
            self.carrier.agenda.at(instant, PROGRESS, self, 0)

    def close(self) -> None:
        """From now on nobody calls: those on the agenda stay away."""
        self.closed = True
        self.to_come = 0

    def happen(self, stage: int, now: Instant) -> None:
        if self.closed:
            return
        caller = self.arrived
        self.arrived = caller + 1
        instant = next(self.arrivals, ABSENT)
        if instant == ABSENT:
            self.to_come -= 1
        else:
            self.carrier.agenda.at_next(instant, PROGRESS, self)
        self.call_in(caller, 1, now)

    def call_in(self, caller: int, try_no: int, now: Instant) -> None:
        """A caller's `try_no`-th try."""
        carrier = self.carrier
        driver = carrier.driver
        trunk_no = self.trunk
        call_id = self.admission.new_call()
        call = Call(call_id, INBOUND, self.queue, trunk_no, self.priority, now)
        call.attempt = try_no
        draws = self._first_draws if try_no == 1 else self.draws(try_no)
        leg = Leg(carrier, call, draws, caller, FOREVER)
        call.max_wait = self.max_wait
        if self.retry_probability > 0.0:
            leg.source = self.number
        driver.calls[call_id] = call
        call.line = leg
        if trunk_no != ABSENT:
            trunk = carrier.trunks[trunk_no]
            if trunk.outages > 0:
                driver.deliver(CarrierRefused(call.id, 503, FAILED, END_TRUNK_DOWN))
                return
            if trunk.is_full():
                driver.deliver(CarrierRefused(call.id, 503, FAILED, END_NO_CHANNEL))
                return
            trunk.seize(now)
            leg.has_channel = True
        if driver.intake is not None and self.patience is not None:
            leg.patience_us = draws.duration_us("patience", self.patience, caller)
        driver.tell(call, CALL_ARRIVED)
        if call.state == WAITING:
            if self.patience is not None:
                leg.patience_us = draws.duration_us("patience", self.patience, caller)
            carrier.begin_patience(leg, now)

    def consider_retry(self, leg: Leg, now: Instant) -> None:
        """The caller got nobody, and perhaps tries again later."""
        if self.closed:
            return
        draws = leg.draws
        if draws.uniform("retry", leg.index) < self.retry_probability:
            after_us = draws.duration_us("retry.after", self.retry_after, leg.index)
            self.to_come += 1
            self.carrier.agenda.at(
                now + after_us, PROGRESS, CallerAgain(self, leg.index), leg.call.attempt + 1
            )

    def draws(self, try_no: int) -> Draws:
        while len(self._draws) < try_no:
            entity = "inbound/" + str(self.number) + "/try-" + str(len(self._draws) + 1)
            self._draws.append(Draws(self.substreams, entity, self.queue_times, self.handle_time))
        return self._draws[try_no - 1]


@final
class CallerAgain(Occurrence):
    """A caller who tries again; the stage is the number of the try."""

    __slots__ = ("caller", "source")

    def __init__(self, source: InboundSource, caller: int) -> None:
        self.source: InboundSource = source
        self.caller: int = caller

    def happen(self, stage: int, now: Instant) -> None:
        if not self.source.closed:
            self.source.to_come -= 1
            self.source.call_in(self.caller, stage, now)
