"""Calls per second are exact whole microseconds apart and survive a snapshot."""

import math

import pytest

from busyhour.core.errors import InvalidValueError, SnapshotError
from busyhour.core.ids import HOUR, MINUTE, SECOND
from busyhour.core.token_bucket import TokenBucket


def admissions(bucket: TokenBucket, count: int, start: int = 0) -> list[int]:
    """Instants of a caller who takes as soon as it may."""
    taken: list[int] = []
    now = start
    for _ in range(count):
        now = bucket.available_at(now)
        assert bucket.take(now)
        taken.append(now)
    return taken


def test_first_call_is_admitted_at_once() -> None:
    assert TokenBucket(1).available_at(0) == 0
    assert TokenBucket(1).take(0)


def test_second_call_in_the_same_interval_is_refused_and_changes_nothing() -> None:
    bucket = TokenBucket(10)
    assert bucket.take(1_000)
    assert not bucket.take(1_000)
    assert not bucket.take(100_999)
    assert bucket.available_at(1_000) == 101_000
    assert bucket.take(101_000)


def test_three_calls_per_second_do_not_drift() -> None:
    taken = admissions(TokenBucket(3), 300_001)
    assert taken[:4] == [0, 333_334, 666_667, 1_000_000]
    assert taken[-1] == 100_000 * SECOND


def test_an_idle_bucket_saves_nothing_up() -> None:
    bucket = TokenBucket(10)
    assert bucket.take(0)
    assert admissions(bucket, 3, start=HOUR) == [HOUR, HOUR + 100_000, HOUR + 200_000]


def test_after_standing_idle_the_interval_is_counted_from_the_call_itself() -> None:
    bucket = TokenBucket(3)
    assert bucket.take(0)
    thirds = [HOUR, HOUR + 333_334, HOUR + 666_667, HOUR + SECOND]
    assert admissions(bucket, 4, start=HOUR) == thirds


def test_a_call_taken_late_moves_the_following_one() -> None:
    bucket = TokenBucket(3)
    assert bucket.take(0)
    assert bucket.take(400_000)
    assert bucket.available_at(400_000) == 733_334


@pytest.mark.parametrize(
    ("calls_per_second", "calls", "span_us"),
    [
        (10.0, 10, SECOND),
        (0.5, 1, 2 * SECOND),
        (1.5, 3, 2 * SECOND),
        (200 / 60, 200, MINUTE),
        (300 / 3600, 300, HOUR),
        (7 / 3600, 7, HOUR),
        (0.1, 6, MINUTE),
        (1e-9, 1, 1_000_000_000 * SECOND),
        (200_000.0, 200_000, SECOND),
    ],
)
def test_rate_given_as_a_float_is_kept_exactly(calls_per_second: float, calls: int, span_us: int) -> None:
    bucket = TokenBucket.from_rate(calls_per_second)
    assert admissions(bucket, calls + 1)[-1] == span_us
    assert admissions(bucket, calls)[-1] == 2 * span_us


def test_unlimited_rate_admits_every_call_at_once() -> None:
    bucket = TokenBucket.from_rate(math.inf)
    assert admissions(bucket, 1_000, start=5) == [5] * 1_000


def test_time_running_backwards_admits_nothing() -> None:
    bucket = TokenBucket(2)
    assert bucket.take(SECOND)
    assert not bucket.take(0)
    assert bucket.available_at(0) == SECOND + 500_000


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, -math.inf])
def test_rate_that_is_not_above_zero_is_refused(rate: float) -> None:
    with pytest.raises(InvalidValueError, match="calls_per_second"):
        TokenBucket.from_rate(rate)


def test_interval_that_is_not_positive_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="calls is 0"):
        TokenBucket(0)
    with pytest.raises(InvalidValueError, match="per_us is 0"):
        TokenBucket(1, 0)


def test_restored_bucket_goes_on_where_the_snapshot_was_taken() -> None:
    bucket = TokenBucket(7)
    admissions(bucket, 11)
    restored = TokenBucket(7)
    restored.restore(bucket.snapshot())
    assert admissions(restored, 20) == admissions(bucket, 20)


def test_next_call_is_due_as_before_when_the_rate_has_changed() -> None:
    bucket = TokenBucket(3)
    assert bucket.take(0)
    faster = TokenBucket(10)
    faster.restore(bucket.snapshot())
    assert admissions(faster, 2) == [333_334, 433_334]


def test_snapshot_of_something_else_is_refused() -> None:
    with pytest.raises(SnapshotError, match="token bucket"):
        TokenBucket(1).restore({"due_us": "soon"})
