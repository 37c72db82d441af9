"""The store of whoever configures none: a real Valkey server that belongs to one data directory."""

# pyright: reportUnknownMemberType=false
# redis-py leaves the types of its keyword arguments out.

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import RedisError
from redis.retry import Retry

from busyhour.adapters.valkey.errors import StoreFailedError, StoreInUseError

_LONGEST_SOCKET_PATH: Final = 107
"""Bytes: sun_path of unix(7), less its closing zero."""
_SETTINGS: Final[dict[str, Any]] = {
    "appendonly": "yes",
    "appendfsync": "always",  # acknowledged is on the disk; one fsync serves all that is written meanwhile
    "maxmemory-policy": "noeviction",
    "save": "",
    "loglevel": "warning",
}
_KEEPER: Final = Path(__file__).with_name("keeper.py")
_START_S: Final = 30.0
"""For a server that reads a long journal first."""
_STOP_S: Final = 10.0


class EmbeddedStore:
    """A Valkey server that keeps its data in `data_dir` and fsyncs every write before it acknowledges it.

    It listens on a Unix socket that only this user may open. `start` takes the directory for this process (a lock that
    the operating system lets go when the process dies, however it dies) and `stop` gives it back. The server is kept
    by `keeper.py`, in a session of its own: it outlives a Ctrl-C, is started again when it dies, and ends with this
    process.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir: Path = data_dir.resolve()
        self._lock: int | None = None
        self._keeper: subprocess.Popen[str] | None = None
        self._elsewhere: tempfile.TemporaryDirectory[str] | None = None
        self._socket: Path = self.data_dir / "valkey.sock"

    @property
    def url(self) -> str:
        """For redis-py, from any process of this user on this machine."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Raises StoreInUseError, StoreFailedError, and OSError where the directory can't be made."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        predecessor = self._take_directory()
        try:
            _stop(predecessor)
            if predecessor.parent != self.data_dir:
                shutil.rmtree(predecessor.parent, ignore_errors=True)
            if len(os.fsencode(self._socket)) > _LONGEST_SOCKET_PATH:
                self._elsewhere = tempfile.TemporaryDirectory(prefix="busyhour-store-")
                self._socket = Path(self._elsewhere.name) / "valkey.sock"
            self._sign()
            self._keep()
        except BaseException:
            self.stop()
            raise

    def _keep(self) -> None:
        settings = {"data_dir": str(self.data_dir), "socket": str(self._socket), "config": _SETTINGS}
        self._keeper = subprocess.Popen(
            [sys.executable, "-P", str(_KEEPER), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        told = self._keeper.stdout
        assert told is not None
        if not select.select([told], [], [], _START_S)[0]:
            raise StoreFailedError(str(self.data_dir), f"it is not ready after {_START_S:g} s")
        if (said := told.readline().strip()) != "ready":
            raise StoreFailedError(str(self.data_dir), (said + " " + told.read()).strip())

    def stop(self) -> None:
        """Let the server write what it has and end; harmless when it does not run."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            try:
                keeper.communicate(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                keeper.kill()
                keeper.communicate()
        if self._elsewhere is not None:
            self._elsewhere.cleanup()
            self._elsewhere = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _take_directory(self) -> Path:
        """The socket of whoever had the directory last."""
        lock = os.open(self.data_dir / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        pid, _, socket = os.read(lock, 4096).decode().partition(" ")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise StoreInUseError(str(self.data_dir), int(pid) if pid.isdigit() else 0) from None
        self._lock = lock
        return Path(socket or self._socket)

    def _sign(self) -> None:
        """Leave in the lock who holds it, for messages, and the socket, for a successor."""
        assert self._lock is not None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()} {self._socket}".encode(), 0)


def url_of(data_dir: Path) -> str:
    """Where the store that runs in `data_dir` listens. Raises FileNotFoundError when none has run there."""
    _, _, socket = (data_dir / "owner.lock").read_text().partition(" ")
    return f"unix://{socket or data_dir.resolve() / 'valkey.sock'}"


def _stop(predecessor: Path) -> None:
    """The server of an owner that was killed may live on, and two servers would spoil one directory. Who holds its lock
    may end it: what it has acknowledged is on the disk.
    """
    if not predecessor.exists():
        return
    with Redis(unix_socket_path=str(predecessor), socket_timeout=10, retry=Retry(NoBackoff(), 0)) as server:
        try:
            server.shutdown(nosave=True)  # which ends when the connection does: with the process
        except NoConnection:
            pass  # nobody listens there any more
        except RedisError as failure:
            raise StoreFailedError(
                str(predecessor.parent), f"its last server does not end: {failure}"
            ) from failure
