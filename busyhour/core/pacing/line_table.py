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

LEVEL_PRIOR: Final = 15.0
"""The level is drawn towards 1 with the weight of so many answers."""
LEVEL_MEMORY: Final = 60.0
"""The level is the ratio of answers seen to answers expected, over about so many answers."""
LEVEL_STEP: Final = 0.06
"""A relative change of the level that makes the forecast stale."""


@final
class LineTable:
    """The lines in flight by age, and P(answered live) by age and time ahead."""

    __slots__ = (
        "answer_hazard",
        "answers",
        "end_hazard",
        "ends",
        "exposure",
        "flying",
        "grid",
        "level",
        "level_answers",
        "level_expected",
        "level_used",
        "oldest",
        "reach",
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
    level: float
    level_used: float
    """The level that `reach` was made with."""
    level_answers: float
    level_expected: float
    grid: list[int]
    """Ticks ahead: a line dialled now, if it is answered at all, is answered within grid[k] with probability
    (k + 1/2) / GRID."""
    reach: list[float]
    """At age * GRID + k: P(a line of that age is answered live within grid[k] ticks)."""

    def __init__(self) -> None:
        self.exposure = [0.0] * LINE_AGES
        self.answers = [0.0] * LINE_AGES
        self.ends = [0.0] * LINE_AGES
        self.flying = [0] * LINE_AGES
        self.oldest = 0
        self.answer_hazard = [PRIOR_ANSWER] * LINE_AGES
        self.end_hazard = [PRIOR_END] * LINE_AGES
        self.level = 1.0
        self.level_used = 1.0
        self.level_answers = 0.0
        self.level_expected = 0.0
        self.grid = [0] * GRID
        self.reach = [0.0] * (LINE_AGES * GRID)
        self.build(1.0)

    def enter(self) -> None:
        """A line was dialled."""
        self.flying[0] += 1
        self.exposure[0] += 1.0
        self.level_expected += self.answer_hazard[0]

    def leave(self, age: int, live: bool) -> None:
        """A line in flight was answered live, or ended otherwise, at an age below LINE_AGES."""
        self.flying[age] -= 1
        if live:
            self.answers[age] += 1.0
            self.level_answers += 1.0
        else:
            self.ends[age] += 1.0

    def grow_older(self) -> None:
        """A tick passed: every line in flight enters its next age."""
        flying = self.flying
        exposure = self.exposure
        last = LINE_AGES - 1
        expected = 0.0
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
                expected += lines * self.answer_hazard[age]
            age -= 1
        flying[0] = 0
        while self.oldest > 0 and flying[self.oldest] == 0:
            self.oldest -= 1
        fading = exp(-expected / LEVEL_MEMORY)
        self.level_answers *= fading
        self.level_expected = self.level_expected * fading + expected
        self._weigh_level()

    def _weigh_level(self) -> None:
        self.level = (self.level_answers + LEVEL_PRIOR) / (self.level_expected + LEVEL_PRIOR)

    def is_stale(self) -> bool:
        """Whether the level has moved away from the one that `reach` was made with."""
        ratio = self.level / self.level_used
        return ratio > 1.0 + LEVEL_STEP or ratio < 1.0 - LEVEL_STEP

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
        before = 1e-9
        after = 1e-9
        for age in range(LINE_AGES):
            weight = self.exposure[age] + SMOOTHING
            before += self.exposure[age] * self.answer_hazard[age]
            hazard = (self.answers[age] + drawn_answers) / weight
            after += self.exposure[age] * hazard
            self.answer_hazard[age] = hazard
            self.end_hazard[age] = (self.ends[age] + drawn_ends) / weight
            self.exposure[age] *= fading
            self.answers[age] *= fading
            self.ends[age] *= fading
        # The level is relative to the shape, so what it expects of the past is what the new shape would have.
        self.level_expected *= after / before
        self._weigh_level()
        answered_by = self._incidence()[1]
        tick = 0
        for k in range(GRID):
            share = answered_by[HORIZON] * (k + 0.5) / GRID
            while tick < HORIZON and answered_by[tick] < share:
                tick += 1
            self.grid[k] = tick
        self.forecast()

    def forecast(self) -> None:
        """Make `reach` from the hazards and the level, on the grid there is."""
        self.level_used = self.level
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
        for age in range(LINE_AGES + HORIZON):
            known = age if age < LINE_AGES else LINE_AGES - 1
            answer = self.answer_hazard[known] * self.level
            end = self.end_hazard[known]
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
            "level": [self.level, self.level_used, self.level_answers, self.level_expected],
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
        level = floats_of(snapshot["level"])
        self.level = level[0]
        self.level_used = level[1]
        self.level_answers = level[2]
        self.level_expected = level[3]
        self.grid = ints_of(snapshot["grid"])
        self.reach = floats_of(snapshot["reach"])
