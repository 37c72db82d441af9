"""Numbers with no more digits than their interval supports."""

import pytest

from busyhour.results.definitions import Unit
from busyhour.results.estimates import Estimate
from busyhour.results.wording import given, interval_of, mean_and_interval, quantity


@pytest.mark.parametrize(
    ("mean", "half", "unit", "shown"),
    [
        (0.02713, 0.0012, "share", ("2.71%", "2.59 – 2.83")),
        (0.0271, 0.012, "share", ("2.7%", "1.5 – 3.9")),
        (61234.5, 217.0, "count", ("61,230", "61,020 – 61,450")),
        (61234.5, 0.35, "count", ("61,234.50", "61,234.15 – 61,234.85")),
        (7.835937, 0.08, "seconds", ("7.836 s", "7.756 – 7.916")),
        (150.0, 30.0, "seconds", ("2.50 min", "2.00 – 3.00")),
        (9000.0, 900.0, "seconds", ("2.50 h", "2.25 – 2.75")),
        (0.0004, 0.0003, "number", ("0.00040", "0.00010 – 0.00070")),
        (9.96, 0.099, "per_second", ("9.960/s", "9.861 – 10.059")),
    ],
)
def test_an_interval_decides_the_digits(mean: float, half: float, unit: Unit, shown: tuple[str, str]) -> None:
    assert mean_and_interval(Estimate(mean, (mean - half, mean + half), 1.0, 10), unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "share", "–"),
        (0.0, "seconds", "0 s"),
        (0.871234, "share", "87.1%"),
        (61234.0, "count", "61,234"),
        (61234.56, "count", "61,235"),
        (12.345, "number", "12.3"),
        (0.00123456, "number", "0.00123"),
        (float("nan"), "number", "–"),
    ],
)
def test_without_an_interval_three_digits_are_shown(value: float | None, unit: Unit, shown: str) -> None:
    assert quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.03, "share", "3%"),
        (0.125, "share", "12.5%"),
        (20.0, "seconds", "20 s"),
        (14400.0, "seconds", "4 h"),
    ],
)
def test_what_somebody_chose_is_shown_as_it_is(value: float, unit: Unit, shown: str) -> None:
    assert given(value, unit) == shown


def test_the_same_value_every_time_has_no_interval_to_show() -> None:
    assert mean_and_interval(Estimate(0.0, (0.0, 0.0), 0.0, 10), "share") == ("0%", "constant")
    assert mean_and_interval(Estimate(14.0, (14.0, 14.0), 0.0, 10), "number") == ("14.0", "constant")


def test_one_replication_shows_its_value_alone() -> None:
    assert mean_and_interval(Estimate(0.5, None, None, 1), "share") == ("50.0%", "")


def test_an_interval_in_a_sentence_has_its_unit() -> None:
    assert interval_of(Estimate(0.0271, (0.0259, 0.0283), 0.1, 10), "share") == "2.59 – 2.83%"
    assert interval_of(Estimate(None, None, None, 0), "share") == ""
