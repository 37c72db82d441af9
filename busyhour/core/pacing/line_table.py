"""When lines in flight are answered: a life table, learnt online.

Discrete time with one-second ages: of the lines that entered an age, how many were answered live in it, how
many ended in it otherwise. A line still in flight has entered its ages and left none of them, which is all that
right-censoring asks for (the actuarial estimator: Kaplan and Meier, JASA 53, 1958; competing causes:
Prentice and others, Biometrics 34, 1978). Counts fade, so old hours are forgotten.

The hazard of a live answer is a shape, learnt slowly by age, times one level, learnt fast: the share of calls
that people answer changes from hour to hour and from list to list; how long telephones ring does not.

Nothing here knows of instants: ages are whole ticks.
"""

from math import exp
from typing import Final, final

from busyhour.core.ids import SECOND, Micros
from busyhour.core.pacing.base import floats_of, ints_of

TICK: Final[Micros] = SECOND
"""The width of an age."""

GRID: Final = 8
"""At how many instants ahead the forecast is made."""

LINE_AGES: Final = 64
"""Ages of a line in flight that are told apart; the last is open."""

HORIZON: Final = 64
"""How many ticks ahead a live answer is looked for."""

PRIOR_ANSWER: Final = 0.04
PRIOR_END: Final = 0.03
PRIOR_EXPOSURE: Final = 60.0
"""What is believed before any line was dialled, with the weight of so many ticks of one line: more than half
are answered. Few lists are that good, so a campaign starts with few lines."""

SMOOTHING: Final = 12.0
"""Each age's hazard is drawn towards the mean hazard with the weight of so many lines."""

REFUSAL_PRIOR: Final = 10.0
REFUSAL_FADING: Final = 1.0 - 1.0 / 60.0
MOST_REFUSED: Final = 0.5
"""What ends in its first tick (busy, invalid, no channel, a trunk that is down) is a share of the last dials, and
never believed to be more than this: an outage ends suddenly, and then every line rings."""

ANSWER_PRIOR: Final = 15.0
ANSWER_MEMORY: Final = 60.0
END_PRIOR: Final = 30.0
END_MEMORY: Final = 120.0
"""A level is drawn towards 1 with the weight of so many events, and remembers about so many."""
LEVEL_STEP: Final = 0.06
"""A relative change of a level that makes the forecast stale."""


@final
class Level:
    """Events seen over events expected, lately: what the hazards of all ages are multiplied by."""

    __slots__ = ("expected", "memory", "now", "prior", "seen", "used")

    prior: float
    memory: float
    seen: float
    expected: float
    now: float
    used: float
    """The level that the forecast was made with."""

    def __init__(self, prior: float, memory: float) -> None:
        self.prior = prior
        self.memory = memory
        self.seen = 0.0
        self.expected = 0.0
        self.now = 1.0
        self.used = 1.0

    def expect(self, events: float) -> None:
        """A tick passed in which so many events were to be expected."""
        fading = exp(-events / self.memory)
        self.seen *= fading
        self.expected = self.expected * fading + events
        self.weigh()

    def weigh(self) -> None:
        self.now = (self.seen + self.prior) / (self.expected + self.prior)

    def is_stale(self) -> bool:
        return self.now > self.used * (1.0 + LEVEL_STEP) or self.now < self.used * (1.0 - LEVEL_STEP)

    def snapshot(self) -> list[float]:
        return [self.seen, self.expected, self.now, self.used]

    def restore(self, snapshot: object) -> None:
        values = floats_of(snapshot)
        self.seen = values[0]
        self.expected = values[1]
        self.now = values[2]
        self.used = values[3]


@final
class LineTable:
    """The lines in flight by age, and P(answered live) by age and time ahead."""

    __slots__ = (
        "answer_hazard",
        "answer_level",
        "answers",
        "end_hazard",
        "end_level",
        "ends",
        "exposure",
        "flying",
        "grid",
        "oldest",
        "reach",
        "recent",
        "refused",
    )

    exposure: list[float]
    """Lines that entered each age, fading."""
    answers: list[float]
    ends: list[float]
    flying: list[int]
    """How many lines in flight have each age."""
    oldest: int
    """No line in flight is older."""
    answer_hazard: list[float]
    """The shape: P(answered live at this age | entered it), before the level."""
    end_hazard: list[float]
    answer_level: Level
    end_level: Level
    grid: list[int]
    """Ticks ahead: a line dialled now, if it is answered at all, is answered within grid[k] with probability
    (k + 1/2) / GRID."""
    reach: list[float]
    """At age * GRID + k: P(a line of that age is answered live within grid[k] ticks)."""

    recent: float
    """Lines dialled, fading with each one dialled."""
    refused: float
    """Of these, ended in their first tick."""

    def __init__(self) -> None:
        self.recent = REFUSAL_PRIOR
        self.refused = 0.0
        self.exposure = [0.0] * LINE_AGES
        self.answers = [0.0] * LINE_AGES
        self.ends = [0.0] * LINE_AGES
        self.flying = [0] * LINE_AGES
        self.oldest = 0
        self.answer_hazard = [PRIOR_ANSWER] * LINE_AGES
        self.end_hazard = [PRIOR_END] * LINE_AGES
        self.answer_level = Level(ANSWER_PRIOR, ANSWER_MEMORY)
        self.end_level = Level(END_PRIOR, END_MEMORY)
        self.grid = [0] * GRID
        self.reach = [0.0] * (LINE_AGES * GRID)
        self.build(1.0)

    def enter(self) -> None:
        """A line was dialled."""
        self.flying[0] += 1
        self.exposure[0] += 1.0
        self.answer_level.expected += self.answer_hazard[0]
        self.recent = self.recent * REFUSAL_FADING + 1.0
        self.refused *= REFUSAL_FADING

    def leave(self, age: int, live: bool) -> None:
        """A line in flight was answered live, or ended otherwise, at an age below LINE_AGES."""
        self.flying[age] -= 1
        if live:
            self.answers[age] += 1.0
            self.answer_level.seen += 1.0
        elif age > 0:
            self.ends[age] += 1.0
            self.end_level.seen += 1.0
        else:
            self.refused += 1.0
            self.exposure[0] -= 1.0
            self.answer_level.expected -= self.answer_hazard[0]

    def grow_older(self) -> None:
        """A tick passed: every line in flight enters its next age."""
        flying = self.flying
        exposure = self.exposure
        last = LINE_AGES - 1
        answers = 0.0
        ends = 0.0
        open_ended = flying[last]
        if self.oldest < last:
            self.oldest += 1
        age = self.oldest
        while age > 0:
            lines = flying[age - 1]
            if age == last:
                lines += open_ended
            flying[age] = lines
            if lines > 0:
                exposure[age] += lines
                answers += lines * self.answer_hazard[age]
                ends += lines * self.end_hazard[age]
            age -= 1
        flying[0] = 0
        while self.oldest > 0 and flying[self.oldest] == 0:
            self.oldest -= 1
        self.answer_level.expect(answers)
        self.end_level.expect(ends)

    def is_stale(self) -> bool:
        """Whether a level has moved away from the one that `reach` was made with."""
        return self.answer_level.is_stale() or self.end_level.is_stale()

    def build(self, fading: float) -> None:
        """Learn the hazards from the counts, multiply the counts by `fading`, and forecast on a new grid."""
        exposed = PRIOR_EXPOSURE
        answered = PRIOR_EXPOSURE * PRIOR_ANSWER
        ended = PRIOR_EXPOSURE * PRIOR_END
        for age in range(LINE_AGES):
            exposed += self.exposure[age]
            answered += self.answers[age]
            ended += self.ends[age]
        drawn_answers = SMOOTHING * answered / exposed
        drawn_ends = SMOOTHING * ended / exposed
        answers_before = 1e-9
        answers_after = 1e-9
        ends_before = 1e-9
        ends_after = 1e-9
        for age in range(LINE_AGES):
            entered = self.exposure[age]
            weight = entered + SMOOTHING
            answers_before += entered * self.answer_hazard[age]
            self.answer_hazard[age] = (self.answers[age] + drawn_answers) / weight
            answers_after += entered * self.answer_hazard[age]
            if age > 0:
                ends_before += entered * self.end_hazard[age]
                self.end_hazard[age] = (self.ends[age] + drawn_ends) / weight
                ends_after += entered * self.end_hazard[age]
            self.exposure[age] *= fading
            self.answers[age] *= fading
            self.ends[age] *= fading
        # A level is relative to the shape: what it expected of the past is what the new shape would have.
        self.answer_level.expected *= answers_after / answers_before
        self.answer_level.weigh()
        self.end_level.expected *= ends_after / ends_before
        self.end_level.weigh()
        answered_by = self._incidence()[1]
        tick = 0
        for k in range(GRID):
            share = answered_by[HORIZON] * (k + 0.5) / GRID
            while tick < HORIZON and answered_by[tick] < share:
                tick += 1
            self.grid[k] = tick
        self.forecast()

    def forecast(self) -> None:
        """Make `reach` from the hazards and the levels, on the grid there is."""
        self.answer_level.used = self.answer_level.now
        self.end_level.used = self.end_level.now
        survival, answered_by = self._incidence()
        for age in range(LINE_AGES):
            alive = survival[age]
            answered = answered_by[age]
            for k in range(GRID):
                reached = 0.0
                if alive > 1e-12:
                    reached = (answered_by[age + self.grid[k]] - answered) / alive
                self.reach[age * GRID + k] = reached

    def _incidence(self) -> tuple[list[float], list[float]]:
        """Of lines dialled now: P(in flight still) and P(answered live) after 0, 1, 2 … ticks."""
        survival = [1.0]
        answered_by = [0.0]
        alive = 1.0
        answered = 0.0
        refused = self.refused / self.recent
        if refused > MOST_REFUSED:
            refused = MOST_REFUSED
        for age in range(LINE_AGES + HORIZON):
            known = age if age < LINE_AGES else LINE_AGES - 1
            answer = self.answer_hazard[known] * self.answer_level.now
            end = self.end_hazard[known] * self.end_level.now
            if age == 0:
                answer *= 1.0 - refused
                end = refused
            if answer > 0.98:
                answer = 0.98
            if answer + end > 0.995:
                end = 0.995 - answer
            answered += alive * answer
            alive *= 1.0 - answer - end
            survival.append(alive)
            answered_by.append(answered)
        return survival, answered_by

    def add_up(self, drift: list[float], spread: list[float]) -> None:
        """Take the answers expected of the lines in flight within each grid[k] off `drift[k]`, and add their
        variance to `spread[k]`."""
        ages: list[int] = []
        counts: list[float] = []
        for age in range(self.oldest + 1):
            lines = self.flying[age]
            if lines > 0:
                ages.append(age * GRID)
                counts.append(float(lines))
        occupied = len(ages)
        reach = self.reach
        for k in range(GRID):
            mean = 0.0
            variance = 0.0
            for n in range(occupied):
                p = reach[ages[n] + k]
                expected = counts[n] * p
                mean += expected
                variance += expected * (1.0 - p)
            drift[k] -= mean
            spread[k] += variance

    def snapshot(self) -> dict[str, object]:
        return {
            "exposure": list(self.exposure),
            "answers": list(self.answers),
            "ends": list(self.ends),
            "flying": list(self.flying),
            "answer_hazard": list(self.answer_hazard),
            "end_hazard": list(self.end_hazard),
            "answer_level": self.answer_level.snapshot(),
            "end_level": self.end_level.snapshot(),
            "refused": [self.recent, self.refused],
            "grid": list(self.grid),
            "reach": list(self.reach),
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        self.exposure = floats_of(snapshot["exposure"])
        self.answers = floats_of(snapshot["answers"])
        self.ends = floats_of(snapshot["ends"])
        self.flying = ints_of(snapshot["flying"])
        self.oldest = LINE_AGES - 1
        self.answer_hazard = floats_of(snapshot["answer_hazard"])
        self.end_hazard = floats_of(snapshot["end_hazard"])
        self.answer_level.restore(snapshot["answer_level"])
        self.end_level.restore(snapshot["end_level"])
        refused = floats_of(snapshot["refused"])
        self.recent = refused[0]
        self.refused = refused[1]
        self.grid = ints_of(snapshot["grid"])
        self.reach = floats_of(snapshot["reach"])
