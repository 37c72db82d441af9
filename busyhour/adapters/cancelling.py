"""Tasks that are ended for sure."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN_S: Final = 2.0
"""Longer than a task takes to clean up, which a second cancellation would break off."""


async def ended(tasks: "Iterable[asyncio.Task[Any]]", again_s: float = AGAIN_S) -> None:
    """Cancels all, until they are over; what they have raised is nobody's concern any more.

    Once is not enough: `asyncio.wait_for` of Python 3.11, which the store's client uses, takes a cancellation that
    comes in the moment of its success for none (cpython issue 86296).
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        over, left = await asyncio.wait(left, timeout=again_s)
        for task in over:
            if not task.cancelled():
                task.exception()
