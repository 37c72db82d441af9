"""What every rival is asked and answers: calls and a seed in, one JSON object on standard output."""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Waiting:
    """Waiting times of an M/M/50 run, in mean service times."""

    calls: int
    waited: int
    wait_sum: float


ARRIVALS_PER_UNIT = 45.0
SERVERS = 50
"""Row 3 of the validation table: λ = 45, μ = 1, so the unit of time is one mean service time."""


def run_mm50(model: Callable[[int, int], Waiting]) -> None:
    """model(calls, seed) simulates an empty M/M/50 until so many customers were served."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.perf_counter()
    seen = model(asked.calls, asked.seed)
    wall_s = time.perf_counter() - begun
    print(
        json.dumps(
            {
                "calls": seen.calls,
                "model_s": wall_s,
                "wait_probability": seen.waited / seen.calls,
                "wait_mean": seen.wait_sum / seen.calls,
            }
        )
    )
