"""Ports of this machine that nobody uses."""

import fcntl
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """One that was free a moment ago, and that the system won't hand out again soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """While a platform starts, held by one process of the tests: Serve gives its proxy a minute to start, which two
    that start side by side on two busy processors may not have.
    """
    with (Path(tempfile.gettempdir()) / "busyhour-tests-ray-starts").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
