"""Predictive pacing: dial while the next line's answer is likely enough to find an agent."""

from math import exp, sqrt
from typing import Final, final

from busyhour.core.ids import ABSENT, Instant
from busyhour.core.pacing.base import IDLE, TALKING, WRAPPING, Pacer
from busyhour.core.pacing.budget import AbandonmentBudget
from busyhour.core.pacing.hazards import (
    GRID,
    LINE_AGES,
    STAGE_AGES,
    TICK,
    LineTable,
    StageTable,
    stage_age,
)

REBUILD_TICKS: Final = 32
HALF_LIFE_TICKS: Final = 3600.0
CATCH_UP_TICKS: Final = 600
"""After a longer silence the ticks are skipped, not lived through."""

PATIENCE_PRIOR_WEIGHT: Final = 4.0
PATIENCE_LONGEST: Final = 30.0

RIVAL_MEMORY_TICKS: Final = 600.0


@final
class PredictivePacer(Pacer):
    """Dials a line if the probability that its answer would find no agent is within the budget's risk."""

    __slots__ = (
        "asked_at",
        "budget",
        "connects",
        "drift",
        "free_within",
        "held_back",
        "lines",
        "max_lines_per_agent",
        "origin",
        "patience_lost",
        "patience_waited",
        "rebuilt_at",
        "rival_takes",
        "rival_ticks",
        "spread",
        "talks",
        "takes",
        "tick",
        "unwrapped",
        "wrapped",
        "wraps",
    )

    budget: AbandonmentBudget
    max_lines_per_agent: float
    lines: LineTable
    talks: StageTable
    wraps: StageTable
    origin: Instant
    tick: int
    rebuilt_at: int
    drift: list[float]
    spread: list[float]
    free_within: list[float]
    held_back: int
    wrapped: float
    unwrapped: float
    patience_waited: float
    patience_lost: float
    takes: int
    connects: int
    rival_takes: float
    rival_ticks: float

    def __init__(self, reserve_agents: int, abandonment_cap: float, max_lines_per_agent: float) -> None:
        super().__init__(reserve_agents)
        self.budget = AbandonmentBudget(abandonment_cap)
        self.max_lines_per_agent = max_lines_per_agent
        self.lines = LineTable()
        self.talks = StageTable()
        self.wraps = StageTable()
        self.origin = ABSENT
        self.tick = 0
        self.rebuilt_at = 0
        self.drift = [0.0] * GRID
        self.spread = [0.0] * GRID
        self.free_within = [0.0] * (2 * STAGE_AGES * GRID)
        self.held_back = 0
        self.wrapped = 0.0
        self.unwrapped = 0.0
        self.patience_waited = 0.0
        self.patience_lost = 0.0
        self.takes = 0
        self.connects = 0
        self.rival_takes = 0.0
        self.rival_ticks = 0.0
        self._build_stages(1.0)

    # Time -------------------------------------------------------------------------------------------

    def _advance(self, now: Instant) -> None:
        if self.origin == ABSENT:
            self.origin = now
        tick = (now - self.origin) // TICK
        if tick <= self.tick:
            return
        behind = tick - self.tick
        if behind > CATCH_UP_TICKS:
            self.tick = tick - CATCH_UP_TICKS
        while self.tick < tick:
            self.tick += 1
            self.lines.grow_older()
            self._live_stages()
            fading = 1.0 - 1.0 / RIVAL_MEMORY_TICKS
            self.rival_takes *= fading
            self.rival_ticks = self.rival_ticks * fading + 1.0
        if self.tick - self.rebuilt_at >= REBUILD_TICKS:
            passed = self.tick - self.rebuilt_at
            fading = exp(-0.6931471805599453 * passed / HALF_LIFE_TICKS)
            self.rebuilt_at = self.tick
            self.lines.build(fading)
            self._build_stages(fading)
        elif self.lines.stale():
            self.lines.forecast()
            self._build_free_within()
        self._sum_up()

    def _live_stages(self) -> None:
        talk_exposure = self.talks.exposure
        wrap_exposure = self.wraps.exposure
        for agent, state in self.agent_state.items():
            if state == TALKING:
                talk_exposure[stage_age(self._ticks_since(self.agent_since[agent]))] += 1.0
            elif state == WRAPPING:
                wrap_exposure[stage_age(self._ticks_since(self.agent_since[agent]))] += 1.0

    def _ticks_since(self, since: Instant) -> int:
        return self.tick - (since - self.origin) // TICK

    def _build_stages(self, fading: float) -> None:
        self.talks.build(fading)
        self.wraps.build(fading)
        self._build_free_within()

    def _build_free_within(self) -> None:
        patience = int(self.patience())
        grid = self.lines.grid
        ahead = grid[GRID - 1] + patience
        wrap_share = (self.wrapped + 1.0) / (self.wrapped + self.unwrapped + 1.0)
        fresh_wrap = self.wraps.departures_after(0, ahead)
        for age in range(STAGE_AGES):
            ticks = stage_middle(age)
            talk = self.talks.departures_after(ticks, ahead)
            wrap = self.wraps.departures_after(ticks, ahead)
            for k in range(GRID):
                by = grid[k] + patience
                at = age * GRID + k
                self.free_within[STAGE_AGES * GRID + at] = wrap[by]
                free = talk[by] * (1.0 - wrap_share)
                if wrap_share > 0.01:
                    through = 0.0
                    for j in range(by):
                        through += (talk[j + 1] - talk[j]) * fresh_wrap[by - j]
                    free += wrap_share * through
                self.free_within[at] = free

    def _sum_up(self) -> None:
        drift = self.drift
        spread = self.spread
        for k in range(GRID):
            drift[k] = 0.0
            spread[k] = 0.0
        reach = self.lines.reach
        flying = self.lines.flying
        for age in range(LINE_AGES):
            lines = flying[age]
            if lines > 0:
                count = float(lines)
                for k in range(GRID):
                    p = reach[age * GRID + k]
                    drift[k] -= count * p
                    spread[k] += count * p * (1.0 - p)
        for agent, state in self.agent_state.items():
            if state != IDLE:
                self._add_agent(state, self.agent_since[agent], 1.0)

    def _add_agent(self, state: int, since: Instant, sign: float) -> None:
        at = stage_age(self._ticks_since(since)) * GRID
        if state == WRAPPING:
            at += STAGE_AGES * GRID
        free_within = self.free_within
        drift = self.drift
        spread = self.spread
        for k in range(GRID):
            p = free_within[at + k]
            drift[k] += sign * p
            spread[k] += sign * p * (1.0 - p)

    def _add_line(self, age: int, sign: float) -> None:
        if age >= LINE_AGES:
            age = LINE_AGES - 1
        at = age * GRID
        reach = self.lines.reach
        drift = self.drift
        spread = self.spread
        for k in range(GRID):
            p = reach[at + k]
            drift[k] -= sign * p
            spread[k] += sign * p * (1.0 - p)

    def patience(self) -> float:
        """Seconds a live answer waits, at least, before it is lost."""
        return self.patience_waited / (self.patience_lost + PATIENCE_PRIOR_WEIGHT)

    # Events -----------------------------------------------------------------------------------------

    def noted_dialed(self, line: int, now: Instant) -> None:
        self._advance(now)
        self.held_back -= 1
        self.lines.enter()
        self._add_line(0, 1.0)

    def _line_left(self, dialed_at: Instant, live: bool, now: Instant) -> None:
        self._advance(now)
        age = self._ticks_since(dialed_at)
        if age < 0:
            age = 0
        self.lines.leave(age, live)
        self._add_line(age, -1.0)

    def noted_ended(self, line: int, dialed_at: Instant, now: Instant) -> None:
        self._line_left(dialed_at, False, now)

    def noted_answered(self, line: int, dialed_at: Instant, now: Instant) -> None:
        self._line_left(dialed_at, True, now)
        self.budget.live_answer(self.held_back <= 0)

    def noted_connected(self, line: int, answered_at: Instant, now: Instant) -> None:
        self.connects += 1

    def noted_abandoned(self, line: int, answered_at: Instant, now: Instant) -> None:
        self.budget.abandonment(self.held_back <= 0)
        waited = (now - answered_at) / TICK
        fading = 0.98
        self.patience_lost = self.patience_lost * fading + 1.0
        self.patience_waited = self.patience_waited * fading + (
            waited if waited < PATIENCE_LONGEST else PATIENCE_LONGEST
        )

    def noted_agent(self, agent: int, before: int, since: Instant, state: int, now: Instant) -> None:
        self._advance(now)
        if before == TALKING or before == WRAPPING:
            self._add_agent(before, since, -1.0)
        if before == TALKING and state != ABSENT:
            self.talks.departures[stage_age(self._ticks_since(since))] += 1.0
            if state == WRAPPING:
                self.wrapped = self.wrapped * 0.99 + 1.0
                self.unwrapped *= 0.99
            else:
                self.wrapped *= 0.99
                self.unwrapped = self.unwrapped * 0.99 + 1.0
        if before == WRAPPING and state != ABSENT:
            self.wraps.departures[stage_age(self._ticks_since(since))] += 1.0
        if state == TALKING:
            self.talks.exposure[0] += 1.0
            self._add_agent(state, now, 1.0)
        elif state == WRAPPING:
            self.wraps.exposure[0] += 1.0
            self._add_agent(state, now, 1.0)

    # Decision ---------------------------------------------------------------------------------------

    def lines_wanted(self, now: Instant) -> int:
        self._advance(now)
        staffed = len(self.agent_state)
        flying = len(self.in_flight)
        most = int(self.max_lines_per_agent * staffed) - flying
        free = self.available()
        wanted = 0
        if most > 0:
            risk = self.budget.risk()
            wanted = free - flying
            if wanted < 0:
                wanted = 0
            if wanted > most:
                wanted = most
            while wanted < most and self._risk_of(free, wanted) <= risk:
                wanted += 1
        self.held_back = wanted
        return wanted

    def _risk_of(self, free: int, ahead: int) -> float:
        """P(no agent for the answer of a line dialled now, after `ahead` others also dialled now)."""
        drift = self.drift
        spread = self.spread
        reach = self.lines.reach
        risk = 0.0
        more = float(ahead)
        for k in range(GRID):
            p = reach[k]
            mean = free + drift[k] - more * p
            variance = spread[k] + more * p * (1.0 - p)
            if variance < 0.01:
                variance = 0.01
            risk += normal_tail((mean - 0.5) / sqrt(variance))
        return risk / GRID

    def review_at(self) -> Instant:
        if self.origin == ABSENT or len(self.agent_state) == 0:
            return ABSENT
        return self.origin + (self.tick + 1) * TICK


def stage_middle(index: int) -> int:
    """Ticks in the middle of an agent's age index."""
    if index < 8:
        return index
    return int(8.0 * exp((index - 8 + 0.5) * 0.17328679513998632) + 0.5)


def normal_tail(x: float) -> float:
    """P(a standard normal exceeds x), within 1e-5 (Abramowitz and Stegun 26.2.16)."""
    if x > 6.0:
        return 0.0
    if x < -6.0:
        return 1.0
    size = x if x >= 0 else -x
    t = 1.0 / (1.0 + 0.33267 * size)
    tail = 0.3989422804014327 * exp(-0.5 * size * size) * t * (0.4361836 + t * (0.937298 * t - 0.1201676))
    return tail if x >= 0 else 1.0 - tail
