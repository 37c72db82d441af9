"""Ctrl-C once asks, twice ends."""

import os
import signal

import pytest

from cli.interrupts import Interrupts


def test_the_first_signal_asks_and_is_announced() -> None:
    said: list[str] = []
    with Interrupts(said.append) as interrupts:
        assert not interrupts.cancelled()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.cancelled()
    assert len(said) == 1


def test_the_second_signal_ends_it() -> None:
    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.asked


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
