"""No window of any length, wherever it begins, holds more calls than the rate allows."""

from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from busyhour.core.ids import SECOND
from busyhour.core.token_bucket import TokenBucket

calls = st.integers(1, 1_000)
spans_us = st.sampled_from([SECOND, 2 * SECOND, 7 * SECOND, 60 * SECOND, 999_983])
waits_us = st.lists(
    st.one_of(st.integers(0, 3), st.integers(0, 400_000), st.integers(0, 5 * SECOND)), max_size=200
)


def most_in_a_window(instants: list[int], width_us: int) -> int:
    """The fullest half-open window begins at an instant of the list."""
    return max((sum(first <= t < first + width_us for t in instants) for first in instants), default=0)


@given(calls, spans_us, waits_us, st.integers(0, 2_000_000_000_000_000))
def test_no_window_holds_more_than_its_share_rounded_up(
    calls: int, per_us: int, waits: list[int], start: int
) -> None:
    bucket = TokenBucket(calls, per_us)
    taken: list[int] = []
    now = start
    for wait in waits:
        now += wait
        if bucket.take(now):
            taken.append(now)
    for width_us in (SECOND, per_us, 1, 1_234_567, 10 * SECOND):
        assert most_in_a_window(taken, width_us) <= ceil(Fraction(width_us * calls, per_us))


@given(calls, st.integers(1, 60 * SECOND), st.integers(0, 2_000_000_000_000_000), st.integers(2, 500))
def test_taking_at_every_due_instant_gives_exactly_the_rate(
    calls: int, per_us: int, start: int, n: int
) -> None:
    bucket = TokenBucket(calls, per_us)
    now = start
    for k in range(n):
        now = bucket.available_at(now)
        assert now == start + ceil(Fraction(k * per_us, calls))
        assert bucket.take(now)


@given(calls, spans_us, waits_us)
def test_take_says_yes_exactly_from_the_available_instant_on(
    calls: int, per_us: int, waits: list[int]
) -> None:
    bucket = TokenBucket(calls, per_us)
    now = 0
    for wait in waits:
        now += wait
        available = bucket.available_at(now)
        assert available >= now
        assert bucket.take(now) == (available == now)


@given(calls, spans_us, waits_us, waits_us)
def test_snapshot_and_restore_change_no_later_answer(
    calls: int, per_us: int, before: list[int], after: list[int]
) -> None:
    bucket = TokenBucket(calls, per_us)
    now = 0
    for wait in before:
        now += wait
        bucket.take(now)
    restored = TokenBucket(calls, per_us)
    restored.restore(bucket.snapshot())
    for wait in after:
        now += wait
        assert restored.available_at(now) == bucket.available_at(now)
        assert restored.take(now) == bucket.take(now)
