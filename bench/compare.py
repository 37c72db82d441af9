"""Calls a second of the whole command beside other simulators, in turns, on this machine now.

    python -m bench.compare [--calls N] [--contacts N] [--rounds N] [--json FILE]

Machines differ and drift, so no figure here means much alone: the table's ratios are medians of ratios
within a round, in which every contender ran once. Busyhour reads its file, simulates, writes every call as
Parquet, the summary and the report; the others write nothing.
"""

import argparse
import json
import platform
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.measure import Measured, alternate, is_compiled, median_ratio, run_command, run_rival, table
from bench.models import POWER, PREDICTIVE, write_campaign, write_mm50

Results = dict[str, list[Measured]]

COMPILED: Final = "Busyhour, compiled"
INTERPRETED: Final = "Busyhour, interpreted"
SLOW_SHARE: Final = 5
"""Ciw and salabim run a fifth of the calls: Ciw keeps every record, 1.2 kB a call, until it ends."""


def mm50_kpis(summary: dict[str, Any]) -> dict[str, float]:
    desk = summary["queues"]["desk"]
    return {
        "wait_probability": desk["wait_probability"]["mean"],
        "wait_mean": desk["wait_mean_s"]["mean"] / 60.0,
    }


def campaign_kpis(summary: dict[str, Any]) -> dict[str, float]:
    retail = summary["campaigns"]["retail"]
    return {
        "abandonment_rate": retail["abandonment_rate"]["mean"],
        "attempts_per_contact": retail["attempts_per_contact"]["mean"],
        "duration_h": retail["duration_s"]["mean"] / 3600.0,
    }


def compare_mm50(calls: int, rounds: int, compiled: bool, folder: Path) -> Results:
    def ours(interpreted: bool, seed: int) -> Measured:
        return run_command(write_mm50(folder, calls, seed), interpreted, mm50_kpis)

    def rival(module: str, asked: int, seed: int) -> Measured:
        return run_rival(module, ["--calls", str(asked), "--seed", str(seed)])

    contenders = {
        INTERPRETED: lambda seed: ours(True, seed),
        "SimPy": lambda seed: rival("simpy_mm50", calls, seed),
        "Ciw": lambda seed: rival("ciw_mm50", calls // SLOW_SHARE, seed),
        "salabim": lambda seed: rival("salabim_mm50", calls // SLOW_SHARE, seed),
    }
    if compiled:
        contenders = {COMPILED: lambda seed: ours(False, seed), **contenders}
    return alternate(contenders, rounds)


def compare_campaign(contacts: int, rounds: int, compiled: bool, predictive: bool, folder: Path) -> Results:
    pacing = PREDICTIVE if predictive else POWER

    def ours(interpreted: bool, seed: int) -> Measured:
        return run_command(write_campaign(folder, contacts, seed, pacing), interpreted, campaign_kpis)

    def simpy(seed: int) -> Measured:
        adapt = ["--adapt"] if predictive else []
        return run_rival("simpy_campaign", ["--calls", str(contacts), "--seed", str(seed), *adapt])

    contenders = {INTERPRETED: lambda seed: ours(True, seed), "SimPy": simpy}
    if compiled:
        contenders = {COMPILED: lambda seed: ours(False, seed), **contenders}
    return alternate(contenders, rounds)


def printed(results: Results, kpis: list[str]) -> str:
    header = ["", "calls", "seconds", "CPU s", "calls/s", "× SimPy", "peak MB", *kpis]
    rows = [
        [
            name,
            f"{median(run.calls for run in runs):,.0f}",
            f"{median(run.wall_s for run in runs):.2f}",
            f"{median(run.cpu_s for run in runs):.2f}",
            f"{median(run.calls_per_second for run in runs):,.0f}",
            f"{median_ratio(runs, results['SimPy']):.2f}",
            f"{max(run.peak_mb for run in runs):.0f}",
            *(f"{sum(run.found[kpi] for run in runs) / len(runs):.4f}" for kpi in kpis),
        ]
        for name, runs in results.items()
    ]
    return table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Calls a second beside other simulators.")
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls of M/M/50")
    parser.add_argument("--contacts", type=int, default=200_000, help="contacts of the campaign")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=None, help="file for the single runs")
    parser.add_argument("--only", choices=["mm50", "power", "predictive"], default=None)
    asked = parser.parse_args()
    compiled = is_compiled()
    if not compiled:
        print("The core is not compiled (make compile): only the interpreted command is measured.")
    every: dict[str, Results] = {}
    with tempfile.TemporaryDirectory(prefix="busyhour-bench-") as name:
        folder = Path(name)
        if asked.only in (None, "mm50"):
            every["mm50"] = compare_mm50(asked.calls, asked.rounds, compiled, folder)
            print("\nM/M/50, λ = 45, μ = 1 (exact: wait_probability 0.3639, wait_mean 0.0728)\n")
            print(printed(every["mm50"], ["wait_probability", "wait_mean"]))
        for mode in ("power", "predictive"):
            if asked.only in (None, mode):
                predictive = mode == "predictive"
                every[mode] = compare_campaign(asked.contacts, asked.rounds, compiled, predictive, folder)
                print(f"\nOutbound campaign, 50 agents, up to three attempts a contact, {mode}\n")
                print(printed(every[mode], ["abandonment_rate", "attempts_per_contact"]))
    if asked.json:
        runs = {
            model: {name: [asdict(run) for run in of] for name, of in results.items()}
            for model, results in every.items()
        }
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        asked.json.write_text(json.dumps({"machine": machine, "runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
