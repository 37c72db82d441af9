"""Codes and names stay parallel; carriers' answers mean what RFC 3261, RFC 3398 and Q.850 say."""

import pytest

from busyhour.core import disposition as d


def names_of(outcome: d.Outcome) -> tuple[str, str, str, bool]:
    return (
        d.DISPOSITIONS[outcome.disposition],
        d.END_REASONS[outcome.end_reason],
        d.FAULTS[outcome.fault],
        outcome.retryable,
    )


def test_every_code_is_the_place_of_its_name() -> None:
    for name, code in vars(d).items():
        if name.isupper() and name.lower() in d.DISPOSITIONS:
            assert d.DISPOSITIONS[code] == name.lower()
        for prefix, names in (("END_", d.END_REASONS), ("FAULT_", d.FAULTS), ("AMD_", d.AMD_RESULTS)):
            if name.startswith(prefix) and isinstance(code, int):
                expected = name.removeprefix(prefix).lower()
                assert names[code] == ("" if name == "AMD_NONE" else expected)
    assert (d.DIRECTIONS[d.INBOUND], d.DIRECTIONS[d.OUTBOUND]) == ("inbound", "outbound")


def test_every_name_has_a_code() -> None:
    assert {vars(d)[name.upper()] for name in d.DISPOSITIONS} == set(range(9))
    assert {vars(d)["END_" + name.upper()] for name in d.END_REASONS} == set(range(18))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (486, ("busy", "busy", "customer", True)),
        (600, ("busy", "busy", "customer", True)),
        (603, ("busy", "busy", "customer", True)),
        (607, ("busy", "busy", "customer", False)),
        (480, ("no_answer", "no_answer", "customer", True)),
        (408, ("no_answer", "no_answer", "customer", True)),
        (404, ("invalid", "invalid", "customer", False)),
        (410, ("invalid", "invalid", "customer", False)),
        (484, ("invalid", "invalid", "customer", False)),
        (604, ("invalid", "invalid", "customer", False)),
        (500, ("failed", "carrier_failure", "carrier", True)),
        (502, ("failed", "carrier_failure", "carrier", True)),
        (503, ("failed", "carrier_failure", "carrier", True)),
        (403, ("failed", "carrier_failure", "carrier", False)),
        (608, ("failed", "carrier_failure", "carrier", False)),
        (401, ("failed", "carrier_failure", "platform", False)),
        (488, ("failed", "carrier_failure", "platform", False)),
        (487, ("cancelled", "cancelled", "none", True)),
    ],
)
def test_sip_status_means_what_rfc_3261_says(code: int, expected: tuple[str, str, str, bool]) -> None:
    assert names_of(d.of_sip(code)) == expected


@pytest.mark.parametrize(("unlisted", "x00"), [(399, 300), (499, 400), (599, 500), (699, 600)])
def test_unlisted_sip_status_is_read_as_the_x00_of_its_class(unlisted: int, x00: int) -> None:
    assert unlisted not in d.SIP_OUTCOMES
    assert names_of(d.of_sip(unlisted)) == names_of(d.of_sip(x00))


@pytest.mark.parametrize("code", [-1, 0, 100, 180, 200, 299, 700, 10_000])
def test_status_that_refuses_nothing_is_unknown_and_not_dialled_again(code: int) -> None:
    assert names_of(d.of_sip(code)) == ("unknown", "carrier_failure", "carrier", False)


# RFC 3398 section 7.2.4.1, cause value -> SIP status.
RFC_3398 = {
    1: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 22: 410, 23: 410, 27: 502, 28: 484, 29: 501, 31: 480,
    34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503, 65: 488, 70: 488, 79: 501,
    87: 403, 102: 504, 111: 500, 127: 500,
}  # fmt: skip


@pytest.mark.parametrize(("cause", "status"), RFC_3398.items())
def test_q850_cause_ends_like_the_sip_status_rfc_3398_maps_it_to(cause: int, status: int) -> None:
    assert names_of(d.of_q850(cause)) == names_of(d.of_sip(status))


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (2, ("failed", "carrier_failure", "carrier", False)),
        (16, ("cancelled", "cancelled", "none", True)),
        (21, ("busy", "busy", "customer", True)),
        (26, ("no_answer", "no_answer", "customer", True)),
        (88, ("failed", "carrier_failure", "carrier", False)),
    ],
)
def test_q850_cause_that_says_more_than_its_sip_status(
    cause: int, expected: tuple[str, str, str, bool]
) -> None:
    assert names_of(d.of_q850(cause)) == expected


@pytest.mark.parametrize(
    ("unlisted", "unspecified"), [(30, 31), (33, 47), (49, 63), (66, 79), (81, 95), (97, 111), (113, 127)]
)
def test_unlisted_q850_cause_is_read_as_the_unspecified_one_of_its_class(
    unlisted: int, unspecified: int
) -> None:
    assert unlisted not in d.Q850_OUTCOMES
    assert names_of(d.of_q850(unlisted)) == names_of(d.of_q850(unspecified))


@pytest.mark.parametrize("cause", [-1, 0, 128])
def test_value_that_is_no_q850_cause_is_unknown(cause: int) -> None:
    assert names_of(d.of_q850(cause)) == ("unknown", "carrier_failure", "carrier", False)


def test_a_number_found_invalid_is_never_retried() -> None:
    rows = [*d.SIP_OUTCOMES.values(), *d.Q850_OUTCOMES.values()]
    assert not any(row.retryable for row in rows if row.disposition == d.INVALID)
    assert all(0 <= row.end_reason < len(d.END_REASONS) for row in rows)
