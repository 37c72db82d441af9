"""Integrals and counts over time, against sums over every pair of a call and a bin."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from busyhour.results.timeline import INTERVAL, Spans, Tabulation, Timeline, merge_bins
from tests.unit.results.reference import HOUR, MINUTE, SECOND, START

Stretch = tuple[int, int, int]
"""Begin and length in microseconds from the start, and group."""

stretches = st.lists(
    st.tuples(st.integers(0, 3 * HOUR), st.integers(0, 2 * HOUR), st.integers(0, 1)), min_size=1, max_size=30
)


def spans_of(
    timeline: Timeline, made: Sequence[Stretch], end: int, block: int, statistics_from: int = START
) -> Spans:
    spans = Spans(timeline, 2, statistics_from)
    ordered = sorted(made, key=lambda s: s[0] + s[1])
    for at in range(0, len(ordered), block):
        begun, length, group = np.array(ordered[at : at + block], np.int64).T
        timeline.make_room(int(START + (begun + length).max()))
        spans.add(START + begun, START + begun + length, group, int(START + min(end, begun.max())))
    spans.close(START + end)
    return spans


def overlap(made: Sequence[Stretch], group: int, low: int, high: int) -> int:
    return sum(max(0, min(b + n, high) - max(b, low)) for b, n, g in made if g == group)


@given(stretches, st.integers(1, 40), st.sampled_from((0, 1, 50 * MINUTE)))
def test_integrals_are_exact_in_every_bin(made: list[Stretch], block: int, warmup: int) -> None:
    end = 3 * HOUR
    timeline = Timeline(START, START + end)
    spans = spans_of(timeline, made, end, block, START + warmup)
    bins = spans.by_bin(timeline.count(START + end))
    width = timeline.width
    for group in (0, 1):
        expected = [overlap(made, group, k * width, min((k + 1) * width, end)) for k in range(len(bins))]
        assert bins[:, group].tolist() == expected
        assert spans.inside()[group] == overlap(made, group, warmup, end)


@given(stretches, st.integers(1, 40), st.integers(0, 2 * HOUR))
def test_an_open_end_is_cut_where_it_turns_out_to_be(made: list[Stretch], block: int, extra: int) -> None:
    end = max(begun for begun, _, _ in made) + extra
    timeline = Timeline(START, None)
    spans = spans_of(timeline, made, end, block)
    count = timeline.count(START + end)
    bins = spans.by_bin(count)
    for group in (0, 1):
        expected = [
            overlap(made, group, k * timeline.width, min((k + 1) * timeline.width, end)) for k in range(count)
        ]
        assert bins[:, group].tolist() == expected


def test_bins_widen_as_an_open_run_grows_and_divide_the_interval() -> None:
    timeline = Timeline(START, None)
    widths = [timeline.width]
    for day in range(30):
        timeline.make_room(START + day * 24 * HOUR)
        widths.append(timeline.width)
    assert widths[0] == SECOND
    assert widths[-1] == INTERVAL
    assert widths == sorted(widths)
    assert all(INTERVAL % width == 0 for width in widths)


@pytest.mark.parametrize("horizon", [1, SECOND, 59 * SECOND, HOUR, 4 * HOUR, 24 * HOUR, 365 * 24 * HOUR])
def test_bins_of_a_known_horizon_divide_the_interval(horizon: int) -> None:
    timeline = Timeline(START, START + horizon)
    assert INTERVAL % timeline.width == 0
    assert timeline.count(START + horizon) * timeline.width >= horizon


@given(
    st.lists(
        st.tuples(st.integers(0, 5 * HOUR), st.integers(0, 2), st.integers(0, 3), st.integers(0, 10**9))
    ),
    st.integers(1, 7),
)
def test_counts_and_weights_survive_the_widening_of_bins(
    entries: list[tuple[int, int, int, int]], block: int
) -> None:
    timeline = Timeline(START, None)
    code = np.arange(4)
    measures = np.stack([code >= 0, code & 1 > 0], axis=1).astype(np.int64)
    table = Tabulation(timeline, 3, measures, (code & 2 > 0)[:, None].astype(np.float64))
    entries = sorted(entries)
    for at in range(0, len(entries), block):
        columns = np.array(entries[at : at + block], np.int64).T
        timeline.make_room(int(START + columns[0].max()))
        early = columns[0] < HOUR
        table.add(START + columns[0], columns[1], columns[2], early, columns[3])
    bins = timeline.count(START + 5 * HOUR)
    by_bin = table.by_bin(bins)
    for group in range(3):
        for k in {min(e[0] // timeline.width, bins - 1) for e in entries}:
            here = [e for e in entries if e[1] == group and min(e[0] // timeline.width, bins - 1) == k]
            assert by_bin[k, group].tolist() == [
                len(here),
                sum(e[2] & 1 for e in here),
                sum(e[3] for e in here if e[2] & 2),
            ]
        assert by_bin[:, group, 0].sum() == sum(e[1] == group for e in entries)
        late = [e for e in entries if e[1] == group and e[0] >= HOUR]
        assert table.counted()[group, 0] == len(late)
        assert table.counted()[group, 2] == sum(e[3] for e in late if e[2] & 2)


def test_merged_bins_keep_their_sum_when_they_do_not_come_out_even() -> None:
    assert merge_bins(np.arange(5), 2).tolist() == [1, 5, 4]
    assert merge_bins(np.zeros((3, 0, 4), np.int64), 2).shape == (2, 0, 4)
