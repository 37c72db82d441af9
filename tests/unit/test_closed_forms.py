"""Each oracle gives the exact number that design's table of validation prints, and agrees with its own
special cases.
"""

import numpy as np
import pytest

from tests.support.closed_forms import (
    answered_within,
    busy_under_sinusoid,
    crommelin_wait,
    day,
    detection,
    erlang_b_by_sum,
    many_server,
    peak_under_sinusoid,
    pollaczek_khinchine_wait,
    priority_waits,
    progressive_occupancy,
    redial,
    retrials,
    single_server_orbit,
    stationary,
    trunk_holding,
)


def assert_prints(value: float, printed: str) -> None:
    """`value`, rounded to as many decimals as `printed` has, is `printed`."""
    decimals = len(printed.partition(".")[2])
    assert f"{value:.{decimals}f}" == printed


def test_day_that_begins_empty() -> None:
    patient = day(12, 4.2, 0.5, 0.0, 480.0, 1 / 3)
    assert_prints(patient.arrivals, "2016.0")
    assert_prints(patient.within, "1815.272")
    assert_prints(patient.occupancy, "0.696934")
    assert patient.abandons == 0


def test_day_of_impatient_callers() -> None:
    impatient = day(12, 4.2, 0.5, 1.0, 480.0, 1 / 3)
    assert_prints(impatient.abandons, "59.2366")
    assert_prints(impatient.within, "1906.719")
    assert_prints(impatient.occupancy, "0.676558")


def test_a_long_day_is_a_steady_state() -> None:
    """Of day two alone, which begins as day one ended."""
    one, two = (day(12, 4.2, 0.5, 1.0, length, 1 / 3) for length in (480.0, 960.0))
    p = stationary(many_server(12, 4.2, 0.5, 1.0, 200))
    calls = np.arange(201)
    waiting = float(np.maximum(calls - 12, 0) @ p)
    in_time = 1.0 - p[12:].sum() + answered_within(12, 0.5, 1.0, 188, np.array([1 / 3]))[0] @ p[12:]
    assert two.abandons - one.abandons == pytest.approx(480 * waiting, rel=1e-7)
    assert two.within - one.within == pytest.approx(2016 * in_time, rel=1e-7)


@pytest.mark.parametrize(
    ("agents", "arrivals", "printed"),
    [
        (10, [3.0, 5.0], ["0.05845431", "0.29227154"]),
        (50, [20.0, 15.0, 8.0], ["0.00727011", "0.02423369", "0.10385867"]),
    ],
)
def test_mean_waits_by_priority(agents: int, arrivals: list[float], printed: list[str]) -> None:
    for wait, text in zip(priority_waits(agents, arrivals, 1.0), printed, strict=True):
        assert_prints(wait, text)


def test_priorities_share_out_the_wait_that_fifo_would_give() -> None:
    """Kleinrock's conservation law: no order of service changes the mean wait over all calls."""
    arrivals = [20.0, 15.0, 8.0]
    waits = priority_waits(50, arrivals, 1.0)
    (fifo,) = priority_waits(50, [43.0], 1.0)
    assert sum(r * w for r, w in zip(arrivals, waits, strict=True)) == pytest.approx(43.0 * fifo, rel=1e-12)


def test_mean_wait_behind_lognormal_holding() -> None:
    assert_prints(pollaczek_khinchine_wait(12 / 3600, 180.0, 1.2), "297.000")


def test_mean_wait_behind_constant_holding() -> None:
    assert_prints(crommelin_wait(10, 9.0, 1.0), "0.344582")


def test_crommelin_with_one_server_is_pollaczek_khinchine() -> None:
    assert crommelin_wait(1, 0.8, 1.0) == pytest.approx(pollaczek_khinchine_wait(0.8, 1.0, 0.0), rel=1e-10)


def test_mean_busy_under_a_swinging_rate() -> None:
    assert_prints(busy_under_sinusoid(0.0, 100.0, 60.0, 8.0, 12.0), "8.007480")
    assert_prints(busy_under_sinusoid(2.0, 100.0, 60.0, 8.0, 12.0), "13.312006")
    at, peak = peak_under_sinusoid(100.0, 60.0, 8.0, 12.0)
    assert_prints(at, "2.083215")
    assert_prints(peak, "13.322658")
    assert busy_under_sinusoid(at, 100.0, 60.0, 8.0, 12.0) == pytest.approx(peak, rel=1e-12)


def test_mean_busy_under_a_swinging_rate_solves_its_balance() -> None:
    """m'(t) = arrivals(t) - ends m(t), by a central difference."""
    for t in (0.0, 1.3, 5.9):
        before, now, after = (busy_under_sinusoid(t + d, 100.0, 60.0, 8.0, 12.0) for d in (-1e-4, 0.0, 1e-4))
        arrivals = 100.0 + 60.0 * np.sin(2 * np.pi * t / 8.0)
        assert (after - before) / 2e-4 == pytest.approx(arrivals - 12.0 * now, abs=1e-5)


def test_callers_who_try_again() -> None:
    assert_prints(single_server_orbit(0.7, 1.0, 2.0), "2.450000")
    five = retrials(5, 4.0, 1.0, 1.0, 400)
    assert_prints(five.first_blocked, "0.45534470")
    assert_prints(five.orbit_mean, "5.26139428")


def test_retrial_chain_with_one_server_has_the_closed_form() -> None:
    one = retrials(1, 0.7, 1.0, 2.0, 600)
    assert one.orbit_mean == pytest.approx(single_server_orbit(0.7, 1.0, 2.0), rel=1e-9)
    assert one.first_blocked == pytest.approx(0.7, rel=1e-9)


def test_callers_who_try_again_are_all_served_in_the_end() -> None:
    """Into orbit go the first calls blocked, out of it the repeated calls that are not."""
    five = retrials(5, 4.0, 1.0, 1.0, 400)
    assert 4.0 * five.first_blocked == pytest.approx(five.orbit_mean * (1 - five.retry_blocked), rel=1e-9)


def test_one_line_for_each_agent() -> None:
    assert_prints(progressive_occupancy(0.25, 12.0, 12.0, 120.0), "0.714286")
    assert_prints(progressive_occupancy(0.30, 12.0, 24.0, 120.0), "0.638298")


def test_trunk_is_a_loss_system() -> None:
    holding = trunk_holding(0.25, 12.0, 90.0, 25.0)
    assert_prints(holding, "44.25")
    assert_prints(5 * holding, "221.25")
    assert_prints(erlang_b_by_sum(261, 5 * holding), "0.00084883")
    assert_prints(erlang_b_by_sum(240, 5 * holding), "0.013190")


def test_machine_detection_feeds_a_loss_system() -> None:
    found = detection(2.0, 0.20, 0.05, 0.40, 0.08, 120.0, 10.0, 60)
    assert_prints(found.load, "46.24")
    assert_prints(found.dropped, "0.00810097")
    assert_prints(found.occupancy, "0.764424")


def test_redialling_is_a_geometric_number_of_tries() -> None:
    reached, tries = redial(0.28, 5)
    assert_prints(reached, "0.806508")
    assert_prints(tries, "2.880387")
