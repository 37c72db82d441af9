"""Compiling the core: what is done, what is left alone, and what a failure leaves."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import check_sources
import compile_core
import pytest

from busyhour import interpreted

GOOD = "def twice(number: int) -> int:\n    return 2 * number\n"
WRONG = 'def twice(number: int) -> int:\n    return "two"\n'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small Busyhour of its own with one module to compile."""
    package = tmp_path / "busyhour"
    package.mkdir()
    for name in ("__init__.py", "interpreted.py"):
        (package / name).write_text((Path(interpreted.__file__).parent / name).read_text())
    (tmp_path / "simulation").mkdir()
    (package / "rule.py").write_text(GOOD)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.busyhour.compile]\nmodules = ["busyhour/rule.py"]\n[tool.mypy]\npython_version = "3.11"\n'
    )
    for name, value in {
        "ROOT": tmp_path,
        "RECORD": str(package / "_compiled.json"),
        "BUILD": tmp_path / "build" / "mypyc",
        "LOG": tmp_path / "build" / "mypyc" / "compile.log",
    }.items():
        monkeypatch.setattr(compile_core, name, value)
    return tmp_path


def extensions(house: Path) -> list[str]:
    return sorted(path.name.partition(".")[0] for path in house.rglob("*.so") if "build" not in path.parts)


def runtime(house: Path) -> str:
    program = (
        "import busyhour.interpreted as i, busyhour.rule as r; "
        "print(i.runtime(), i.reason() or '-', r.twice(21), r.__file__.endswith('.py'))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=True
    )
    return finished.stdout.strip()


def test_compiled_where_it_can_be_and_only_once(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if compile_core.compiler() is None:
        pytest.skip("no C compiler, or no Python.h, on this machine")
    assert compile_core.compile_all(only_if_possible=True) == 0
    assert extensions(house) == ["busyhour__mypyc", "rule"]
    assert runtime(house) == "compiled - 42 False"
    capsys.readouterr()
    assert compile_core.compile_all(only_if_possible=False) == 0
    assert capsys.readouterr().out == "compile: nothing has changed\n"
    (house / "busyhour" / "rule.py").write_text(GOOD.replace("2 *", "3 *"))
    assert runtime(house) == "interpreted stale 63 True"


def test_a_machine_without_a_compiler_is_told_and_set_up(
    house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(house))
    monkeypatch.delenv("CC", raising=False)
    (house / "busyhour" / f"rule{interpreted.EXTENSION_SUFFIXES[0]}").write_bytes(b"of an earlier compile")
    assert compile_core.compile_all(only_if_possible=True) == 0
    assert "no C compiler" in capsys.readouterr().out
    assert extensions(house) == []
    assert runtime(house) == "interpreted not compiled 42 True"
    assert compile_core.compile_all(only_if_possible=False) == 3


def test_a_compile_that_fails_is_told_and_does_not_stop_the_set_up(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if compile_core.compiler() is None:
        pytest.skip("no C compiler, or no Python.h, on this machine")
    (house / "busyhour" / "rule.py").write_text(WRONG)
    assert compile_core.compile_all(only_if_possible=True) == 0
    assert "busyhour/rule.py:2: error" in capsys.readouterr().out
    assert extensions(house) == []
    # The next set-up does not try the same again; `make compile` does.
    assert compile_core.compile_all(only_if_possible=True) == 0
    assert "failed before" in capsys.readouterr().out
    assert compile_core.compile_all(only_if_possible=False) == 3


def test_every_module_that_is_to_be_compiled_exists() -> None:
    names = {path.as_posix() for path in compile_core.modules()}
    assert {"busyhour/core/call.py", "busyhour/driver.py", "simulation/engine.py"} <= names
    assert not any(name.endswith("__init__.py") for name in names)


def test_the_record_is_kept_out_of_git() -> None:
    root = Path(interpreted.ROOT)
    ignored = subprocess.run(
        ["git", "check-ignore", "busyhour/_compiled.json", "busyhour/core/call.x.so", "busyhour__mypyc.x.so"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
    )
    if ignored.returncode == 128:
        pytest.skip("not a git checkout")
    assert len(ignored.stdout.splitlines()) == 3


def interpreted_heirs() -> Iterator[str]:
    """Classes outside the compiled group that inherit from one inside it. Errors may: they are ordinary classes."""
    compiled = {str(path) for path in compile_core.modules()}
    for name in check_sources.PACKAGES:
        for path in sorted((compile_core.ROOT / name).rglob("*.py")):
            if str(path.relative_to(compile_core.ROOT)) in compiled:
                continue
            tree = ast.parse(path.read_text())
            origin = {
                alias.asname or alias.name: f"{node.module.replace('.', '/')}.py"
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module
                for alias in node.names
            }
            for made in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
                for base in made.bases:
                    if isinstance(base, ast.Name) and origin.get(base.id) in compiled:
                        yield f"{path.relative_to(compile_core.ROOT)}: {made.name}({base.id})"


def test_no_class_outside_the_compiled_group_inherits_from_one_inside_it() -> None:
    """It could not be made: mypyc's classes have no heirs elsewhere."""
    assert [heir for heir in interpreted_heirs() if not heir.endswith("Error)")] == []
