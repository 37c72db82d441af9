"""The frame: pins, set-up and the checks that hold the house."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions, version
from pathlib import Path

import check_sources
import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_pins_are_names_and_versions_only() -> None:
    assert [pin for pin in PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_]+", pin)] == []


def test_everything_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {normal(pin.partition("==")[0]) for pin in PINS}
    assert {normal(re.split(r"[\[><=~! ;]", line)[0]) for line in wanted} - pinned == set()


def test_what_runs_is_what_is_pinned() -> None:
    installed = {normal(each.name): each.version for each in distributions()}
    pinned = dict(pin.split("==") for pin in PINS)
    differing = {
        name: (installed[normal(name)], pin)
        for name, pin in pinned.items()
        if normal(name) in installed and installed[normal(name)] != pin
    }
    assert differing == {}


def test_the_command_says_its_version() -> None:
    command = [sys.executable, "-c", "from cli.main import main; main()", "--version"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert version("busyhour") in finished.stdout


def test_a_bare_make_lists_every_target() -> None:
    finished = subprocess.run(["make", "-C", str(ROOT), "-s"], capture_output=True, text=True, check=True)
    listed = re.findall(r"^make (\w+)", finished.stdout, re.MULTILINE)
    assert set(listed) >= {"setup", "demo", "test", "check", "serve", "compile", "bench", "docs"}


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as clock\nclock.monotonic()",
        "from time import perf_counter\nperf_counter()",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now()",
        "import random\nrandom.random()",
        "from random import gauss as bell\nbell(0, 1)",
        "import numpy as np\nnp.random.rand(3)",
        "import numpy as np\nnp.random.default_rng()",
        "import random\nrandom.Random()",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_ambient_time_and_randomness_are_found(source: str) -> None:
    assert list(check_sources.ambient_calls(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.random.default_rng(7)",
        "import random\nrandom.Random(7).random()",
        "def later(clock):\n    return clock.now()",
        "from datetime import datetime\ndatetime.fromisoformat('2026-03-02')",
    ],
)
def test_time_and_randomness_that_are_passed_in_are_not(source: str) -> None:
    assert not list(check_sources.ambient_calls(ast.parse(source)))


def test_ray_cannot_be_imported_in_a_unit_test() -> None:
    if "ray" in sys.modules:
        with pytest.raises(RuntimeError, match="starts no Ray"):
            sys.modules["ray"].init()
    else:
        with pytest.raises(ImportError, match="starts no Ray"):
            import ray  # noqa: F401
