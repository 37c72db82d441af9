"""M/M/50 in SimPy: a resource with 50 places and a generator a customer."""

from collections.abc import Generator
from random import Random
from typing import Any

import simpy

from bench.rivals.outcome import ARRIVALS_PER_UNIT, SERVERS, Waiting, run_mm50


def mm50(calls: int, seed: int) -> Waiting:
    draw = Random(seed).expovariate
    env = simpy.Environment()
    servers = simpy.Resource(env, SERVERS)
    timeout = env.timeout
    seen = Waiting(0, 0, 0.0)

    def customer() -> Generator[Any, Any, None]:
        arrived = env.now
        with servers.request() as turn:
            yield turn
            wait = env.now - arrived
            if wait > 0.0:
                seen.waited += 1
                seen.wait_sum += wait
            yield timeout(draw(1.0))
        seen.calls += 1

    def source() -> Generator[Any, Any, None]:
        for _ in range(calls):
            yield timeout(draw(ARRIVALS_PER_UNIT))
            env.process(customer())

    env.process(source())
    env.run()
    return seen


if __name__ == "__main__":
    run_mm50(mm50)
