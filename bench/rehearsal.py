"""A scenario live beside the same file simulated: do their 95% intervals overlap?

    python -m bench.rehearsal [FILE] [--speed S] [--live N] [--simulated N] [--set PATH=VALUE]

Live runs take the time the scenario says, divided by the speed. Message times grow with the speed: 20 ms between two
actors are 0.4 s of a run at 20 times the clock, which waiting callers notice.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.measure import ROOT, table

KPIS: Final = {
    "campaigns": ("attempts", "answer_rate", "abandonment_rate"),
    "queues": ("occupancy", "service_level"),
}
PROGRAM: Final = "import sys; from cli.main import main; sys.exit(main())"
OVERLAP: Final = {True: "yes", False: "NO"}


def summary_of(verb: str, arguments: list[str]) -> dict[str, Any]:
    """`summary.json` of a command that may have failed its expectations. Raises RuntimeError when there is none."""
    with tempfile.TemporaryDirectory(prefix="busyhour-bench-") as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-c", PROGRAM, verb, *arguments, "--out", str(out), "--quiet"]
        ended = subprocess.run(command, cwd=ROOT, check=False)
        if ended.returncode not in (0, 1):
            raise RuntimeError(f"{verb} ended with {ended.returncode}")
        summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
        return summary


def pairs(
    simulated: dict[str, Any], live: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for group, kpis in KPIS.items():
        for name in simulated[group]:
            for kpi in kpis:
                ours, theirs = simulated[group][name].get(kpi), live[group][name].get(kpi)
                if ours and theirs and ours["mean"] is not None and theirs["mean"] is not None:
                    yield f"{group}.{name}.{kpi}", ours, theirs


def written(kpi: dict[str, Any]) -> str:
    interval = kpi["ci95"]
    return f"{kpi['mean']:.4g}" + (f" ({interval[0]:.4g} to {interval[1]:.4g})" if interval else "")


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    low, high = one["ci95"] or (one["mean"], one["mean"])
    lowest, highest = other["ci95"] or (other["mean"], other["mean"])
    return low <= highest and lowest <= high


def main() -> None:
    parser = argparse.ArgumentParser(description="A scenario live beside the same file simulated.")
    parser.add_argument("file", nargs="?", default="scenarios/outbound_retail.yaml")
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--live", type=int, default=3, help="live replications, one after another")
    parser.add_argument("--simulated", type=int, default=20, help="simulated replications")
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="PATH=VALUE")
    asked = parser.parse_args()
    sets = [word for each in asked.sets for word in ("--set", each)]
    simulated = summary_of("simulate", [asked.file, "--replications", str(asked.simulated), *sets])
    speed = ["--speed", str(asked.speed), "--replications", str(asked.live)]
    live = summary_of("run", [asked.file, *speed, *sets])
    rows = [
        [name, written(ours), written(theirs), OVERLAP[overlap(ours, theirs)]]
        for name, ours, theirs in pairs(simulated, live)
    ]
    print(f"{asked.file}, live at {asked.speed:g} times the clock\n")
    print(table(["", "simulated", "live", "overlap"], rows))


if __name__ == "__main__":
    main()
