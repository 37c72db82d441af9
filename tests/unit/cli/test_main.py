"""The command as a whole: help, unknown verbs, and exit codes of what goes wrong."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli import main as command

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("numpy", "pyarrow", "pydantic", "ray", "plotly", "scipy", "rich", "simulation")


def test_help_lists_every_verb_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from cli.main import run; run(['--help']);"
        f"sys.exit([name for name in {HEAVY} if name in sys.modules] or 0)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert all(verb in finished.stdout for verb in command.VERBS)


def test_an_unknown_verb_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["simulat"]) == 2
    assert "simulat" in capsys.readouterr().err


def test_an_unknown_option_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(["--nonsense"]) == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (OSError(28, "No space left on device", "runs/demo"), 3, "runs/demo: No space left on device"),
        (ZeroDivisionError("division"), 3, "a fault of Busyhour's own"),
        (click.UsageError("no"), 2, "no"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_a_sentence(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(command.busyhour, "main", fail)
    assert command.run([]) == code
    assert said in capsys.readouterr().err
