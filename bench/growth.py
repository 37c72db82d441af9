"""Time a call and peak memory of the whole command as runs grow, from 10⁴ calls to 10⁷.

    python -m bench.growth [--largest N] [--model mm50|campaign] [--interpreted] [--json FILE]

Time a call should stay constant once start-up is spread thin, and memory should not grow with the calls.
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.measure import Measured, is_compiled, run_command, table
from bench.models import POWER, write_campaign, write_mm50

SIZES: Final = (10_000, 31_623, 100_000, 316_228, 1_000_000, 3_162_278, 10_000_000)
ATTEMPTS_PER_CONTACT: Final = 2.3125
"""Of the campaign model: 1 + 0.75 + 0.75², for its 25% of answers in up to three attempts."""


def nothing(summary: dict[str, Any]) -> dict[str, float]:
    return {}


def grow(model: str, largest: int, interpreted: bool) -> list[Measured]:
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="busyhour-bench-") as name:
        folder = Path(name)
        for calls in SIZES:
            if calls > largest:
                break
            if model == "mm50":
                scenario = write_mm50(folder, calls, 1)
            else:
                scenario = write_campaign(folder, round(calls / ATTEMPTS_PER_CONTACT), 1, POWER)
            measured.append(run_command(scenario, interpreted, nothing))
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a call and peak memory as runs grow.")
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--model", choices=["mm50", "campaign"], default="campaign")
    parser.add_argument("--interpreted", action="store_true")
    parser.add_argument("--json", type=Path, default=None, help="file for the single runs")
    asked = parser.parse_args()
    interpreted = asked.interpreted or not is_compiled()
    measured = grow(asked.model, asked.largest, interpreted)
    least = measured[0]
    rows = [
        [
            f"{run.calls:,}",
            f"{run.wall_s:.2f}",
            f"{run.wall_s / run.calls * 1e6:.2f}",
            # What a call costs beyond the smallest run, which is nearly all start-up.
            f"{(run.wall_s - least.wall_s) / (run.calls - least.calls) * 1e6:.2f}"
            if run is not least
            else "",
            f"{run.peak_mb:.0f}",
            f"{run.found['written_mb']:.1f}",
        ]
        for run in measured
    ]
    print(f"\n{asked.model}, {'interpreted' if interpreted else 'compiled'}\n")
    print(table(["calls", "seconds", "µs/call", "µs/further call", "peak MB", "written MB"], rows))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(run) for run in measured], indent=1) + "\n")


if __name__ == "__main__":
    main()
