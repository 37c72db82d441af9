"""The clock on the wall."""

import time


def elapsed_s() -> float:
    """Seconds since an arbitrary moment, never going back: the difference of two readings is a duration."""
    return time.perf_counter()
