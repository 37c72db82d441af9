"""Whether the rivals model what they are timed on: each against the exact values, with 99% intervals.

python -m bench.check_rivals [--calls N] [--replications N]
"""

import argparse
import sys
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from bench.measure import run_rival, table


@dataclass(frozen=True)
class Check:
    module: str
    arguments: tuple[str, ...]
    kpi: str
    exact: float
    source: str


MM50: Final = ("simpy_mm50", "ciw_mm50", "salabim_mm50")
CHECKS: Final = (
    *(Check(module, (), "wait_probability", 0.36386447, "Erlang C") for module in MM50),
    *(Check(module, (), "wait_mean", 0.07277289, "Erlang C") for module in MM50),
    Check("simpy_campaign", ("--plan", "row11"), "occupancy", 0.714286, "an agent's cycle: 120 / (48 + 120)"),
    Check("simpy_campaign", ("--plan", "row14"), "reached", 0.806508, "1 - 0.72⁵"),
    Check("simpy_campaign", ("--plan", "row14"), "attempts_per_contact", 2.880387, "(1 - 0.72⁵) / 0.28"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="The rivals against closed forms.")
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--replications", type=int, default=10)
    asked = parser.parse_args()
    found: dict[tuple[str, tuple[str, ...]], list[dict[str, float]]] = {}
    rows: list[list[str]] = []
    passed = True
    for check in CHECKS:
        # A redialling run is longer by its retries, and known far better for as many contacts.
        calls = asked.calls if check.module in MM50 else asked.calls // 5
        key = (check.module, check.arguments)
        if key not in found:
            found[key] = [
                run_rival(check.module, ["--calls", str(calls), "--seed", str(seed), *check.arguments]).found
                for seed in range(1, asked.replications + 1)
            ]
        values = np.asarray([run[check.kpi] for run in found[key]])
        half = float(stats.t.ppf(0.995, values.size - 1) * values.std(ddof=1) / values.size**0.5)
        mean = float(values.mean())
        right = abs(mean - check.exact) <= half
        passed = passed and right
        name = " ".join([check.module, *check.arguments[1:]])
        rows.append(
            [
                name,
                check.kpi,
                f"{mean:.5f}",
                f"± {half:.5f}",
                f"{check.exact:.5f}",
                "ok" if right else "WRONG",
            ]
        )
    print(table(["rival", "KPI", "found", "99%", "exact", ""], rows))
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
