"""Calling hours, retry rules and contacts, at random and near the days on which clocks change."""

from hypothesis import strategies as st

from busyhour.core.ids import DAY, HOUR, MINUTE, SECOND
from tests.support.campaign_reference import Hours, Rules

ZONES = ("America/New_York", "Asia/Kolkata", "America/St_Johns")
NEW_YORK_SPRINGS = 1_772_953_200 * SECOND - 90 * MINUTE
"""2026-03-08, half past midnight: its clock skips the hour from two."""
NEW_YORK_FALLS = 1_793_512_800 * SECOND - 3 * HOUR
"""2026-10-31, an hour before midnight; it shows the hour from one twice."""
pick = st.integers(0, 20)

hours = st.one_of(
    st.none(),
    st.none(),
    st.builds(
        Hours,
        start=st.sampled_from([0, 1 * HOUR, 2 * HOUR, 8 * HOUR, 22 * HOUR]),
        end=st.sampled_from([3 * HOUR, 9 * HOUR, 21 * HOUR, DAY]),
        days=st.sampled_from([("sun",), ("mon", "wed", "sun"), ("sat", "mon", "tue", "sun"), ("mon", "tue")]),
        zone=st.sampled_from([None, *ZONES]),
    ),
)
rules = st.builds(
    Rules,
    max_attempts=st.integers(1, 4),
    max_per_day=st.sampled_from([None, 1, 2]),
    after=st.dictionaries(
        st.sampled_from(["busy", "no_answer", "machine", "failed", "abandoned", "unknown", "blocked"]),
        st.sampled_from([0, 10 * SECOND, 2 * HOUR]),
        max_size=5,
    ).map(lambda after: tuple(after.items())),
)
people = st.lists(
    st.tuples(st.sampled_from([*ZONES[:2], *ZONES[:2], None]), st.integers(0, 2)), min_size=3, max_size=12
)
