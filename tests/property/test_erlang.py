"""Erlang B, C and A are monotone where queues are, bounded, and undone by their inverses."""

from sys import float_info

from hypothesis import assume, given
from hypothesis import strategies as st

from busyhour.core.erlang import ErlangC, erlang_b, load_for_blocking, servers_for_blocking
from busyhour.core.erlang_a import ErlangA
from busyhour.core.staffing import agents_for_abandonment, agents_for_service_level

servers = st.integers(1, 300)
loads = st.floats(1e-3, 400.0)
times = st.floats(1e-3, 1e3)
shares = st.floats(1e-6, 0.999)

ROUNDING = 1e-9


@given(servers, loads, loads)
def test_more_load_is_never_blocked_less(servers: int, load: float, more: float) -> None:
    low, high = sorted((load, more))
    assert erlang_b(servers, low) <= erlang_b(servers, high)


@given(servers, loads)
def test_one_more_server_never_blocks_more_and_blocking_is_a_share(servers: int, load: float) -> None:
    assert 0 <= erlang_b(servers + 1, load) <= erlang_b(servers, load) < 1


@given(servers, loads)
def test_no_server_carries_more_than_one_erlang(servers: int, load: float) -> None:
    assert load * (1 - erlang_b(servers, load)) <= servers * (1 + ROUNDING)


@given(servers, shares)
def test_load_for_a_blocking_undoes_the_blocking(servers: int, blocking: float) -> None:
    found = erlang_b(servers, load_for_blocking(servers, blocking))
    assert abs(found - blocking) <= ROUNDING * blocking


@given(servers, loads)
def test_blocking_undoes_the_load_for_a_blocking(servers: int, load: float) -> None:
    blocking = erlang_b(servers, load)
    assume(1e-200 < blocking < 0.999)
    assert abs(load_for_blocking(servers, blocking) - load) <= 1e-8 * load


@given(loads, shares)
def test_fewest_servers_for_a_blocking_are_the_fewest(load: float, blocking: float) -> None:
    fewest = servers_for_blocking(load, blocking)
    assert erlang_b(fewest, load) <= blocking
    assert fewest == 0 or erlang_b(fewest - 1, load) > blocking


@given(servers, st.floats(0.01, 0.999), times, st.floats(0, 1e3))
def test_waiting_for_ever_is_worse_than_being_refused(
    servers: int, occupancy: float, handle_s: float, threshold_s: float
) -> None:
    load = servers * occupancy
    queue = ErlangC(servers, load / handle_s, handle_s)
    assert erlang_b(servers, load) <= queue.wait_probability * (1 + ROUNDING)
    assert queue.wait_probability <= 1 + ROUNDING
    more = ErlangC(servers + 1, load / handle_s, handle_s)
    assert more.service_level(threshold_s) >= queue.service_level(threshold_s)
    assert queue.service_level(threshold_s + handle_s) >= queue.service_level(threshold_s)


@given(servers, st.floats(0.01, 0.999), times, st.floats(0, 0.999999))
def test_percentile_of_the_wait_undoes_its_tail(
    servers: int, occupancy: float, handle_s: float, share: float
) -> None:
    queue = ErlangC(servers, servers * occupancy / handle_s, handle_s)
    wait_s = queue.wait_percentile_s(share)
    assert wait_s >= 0
    assert queue.wait_above(wait_s) <= (1 - share) * (1 + ROUNDING)
    if wait_s > 0:
        assert queue.wait_above(wait_s) >= (1 - share) * (1 - ROUNDING)


@given(servers, loads, times, times)
def test_everybody_is_served_or_hangs_up(
    servers: int, load: float, handle_s: float, patience_s: float
) -> None:
    queue = ErlangA(servers, load / handle_s, handle_s, patience_s)
    served = queue.occupancy * servers
    assert abs(served + load * queue.abandonment - load) <= ROUNDING * load
    assert 0 <= queue.abandonment <= queue.wait_probability <= 1
    assert 0 <= queue.occupancy <= 1
    # Below the smallest normal double there is no relative precision to hold anything to.
    assert 0 <= queue.asa_s * (1 - queue.abandonment) <= queue.wait_mean_s * (1 + 1e-6) + float_info.min


@given(servers, loads, times, times)
def test_impatience_lies_between_refusing_and_waiting_for_ever(
    servers: int, load: float, handle_s: float, patience_s: float
) -> None:
    """And it never abandons more callers than a loss system refuses."""
    queue = ErlangA(servers, load / handle_s, handle_s, patience_s)
    refused = erlang_b(servers, load)
    assert queue.abandonment <= refused * (1 + ROUNDING)
    assert queue.wait_probability >= refused * (1 - ROUNDING)
    if load < servers:
        endless = ErlangC(servers, load / handle_s, handle_s)
        assert queue.wait_probability <= endless.wait_probability * (1 + ROUNDING)


@given(servers, loads, times, times, st.floats(0, 1e3))
def test_one_more_agent_never_harms(
    servers: int, load: float, handle_s: float, patience_s: float, threshold_s: float
) -> None:
    fewer = ErlangA(servers, load / handle_s, handle_s, patience_s)
    more = ErlangA(servers + 1, load / handle_s, handle_s, patience_s)
    assert more.service_level(threshold_s) >= fewer.service_level(threshold_s) - ROUNDING
    assert more.abandonment <= fewer.abandonment * (1 + ROUNDING)
    assert more.wait_mean_s <= fewer.wait_mean_s * (1 + ROUNDING)
    assert more.wait_probability <= fewer.wait_probability * (1 + ROUNDING)
    assert more.occupancy <= fewer.occupancy * (1 + ROUNDING)


@given(servers, loads, times, times, st.floats(0, 1e3), st.floats(0, 1e3))
def test_service_level_grows_with_the_threshold_up_to_those_answered(
    servers: int, load: float, handle_s: float, patience_s: float, threshold_s: float, longer_s: float
) -> None:
    queue = ErlangA(servers, load / handle_s, handle_s, patience_s)
    low, high = sorted((threshold_s, longer_s))
    assert queue.service_level(low) <= queue.service_level(high) + ROUNDING
    assert queue.service_level(high) <= 1 - queue.abandonment + ROUNDING
    assert queue.service_level(0.0) >= 1 - queue.wait_probability - ROUNDING
    assert queue.wait_above(high) <= queue.wait_above(low) + ROUNDING
    assert queue.wait_above(low) <= 1 - queue.service_level(low) + ROUNDING


@given(servers, loads, times, times, st.floats(0, 0.999999))
def test_percentile_of_an_impatient_wait_undoes_its_tail(
    servers: int, load: float, handle_s: float, patience_s: float, share: float
) -> None:
    queue = ErlangA(servers, load / handle_s, handle_s, patience_s)
    wait_s = queue.wait_percentile_s(share)
    assert queue.wait_above(wait_s) <= (1 - share) * (1 + ROUNDING)
    if wait_s > 0:
        assert queue.wait_above(wait_s) >= (1 - share) * (1 - 1e-6)


@given(st.floats(1e-3, 100.0), times, times, st.floats(0, 300.0), st.floats(0.01, 0.99))
def test_fewest_agents_for_a_service_level_are_the_fewest(
    load: float, handle_s: float, patience_s: float, threshold_s: float, target: float
) -> None:
    fewest = agents_for_service_level(load / handle_s, handle_s, patience_s, threshold_s, target)
    assert ErlangA(fewest, load / handle_s, handle_s, patience_s).service_level(threshold_s) >= target
    if fewest > 1:
        assert ErlangA(fewest - 1, load / handle_s, handle_s, patience_s).service_level(threshold_s) < target


@given(st.floats(1e-3, 100.0), times, times, st.floats(1e-6, 0.9))
def test_fewest_agents_for_an_abandonment_are_the_fewest(
    load: float, handle_s: float, patience_s: float, most: float
) -> None:
    fewest = agents_for_abandonment(load / handle_s, handle_s, patience_s, most)
    assert ErlangA(fewest, load / handle_s, handle_s, patience_s).abandonment <= most
    assert fewest == 1 or ErlangA(fewest - 1, load / handle_s, handle_s, patience_s).abandonment > most
