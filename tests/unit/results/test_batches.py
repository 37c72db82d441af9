"""A single long run in a steady state tells intervals from its batches."""

from typing import Any

import pytest
from hypothesis import given

from busyhour.results.batches import BATCHES, batches_of
from busyhour.results.definitions import SECTIONS
from busyhour.results.replication import Series
from busyhour.results.summary import summarise
from busyhour.results.window import Window
from tests.unit.results.made_up import facts, names_of
from tests.unit.results.reference import HOUR, NAMES, START, Call, mmc, record, staffed
from tests.unit.results.strategies import calls

DAY = 24 * HOUR


def series_of(made: list[Call], **options: Any) -> Series:
    series = record(made, pools=staffed(2, 1), **options).series
    assert series is not None
    return series


@given(calls(horizon=20 * HOUR))
def test_batches_of_a_whole_run_add_up_to_it(made: list[Call]) -> None:
    result = record(made, horizon=20 * HOUR, pools=staffed(2, 1))
    assert result.series is not None
    found = batches_of(result.series, NAMES, 0)
    for section, by_name in found.items():
        for name, kpis in by_name.items():
            for kpi, batches in kpis.items():
                assert len(batches) == BATCHES
                whole = result.kpis[section][name][kpi]
                assert isinstance(whole, tuple)
                assert sum(b[0] for b in batches) == pytest.approx(whole[0])
                assert sum(b[1] for b in batches) == pytest.approx(whole[1])


def test_warm_up_is_in_no_batch() -> None:
    made = mmc(1, agents=3, arrivals_per_s=0.02, talk_s=60, horizon=20 * HOUR)
    found = batches_of(series_of(made, horizon=20 * HOUR), NAMES, 10 * HOUR)
    late = sum(entry["created_at"] >= 10 * HOUR for entry in made)
    assert sum(b[1] for b in found["queues"]["sales"]["service_level"]) == late


def test_a_run_too_short_has_no_batches() -> None:
    made = mmc(1, agents=3, arrivals_per_s=0.02, talk_s=60, horizon=HOUR)
    assert batches_of(series_of(made), NAMES, HOUR) == {section: {} for section in SECTIONS}


def test_a_steady_run_alone_tells_intervals_and_says_how() -> None:
    made = mmc(3, agents=4, arrivals_per_s=0.02, talk_s=100, horizon=5 * DAY)
    found = [record(made, names=names_of(), horizon=5 * DAY, pools=staffed(4))]
    window = Window(START, START + 5 * DAY)
    steady = summarise(found, facts(replications=1, window=window, steady_state=True))
    occupancy = steady.estimates["agents"]["sales"]["occupancy"]
    assert occupancy.n == 1
    assert occupancy.method == "batch means, 20 batches of one replication"
    # the load offered is 0.02 x 100 / 4
    assert occupancy.ci95 is not None
    assert occupancy.ci95[0] < 0.5 < occupancy.ci95[1]
    assert not any("One replication tells no" in warning for warning in steady.warnings)
    unsteady = summarise(found, facts(replications=1, window=window, steady_state=False))
    assert unsteady.estimates["agents"]["sales"]["occupancy"].ci95 is None
