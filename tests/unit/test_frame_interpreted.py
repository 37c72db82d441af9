"""Whether compiled code or its sources run: asked for, stale, missing, or as compiled."""

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from busyhour import interpreted

SOURCE = "WHERE = __file__\n"
WHICH = """
import busyhour.interpreted as interpreted
import busyhour.core.rule as rule
print(interpreted.runtime(), interpreted.reason() or "-", "py" if rule.WHERE.endswith(".py") else "so")
"""
EXTENSION = """
#include <Python.h>
static int fill(PyObject *module) {
    PyObject *name = PyModule_GetFilenameObject(module);
    return PyModule_AddObject(module, "WHERE", name);
}
static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "rule", NULL, 0, NULL, slots};
PyMODINIT_FUNC PyInit_rule(void) { return PyModuleDef_Init(&definition); }
"""
"""A module that says where it was loaded from, as an extension that takes no mypyc to build."""


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The extension's bytes. Skips where no C compiler is."""
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    include = Path(sysconfig.get_paths()["include"])
    if compiler is None or not (include / "Python.h").exists():
        pytest.skip("no C compiler, or no Python.h, on this machine")
    folder = tmp_path_factory.mktemp("extension")
    (folder / "rule.c").write_text(EXTENSION)
    command = [compiler, "-shared", "-fPIC", f"-I{include}", "rule.c", "-o", "rule.so"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "rule.so").read_bytes()


@pytest.fixture
def house(tmp_path: Path, extension: bytes) -> Path:
    """A small Busyhour of its own with one compiled module and the record of it."""
    package = Path(interpreted.__file__).parent
    core = tmp_path / "busyhour" / "core"
    core.mkdir(parents=True)
    for name in ("__init__.py", "interpreted.py"):
        shutil.copy(package / name, tmp_path / "busyhour" / name)
    (core / "__init__.py").touch()
    (core / "rule.py").write_text(SOURCE)
    built = f"busyhour/core/rule{EXTENSION_SUFFIXES[0]}"
    (tmp_path / built).write_bytes(extension)
    record = {
        "sources": {"busyhour/core/rule.py": hashlib.sha256(SOURCE.encode()).hexdigest()},
        "extensions": [built],
        "suffix": EXTENSION_SUFFIXES[0],
    }
    (tmp_path / "busyhour" / "_compiled.json").write_text(json.dumps(record))
    return tmp_path


def which(house: Path, **environment: str) -> str:
    """What a new process in `house` runs."""
    return subprocess.run(
        [sys.executable, "-c", WHICH],
        cwd=house,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_compiled_code_runs_where_its_sources_are_unchanged(house: Path) -> None:
    assert which(house) == "compiled - so"


def test_sources_run_where_they_are_asked_for(house: Path) -> None:
    assert which(house, BUSYHOUR_INTERPRETED="1") == "interpreted asked py"


def test_zero_does_not_ask_for_sources(house: Path) -> None:
    assert which(house, BUSYHOUR_INTERPRETED="0") == "compiled - so"


def test_a_stale_extension_does_not_run(house: Path) -> None:
    (house / "busyhour" / "core" / "rule.py").write_text(SOURCE + "# A comment is a change too.\n")
    assert which(house) == "interpreted stale py"


def test_an_extension_without_a_record_does_not_run(house: Path) -> None:
    (house / "busyhour" / "_compiled.json").unlink()
    assert which(house) == "interpreted not compiled py"


def test_a_record_that_is_no_record_counts_for_nothing(house: Path) -> None:
    (house / "busyhour" / "_compiled.json").write_text('{"sources": []')
    assert which(house) == "interpreted not compiled py"


def test_an_extension_for_another_python_does_not_run(house: Path) -> None:
    path = house / "busyhour" / "_compiled.json"
    path.write_text(path.read_text().replace(EXTENSION_SUFFIXES[0], ".cpython-27-pdp11.so"))
    assert which(house) == "interpreted not compiled py"


def test_sources_are_preferred_in_folders_that_were_imported_from_before(house: Path) -> None:
    program = """
import importlib.util, sys
import busyhour.core, busyhour.interpreted as interpreted
importlib.util.find_spec("busyhour.core.nothing")
assert any(path.endswith("core") for path in sys.path_importer_cache)
interpreted.prefer_sources()
import busyhour.core.rule as rule
print(rule.WHERE)
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip().endswith("rule.py")
