#!/usr/bin/env python3
"""Make .venv what constraints.txt and pyproject.toml say, and compile the core where a C compiler is found.

Runs on the machine's own Python with nothing installed, and in the language of old ones, so that a Python
that is too old gets a sentence and not a traceback. Does nothing, in a tenth of a second, when nothing has
changed since it last succeeded.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "busyhour-setup.sha256")
OLDEST = (3, 11)


def say(sentence):
    print("setup: " + sentence, flush=True)


def refusal(sentence):
    """Says why there is no set-up; raise what it gives."""
    sys.stderr.write("setup: " + sentence + "\n")
    return SystemExit(3)


def version_of(python):
    """(major, minor) of an interpreter, or None where it does not run."""
    try:
        answer = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        ).stdout
        major, minor = answer.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def is_new_enough(python):
    version = version_of(python)
    return version is not None and version >= OLDEST


def find_python():
    """The interpreter that runs this file, or else the first on the path that is new enough."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for name in ("python3.11", "python3.12", "python3.13", "python3.14", "python3", "python"):
        found = shutil.which(name)
        if found and is_new_enough(found):
            return found
    here = ".".join(map(str, sys.version_info[:2]))
    raise refusal(
        "Busyhour needs Python 3.11 or newer and this is " + here + "; install one and run make again"
    )


def wanted():
    """A digest of everything that decides what is in `.venv`."""
    digest = hashlib.sha256()
    digest.update(VENV.encode())
    for name in ("constraints.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def recorded():
    try:
        with open(STAMP, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def run(command, problem):
    finished = subprocess.run(command, cwd=ROOT, check=False)
    if finished.returncode:
        raise refusal(problem + " (" + " ".join(command) + " ended with " + str(finished.returncode) + ")")


def make_venv():
    if is_new_enough(VENV_PYTHON):
        return
    python = find_python()
    say("making .venv with " + python)
    run(
        [python, "-m", "venv", "--clear", VENV],
        "the virtual environment could not be made; on Debian and Ubuntu it takes the package python3-venv",
    )


def install():
    pip = [
        VENV_PYTHON,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "-q",
        "-q",
        "-c",
        "constraints.txt",
    ]
    say("installing the versions pinned in constraints.txt (a minute or two the first time)")
    problem = "the pinned packages could not be installed; is a package index in reach?"
    # The build backend first and from the same pins: a build in isolation would fetch another version of it.
    run([*pip, "hatchling", "editables"], problem)
    run([*pip, "--no-build-isolation", "--editable", ".[dev]"], problem)


def main():
    started = time.monotonic()
    if recorded() != wanted() or version_of(VENV_PYTHON) is None:
        make_venv()
        install()
        with open(STAMP, "w", encoding="ascii") as file:
            file.write(wanted() + "\n")
        say("packages are in .venv after " + str(round(time.monotonic() - started)) + " s")
    compiler = os.path.join(ROOT, "tools", "compile_core.py")
    return subprocess.run([VENV_PYTHON, compiler, "--if-possible"], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
