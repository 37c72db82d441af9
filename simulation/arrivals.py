"""The instants at which one inbound source's callers arrive."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from busyhour.core.ids import Instant
from simulation.arrival_processes import InstantBlocks, PoissonPoints, even_points, rate_of
from simulation.distributions import single_draw
from simulation.substreams import Substreams

if TYPE_CHECKING:
    from simulation.scenario.inbound import Inbound


def arrivals_of(
    streams: Substreams, entity: str, inbound: "Inbound", start: Instant, end: Instant
) -> Iterator[Instant]:
    """The arrivals of one inbound line from start, its profile's and sinusoid's time 0, to before end, in order.

    end may be ABSENT: no end but the rate's. A busyness is drawn once, for the whole replication: a
    replication is a day, busier or quieter than the forecast as a whole (Avramidis, Deslauriers and
    L'Ecuyer, "Modeling daily arrivals to a telephone call center", Management Science 50 (2004), whose
    factor is a gamma of mean 1). A block of instants is made when the one before is used up.
    """
    points = PoissonPoints(streams.words(entity, "arrivals")) if inbound.process == "poisson" else even_points
    factor = 1.0
    if inbound.busyness is not None:
        factor = single_draw(streams.words(entity, "busyness"), inbound.busyness)
    blocks = InstantBlocks(points, rate_of(inbound), factor, start, end)
    return chain.from_iterable(iter(blocks, []))
