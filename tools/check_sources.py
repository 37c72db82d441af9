"""What no linter here checks: file sizes, and where time and randomness may come from.

A file over 400 lines gets a warning, over 600 fails. `datetime.now`, `time.time` and module-level `random`
stay out of everything but adapters, the command line and tools, so that a run is a function of its inputs.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("busyhour", "simulation", "actors", "serve_app", "cli", "scenarios")
CHECKED = (*PACKAGES, "examples", "tools", "tests", "bench", "conftest.py")
LONG_LINES = 400
TOO_LONG_LINES = 600

AMBIENT = {
    "datetime.now", "datetime.today", "datetime.utcnow", "date.today",
    "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
    "time.perf_counter_ns", "time.localtime", "time.gmtime", "time.sleep",
    "os.urandom", "uuid.uuid1", "uuid.uuid4",
}  # fmt: skip
"""Calls that read a clock or the operating system's randomness, by the last two names of the call."""
AMBIENT_ROOTS = ("random.", "numpy.random.", "secrets.")
"""Modules whose functions draw from a state that everybody shares."""
ALLOWED_GENERATORS = {
    "random.Random", "numpy.random.Generator", "numpy.random.Philox", "numpy.random.PCG64",
    "numpy.random.SeedSequence", "numpy.random.default_rng",
}  # fmt: skip
"""Generators that are made from a seed; made without one they are ambient too."""
MAY_BE_AMBIENT = ("busyhour/adapters/", "cli/", "tools/", "bench/", "tests/", "conftest.py")


def python_files() -> Iterator[Path]:
    for name in CHECKED:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def dotted(node: ast.expr) -> str:
    """`np.random.rand` of the expression that says so; empty for anything but plain names."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])


def imported_names(tree: ast.Module) -> dict[str, str]:
    """The full name of what each imported name stands for: `now` of `from time import time as now` is
    `time.time`.
    """
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
    return names


def ambient_calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, call) of every call that takes time or randomness from its surroundings."""
    names = imported_names(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        written = dotted(node.func)
        if not written:
            continue
        first, _, rest = written.partition(".")
        full = names.get(first, first) + (f".{rest}" if rest else "")
        seeded = full in ALLOWED_GENERATORS and (node.args or node.keywords)
        if ".".join(full.split(".")[-2:]) in AMBIENT or (full.startswith(AMBIENT_ROOTS) and not seeded):
            yield node.lineno, written


def main() -> int:
    failed = False
    for path in python_files():
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > TOO_LONG_LINES:
            failed = True
            print(f"{name}: {lines} lines; over {TOO_LONG_LINES} fails: split it along a named seam")
        elif lines > LONG_LINES:
            print(f"{name}: {lines} lines; over {LONG_LINES} is too long (a warning)")
        if not name.startswith(MAY_BE_AMBIENT):
            for line, call in ambient_calls(ast.parse(text, name)):
                failed = True
                print(f"{name}:{line}: {call}() takes time or randomness from its surroundings; pass it in")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
