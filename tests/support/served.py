"""`busyhour serve` as it is installed: store, Ray, the platform's actors and the API, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from busyhour.adapters import wall_clock
from busyhour.adapters.valkey.api_keys import ApiKeys
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.embedded import url_of
from serve_app.platform import SCOPE
from tests.support.ports import free_port, one_at_a_time

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = "import sys; from cli.main import main; sys.exit(main())"
READY_S: Final = 90.0
ENDS_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """`folder` is where it was started; its data is in `data` there, as it is by default."""

    base: str
    folder: Path
    server: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.server.pid

    async def key(self, account: str = "acme", scope: str = "*") -> dict[str, str]:
        """The header of a new key."""
        async with await connect(url_of(self.folder / "data")) as client:
            _, written = await ApiKeys(client, SCOPE, wall_clock.now).create(account, "test", [scope])
        return {"Authorization": f"Bearer {written}"}


def environment(**more: str) -> dict[str, str]:
    """Without settings of whoever runs the tests, and beside a Ray cluster of somebody else's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BUSYHOUR_")}
    return {**inherited, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": "127.0.0.1:9", **more}


@contextmanager
def served_platform(folder: Path, workers: int, drain: str = "1s", **settings: str) -> Iterator[Served]:
    """Ready for requests. Raises AssertionError, with what it has said, where it does not begin or end in order."""
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", str(port), "--workers", str(workers)]
    command += ["--drain", drain]
    said, log = folder / "stdout", folder / "stderr"
    base = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        stack.enter_context(starting := ExitStack()).enter_context(one_at_a_time())
        with said.open("wb") as out, log.open("wb") as err:
            server = subprocess.Popen(
                command, cwd=folder, env=environment(**settings), stdout=out, stderr=err
            )
        stack.callback(server.wait)
        stack.callback(server.kill)
        until_s = time.monotonic() + READY_S
        while said.read_text() != f"ready {base}\n":
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until_s, log.read_text()
            time.sleep(0.1)
        starting.close()
        yield Served(base, folder, server)
        server.send_signal(signal.SIGTERM)
        assert server.wait(ENDS_S) == 0, log.read_text()
