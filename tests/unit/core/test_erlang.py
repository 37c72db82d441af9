"""Erlang B, C and A give published numbers, agree with chains solved by another method, and meet in their
limits.
"""

import math

import numpy as np
import pytest

from busyhour.core.erlang import ErlangC, erlang_b, load_for_blocking, servers_for_blocking
from busyhour.core.erlang_a import ErlangA
from busyhour.core.errors import InvalidValueError, UnattainableError, UnstableQueueError
from busyhour.core.staffing import agents_for_abandonment, agents_for_mean_wait, agents_for_service_level
from tests.support.closed_forms import answered_within, erlang_b_by_sum, many_server, stationary


def assert_prints(value: float, printed: str) -> None:
    decimals = len(printed.partition(".")[2])
    assert f"{value:.{decimals}f}" == printed


# Numbers that were published or computed elsewhere.


def test_blocking_of_25_erlangs_by_30_servers() -> None:
    assert_prints(erlang_b(30, 25.0), "0.05260317")


@pytest.mark.parametrize(("servers", "printed"), [(10, "4.461177"), (20, "12.030615"), (100, "84.064159")])
def test_loads_that_are_blocked_once_in_a_hundred(servers: int, printed: str) -> None:
    assert_prints(load_for_blocking(servers, 0.01), printed)


def test_hundred_calls_in_half_an_hour_to_fourteen_agents() -> None:
    queue = ErlangC(14, 100 / 1800, 180.0)
    assert_prints(queue.wait_probability, "0.17413193")
    assert_prints(queue.service_level(20.0), "0.88835002")
    assert_prints(queue.wait_mean_s, "7.835937")
    assert_prints(queue.occupancy, "0.714286")


def test_fifty_agents_at_nine_tenths() -> None:
    queue = ErlangC(50, 45.0, 1.0)
    assert_prints(queue.wait_probability, "0.36386447")
    assert_prints(queue.wait_mean_s, "0.07277289")
    assert_prints(queue.queue_length_mean, "3.274780")
    assert_prints(queue.wait_percentile_s(0.95), "0.396952")


def test_fifty_agents_and_callers_who_wait_two_minutes() -> None:
    queue = ErlangA(50, 48 / 60, 60.0, 120.0)
    assert_prints(queue.abandonment, "0.03091225")
    assert_prints(queue.wait_mean_s, "3.709470")
    assert_prints(queue.wait_probability, "0.46777407")
    assert_prints(queue.queue_length_mean, "2.967576")
    assert_prints(queue.occupancy, "0.93032424")
    assert_prints(queue.service_level(20.0), "0.943019")


def test_overloaded_agents_whom_impatience_rescues() -> None:
    queue = ErlangA(100, 120.0, 1.0, 1 / 0.8)
    assert_prints(queue.abandonment, "0.16725709")
    assert_prints(queue.wait_mean_s, "0.20907136")
    assert_prints(queue.occupancy, "0.99929150")


# Chains solved by sparse linear algebra, and the caller's own chain by matrix exponential.

CHAINS = [
    # agents, arrivals, mean handling, mean patience
    (1, 0.5, 1.0, 2.0),
    (1, 3.0, 1.0, 0.2),
    (5, 4.0, 1.0, 1.0),
    (5, 9.0, 1.0, 3.0),
    (12, 4.2, 2.0, 1.0),
    (30, 45.0, 1.0, 0.5),
    (50, 48.0, 1.0, 2.0),
    (50, 40.0, 1.0, 3.0),
    (20, 40.0, 1.0, 0.02),
]


@pytest.mark.parametrize(("agents", "arrivals", "handling", "patience"), CHAINS)
def test_palms_model_agrees_with_its_chain(
    agents: int, arrivals: float, handling: float, patience: float
) -> None:
    waiting_places = 40 + int(4 * arrivals * patience)
    places = agents + waiting_places
    p = stationary(many_server(agents, arrivals, 1 / handling, 1 / patience, places))
    calls = np.arange(places + 1)
    queue = ErlangA(agents, arrivals, handling, patience)
    queued = float(np.maximum(calls - agents, 0) @ p)
    assert queue.wait_probability == pytest.approx(float(p[agents:].sum()), rel=1e-9)
    assert queue.queue_length_mean == pytest.approx(queued, rel=1e-9)
    assert queue.wait_mean_s == pytest.approx(queued / arrivals, rel=1e-9)
    assert queue.abandonment == pytest.approx(queued / patience / arrivals, rel=1e-9)
    assert queue.occupancy == pytest.approx(float(np.minimum(calls, agents) @ p) / agents, rel=1e-9)

    times = np.array([0.01, 0.1, 0.5, 1.0, 3.0]) * min(handling, patience)
    answered = answered_within(agents, 1 / handling, 1 / patience, waiting_places, times)
    for t, by_then in zip(times, answered, strict=True):
        expected = 1 - p[agents:].sum() + by_then @ p[agents:]
        assert queue.service_level(float(t)) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize(("agents", "arrivals", "handling", "patience"), CHAINS)
def test_tail_of_the_wait_agrees_with_the_callers_own_chain(
    agents: int, arrivals: float, handling: float, patience: float
) -> None:
    waiting_places = 40 + int(4 * arrivals * patience)
    p = stationary(many_server(agents, arrivals, 1 / handling, 1 / patience, agents + waiting_places))
    queue = ErlangA(agents, arrivals, handling, patience)
    for t in (0.05 * patience, 0.3 * patience, patience):
        expected = float(still_waiting(agents / handling, 1 / patience, waiting_places, t) @ p[agents:])
        assert queue.wait_above(t) == pytest.approx(expected, rel=1e-8, abs=1e-14)


def still_waiting(all_agents: float, hang_ups: float, ahead: int, t: float) -> np.ndarray:
    """Probability that a caller with k ahead still waits at t, by steps of the chain of those ahead
    (uniformization).
    """
    k = np.arange(ahead + 1)
    leaving = all_agents + k * hang_ups + hang_ups
    most = float(leaving[-1])
    stay = 1 - leaving / most
    on = (all_agents + k * hang_ups) / most
    alive = np.ones(ahead + 1)
    weight = math.exp(-most * t)
    total = weight * alive
    steps = 0
    while steps < most * t + 12 * math.sqrt(most * t) + 60:
        steps += 1
        alive = stay * alive + on * np.concatenate([[0.0], alive[:-1]])
        weight *= most * t / steps
        total = total + weight * alive
    return total


def test_mean_wait_of_the_answered_and_of_all_fit_each_other() -> None:
    """E[W] = P(answered) E[W; answered] + the rest, by the integral of the tail of the wait."""
    queue = ErlangA(12, 4.2, 2.0, 1.0)
    times = np.linspace(0.0, 12.0, 4001)
    tail = np.array([queue.wait_above(float(t)) for t in times])
    answered_later = queue.service_level(60.0) - np.array([queue.service_level(float(t)) for t in times])
    step = float(times[1])
    assert queue.wait_mean_s == pytest.approx(simpson(tail, step), rel=1e-9)
    assert queue.asa_s * (1 - queue.abandonment) == pytest.approx(simpson(answered_later, step), rel=1e-9)


def simpson(values: np.ndarray, step: float) -> float:
    return float(values[0] + values[-1] + 4 * values[1:-1:2].sum() + 2 * values[2:-1:2].sum()) * step / 3


@pytest.mark.parametrize(("agents", "load"), [(1, 0.7), (5, 4.0), (30, 25.0), (50, 49.0)])
def test_waiting_without_end_agrees_with_a_chain_of_many_places(agents: int, load: float) -> None:
    places = agents + int(60 / (1 - load / agents))
    p = stationary(many_server(agents, load, 1.0, 0.0, places))
    queue = ErlangC(agents, load, 1.0)
    queued = float(np.maximum(np.arange(places + 1) - agents, 0) @ p)
    assert queue.wait_probability == pytest.approx(float(p[agents:].sum()), rel=1e-9)
    assert queue.queue_length_mean == pytest.approx(queued, rel=1e-9)


@pytest.mark.parametrize(
    ("servers", "load"), [(1, 0.01), (30, 25.0), (240, 221.25), (1_000, 1_100.0), (100_000, 99_000.0)]
)
def test_recursion_agrees_with_the_formula_in_logarithms(servers: int, load: float) -> None:
    assert erlang_b(servers, load) == pytest.approx(erlang_b_by_sum(servers, load), rel=1e-8)


# Limits.


@pytest.mark.parametrize(("agents", "load"), [(1, 0.5), (14, 10.0), (100, 99.0)])
def test_endless_patience_is_erlang_c(agents: int, load: float) -> None:
    patient, endless = ErlangA(agents, load, 1.0, 1e8), ErlangC(agents, load, 1.0)
    assert patient.wait_probability == pytest.approx(endless.wait_probability, rel=1e-3)
    assert patient.queue_length_mean == pytest.approx(endless.queue_length_mean, rel=1e-3)
    assert patient.service_level(0.3) == pytest.approx(endless.service_level(0.3), rel=1e-3)
    assert patient.wait_percentile_s(0.99) == pytest.approx(endless.wait_percentile_s(0.99), rel=1e-3)


@pytest.mark.parametrize(("agents", "load"), [(1, 0.5), (30, 25.0), (30, 60.0)])
def test_no_patience_is_erlang_b(agents: int, load: float) -> None:
    impatient = ErlangA(agents, load, 1.0, 1e-9)
    assert impatient.abandonment == pytest.approx(erlang_b(agents, load), rel=1e-6)
    assert impatient.occupancy == pytest.approx(load * (1 - erlang_b(agents, load)) / agents, rel=1e-6)


def test_hundred_thousand_servers_lose_no_digits() -> None:
    """At load = servers, B = sqrt(2 / (pi c)) (1 + ...) (Jagerman 1974); C: Halfin, Whitt (1981)."""
    servers = 100_000
    assert erlang_b(servers, float(servers)) == pytest.approx(math.sqrt(2 / (math.pi * servers)), rel=5e-3)
    halfin_whitt = ErlangC(servers, servers - math.sqrt(servers), 1.0).wait_probability
    assert halfin_whitt == pytest.approx(0.2233, abs=5e-3)
    palm = ErlangA(servers, float(servers), 1.0, 1.0)
    assert palm.wait_probability == pytest.approx(0.5, abs=5e-3)
    assert palm.occupancy + palm.abandonment == pytest.approx(1.0, rel=1e-12)


def test_with_patience_as_long_as_handling_calls_there_are_a_poisson_number() -> None:
    """All calls leave at one rate, waiting or served, so M/M/c+M is M/M/infinity to the counter of calls."""
    queue = ErlangA(40, 45.0, 1.0, 1.0)
    n = np.arange(400)
    p = np.exp(n * math.log(45.0) - 45.0 - np.array([math.lgamma(k + 1) for k in n]))
    assert queue.wait_probability == pytest.approx(float(p[40:].sum()), rel=1e-12)
    assert queue.queue_length_mean == pytest.approx(float(np.maximum(n - 40, 0) @ p), rel=1e-12)


def test_no_server_blocks_everything_and_no_load_is_never_blocked() -> None:
    assert erlang_b(0, 3.0) == 1.0
    assert erlang_b(3, 0.0) == 0.0
    assert erlang_b(5_000, 1.0) == 0.0


def test_quiet_queue_has_waits_of_zero() -> None:
    assert ErlangC(100, 1.0, 1.0).wait_percentile_s(0.99) == 0.0
    quiet = ErlangA(1_000, 1.0, 1.0, 1.0)
    assert (quiet.wait_probability, quiet.asa_s, quiet.wait_percentile_s(0.999)) == (0.0, 0.0, 0.0)
    assert quiet.service_level(0.0) == 1.0


# Inverses.


@pytest.mark.parametrize(
    ("load", "blocking"), [(4.461176, 0.01), (221.25, 0.001), (221.25, 0.9), (90_000.0, 0.01)]
)
def test_fewest_servers_block_enough_and_one_fewer_too_much(load: float, blocking: float) -> None:
    servers = servers_for_blocking(load, blocking)
    assert erlang_b(servers, load) <= blocking < erlang_b(servers - 1, load)


@pytest.mark.parametrize("servers", [1, 2, 30, 100_000])
@pytest.mark.parametrize("blocking", [1e-9, 0.01, 0.5, 0.99])
def test_load_for_a_blocking_is_blocked_so(servers: int, blocking: float) -> None:
    assert erlang_b(servers, load_for_blocking(servers, blocking)) == pytest.approx(blocking, rel=1e-9)


def test_fewest_agents_for_four_in_five_within_twenty_seconds() -> None:
    agents = agents_for_service_level(100 / 1800, 180.0, math.inf, 20.0, 0.80)
    assert ErlangC(agents, 100 / 1800, 180.0).service_level(20.0) >= 0.80
    assert ErlangC(agents - 1, 100 / 1800, 180.0).service_level(20.0) < 0.80


def test_impatient_callers_need_fewer_agents_for_the_same_service_level() -> None:
    patient = agents_for_service_level(0.8, 60.0, math.inf, 20.0, 0.80)
    impatient = agents_for_service_level(0.8, 60.0, 120.0, 20.0, 0.80)
    assert ErlangA(impatient, 0.8, 60.0, 120.0).service_level(20.0) >= 0.80
    assert ErlangA(impatient - 1, 0.8, 60.0, 120.0).service_level(20.0) < 0.80
    assert impatient < patient


def test_fewest_agents_for_three_percent_abandoned() -> None:
    agents = agents_for_abandonment(0.8, 60.0, 120.0, 0.03)
    assert ErlangA(agents, 0.8, 60.0, 120.0).abandonment <= 0.03
    assert ErlangA(agents - 1, 0.8, 60.0, 120.0).abandonment > 0.03


def test_fewest_agents_for_a_mean_wait() -> None:
    agents = agents_for_mean_wait(100 / 1800, 180.0, 10.0)
    assert ErlangC(agents, 100 / 1800, 180.0).wait_mean_s <= 10.0
    assert ErlangC(agents - 1, 100 / 1800, 180.0).wait_mean_s > 10.0


def test_targets_any_number_meets_need_the_least() -> None:
    assert agents_for_service_level(0.8, 60.0, 120.0, 20.0, 0.0) == 1
    assert agents_for_abandonment(0.8, 60.0, 120.0, 1.0) == 1
    assert servers_for_blocking(10.0, 1.0) == 0


# What is refused.


def test_queue_that_grows_without_bound_has_no_steady_state() -> None:
    with pytest.raises(UnstableQueueError, match="10 erlangs need more than 10 agents") as caught:
        ErlangC(10, 1.0, 10.0)
    assert (caught.value.agents, caught.value.load) == (10, 10.0)


def test_target_beyond_every_number_of_servers_is_unattainable() -> None:
    with pytest.raises(UnattainableError, match="not reached by any number up to 10000000"):
        servers_for_blocking(1e9, 0.5)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_numbers_out_of_range_are_refused(bad: float) -> None:
    for refused in (
        lambda: erlang_b(3, bad),
        lambda: servers_for_blocking(bad, 0.01),
        lambda: load_for_blocking(3, bad),
        lambda: ErlangC(3, bad, 1.0),
        lambda: ErlangC(3, 1.0, bad),
        lambda: ErlangC(3, 1.0, 1.0).service_level(bad),
        lambda: ErlangC(3, 1.0, 1.0).wait_percentile_s(bad),
        lambda: ErlangA(3, bad, 1.0, 1.0),
        lambda: ErlangA(3, 1.0, bad, 1.0),
        lambda: ErlangA(3, 1.0, 1.0, bad),
        lambda: ErlangA(3, 1.0, 1.0, 1.0).service_level(bad),
        lambda: ErlangA(3, 1.0, 1.0, 1.0).wait_above(bad),
        lambda: ErlangA(3, 1.0, 1.0, 1.0).wait_percentile_s(bad),
        lambda: agents_for_service_level(1.0, 1.0, 1.0, 1.0, bad),
        lambda: agents_for_abandonment(1.0, 1.0, 1.0, bad),
        lambda: agents_for_mean_wait(1.0, 1.0, bad),
    ):
        with pytest.raises(InvalidValueError):
            refused()


def test_numbers_of_servers_out_of_range_are_refused() -> None:
    for refused in (
        lambda: erlang_b(-1, 1.0),
        lambda: load_for_blocking(0, 0.1),
        lambda: ErlangC(0, 1.0, 1.0),
        lambda: ErlangA(0, 1.0, 1.0, 1.0),
        lambda: servers_for_blocking(1.0, 0.0),
        lambda: ErlangA(1, 1.0, 1.0, 1e11),
    ):
        with pytest.raises(InvalidValueError):
            refused()
