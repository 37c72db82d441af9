"""The same source gives the same bytes, compiled by mypyc and interpreted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from busyhour.interpreted import reason

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import hashlib, json, sys
from busyhour.interpreted import runtime
from simulation.executor import InProcess, Job
from simulation.runs import trace_replication
from simulation.scenario import load

found = {"runtime": runtime()}
for file in sys.argv[1:]:
    scenario = load(file)
    trace = "\\n".join(trace_replication(scenario, 0))
    (result,) = InProcess().run(Job(scenario, [1]))
    found[file] = [hashlib.sha256(trace.encode()).hexdigest(), trace.count("\\n"), result.digest]
json.dump(found, sys.stdout)
"""


def found_by(*files: Path, interpreted: bool) -> dict[str, object]:
    """Digest of the trace of replication 0 and of the rows of replication 1, by file."""
    environment = {**os.environ, "BUSYHOUR_INTERPRETED": "1" if interpreted else "0"}
    command = [sys.executable, "-c", PROGRAM, *(path.relative_to(ROOT).as_posix() for path in files)]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(finished.stdout)


@pytest.mark.compiled
def test_every_event_and_every_row_is_the_same() -> None:
    if reason() not in ("", "asked"):
        pytest.skip(f"the core is {reason()} here: make compile")
    library = [ROOT / "scenarios" / f"{name}.yaml" for name in ("outbound_retail", "trunk_outage")]
    files = [*sorted((ROOT / "scenarios" / "qa").glob("*.yaml")), *library]
    compiled = found_by(*files, interpreted=False)
    interpreted = found_by(*files, interpreted=True)
    assert (compiled.pop("runtime"), interpreted.pop("runtime")) == ("compiled", "interpreted")
    assert len(compiled) == len(files)
    assert compiled == interpreted
