"""Plants each bug in a copy of the project and runs the suite of the core there, interpreted, until a test fails.

    python -m tests.mutants [NAME ...] [--jobs N]

Exits with 1 when more than two bugs are noticed by nobody. Takes a quarter of an hour on two processors, as long as
the suite for each that nobody notices.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.mutants.planted import BUGS, ROOT, Bug

SUITE: Final = (
    "tests/unit/core",
    "tests/unit/simulation",
    "tests/property/test_agent_queue.py",
    "tests/property/test_campaign.py",
    "tests/property/test_calling_hours.py",
    "tests/property/test_token_bucket.py",
    "tests/property/test_pacing.py",
    "tests/property/test_whole_runs.py",
    "tests/property/test_live_crashes.py",
)
"""Fast first."""
COPIED: Final = (
    "busyhour",
    "simulation",
    "actors",
    "scenarios",
    "cli",
    "bench",
    "tests",
    "conftest.py",
    "pyproject.toml",
)
NOTICED_LEAST: Final = len(BUGS) - 2
LONGEST_S: Final = 1_200.0


def noticed(bug: Bug, python: str) -> str:
    """The test that fails with the bug; empty when none does. Raises RuntimeError when the suite can't be run."""
    with tempfile.TemporaryDirectory(prefix="busyhour-mutant-") as folder:
        root = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, root / name, ignore=shutil.ignore_patterns("*.so", "__pycache__")
                )
            else:
                shutil.copy(ROOT / name, root / name)
        file = root / bug.file
        file.write_text(bug.planted_in(file.read_text()))
        ran = subprocess.run(
            [
                python,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-rfE",
                "-p",
                "no:cacheprovider",
                "-m",
                "not slow and not ray",
                *SUITE,
            ],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    if ran.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    if ran.returncode != 1 or failed is None:
        raise RuntimeError(
            f"{bug.name}: pytest ended with {ran.returncode}\n{ran.stdout[-2_000:]}{ran.stderr}"
        )
    return failed[1]


def plant(bugs: Sequence[Bug], jobs: int) -> int:
    """How many bugs nobody notices; a line for each as it is found."""
    began_s = time.monotonic()
    missed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for bug, test in zip(bugs, pool.map(lambda bug: noticed(bug, sys.executable), bugs), strict=True):
            missed += not test
            print(f"{'noticed' if test else 'MISSED '}  {bug.name}  {test}", flush=True)
    print(f"{len(bugs) - missed} of {len(bugs)} noticed, {time.monotonic() - began_s:.0f} s")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description="Does the suite notice bugs that are planted in the core?")
    parser.add_argument(
        "names", nargs="*", help="words in the names of the bugs to plant; all of them by default"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    bugs = [bug for bug in BUGS if all(word in bug.name for word in asked.names)]
    return int(plant(bugs, asked.jobs) > len(BUGS) - NOTICED_LEAST)


if __name__ == "__main__":
    sys.exit(main())
