"""The instants at which one inbound source's callers arrive.

`Arrivals` is compiled with the engine; the vectorised side stays in `arrival_processes` and `rates`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, final

from busyhour.core.ids import ABSENT, Instant
from simulation.arrival_processes import InstantBlocks, PoissonPoints, even_points, rate_of
from simulation.distributions import single_draw
from simulation.substreams import Substreams

if TYPE_CHECKING:
    from simulation.scenario.inbound import Inbound


@final
class Arrivals:
    """A source's instants in order, each once."""

    _instants: list[int]
    _place: int
    _more: Callable[[], list[int]]

    __slots__ = ("_instants", "_more", "_place")

    def __init__(self, more: Callable[[], list[int]]) -> None:
        """more() → the next instants in order, [] when there are none."""
        self._instants = []
        self._place = 0
        self._more = more

    def next(self) -> Instant:
        """The next arrival's instant, or ABSENT when there is none (and never again will be)."""
        place = self._place
        if place == len(self._instants):
            self._instants = self._more()
            self._place = 0
            if not self._instants:
                return ABSENT
            place = 0
        self._place = place + 1
        return self._instants[place]


def arrivals_of(
    streams: Substreams, entity: str, inbound: "Inbound", start: Instant, end: Instant
) -> Arrivals:
    """The arrivals of one inbound line from start, its profile's and sinusoid's time 0, to before end.

    end may be ABSENT: no end but the rate's. A busyness is drawn once, for the whole replication: a
    replication is a day, busier or quieter than the forecast as a whole (Avramidis, Deslauriers and
    L'Ecuyer, "Modeling daily arrivals to a telephone call center", Management Science 50 (2004), whose
    factor is a gamma of mean 1).
    """
    points = PoissonPoints(streams.words(entity, "arrivals")) if inbound.process == "poisson" else even_points
    factor = 1.0
    if inbound.busyness is not None:
        factor = single_draw(streams.words(entity, "busyness"), inbound.busyness)
    return Arrivals(InstantBlocks(points, rate_of(inbound), factor, start, end))
