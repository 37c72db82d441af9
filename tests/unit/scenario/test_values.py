"""Durations, rates, shares and times of day, as written and as held."""

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from busyhour.core.ids import DAY, HOUR, MINUTE, SECOND
from simulation.scenario.base import Form
from simulation.scenario.values import (
    DURATION,
    PACE,
    RATE,
    SHARE,
    TIME_OF_DAY,
    WHOLE,
    or_word,
    write_duration,
)


@pytest.mark.parametrize(
    ("written", "held"),
    [
        (90, 90 * SECOND),
        (0, 0),
        (0.25, 250_000),
        ("90", 90 * SECOND),
        ("90s", 90 * SECOND),
        ("250ms", 250_000),
        ("2m", 2 * MINUTE),
        ("1h30m", 90 * MINUTE),
        ("1.5h", 90 * MINUTE),
        ("2d", 2 * DAY),
        ("1h2m3s4ms5us", HOUR + 2 * MINUTE + 3 * SECOND + 4_005),
        ("0.1s", 100_000),
    ],
)
def test_a_duration_is_microseconds(written: Any, held: int) -> None:
    assert DURATION.read(written, True) == held


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("fast", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not "fast"'),
        ("", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not ""'),
        ("30m1h", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not "30m1h"'),
        ("5 s", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not "5 s"'),
        ("5s\n", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not "5s�"'),
        ("12:30", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not "12:30"'),
        ("٣s", 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not "٣s"'),
        (True, 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not true'),
        (None, 'must be a duration, such as 90 (seconds), "250ms", "2m" or "1h30m", not nothing'),
        (-1, "must not be negative, and is -1"),
        ("4000d", 'must be at most 3660 days, and is "4000d"'),
        (1e300, "must be at most 3660 days, and is 1e+300"),
    ],
)
def test_what_is_no_duration_is_told_what_one_looks_like(written: Any, told: str) -> None:
    assert _refused(DURATION, written) == told


@pytest.mark.parametrize(
    ("held", "written"),
    [
        (0, "0s"),
        (1, "1us"),
        (1_500_000, "1500ms"),
        (90 * SECOND, "1m30s"),
        (4 * HOUR, "4h"),
        (90 * MINUTE, "1h30m"),
        (48 * HOUR, "48h"),
        (HOUR + 1, "1h1us"),
        (0.5, "0.5us"),
        (1e-9, "0.000000001us"),
    ],
)
def test_a_duration_is_written_exactly(held: float, written: str) -> None:
    assert write_duration(held) == written


@pytest.mark.parametrize(
    ("written", "held"),
    [("48/min", 0.8), ("300/h", 300 / 3600), ("2/s", 2.0), ("0/h", 0.0), ("86400/d", 1.0)],
)
def test_a_rate_is_per_second(written: str, held: float) -> None:
    assert RATE.read(written, True) == held
    assert RATE.read(RATE.write(held), True) == held


def test_a_rate_is_written_exactly_with_the_shortest_number() -> None:
    assert [RATE.write(rate) for rate in (0.8, 1 / 60, 300 / 3600, 2.0)] == [
        "48/min",
        "1/min",
        "5/min",
        "2/s",
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            48,
            'must say per what, such as "48/min", "300/h" or "2/s": write "48/s", "48/min" or "48/h"',
        ),
        ("48", 'must be a rate, such as "48/min", "300/h" or "2/s", not "48"'),
        ("48/week", 'must be a rate, such as "48/min", "300/h" or "2/s", not "48/week"'),
        ("-1/s", 'must be a rate, such as "48/min", "300/h" or "2/s", not "-1/s"'),
        ("2000000/s", 'must be between 0 and 1000000 a second, and is "2000000/s"'),
    ],
)
def test_what_is_no_rate_is_told_what_one_looks_like(written: Any, told: str) -> None:
    assert _refused(RATE, written) == told


def test_calls_per_second_are_a_number_or_a_rate() -> None:
    assert [PACE.read(written, True) for written in (10, 0.5, "30/min")] == [10.0, 0.5, 0.5]
    assert _refused(PACE, 0) == "must be more than 0 and at most 1000000 a second, and is 0"


def test_a_share_is_a_number_or_a_percentage() -> None:
    assert [SHARE.read(written, True) for written in (0.03, "3%", 1, "100%", "0.5%")] == [
        0.03,
        0.03,
        1.0,
        1.0,
        0.005,
    ]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (3, 'must be at most 1, and is 3 (write "3%" for 3 of a hundred)'),
        ("101%", 'must be at most 1, and is "101%"'),
        (-0.1, "must not be negative, and is -0.1"),
        ("half", 'must be a share, such as 0.03 or "3%", not "half"'),
        (True, 'must be a share, such as 0.03 or "3%", not true'),
    ],
)
def test_what_is_no_share_is_told_what_one_looks_like(written: Any, told: str) -> None:
    assert _refused(SHARE, written) == told


def test_a_time_of_day_is_microseconds_from_midnight() -> None:
    assert [TIME_OF_DAY.read(written, True) for written in ("00:00", "08:30", "24:00")] == [
        0,
        8 * HOUR + 30 * MINUTE,
        24 * HOUR,
    ]
    assert [TIME_OF_DAY.write(held) for held in (0, 8 * HOUR + 30 * MINUTE, 24 * HOUR)] == [
        "00:00",
        "08:30",
        "24:00",
    ]


@pytest.mark.parametrize("written", ["8:00", "25:00", "24:01", "08:60", "8am", 8, "08:00\n", None])
def test_what_is_no_time_of_day_is_refused(written: Any) -> None:
    assert _refused(TIME_OF_DAY, written).startswith("must be a time of day in quotes, such as")


@pytest.mark.parametrize("written", [1.0, "5", True, None, [1]])
def test_a_whole_number_is_written_as_one(written: Any) -> None:
    assert _refused(WHOLE, written).startswith("must be a whole number, not ")


def test_the_word_for_no_bound_is_none() -> None:
    bound = or_word(WHOLE, "unlimited")
    assert bound.read("unlimited", True) is None
    assert bound.write(None) == "unlimited"
    assert bound.read(0, True) == 0
    assert _refused(bound, "infinite") == 'is "infinite"; write unlimited for no bound'
    assert _refused(bound, None) == "must be a whole number, not nothing"


def test_values_given_from_python_are_in_the_models_own_units() -> None:
    assert DURATION.read(90, False) == 90
    assert RATE.read(0.8, False) == 0.8
    assert TIME_OF_DAY.read(8 * HOUR, False) == 8 * HOUR


def _refused(form: Form, written: Any) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        form.read(written, True)
    return str(caught.value)
