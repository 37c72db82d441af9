"""Pages whose shell blocks are run as a reader would: one after the other, in one shell.

A block ```sh is run. A block ```text right after it is what it prints, to the letter. Other blocks are for the reader.
"""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_OVER: Final = "--- block over ---"


@dataclass(frozen=True, slots=True)
class Step:
    script: str
    prints: str | None
    """None where the page does not say."""


def steps_of(page: str) -> list[Step]:
    return [Step(match[1], match[2]) for match in _BLOCK.finditer(page)]


def run_page(
    page: str,
    folder: Path,
    environment: Mapping[str, str],
    instead: Mapping[str, str],
    within_s: float,
    wanted: str,
) -> str:
    """In `folder`; `instead` has the addresses that the page's stand for. Gives the shell's variable `wanted`.

    Raises AssertionError where a line fails or a block prints something else than the page says.
    """
    steps = steps_of(page)
    blocks = [*(step.script for step in steps), f'printf %s "${wanted}"\n']
    script = "set -eu -o pipefail\ntrap 'jobs -p | xargs -r kill' EXIT\n" + f"echo '{_OVER}'\n".join(blocks)
    for shown, real in instead.items():
        assert shown in script, shown
        script = script.replace(shown, real)
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    printed = run.stdout.split(f"{_OVER}\n")
    for step, text in zip(steps, printed, strict=False):
        if step.prints is not None:
            assert text == step.prints, f"{step.script}\nprints\n{text}\n{run.stderr}"
    assert run.returncode == 0, f"{blocks[len(printed) - 1]}\n{run.stdout}\n{run.stderr}"
    return printed[-1]
