"""Times, ids, cursors, and what pickles."""

import pickle

import pytest

from busyhour.adapters import times
from busyhour.adapters.identifiers import new_id
from busyhour.core.ids import SECOND
from serve_app.errors import (
    ApiError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    StaleError,
    TooLargeError,
    UnauthenticatedError,
    response_of,
)
from serve_app.paging import cursor_after, position_of

NOW = 1_772_470_800 * SECOND


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-03-02T17:00:00Z", "2026-03-02T17:00:00.000Z"),
        ("2026-03-02t17:00:00.1239z", "2026-03-02T17:00:00.123Z"),
        ("2026-03-02T17:00:00-05:00", "2026-03-02T22:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_becomes_utc_with_milliseconds(text: str, shown: str) -> None:
    assert times.written(times.read(text)) == shown


@pytest.mark.parametrize(
    "text", ["", "2026-03-02", "2026-03-02T17:00:00", "2026-13-02T17:00:00Z", "2026-03-02 17:00:00Z", "now"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        times.read(text)


def test_ids_are_version_7_and_sort_by_age_to_the_microsecond() -> None:
    ids = [new_id(NOW + microsecond) for microsecond in range(3_000)]
    assert ids == sorted(ids)
    assert all(id[14] == "7" and id[19] in "89ab" and len(id) == 36 for id in ids)


def test_a_cursor_comes_back_only_where_it_was_given() -> None:
    cursor = cursor_after("id-1", "acme", "/v1/x", {"a": 1})
    assert position_of(cursor, "acme", "/v1/x", {"a": 1}) == "id-1"
    for place in (("other", "/v1/x", {"a": 1}), ("acme", "/v1/y", {"a": 1}), ("acme", "/v1/x", {"a": 2})):
        with pytest.raises(InvalidInputError):
            position_of(cursor, *place)
    for forged in ("", "!", "é", cursor[:-2], cursor + "AA"):
        with pytest.raises(InvalidInputError):
            position_of(forged, "acme", "/v1/x", {"a": 1})


@pytest.mark.parametrize(
    "error",
    [
        InvalidInputError("phone must be in E.164 format"),
        UnauthenticatedError(),
        ForbiddenError(["voice:b:read", "voice:a:read"]),
        NotFoundError.of("Contact"),
        StaleError(),
        TooLargeError(2**20),
        RateLimitedError(10, 7),
    ],
)
def test_an_error_survives_pickling_as_ray_does_it(error: ApiError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), str(error))
    before, after = response_of(error), response_of(copy)
    assert (before.status_code, before.body, before.headers) == (after.status_code, after.body, after.headers)
