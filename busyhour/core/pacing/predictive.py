"""Predictive pacing: dial while the next line's answer is likely enough to find an agent.

docs/pacing.md has the model, the policy, the figures and the sources on one page.
"""

from math import exp, sqrt
from typing import Final, final

from busyhour.core.ids import ABSENT, Instant
from busyhour.core.pacing.agent_table import AgentTable, dict_at
from busyhour.core.pacing.base import IDLE, TALKING, WRAPPING, Pacer, floats_of, int_of, ints_of
from busyhour.core.pacing.budget import AbandonmentBudget
from busyhour.core.pacing.line_table import GRID, LINE_AGES, TICK, LineTable

EARLY_REBUILD_TICKS: Final = 16
REBUILD_TICKS: Final = 128
EARLY_TICKS: Final = 600
"""Until then what is learnt is put to use more often."""

HALF_LIFE_TICKS: Final = 3600.0
"""Of the counts that shapes are learnt from."""

REVIEW_TICKS: Final = 2
"""How long a decision stands without any event; events come more often than this on all but small teams."""

CATCH_UP_TICKS: Final = 900
"""After a longer silence the ticks before are not lived through one by one."""

LEARNT_LINES: Final = 20
"""Until so many lines have ended in one way or the other, nothing is dialled ahead of idle agents."""

PATIENCE_PRIOR: Final = 4.0
"""Abandoned calls, each after no wait at all, that are believed in before any was seen."""
PATIENCE_FADING: Final = 0.98
PATIENCE_LONGEST: Final = 10.0
"""Seconds. Nobody is dialled in the hope that they wait longer."""

RIVAL_MEMORY: Final = 600.0
"""Ticks over which the rate is taken at which others' calls take our agents."""

CALLERS_WEIGHT: Final = 4.0
"""Callers who wait a quarter of the time are reason enough to expect all of the agents they take."""

LEAST_VARIANCE: Final = 0.01


@final
class PredictivePacer(Pacer):
    """Dials a line if the probability that its answer finds no agent is within the budget's risk.

    One line for each available agent is dialled without asking: progressive dialling is the floor, unless others'
    calls take our agents and the budget is overdrawn. A line that has rung for a minute keeps nobody from it. No
    more than `max_lines_per_agent` lines for each staffed agent, whatever they do, are in flight.
    """

    __slots__ = (
        "agents",
        "budget",
        "callers_waited",
        "drift",
        "ends_seen",
        "max_lines_per_agent",
        "origin",
        "own_connects",
        "own_takes",
        "patience_lost",
        "patience_waited",
        "rebuilt_at",
        "rival_rate",
        "rival_takes",
        "rival_ticks",
        "spread",
        "table",
        "takes",
        "tick",
        "unbound",
    )

    budget: AbandonmentBudget
    max_lines_per_agent: float
    table: LineTable
    agents: AgentTable
    origin: Instant
    """The first instant heard of; ticks count from it."""
    tick: int
    rebuilt_at: int
    """The tick at which the tables were last rebuilt."""
    drift: list[float]
    """By grid instant: agents expected to come free minus agents expected to be taken."""
    spread: list[float]
    """By grid instant: the variance of that difference."""
    unbound: int
    """Above 0: the last dials wanted were bound by something else than the risk."""
    ends_seen: int
    patience_waited: float
    """Seconds that abandoned calls had waited, fading."""
    patience_lost: float
    """Abandoned calls, fading."""
    takes: int
    """Agents taken since the last tick."""
    own_connects: int
    """Of these, by our live answers."""
    own_takes: float
    rival_takes: float
    callers_waited: float
    """Ticks that began with others' calls waiting, fading."""
    rival_ticks: float
    rival_rate: float
    """Agents that others' calls are expected to take in a tick. Beyond what ours take they count only as far as
    callers are seen to wait: of two campaigns that share agents, each would else yield to whichever is ahead, and
    one would have them all."""

    def __init__(self, reserve_agents: int, abandonment_cap: float, max_lines_per_agent: float) -> None:
        super().__init__(reserve_agents)
        self.budget = AbandonmentBudget(abandonment_cap)
        self.max_lines_per_agent = max_lines_per_agent
        self.table = LineTable()
        self.agents = AgentTable()
        self.origin = ABSENT
        self.tick = 0
        self.rebuilt_at = 0
        self.drift = [0.0] * GRID
        self.spread = [0.0] * GRID
        self.unbound = 0
        self.ends_seen = 0
        self.patience_waited = 0.0
        self.patience_lost = 0.0
        self.takes = 0
        self.own_connects = 0
        self.own_takes = 0.0
        self.rival_takes = 0.0
        self.callers_waited = 0.0
        self.rival_ticks = RIVAL_MEMORY / 4.0
        self.rival_rate = 0.0
        self._rebuild(1.0)

    # Time ---------------------------------------------------------------------------------------------

    def _advance(self, now: Instant) -> None:
        if self.origin == ABSENT:
            self.origin = now
        tick = (now - self.origin) // TICK
        if tick <= self.tick:
            return
        if tick - self.tick > CATCH_UP_TICKS:
            self.tick = tick - CATCH_UP_TICKS
        while self.tick < tick:
            self.tick += 1
            self._live_a_tick()
        interval = EARLY_REBUILD_TICKS if self.tick < EARLY_TICKS else REBUILD_TICKS
        passed = self.tick - self.rebuilt_at
        if passed >= interval:
            self.rebuilt_at = self.tick
            self._rebuild(exp(-0.6931471805599453 * passed / HALF_LIFE_TICKS))
        elif self.table.is_stale():
            self.table.forecast()
        self._add_up()

    def _live_a_tick(self) -> None:
        self.table.grow_older()
        counts = [0] * len(self.agents.counts)
        for agent, state in self.agent_state.items():
            if state != IDLE:
                place = self.agents.place_of(state, self._ticks_since(self.agent_since[agent]))
                counts[place] += 1
                self.agents.expose(place)
        self.agents.counts = counts
        fading = 1.0 - 1.0 / RIVAL_MEMORY
        self.own_takes = self.own_takes * fading + self.own_connects
        self.rival_takes = self.rival_takes * fading + (self.takes - self.own_connects)
        self.rival_ticks = self.rival_ticks * fading + 1.0
        self.callers_waited *= fading
        if self.queue_waiting > len(self.waiting):
            self.callers_waited += 1.0
        self.takes = 0
        self.own_connects = 0
        rivals = self.rival_takes
        if rivals > self.own_takes:
            share = CALLERS_WEIGHT * self.callers_waited / self.rival_ticks
            if share < 1.0:
                rivals = self.own_takes + share * (rivals - self.own_takes)
        self.rival_rate = rivals / self.rival_ticks if rivals > 0.5 else 0.0

    def _ticks_since(self, since: Instant) -> int:
        ticks = self.tick - (since - self.origin) // TICK
        return ticks if ticks > 0 else 0

    def _rebuild(self, fading: float) -> None:
        self.table.build(fading)
        self.agents.build(fading)
        self.agents.forecast(self.table.grid, int(self.patience()))

    def _add_up(self) -> None:
        for k in range(GRID):
            rivals = self.rival_rate * self.table.grid[k]
            self.drift[k] = -rivals
            self.spread[k] = rivals
        self.table.add_up(self.drift, self.spread)
        self.agents.add_up(self.drift, self.spread)

    # What happened --------------------------------------------------------------------------------------

    def noted_dialed(self, line: int, now: Instant) -> None:
        self._advance(now)
        self.unbound -= 1
        self.table.enter()
        self._count_line(0, 1.0)

    def noted_answered(self, line: int, dialed_at: Instant, now: Instant) -> None:
        self._line_left(dialed_at, True, now)
        self.budget.live_answer(self.unbound <= 0)

    def noted_ended(self, line: int, dialed_at: Instant, now: Instant) -> None:
        self._line_left(dialed_at, False, now)

    def noted_connected(self, line: int, answered_at: Instant, now: Instant) -> None:
        self.own_connects += 1

    def noted_abandoned(self, line: int, answered_at: Instant, now: Instant) -> None:
        self.budget.abandonment(self.unbound <= 0)
        waited = (now - answered_at) / TICK
        if waited > PATIENCE_LONGEST:
            waited = PATIENCE_LONGEST
        elif waited < 0.0:
            waited = 0.0
        self.patience_lost = self.patience_lost * PATIENCE_FADING + 1.0
        self.patience_waited = self.patience_waited * PATIENCE_FADING + waited

    def noted_agent(self, agent: int, before: int, since: Instant, state: int, now: Instant) -> None:
        self._advance(now)
        if before in (TALKING, WRAPPING):
            place = self.agents.place_of(before, self._ticks_since(since))
            self._count_agent(place, -1.0)
            if state != ABSENT:
                self.agents.depart(place, state)
        if state in (TALKING, WRAPPING):
            place = self.agents.place_of(state, 0)
            self._count_agent(place, 1.0)
            self.agents.expose(place)
            if state == TALKING and before == IDLE:
                self.takes += 1

    def _line_left(self, dialed_at: Instant, live: bool, now: Instant) -> None:
        self._advance(now)
        self.ends_seen += 1
        age = self._ticks_since(dialed_at)
        if age >= LINE_AGES:
            age = LINE_AGES - 1
        self.table.leave(age, live)
        self._count_line(age, -1.0)

    def _count_line(self, age: int, lines: float) -> None:
        at = age * GRID
        for k in range(GRID):
            p = self.table.reach[at + k]
            self.drift[k] -= lines * p
            self.spread[k] += lines * p * (1.0 - p)

    def _count_agent(self, place: int, agents: float) -> None:
        at = place * GRID
        for k in range(GRID):
            p = self.agents.free[at + k]
            self.drift[k] += agents * p
            self.spread[k] += agents * p * (1.0 - p)

    def patience(self) -> float:
        """Seconds that a live answer is believed to wait before it is lost."""
        return self.patience_waited / (self.patience_lost + PATIENCE_PRIOR)

    # What to do -------------------------------------------------------------------------------------------

    def lines_wanted(self, now: Instant) -> int:
        now = self._clock(now)
        self._advance(now)
        free = self.available(now)
        flying = len(self.in_flight)
        most = int(self.max_lines_per_agent * len(self.agent_state)) - flying
        if most <= 0:
            self.unbound = 1
            return 0
        wanted = 0
        if self.rival_rate == 0.0 or self.budget.left() >= 0.0:
            wanted = free - flying + self.table.flying[LINE_AGES - 1]
            if wanted < 0:
                wanted = 0
        if self.ends_seen >= LEARNT_LINES:
            risk = self.budget.risk()
            while wanted < most and self._risk_of(free, wanted) <= risk:
                wanted += 1
        self.unbound = wanted
        if wanted >= most:
            wanted = most
            self.unbound = most + 1
        return wanted

    def _risk_of(self, free: int, ahead: int) -> float:
        """P(no agent for the answer of a line dialled now, after `ahead` others dialled now).

        The agents free when it comes, less the calls that come before it, are taken as normal with the mean
        and the variance of the sums of independent chances, and a continuity correction.
        """
        risk = 0.0
        others = float(ahead)
        idle = free - 0.5
        for k in range(GRID):
            p = self.table.reach[k]
            variance = self.spread[k] + others * p * (1.0 - p)
            if variance < LEAST_VARIANCE:
                variance = LEAST_VARIANCE
            risk += normal_tail((idle + self.drift[k] - others * p) / sqrt(variance))
        return risk / GRID

    def review_at(self) -> Instant:
        if self.origin == ABSENT or len(self.agent_state) == 0:
            return ABSENT
        return self.origin + (self.tick + REVIEW_TICKS) * TICK

    # Plain data -------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, object]:
        plain = super().snapshot()
        plain["budget"] = self.budget.snapshot()
        plain["table"] = self.table.snapshot()
        plain["agents"] = self.agents.snapshot()
        plain["drift"] = list(self.drift)
        plain["spread"] = list(self.spread)
        plain["origin"] = self.origin
        plain["tick"] = self.tick
        plain["rebuilt_at"] = self.rebuilt_at
        plain["unbound"] = self.unbound
        plain["ends_seen"] = self.ends_seen
        plain["takes"] = [self.takes, self.own_connects]
        plain["patience"] = [self.patience_waited, self.patience_lost]
        plain["rivals"] = [
            self.own_takes,
            self.callers_waited,
            self.rival_takes,
            self.rival_ticks,
            self.rival_rate,
        ]
        return plain

    def restore(self, snapshot: dict[str, object]) -> None:
        super().restore(snapshot)
        self.budget.restore(snapshot["budget"])
        self.table.restore(dict_at(snapshot, "table"))
        self.agents.restore(dict_at(snapshot, "agents"))
        self.drift = floats_of(snapshot["drift"])
        self.spread = floats_of(snapshot["spread"])
        self.origin = int_of(snapshot["origin"])
        self.tick = int_of(snapshot["tick"])
        self.rebuilt_at = int_of(snapshot["rebuilt_at"])
        self.unbound = int_of(snapshot["unbound"])
        self.ends_seen = int_of(snapshot["ends_seen"])
        takes = ints_of(snapshot["takes"])
        self.takes = takes[0]
        self.own_connects = takes[1]
        patience = floats_of(snapshot["patience"])
        self.patience_waited = patience[0]
        self.patience_lost = patience[1]
        rivals = floats_of(snapshot["rivals"])
        self.own_takes = rivals[0]
        self.callers_waited = rivals[1]
        self.rival_takes = rivals[2]
        self.rival_ticks = rivals[3]
        self.rival_rate = rivals[4]


def normal_tail(x: float) -> float:
    """P(a standard normal exceeds x), within 1e-5 (Abramowitz and Stegun 26.2.16)."""
    if x > 5.0:
        return 0.0
    if x < -5.0:
        return 1.0
    size = x if x >= 0.0 else -x
    t = 1.0 / (1.0 + 0.33267 * size)
    tail = 0.3989422804014327 * exp(-0.5 * size * size) * t * (0.4361836 + t * (0.937298 * t - 0.1201676))
    return tail if x >= 0.0 else 1.0 - tail
