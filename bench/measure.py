"""One program run as a child: its wall time, its peak memory and what it found."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
SWITCH: Final = "BUSYHOUR_INTERPRETED"


class BenchError(Exception):
    """A program that was to be measured failed: (command, exit code, what it wrote to standard error)."""

    def __str__(self) -> str:
        command, code, complaint = self.args
        return f"exit code {code} of {command}\n{complaint}"


@dataclass(frozen=True)
class Measured:
    """wall_s is of the whole program, from its start to its exit, imports and files written included; cpu_s is
    what all its threads took of the processors, which other work on the machine moves less."""

    calls: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    found: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def calls_per_second(self) -> float:
        return self.calls / self.wall_s


def run(command: list[str], environment: dict[str, str]) -> tuple[str, float, float, float]:
    """Standard output, wall and CPU seconds and peak resident megabytes of a child. Raises BenchError."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        begun = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=complaint
        )
        # wait4 gives this child's own peak; getrusage(RUSAGE_CHILDREN) would give the largest of all so far.
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        complaint.seek(0)
        if child.returncode:
            raise BenchError(" ".join(command), child.returncode, complaint.read().decode(errors="replace"))
        return output.read().decode(), wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def run_rival(module: str, arguments: list[str]) -> Measured:
    """A program of bench/rivals. It writes no calls."""
    text, wall_s, cpu_s, peak_mb = run([sys.executable, "-m", f"bench.rivals.{module}", *arguments], {})
    found = json.loads(text)
    return Measured(found.pop("calls"), wall_s, cpu_s, peak_mb, found)


def run_command(
    scenario: Path, interpreted: bool, kpis: Callable[[dict[str, Any]], dict[str, float]]
) -> Measured:
    """`busyhour simulate`, its calls written to a folder that is thrown away afterwards.

    kpis picks from `summary.json` what is compared.
    """
    with tempfile.TemporaryDirectory(prefix="busyhour-bench-") as folder:
        out = Path(folder) / "out"
        program = "import sys; from cli.main import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "simulate", str(scenario), "--out", str(out), "--quiet"]
        _, wall_s, cpu_s, peak_mb = run(command, {SWITCH: "1" if interpreted else "0"})
        summary = json.loads((out / "summary.json").read_text())
        calls = int(summary["run"]["calls"])
        written_mb = sum(file.stat().st_size for file in (out / "calls").rglob("*.parquet")) / 1e6
        return Measured(calls, wall_s, cpu_s, peak_mb, {**kpis(summary), "written_mb": written_mb})


def is_compiled() -> bool:
    """Whether the command would run compiled code."""
    program = "from busyhour.interpreted import runtime; print(runtime())"
    return run([sys.executable, "-c", program], {SWITCH: "0"})[0].strip() == "compiled"


def alternate(contenders: dict[str, Callable[[int], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """Every contender once a round, taking turns to be first: none always runs on a warmer machine.

    A contender gets the round's number, which serves as its seed.
    """
    seen: dict[str, list[Measured]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seen[name].append(contenders[name](number + 1))
            print(f"  round {number + 1}/{rounds}  {name}: {seen[name][-1].wall_s:.2f} s", file=sys.stderr)
    return seen


def median_ratio(ours: list[Measured], theirs: list[Measured]) -> float:
    """The median over rounds of how many times as many calls a second the first made as the second."""
    return median(a.calls_per_second / b.calls_per_second for a, b in zip(ours, theirs, strict=True))


def table(header: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell, the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
