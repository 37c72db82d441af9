"""When agents come free: life tables of talk and wrap-up, learnt online.

The same estimator as for lines (line_table.py), with ages that widen: every second up to eight, then two ages an
octave, because a talk's hazard changes slowly once the talk is long. An agent who leaves, or still talks, is
censored.

Nothing here knows of instants: ages are ticks.
"""

from math import exp
from typing import Final, cast, final

from busyhour.core.pacing.base import TALKING, WRAPPING, floats_of
from busyhour.core.pacing.line_table import GRID

FINE_AGES: Final = 8
"""Below so many ticks every tick is an age."""
AGENT_AGES: Final = 27
LONGEST: Final = 4096
"""Ticks after which ages are no longer told apart."""
HALF_OCTAVE: Final = 1.4142135623730951

PRIOR_HAZARD: Final = 1.0 / 240.0
PRIOR_EXPOSURE: Final = 240.0
"""What is believed before anybody talked, with the weight of so many ticks of one agent: long calls, so that no
line counts on their end."""

SMOOTHING: Final = 4.0
"""Each age's hazard is drawn towards the mean hazard with the weight of so many departures."""

WRAP_FADING: Final = 0.99
"""A talk that ends weighs so much less with every one that ends after it."""


def _ages() -> list[int]:
    ages: list[int] = []
    bound = FINE_AGES * HALF_OCTAVE
    age = FINE_AGES
    for ticks in range(LONGEST):
        if ticks < FINE_AGES:
            ages.append(ticks)
            continue
        while ticks >= bound:
            bound *= HALF_OCTAVE
            age += 1
        ages.append(age if age < AGENT_AGES else AGENT_AGES - 1)
    return ages


AGE_OF: Final = _ages()
"""Ticks in a stage → age."""


def age_of(ticks: int) -> int:
    """The age of an agent who has been in a stage for so many ticks."""
    if ticks <= 0:
        return 0
    if ticks >= LONGEST:
        return AGENT_AGES - 1
    return AGE_OF[ticks]


def ticks_of(age: int) -> int:
    """Ticks in the middle of an age."""
    if age < FINE_AGES:
        return age
    return int(FINE_AGES * exp((age - FINE_AGES + 0.5) * 0.34657359027997264))


@final
class StageTable:
    """How long one stage, talk or wrap-up, lasts."""

    __slots__ = ("departures", "exposure", "hazard")

    exposure: list[float]
    """Agent-ticks spent at each age, fading."""
    departures: list[float]
    hazard: list[float]
    """P(leaves the stage within a tick | there when it began), by age."""

    def __init__(self) -> None:
        self.exposure = [0.0] * AGENT_AGES
        self.departures = [0.0] * AGENT_AGES
        self.hazard = [PRIOR_HAZARD] * AGENT_AGES

    def build(self, fading: float) -> None:
        """Learn the hazards from the counts, and multiply the counts by `fading`."""
        exposed = PRIOR_EXPOSURE
        departed = PRIOR_EXPOSURE * PRIOR_HAZARD
        for age in range(AGENT_AGES):
            exposed += self.exposure[age]
            departed += self.departures[age]
        weight = SMOOTHING * exposed / departed
        for age in range(AGENT_AGES):
            hazard = (self.departures[age] + SMOOTHING) / (self.exposure[age] + weight)
            self.hazard[age] = hazard if hazard < 0.98 else 0.98
            self.exposure[age] *= fading
            self.departures[age] *= fading

    def leaving(self, ticks: int, ahead: int) -> list[float]:
        """P(an agent `ticks` in the stage leaves it within 0, 1, 2 … `ahead` further ticks)."""
        alive = 1.0
        left = [0.0]
        for k in range(ahead):
            alive *= 1.0 - self.hazard[age_of(ticks + k)]
            left.append(1.0 - alive)
        return left

    def snapshot(self) -> dict[str, object]:
        return {
            "exposure": list(self.exposure),
            "departures": list(self.departures),
            "hazard": list(self.hazard),
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        self.exposure = floats_of(snapshot["exposure"])
        self.departures = floats_of(snapshot["departures"])
        self.hazard = floats_of(snapshot["hazard"])


@final
class AgentTable:
    """The busy agents by stage and age, and P(idle) by stage, age and time ahead.

    A place is stage and age together: an age for those who talk, AGENT_AGES + age for those in wrap-up.
    """

    __slots__ = ("counts", "free", "talks", "unwrapped", "wrapped", "wraps")

    talks: StageTable
    wraps: StageTable
    wrapped: float
    """Talks that led to wrap-up, fading."""
    unwrapped: float
    """Talks that led to idleness at once, fading."""
    counts: list[int]
    """Busy agents by place, as of the last tick."""
    free: list[float]
    """At place * GRID + k: P(idle within grid[k] ticks and a live answer's patience)."""

    def __init__(self) -> None:
        self.talks = StageTable()
        self.wraps = StageTable()
        self.wrapped = 0.0
        self.unwrapped = 0.0
        self.counts = [0] * (2 * AGENT_AGES)
        self.free = [0.0] * (2 * AGENT_AGES * GRID)

    def place_of(self, state: int, ticks: int) -> int:
        """The place of an agent `ticks` in TALKING or WRAPPING."""
        return age_of(ticks) + AGENT_AGES if state == WRAPPING else age_of(ticks)

    def expose(self, place: int) -> None:
        """An agent begins a tick at `place`."""
        if place < AGENT_AGES:
            self.talks.exposure[place] += 1.0
        else:
            self.wraps.exposure[place - AGENT_AGES] += 1.0

    def depart(self, place: int, into: int) -> None:
        """An agent left `place` for the state `into`."""
        if place >= AGENT_AGES:
            self.wraps.departures[place - AGENT_AGES] += 1.0
            return
        self.talks.departures[place] += 1.0
        self.wrapped *= WRAP_FADING
        self.unwrapped *= WRAP_FADING
        if into == WRAPPING:
            self.wrapped += 1.0
        elif into != TALKING:
            self.unwrapped += 1.0

    def build(self, fading: float) -> None:
        """Learn the hazards from the counts, and multiply the counts by `fading`."""
        self.talks.build(fading)
        self.wraps.build(fading)

    def forecast(self, grid: list[int], patience: int) -> None:
        """Make `free` for answers that come within `grid[k]` ticks and then wait `patience` ticks."""
        ahead = grid[GRID - 1] + patience
        wrap_share = (self.wrapped + 1.0) / (self.wrapped + self.unwrapped + 1.0)
        if self.wrapped < 0.01 * self.unwrapped:
            wrap_share = 0.0
        fresh_wrap = self.wraps.leaving(0, ahead)
        for age in range(AGENT_AGES):
            ticks = ticks_of(age)
            talk = self.talks.leaving(ticks, ahead)
            wrap = self.wraps.leaving(ticks, ahead)
            for k in range(GRID):
                by = grid[k] + patience
                free = talk[by] * (1.0 - wrap_share)
                if wrap_share > 0.0:
                    through = 0.0
                    for j in range(by):
                        through += (talk[j + 1] - talk[j]) * fresh_wrap[by - j]
                    free += wrap_share * through
                self.free[age * GRID + k] = free
                self.free[(AGENT_AGES + age) * GRID + k] = wrap[by]

    def add_up(self, drift: list[float], spread: list[float]) -> None:
        """Add the agents expected to come free within each grid[k] to `drift[k]`, and their variance to
        `spread[k]`."""
        places: list[int] = []
        agents: list[float] = []
        for place in range(2 * AGENT_AGES):
            count = self.counts[place]
            if count > 0:
                places.append(place * GRID)
                agents.append(float(count))
        occupied = len(places)
        free = self.free
        for k in range(GRID):
            mean = 0.0
            variance = 0.0
            for n in range(occupied):
                p = free[places[n] + k]
                expected = agents[n] * p
                mean += expected
                variance += expected * (1.0 - p)
            drift[k] += mean
            spread[k] += variance

    def snapshot(self) -> dict[str, object]:
        return {
            "talks": self.talks.snapshot(),
            "wraps": self.wraps.snapshot(),
            "wrapped": [self.wrapped, self.unwrapped],
            "free": list(self.free),
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        self.talks.restore(dict_at(snapshot, "talks"))
        self.wraps.restore(dict_at(snapshot, "wraps"))
        wrapped = floats_of(snapshot["wrapped"])
        self.wrapped = wrapped[0]
        self.unwrapped = wrapped[1]
        self.free = floats_of(snapshot["free"])


def dict_at(snapshot: dict[str, object], key: str) -> dict[str, object]:
    """The part of a snapshot called `key`. Raises TypeError when it is no dict."""
    part = snapshot[key]
    if not isinstance(part, dict):
        raise TypeError("a pacer's snapshot has a part called " + key)
    return cast("dict[str, object]", part)
