"""Draws are functions of (seed, replication, entity, purpose, index) and of nothing else."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from busyhour.core.ids import ABSENT, SECOND
from simulation.philox import Words, stream_key
from simulation.scenario.distributions import Constant, Exponential
from simulation.substreams import BLOCK, KEPT_BLOCKS, Substreams, block_end, block_start

TALK = Exponential(mean=60.0 * SECOND)
indices = st.integers(min_value=0, max_value=6 * BLOCK)


def philox4x64(counter: int, key: int) -> list[int]:
    """Ten rounds of Philox4x64 as published (Salmon et al., SC11, section 3.3), in plain integers."""
    mask = 2**64 - 1
    words = [counter >> 64 * place & mask for place in range(4)]
    first_key, second_key = key & mask, key >> 64
    for _ in range(10):
        first = 0xD2E7470EE14C6C93 * words[0]
        second = 0xCA5A826395121157 * words[2]
        words = [
            second >> 64 ^ words[1] ^ first_key,
            second & mask,
            first >> 64 ^ words[3] ^ second_key,
            first & mask,
        ]
        first_key = first_key + 0x9E3779B97F4A7C15 & mask
        second_key = second_key + 0xBB67AE8584CAA73B & mask
    return words


def test_uniforms_are_the_published_philox_words():
    key = stream_key(42, 3, "sales", "talk")
    # NumPy steps its counter before each use, so index 0 is counter 1.
    words = [word for counter in range(1, 17) for word in philox4x64(counter, key)]
    assert Words(key).uniforms(0, 64).tolist() == [(word >> 11) / 2**53 for word in words]
    later = [word for counter in range(1025, 1029) for word in philox4x64(counter, key)]
    assert Words(key).uniforms(4096, 16).tolist() == [(word >> 11) / 2**53 for word in later]


def test_words_refuse_a_start_inside_a_counter():
    with pytest.raises(ValueError, match="multiple of four"):
        Words(1).uniforms(2, 4)


def test_names_cannot_run_into_each_other():
    keys = {
        stream_key(1, 1, "ab", "c"),
        stream_key(1, 1, "a", "bc"),
        stream_key(1, 11, "", "abc"),
        stream_key(11, 1, "", "abc"),
        stream_key(1, 1, 'a", "b', "c"),
    }
    assert len(keys) == 5


@given(indices)
def test_each_index_lies_in_one_block_that_starts_on_a_counter(index: int):
    start = block_start(index)
    assert start <= index < block_end(start)
    assert start % 4 == 0
    assert block_start(start) == start
    assert block_start(block_end(start)) == block_end(start)


@given(st.lists(indices, max_size=40))
def test_order_of_access_changes_no_draw(order: list[int]):
    streams = Substreams(7, 0)
    in_order = streams.durations("retail", "ring", TALK)
    straight = [in_order.at(index) for index in range(max(order, default=0) + 1)]
    asked = streams.durations("retail", "ring", TALK)
    assert [asked.at(index) for index in order] == [straight[index] for index in order]


def test_draws_outlive_the_blocks_that_are_kept():
    stream = Substreams(7, 0).uniforms("retail", "outcome")
    first = [stream.at(index) for index in range(BLOCK)]
    for block in range(2 * KEPT_BLOCKS):
        stream.at(block * BLOCK)
    assert [stream.at(index) for index in range(BLOCK)] == first


def test_drawing_from_one_stream_moves_no_other():
    streams = Substreams(7, 0)
    alone = streams.uniforms("sales", "patience")
    expected = [alone.at(index) for index in range(1000)]
    again, other = streams.uniforms("sales", "patience"), streams.uniforms("sales", "talk")
    seen: list[float] = []
    for index in range(1000):
        other.at(3 * index)
        seen.append(again.at(index))
    assert seen == expected


@pytest.mark.parametrize(
    ("seed", "replication", "entity", "purpose"),
    [(8, 0, "sales", "talk"), (7, 1, "sales", "talk"), (7, 0, "billing", "talk"), (7, 0, "sales", "wrap_up")],
)
def test_every_part_of_the_name_makes_an_independent_stream(
    seed: int, replication: int, entity: str, purpose: str
):
    one = Substreams(7, 0).words("sales", "talk").uniforms(0, 40_000)
    other = Substreams(seed, replication).words(entity, purpose).uniforms(0, 40_000)
    # The correlation of independent draws is about normal with standard deviation 1/sqrt(n).
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / 40_000**0.5


def test_uniforms_fill_the_unit_interval_evenly():
    counts = np.histogram(Words(stream_key(1, 0, "x", "y")).uniforms(0, 256_000), bins=256, range=(0.0, 1.0))[
        0
    ]
    statistic = float(((counts - 1000.0) ** 2 / 1000.0).sum())
    # Chi-square with 255 degrees of freedom: mean 255, standard deviation sqrt(510).
    assert abs(statistic - 255.0) < 4.5 * 510.0**0.5


def test_a_constant_draws_the_same_at_every_index():
    stream = Substreams(7, 0).durations("main", "post_dial_delay", Constant(value=2.0 * SECOND))
    assert {stream.at(index) for index in (0, 1, 63, 64, 10**12)} == {2 * SECOND}


def test_an_infinite_duration_is_absent():
    stream = Substreams(7, 0).durations("sales", "patience", None)
    assert stream.at(0) == stream.at(10**9) == ABSENT


def test_far_indices_cost_no_more_than_near_ones():
    stream = Substreams(7, 0).durations("retail", "talk", TALK)
    far = [10**12 + offset for offset in range(100)]
    assert [stream.at(index) for index in far] == [
        Substreams(7, 0).durations("retail", "talk", TALK).at(index) for index in far
    ]


def test_a_negative_index_is_refused():
    streams = Substreams(7, 0)
    for stream in (streams.durations("a", "b", TALK), streams.uniforms("a", "b")):
        with pytest.raises(IndexError):
            stream.at(-1)
        stream.at(Random(1).randrange(64))
        with pytest.raises(IndexError):
            stream.at(-1)
