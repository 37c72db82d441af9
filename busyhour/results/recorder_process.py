"""A replication's recorder in a process of its own, for long replications.

The thread of a recorder in the engine's process takes the interpreter from the engine for a tenth of the run and more.
Here the engine only leaves its rows to a thread that writes them to a pipe, and which needs no interpreter while it
waits there. The recorder's start takes half a second of another processor, in which rows gather.

Two pipes. To the recorder: what `ReplicationRecorder` is made with, then chunks of rows, an empty message, the tallies.
Back: the result, or what went wrong. A pipe that ends earlier says that whoever ran the replication has given it up or
died, and that nothing shall be left of it.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Final

from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import Names
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window

_LEAVE_S: Final = 10.0
"""What a recorder gets to take its files away before it is killed."""
_WAITING_CHUNKS: Final = 16
"""30 MB: more than an interpreted engine makes while the recorder starts."""


class RecorderProcess:
    """As `ReplicationRecorder`, elsewhere. Raises ChildProcessError, an OSError, where the process dies."""

    def __init__(self, names: Names, replication: int, window: Window, out_dir: Path | None = None) -> None:
        self._replication = replication
        self._out_dir = out_dir
        self._is_broken = False
        self._messages: queue.Queue[bytes | None] = queue.Queue(_WAITING_CHUNKS)
        self._thread = threading.Thread(target=self._send, name=f"rows-{replication}", daemon=True)
        rows, self._rows = Pipe(duplex=False)
        self._answer, answer = Pipe(duplex=False)
        with rows, answer:
            # Not in the terminal's group: Ctrl-C is for who runs the replication, and decides what becomes of it.
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(rows.fileno()), str(answer.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(rows.fileno(), answer.fileno()),
                process_group=0,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._thread.start()
        self._messages.put(pickle.dumps((names, replication, window, out_dir)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def add(self, chunk: bytes) -> None:
        """Packed rows, in the order calls ended. Raises what went wrong with an earlier chunk."""
        if self._is_broken:
            self._answered()
        self._messages.put(chunk)

    def finish(self, tallies: Tallies) -> ReplicationResult:
        """Waits for the rows to be written. Raises what went wrong with any of them."""
        for message in (b"", pickle.dumps(tallies), None):
            self._messages.put(message)
        self._thread.join()
        result = self._answered()
        self._rows.close()
        self._answer.close()
        return result

    def abort(self) -> None:
        """Leaves nothing behind. May be called at any time, more than once."""
        self._is_broken = True
        with suppress(queue.Full):
            self._messages.put(None, timeout=_LEAVE_S)
        self._thread.join(_LEAVE_S)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()
        self._rows.close()
        self._answer.close()
        try:
            self._process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._out_dir is not None and self._process.returncode != 0:
            # Late, because it comes with all of Parquet.
            from busyhour.results.files import discard_staged

            discard_staged(self._replication, self._out_dir)

    def _send(self) -> None:
        """The thread's work. Once the recorder reads no more, messages are only taken off, so that nobody waits."""
        while (message := self._messages.get()) is not None:
            if not self._is_broken:
                try:
                    self._rows.send_bytes(message)
                except BrokenPipeError:
                    self._is_broken = True

    def _answered(self) -> ReplicationResult:
        try:
            answer: ReplicationResult | Exception = self._answer.recv()
        except EOFError:
            code = self._process.wait()
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            raise ChildProcessError(f"the process that records the calls {how}") from None
        self._process.wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


def _received(rows: Connection) -> bytes | None:
    """The next message; None when there will be none."""
    try:
        return rows.recv_bytes()
    except (EOFError, OSError):  # OSError: in the midst of one
        return None


def _recorded(rows: Connection) -> ReplicationResult | None:
    """What the rows come to; None when they were given up. Raises what goes wrong with them."""
    # Late, because the process that hands rows over imports this module too, and none of Parquet.
    from busyhour.results.recorder import ReplicationRecorder

    made_with = _received(rows)
    if made_with is None:
        return None
    recorder = ReplicationRecorder(*pickle.loads(made_with))
    try:
        while chunk := _received(rows):
            recorder.add(chunk)
        tallies = None if chunk is None else _received(rows)
        if tallies is not None:
            return recorder.finish(pickle.loads(tallies))
    except BaseException:
        recorder.abort()
        raise
    recorder.abort()
    return None


def serve(rows: Connection, answer: Any) -> None:
    """Record one replication."""
    try:
        outcome: ReplicationResult | Exception | None = _recorded(rows)
    except Exception as failure:  # raised again where the rows come from
        outcome = failure
    rows.close()
    if outcome is not None:
        with suppress(BrokenPipeError):
            answer.send(outcome)


if __name__ == "__main__":
    from busyhour.interpreted import choose

    choose()
    serve(Connection(int(sys.argv[1]), writable=False), Connection(int(sys.argv[2]), readable=False))
