"""Ports of this machine that nobody uses."""

import socket


def free_port() -> int:
    """One that was free a moment ago, and that the system won't hand out again soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
