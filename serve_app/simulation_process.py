"""A simulation in a process of its own: `python -m serve_app.simulation_process SCENARIO [OUT]`.

Prints a JSON line `{"share", "calls"}` now and then, and leaves in OUT what `busyhour simulate` leaves, and all calls
in one file, calls.parquet; without OUT its last line is the summary. It can neither run for ever nor take the machine's
memory.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Final

import pyarrow.parquet as parquet

from busyhour.adapters.wall_clock import elapsed_s
from busyhour.results.report import write_report
from busyhour.results.summary import summarise
from simulation.executor import InProcess, Job
from simulation.run_facts import facts_of
from simulation.scenario import load

LONGEST_CPU_S: Final = 900
MOST_MEMORY: Final = 4 * 2**30
_TELL_EVERY_S: Final = 0.5


def main(scenario_path: Path, out: Path | None) -> None:
    """Raises ScenarioError, OSError, MemoryError."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU_S, LONGEST_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    began_s = elapsed_s()
    scenario = load(scenario_path)
    shares: dict[int, float] = {}
    calls: dict[int, int] = {}
    told_s = began_s

    def note(replication: int, fraction: float, so_far: int) -> None:
        nonlocal told_s
        shares[replication], calls[replication] = fraction, so_far
        if elapsed_s() - told_s >= _TELL_EVERY_S:
            told_s = elapsed_s()
            tell(sum(shares.values()) / scenario.replications, sum(calls.values()))

    results = list(InProcess().run(Job(scenario, range(scenario.replications), out, progress=note)))
    summary = summarise(results, facts_of(scenario, elapsed_s() - began_s))
    if out is None:
        sys.stdout.write(json.dumps(json.loads(summary.as_text())) + "\n")
        return
    (out / "summary.json").write_text(summary.as_text(), encoding="utf-8")
    write_report(out / "report.html", summary, results)
    join(out / "calls", out / "calls.parquet")
    tell(1.0, sum(calls.values()))


def tell(share: float, calls: int) -> None:
    sys.stdout.write(json.dumps({"share": share, "calls": calls}) + "\n")
    sys.stdout.flush()


def join(parts: Path, whole: Path) -> None:
    """A dataset's files as one, a row group at a time."""
    files = sorted(parts.glob("*.parquet"))
    with parquet.ParquetWriter(whole, parquet.read_schema(files[0])) as writer:
        for path in files:
            with parquet.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
