"""Compile the core, the driver and the engine's hot path with mypyc, in place, where sources have changed.

    compile_core.py                 compile; exit code 3 where that fails
    compile_core.py --if-possible   the same, but no C compiler, or a compile that fails, is only said

What is compiled stands in pyproject.toml under [tool.busyhour.compile].
"""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from busyhour.interpreted import RECORD, digest_of  # noqa: E402  # the path above comes first

BUILD = ROOT / "build" / "mypyc"
LOG = BUILD / "compile.log"
GROUP = "busyhour"
"""All modules go into one extension, `busyhour__mypyc`, so that calls between them are C calls."""
C_FLAGS = "-ffp-contract=off -fno-plt -fno-semantic-interposition -fvisibility=hidden"
"""A fused multiply-add rounds once where Python rounds twice, and traces must be the same bytes both ways. The others
make calls within the one extension and into Python direct: a call of M/M/50 takes 7% less."""
WITHOUT = "Busyhour runs its sources, more slowly and with the same results"


def say(sentence: str) -> None:
    print(f"compile: {sentence}", flush=True)


def modules() -> list[Path]:
    """The sources to compile, from the root, in a stable order."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns: list[str] = tomllib.load(file)["tool"]["busyhour"]["compile"]["modules"]
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.name != "__init__.py"}
    return sorted(path.relative_to(ROOT) for path in found)


def compiler() -> str | None:
    """What compiles C here, or None where something is missing for it."""
    if not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        return None
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or ""
    for name in (*named.split()[:1], "cc", "gcc", "clang"):
        if shutil.which(name):
            return name
    return None


def description(sources: list[Path]) -> dict[str, object]:
    """Everything that decides what the compile gives."""
    return {
        "sources": {path.as_posix(): digest_of(str(ROOT / path)) for path in sources},
        "suffix": EXTENSION_SUFFIXES[0],
        "mypy": version("mypy"),
        "flags": C_FLAGS,
    }


def last_result(wanted: dict[str, object]) -> list[str] | None:
    """The extensions that compiling the same gave; empty where it failed, None where it was not tried."""
    try:
        record = json.loads(Path(RECORD).read_text(encoding="utf-8"))
        extensions: list[str] = record.pop("extensions")
    except (OSError, ValueError, KeyError):
        return None
    return extensions if record == wanted and all((ROOT / path).exists() for path in extensions) else None


def keep_result(wanted: dict[str, object], extensions: list[str]) -> None:
    Path(RECORD).write_text(
        json.dumps({**wanted, "extensions": extensions}, indent=1) + "\n", encoding="utf-8"
    )


def remove_compiled() -> None:
    """Take away what an earlier compile left: the record first, so that nobody loads half of it."""
    Path(RECORD).unlink(missing_ok=True)
    for folder in ("busyhour", "simulation"):
        for path in (ROOT / folder).rglob("*.so"):
            path.unlink(missing_ok=True)
    for path in ROOT.glob("*__mypyc*.so"):
        path.unlink(missing_ok=True)


def build(sources: list[Path], library: Path) -> bool:
    """Run mypyc and the C compiler in a process of their own, which logs to LOG; whether they succeeded."""
    shutil.rmtree(BUILD, ignore_errors=True)
    library.mkdir(parents=True)
    environment = dict(os.environ)
    environment["CFLAGS"] = f"{environment.get('CFLAGS', '')} {C_FLAGS}".strip()
    command = [sys.executable, __file__, "--build", str(library), *map(str, sources)]
    with LOG.open("w", encoding="utf-8") as log:
        finished = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    return finished.returncode == 0


def build_here(library: str, sources: list[str]) -> None:
    """The child's work: translate to C and compile, into `library`."""
    from mypyc.build import mypycify
    from setuptools import setup

    options = ["--config-file", "pyproject.toml", *sources]
    extensions = mypycify(
        options, opt_level="3", debug_level="0", group_name=GROUP, target_dir=str(BUILD / "c")
    )
    arguments = ["build_ext", "--build-lib", library, "--build-temp", str(BUILD / "objects")]
    setup(name=GROUP, packages=[], ext_modules=list[Any](extensions), script_args=arguments)


def put_in_place(library: Path) -> list[str]:
    """Move the built extensions beside their sources; their paths from the root."""
    placed: list[str] = []
    for built in sorted(library.rglob("*.so")):
        name = built.relative_to(library)
        os.replace(built, ROOT / name)
        placed.append(name.as_posix())
    return placed


def compile_all(only_if_possible: bool) -> int:
    sources = modules()
    wanted = description(sources)
    last = last_result(wanted)
    if last:
        if not only_if_possible:
            say("nothing has changed")
        return 0
    if last is not None and only_if_possible:
        say(f"failed before and nothing has changed: {WITHOUT} (make compile tries again)")
        return 0
    failed = 0 if only_if_possible else 3
    if not compiler():
        remove_compiled()
        say(f"no C compiler, or no Python.h, here: {WITHOUT}")
        return failed
    say(f"{len(sources)} modules with mypyc")
    started = time.monotonic()
    remove_compiled()
    if not build(sources, BUILD / "library"):
        say(f"failed: {WITHOUT}. The end of what it said:")
        lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines[-15:]:
            print(f"    {line}")
        say(f"all of it is in {LOG.relative_to(ROOT)}")
        keep_result(wanted, [])
        return failed
    keep_result(wanted, put_in_place(BUILD / "library"))
    say(f"done in {time.monotonic() - started:.0f} s")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the core with mypyc.")
    parser.add_argument("--if-possible", action="store_true", help="no failure where it cannot be done")
    parser.add_argument("--build", metavar="LIBRARY", help=argparse.SUPPRESS)
    parser.add_argument("sources", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build_here(options.build, options.sources)
        return 0
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "compile.lock").open("w") as lock:
        # Two set-ups at once would delete each other's files.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return compile_all(options.if_possible)


if __name__ == "__main__":
    sys.exit(main())
