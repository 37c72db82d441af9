"""Locust as a process of its own: it changes the standard library under whoever imports it."""

import os
import subprocess
import sys

from tests.support.served import ROOT


def run_locust(base: str, keys: list[str], users: int, seconds: float) -> "subprocess.CompletedProcess[str]":
    """Up to `users` of tests/load/users.py, with `keys` in turn. It exits with 0 where nothing failed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LOAD_KEYS": ",".join(keys),
        "LOAD_USERS": str(users),
        "LOAD_SECONDS": str(seconds),
    }
    program = [sys.executable, "-m", "locust", "-f", str(ROOT / "tests" / "load" / "users.py")]
    headless = ["--headless", "--only-summary", "--loglevel", "WARNING", "--host", base]
    return subprocess.run(
        [*program, *headless],
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=False,
    )
