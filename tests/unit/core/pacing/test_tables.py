"""The life tables find the hazards that reports were made with, and forget them when they change."""

from math import exp
from random import Random

import pytest

from busyhour.core.pacing.agent_table import AGENT_AGES, AgentTable, age_of, ticks_of
from busyhour.core.pacing.base import IDLE, TALKING, WRAPPING
from busyhour.core.pacing.line_table import GRID, HORIZON, LINE_AGES, LineTable

WITHIN = 0.15
"""Relative error allowed to an estimate from a few thousand lines or talks: over five standard deviations."""


class Lines:
    """Dials a line a tick and lets each be answered or end by age, as `fate` says."""

    def __init__(self, seed: int) -> None:
        self.table = LineTable()
        self.random = Random(seed)
        self.flying: list[int] = []

    def live(self, ticks: int, answer: float, answered_at: int, given_up_at: int, per_tick: int = 4) -> None:
        """A share `answer` is answered at one age, the others end at another."""
        for _ in range(ticks):
            self.table.grow_older()
            self.flying = [age + 1 for age in self.flying]
            for _ in range(per_tick):
                self.table.enter()
                self.flying.append(0)
            stay: list[int] = []
            for age in self.flying:
                if age == answered_at and self.random.random() < answer:
                    self.table.leave(age, True)
                elif age == given_up_at:
                    self.table.leave(age, False)
                else:
                    stay.append(age)
            self.flying = stay

    def ever_answered(self, age: int = 0) -> float:
        return self.table.reach[age * GRID + GRID - 1] / (1 - 0.5 / GRID)


def test_the_answered_share_is_learnt() -> None:
    lines = Lines(1)
    lines.live(1500, 0.25, 10, 25)
    lines.table.build(1.0)
    assert lines.table.reach[GRID - 1] == pytest.approx(0.25, rel=WITHIN)


def test_a_line_past_the_age_of_answers_is_hardly_ever_answered() -> None:
    lines = Lines(2)
    lines.live(1500, 0.25, 10, 25)
    lines.table.build(1.0)
    at = GRID - 1
    assert lines.table.reach[9 * GRID + at] > 0.8 * lines.table.reach[at]
    assert lines.table.reach[15 * GRID + at] < 0.05


def test_lines_still_in_flight_do_not_count_as_unanswered() -> None:
    """Censoring: in the first seconds nobody has answered because nobody has rung long enough."""
    lines = Lines(3)
    lines.live(400, 0.5, 12, 30)
    lines.table.build(1.0)
    learnt = lines.table.reach[GRID - 1]
    for _ in range(200):
        lines.table.enter()
    lines.table.build(1.0)
    assert lines.table.reach[GRID - 1] == pytest.approx(learnt, rel=0.02)


def test_a_change_of_the_answered_share_is_followed_within_a_hundred_answers() -> None:
    lines = Lines(4)
    lines.live(1500, 0.2, 10, 25)
    lines.table.build(1.0)
    lines.live(70, 0.6, 10, 25)
    lines.table.forecast()
    assert lines.table.reach[GRID - 1] > 0.4


def test_refusals_leave_the_answered_share_of_the_others_alone() -> None:
    lines = Lines(5)
    lines.live(1500, 0.3, 10, 25)
    lines.table.build(1.0)
    for _ in range(2000):
        lines.table.enter()
        lines.table.leave(0, False)
    lines.table.build(1.0)
    # The worst belief about refusals is one half, so an outage's end finds at most twice the lines it should.
    assert lines.table.reach[GRID - 1] == pytest.approx(0.15, rel=WITHIN)


def test_the_grid_stands_where_answers_come() -> None:
    lines = Lines(6)
    lines.live(1500, 0.25, 10, 25)
    lines.table.build(1.0)
    assert all(9 <= tick <= 12 for tick in lines.table.grid[1:-1])


def test_lines_of_every_age_are_counted_once() -> None:
    table = LineTable()
    for _ in range(3 * LINE_AGES):
        table.enter()
        table.grow_older()
    assert sum(table.flying) == 3 * LINE_AGES
    assert table.flying[LINE_AGES - 1] == 2 * LINE_AGES + 2


def test_ages_of_agents_widen_and_cover_every_tick() -> None:
    ages = [age_of(ticks) for ticks in range(5000)]
    assert ages == sorted(ages)
    assert set(ages) == set(range(AGENT_AGES))
    assert all(age_of(ticks_of(age)) == age for age in range(AGENT_AGES))


def talked(table: AgentTable, mean_ticks: float, talks: int, into: int, seed: int) -> None:
    random = Random(seed)
    for _ in range(talks):
        ticks = int(random.expovariate(1 / mean_ticks))
        for tick in range(ticks + 1):
            table.expose(table.place_of(TALKING, tick))
        table.depart(table.place_of(TALKING, ticks), into)


def test_completions_are_predicted() -> None:
    table = AgentTable()
    talked(table, 60.0, 3000, IDLE, 7)
    table.build(1.0)
    grid = [HORIZON // 2] * GRID
    table.forecast(grid, 0)
    expected = 1 - exp(-grid[0] / 60.0)
    for place in (0, 10, 15):
        assert table.free[place * GRID] == pytest.approx(expected, rel=WITHIN)


def test_patience_gives_agents_more_time() -> None:
    table = AgentTable()
    table.forecast([10] * GRID, 0)
    impatient = table.free[0]
    table.forecast([10] * GRID, 5)
    assert table.free[0] > impatient


def test_an_agent_in_a_talk_that_leads_to_wrap_up_comes_free_later() -> None:
    straight = AgentTable()
    talked(straight, 60.0, 1000, IDLE, 8)
    wrapping = AgentTable()
    talked(wrapping, 60.0, 1000, WRAPPING, 8)
    for table in (straight, wrapping):
        table.build(1.0)
        table.forecast([20] * GRID, 0)
    assert wrapping.free[0] < 0.5 * straight.free[0]
