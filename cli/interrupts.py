"""Ctrl-C: the first asks the run to stop and keep what is finished, the second ends it where it stands."""

import signal
from collections.abc import Callable
from types import FrameType


class Interrupts:
    """While it is entered, a first SIGINT or SIGTERM sets `asked`, and a second raises KeyboardInterrupt."""

    def __init__(self, announce: Callable[[str], None] | None = None) -> None:
        self.asked = False
        self._announce = announce
        self._earlier: dict[int, object] = {}

    def __enter__(self) -> "Interrupts":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._earlier[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)  # pyright: ignore[reportArgumentType]
        self._earlier.clear()

    def cancelled(self) -> bool:
        return self.asked

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if self._announce is not None:
            self._announce("interrupted: keeping what is finished (once more to stop at once)")
