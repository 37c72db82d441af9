"""Numbers as whole numbers."""

import pytest

from busyhour.core.phones import is_phone, magic_digit, phone_of, phone_text


@pytest.mark.parametrize("text", ["", "+14155550123", "+1234567", "+999999999999999"])
def test_nothing_is_lost_on_the_way_there_and_back(text: str) -> None:
    assert phone_text(phone_of(text)) == text


def test_only_the_last_digit_of_a_magic_number_counts() -> None:
    assert [magic_digit(phone_of(f"+1500555{n}")) for n in ("0000", "0017", "1239", "9995")] == [0, 7, 9, 5]


@pytest.mark.parametrize("text", ["", "+15005549999", "+15005560000", "+1500555000", "+150055500001"])
def test_a_number_before_behind_or_longer_is_not_magic(text: str) -> None:
    assert magic_digit(phone_of(text)) == -1


@pytest.mark.parametrize(
    "text", ["", "+", "14155550123", "+0415555012", "+123456", "+1234567890123456", "+1415٣550123", "$©µ"]
)
def test_what_has_another_form_is_no_number(text: str) -> None:
    assert not is_phone(text)


@pytest.mark.parametrize("text", ["+14155550123", "+1234567", "+999999999999999"])
def test_seven_to_fifteen_digits_after_a_plus_are_a_number(text: str) -> None:
    assert is_phone(text)
