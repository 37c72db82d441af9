"""M/M/50 in Ciw: one node with 50 servers; the waits are read from its records."""

import ciw
from ciw.dists import Exponential

from bench.rivals.outcome import ARRIVALS_PER_UNIT, SERVERS, Waiting, run_mm50


def mm50(calls: int, seed: int) -> Waiting:
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions=[Exponential(rate=ARRIVALS_PER_UNIT)],
        service_distributions=[Exponential(rate=1.0)],
        number_of_servers=[SERVERS],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(calls)
    waits = [record.waiting_time for record in simulation.get_all_records()]
    # Ciw tells a wait of nothing as a rounding error of either sign.
    return Waiting(len(waits), sum(wait > 1e-9 for wait in waits), sum(waits))


if __name__ == "__main__":
    run_mm50(mm50)
