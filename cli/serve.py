"""`busyhour serve`: the call platform and its HTTP API."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import sys
import threading
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import click

from cli.exits import COULD_NOT_RUN, OK, WRONG_INPUT

if TYPE_CHECKING:
    from actors.platform_plan import PlatformPlan
    from busyhour.settings import Settings
    from simulation.scenario.trunk_file import TrunkFile

DATA_DIR: Final = Path("data")
READY_S: Final = 60.0
LOOK_S: Final = 0.2


class Told:
    """That the platform is to end (SIGTERM or Ctrl-C), and whether that was said again."""

    def __init__(self) -> None:
        self.hurried = False
        self._said = threading.Event()

    def listen(self) -> None:
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._hear)

    def wait(self, s: float) -> bool:
        """Whether it was said, within `s` seconds."""
        return self._said.wait(s)

    def _hear(self, *_: object) -> None:
        self.hurried = self._said.is_set()
        self._said.set()


def _seconds(context: click.Context, option: click.Parameter, value: str) -> float:
    from busyhour.core.ids import SECOND
    from simulation.scenario.values import DURATION_REMEDY, read_duration

    try:
        return read_duration(value, from_file=True) / SECOND
    except ValueError:
        raise click.BadParameter(f"must be a duration, {DURATION_REMEDY}") from None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="Port.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Of the embedded store and of files. Default: BUSYHOUR_DATA_DIR, or data.",
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes of the API."
)
@click.option(
    "--drain",
    "drain_s",
    default="30s",
    show_default=True,
    callback=_seconds,
    help="How long calls in progress may go on when it is told to end.",
)
def serve(host: str, port: int, data_dir: Path | None, workers: int, drain_s: float) -> int:
    """Run the platform on this machine, or on the Ray cluster of BUSYHOUR_RAY_ADDRESS. It prints `ready` and where, and
    goes on until it is told to end (SIGTERM or Ctrl-C): then it begins no more calls, and ends when none is in
    progress, or when it is told once more.
    """
    from busyhour.adapters.valkey.errors import StoreFailedError, StoreInUseError, StoreRefusedError
    from busyhour.settings import Settings, WrongSettingError
    from simulation.scenario import ScenarioError
    from simulation.scenario.trunk_file import load_trunks

    try:
        settings = Settings.read()
        trunks = load_trunks(settings.trunks)
    except (WrongSettingError, ScenarioError) as wrong:
        click.echo(wrong, err=True)
        return WRONG_INPUT
    try:
        return _serve(
            settings, trunks, host, port, data_dir or settings.data_dir or DATA_DIR, workers, drain_s
        )
    except (StoreFailedError, StoreInUseError, StoreRefusedError) as error:
        click.echo(error, err=True)
        return COULD_NOT_RUN


def _serve(
    settings: Settings,
    trunks: TrunkFile,
    host: str,
    port: int,
    data_dir: Path,
    workers: int,
    drain_s: float,
) -> int:
    """Raises what keeps it from starting."""
    from actors.platform_supervisor import configure, planned, start
    from busyhour.adapters.valkey.embedded import EmbeddedStore
    from serve_app.deployment import Deployed, deploy
    from serve_app.front import environment
    from serve_app.platform import SCOPE

    told = Told()
    told.listen()
    with ExitStack() as stack:
        url = settings.store_url or stack.enter_context(EmbeddedStore(data_dir)).url
        plan = asyncio.run(planned(SCOPE, url, trunks))
        asyncio.run(configure(plan))
        with redirect_stdout(sys.stderr):
            click.echo("Ray starts, and then the API: some seconds each", err=True)
            proxy = Path(stack.enter_context(TemporaryDirectory(prefix="busyhour-", dir="/tmp")))
            os.environ |= environment(settings.http_proxy_mode, proxy, port)
            ray = _connected(settings.ray_address)
            stack.callback(ray.shutdown)
            told.listen()  # Ray has put its own in their place
            start(ray, plan)
            files = (data_dir / "files").resolve()
            deploy(Deployed(plan, files, settings), host, port, workers)
        if not _is_ready(host, port, told):
            click.echo("the platform has not become ready; its log is on standard error", err=True)
            return COULD_NOT_RUN
        click.echo(f"ready http://{host}:{port}")
        while not told.wait(LOOK_S):
            pass
        _drain(plan, drain_s, told)
        if not told.hurried:
            _end()
    return OK


def _drain(plan: PlatformPlan, drain_s: float, told: Told) -> None:
    """Let calls in progress end; those that do not are closed at the next start."""
    from redis.exceptions import RedisError

    from actors.closing import drain
    from busyhour.adapters.valkey.errors import StoreRefusedError

    click.echo(f"no more calls are begun; those in progress have {drain_s:g} s (once more: none)", err=True)
    try:
        if not asyncio.run(drain(plan, drain_s, lambda: told.hurried)):
            click.echo("calls were in progress still", err=True)
    except (StoreRefusedError, RedisError, OSError) as failure:
        click.echo(f"calls in progress can't be waited for: {failure}", err=True)


def _connected(address: str | None) -> Any:
    import ray

    ray.init(address or "local", include_dashboard=False, log_to_driver=False, configure_logging=False)
    return ray


def _is_ready(host: str, port: int, told: Told) -> bool:
    waited_s = 0.0
    while waited_s < READY_S and not told.wait(0):
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            pass
        finally:
            connection.close()
        told.wait(LOOK_S)
        waited_s += LOOK_S
    return told.wait(0)


def _end() -> None:
    """Requests under way are answered first."""
    from ray import serve

    serve.shutdown()
