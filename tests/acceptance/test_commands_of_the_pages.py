"""The commands that README and the how-tos show do what they are shown for."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]
SHORTER = ["--replications", "1", "--quiet"]


def commands() -> list[str]:
    """Each command in a block of its own lines, once; in the order of the pages."""
    lines = [line.strip() for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    return list(dict.fromkeys(line for line in lines if re.match(r"busyhour \w+ ", line)))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the scenarios, because some commands write."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    return folder


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_pages_succeeds(command: str, here: Path) -> None:
    arguments = shlex.split(command.partition(">")[0])[1:]
    if "--workers" in arguments:
        # The suite starts Ray once, elsewhere.
        at = arguments.index("--workers")
        del arguments[at : at + 2]
    if arguments[0] == "simulate":
        arguments += SHORTER
    program = "from cli.main import main; main()"
    finished = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}", *arguments],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    # One replication may miss an expectation that the mean over ten meets: 1 is an answer too.
    allowed = (0, 1) if arguments[0] == "simulate" else (0,)
    assert finished.returncode in allowed, finished.stdout + finished.stderr


def test_the_pages_show_commands() -> None:
    verbs = {command.split()[1] for command in commands()}
    assert verbs == {"simulate", "replay", "schema"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scenarios_shown_in_full_load(page: Path) -> None:
    from simulation.scenario import loads

    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for block in blocks:
        if block.startswith("clock:"):
            assert loads(block).queues
