"""The API behind Ray Serve beside the same application under bare uvicorn: rates, latency at half load, what binds.

    .venv/bin/python -m bench.api [--rounds 3] [--seconds 5]

wrk asks as fast as it is answered; Locust asks at half that rate, steadily. Every contender has a store of its own, and
both routes take the key, its limit and the store. Ratios are within a round. Bare uvicorn runs with the niceness that
Ray gives its workers.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import httpx
import psutil

from busyhour.adapters.valkey.embedded import EmbeddedStore
from tests.support.ports import free_port
from tests.support.served import ROOT, Served, environment, served_platform

CONTENDERS: Final = tuple((kind, count) for count in (1, 2) for kind in ("bare", "haproxy", "python"))
SETTINGS: Final = {"BUSYHOUR_RATE_LIMIT_SCALE": "1000000"}
NICENESS: Final = 15
"""RAY_worker_niceness by default."""
CONNECTIONS: Final = 32
WARM_S: Final = 2
BODY: Final = '{"phone": "+14155550124", "name": "Ada", "metadata": {"plan": "gold"}}'
POST: Final = f"""wrk.method = "POST"
wrk.body = '{BODY}'
wrk.headers["Content-Type"] = "application/json"
"""
OURS: Final = re.compile(r"ServeReplica|ProxyActor|haproxy|uvicorn|spawn_main")


@dataclass(frozen=True, slots=True)
class Measured:
    """`cpu_ms` is what a request costs the processes of the API together, `busiest` the share of a processor that the
    busiest of them has had; latencies are at half the rate, in milliseconds.
    """

    rate: float
    cpu_ms: float
    busiest: float
    p50: int
    p99: int


@contextmanager
def bare(folder: Path, workers: int) -> Iterator[Served]:
    """uvicorn with the same application over a store of the same kind, without the call runtime."""
    port = free_port()
    command = [
        "nice",
        "-n",
        str(NICENESS),
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "serve_app.app:build_app",
    ]
    options = ["--port", str(port), "--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    with EmbeddedStore(folder / "data") as store:
        where = {"BUSYHOUR_STORE_URL": store.url, "BUSYHOUR_DATA_DIR": str(folder / "data")}
        server = subprocess.Popen(
            [*command, *options], cwd=ROOT, env=environment(**where, **SETTINGS), start_new_session=True
        )
        base = f"http://127.0.0.1:{port}"
        try:
            until_s = time.monotonic() + 30
            while not _answers(base):
                assert time.monotonic() < until_s
                time.sleep(0.1)
            yield Served(base, folder, server)
            server.send_signal(signal.SIGTERM)
            server.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def cpu_s(served: Served) -> dict[int, float]:
    """By process, of those that a request passes through but the store. HAProxy starts anew when replicas change."""
    server = psutil.Process(served.pid)
    used: dict[int, float] = {}
    for one in [server, *server.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            if OURS.search(" ".join(one.cmdline())):
                used[one.pid] = sum(one.cpu_times()[:2])
    return used


def wrk(served: Served, key: str, path: str, seconds: int, *more: str) -> float:
    """Requests a second. Raises ValueError where one was not answered with a success."""
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Authorization: {key}", *more]
    said = subprocess.run([*load, served.base + path], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise ValueError(said)
    return float(said.partition("Requests/sec:")[2].split()[0])


def steady(
    served: Served, key: str, path: str, rate: float, seconds: int, body: str | None
) -> tuple[int, int]:
    """The median and the 99th percentile, in milliseconds."""
    wishes = {"BENCH_KEY": key, "BENCH_PATH": path, "BENCH_RATE": str(rate), "BENCH_USERS": str(CONNECTIONS)}
    if body is not None:
        wishes["BENCH_BODY"] = body
    program = [sys.executable, "-m", "locust", "-f", str(ROOT / "bench" / "steady_user.py"), "--headless"]
    shape = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "-t", f"{seconds}s", "--host", served.base]
    run = subprocess.run(
        [*program, *shape, "--json", "--only-summary", "--loglevel", "ERROR"],
        env={**os.environ, **wishes},
        capture_output=True,
        text=True,
        check=True,
    )
    (told,) = json.loads(run.stdout)
    times = sorted((float(ms), count) for ms, count in told["response_times"].items())
    return _quantile(times, 0.5), _quantile(times, 0.99)


def _quantile(times: list[tuple[float, int]], share: float) -> int:
    left = share * sum(count for _, count in times)
    for ms, count in times:
        left -= count
        if left <= 0:
            return round(ms)
    return round(times[-1][0])


def measure(served: Served, seconds: int, post: Path) -> dict[str, Measured]:
    key = asyncio.run(served.key())["Authorization"]
    header = {"Authorization": key}
    contact = httpx.post(
        f"{served.base}/v1/contacts", content=BODY, headers=header | {"Content-Type": "application/json"}
    )
    routes: dict[str, tuple[str, tuple[str, ...], str | None]] = {
        "read": (f"/v1/contacts/{contact.json()['id']}", (), None),
        "write": ("/v1/contacts", ("-s", str(post)), BODY),
    }
    measured: dict[str, Measured] = {}
    for name, (path, more, body) in routes.items():
        wrk(served, key, path, WARM_S, *more)
        before = cpu_s(served)
        rate = wrk(served, key, path, seconds, *more)
        used = [after - before.get(pid, 0.0) for pid, after in cpu_s(served).items()]
        p50, p99 = steady(served, key, path, rate / 2, seconds + 3, body)
        cpu_ms = sum(used) / (rate * seconds) * 1e3
        measured[name] = Measured(rate, cpu_ms, max(used) / seconds, p50, p99)
    return measured


def one_round(seconds: int, turn: int) -> dict[tuple[str, int], dict[str, Measured]]:
    """Every contender once, the first place going round."""
    at = turn % len(CONTENDERS)
    measured: dict[tuple[str, int], dict[str, Measured]] = {}
    for kind, count in CONTENDERS[at:] + CONTENDERS[:at]:
        with TemporaryDirectory(prefix="busyhour-api-") as name:
            folder = Path(name)
            post = folder / "post.lua"
            post.write_text(POST)
            mode = {"BUSYHOUR_HTTP_PROXY_MODE": kind}
            serving = (
                bare(folder, count) if kind == "bare" else served_platform(folder, count, **SETTINGS, **mode)
            )
            with serving as served:
                measured[kind, count] = measure(served, seconds, post)
        print(f"   {kind} × {count}: {measured[kind, count]}", file=sys.stderr, flush=True)
    return measured


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--seconds", default=5, show_default=True, help="Of load, each time.")
@click.option("--json", "into", type=click.Path(path_type=Path), help="Keep every measurement there.")
def main(rounds: int, seconds: int, into: Path | None) -> None:
    """Medians over the rounds; ratios to bare uvicorn with as many processes, in the same round."""
    every = [one_round(seconds, turn) for turn in range(rounds)]
    print("| | route | requests/s | of bare | CPU a request | of bare | busiest | p50, p99 at half load |")
    print("|---|---|---|---|---|---|---|---|")
    kept: list[dict[str, Any]] = []
    for kind, count in CONTENDERS:
        for route in ("read", "write"):
            mine = [one[kind, count][route] for one in every]
            theirs = [one["bare", count][route] for one in every]
            rates = median(a.rate / b.rate for a, b in zip(mine, theirs, strict=True))
            costs = median(b.cpu_ms / a.cpu_ms for a, b in zip(mine, theirs, strict=True))
            print(
                f"| {kind} × {count} | {route} | {median(one.rate for one in mine):.0f} | {rates:.0%} "
                f"| {median(one.cpu_ms for one in mine):.2f} ms | {costs:.0%} "
                f"| {median(one.busiest for one in mine):.0%} "
                f"| {median(one.p50 for one in mine):.0f}, {median(one.p99 for one in mine):.0f} ms |"
            )
            for turn, one in enumerate(mine):
                kept.append(
                    {"kind": kind, "processes": count, "route": route, "round": turn, "rate": one.rate}
                )
    if into is not None:
        into.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
