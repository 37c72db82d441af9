"""Life tables, learnt online: when lines in flight are answered, when agents come free.

Both are discrete-time life tables with one-second ages: of those who entered an age, how many left in it. A
line still in flight or an agent still talking has entered its ages and left none of them, which is all that
right-censoring asks for (the actuarial estimator: Kaplan and Meier, JASA 53, 1958; competing causes:
Prentice and others, Biometrics 34, 1978). Counts fade with a half-life, so old hours are forgotten.

Nothing here knows of instants: ages are whole ticks, probabilities are floats.
"""

from math import exp
from typing import Final, final

from busyhour.core.ids import SECOND, Micros
from busyhour.core.pacing.base import floats_of, ints_of

TICK: Final[Micros] = SECOND
"""The width of an age."""

GRID: Final = 10
"""At how many instants ahead the forecast is made."""

LINE_AGES: Final = 96
"""Ages of a line in flight that are told apart; the last is open."""
HORIZON: Final = 64
"""How many ticks ahead an answer is looked for; later ones count as answered then."""

# What is believed of lines before any was dialled: half are answered within twenty seconds. That is more
# answers than most lists give, so a campaign starts with few lines.
PRIOR_ANSWER: Final = 0.04
PRIOR_END: Final = 0.03
PRIOR_EXPOSURE: Final = 60.0
SMOOTHING: Final = 12.0
"""Each age's hazard is drawn towards the mean hazard with the weight of so many lines."""

LEVEL_PRIOR: Final = 15.0
LEVEL_MEMORY: Final = 60.0
"""The answer level is a ratio of answers seen to answers expected over about so many answers."""
LEVEL_STEP: Final = 0.06
"""A relative change of the level that makes the forecast stale."""


@final
class LineTable:
    """When a line in flight is answered live, by the age of the line.

    The hazard of a live answer is a shape, learnt slowly by age, times one level, learnt fast: the share of
    calls that are answered changes from hour to hour and list to list, how long telephones ring does not.
    """

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
        "level_built",
        "level_expected",
        "reach",
    )

    exposure: list[float]
    answers: list[float]
    ends: list[float]
    flying: list[int]
    """How many lines in flight have each age."""
    answer_hazard: list[float]
    """The shape: P(answered at this age | in flight when it began), before the level."""
    end_hazard: list[float]
    level: float
    level_built: float
    level_answers: float
    level_expected: float
    grid: list[int]
    """Ticks from now by which a line dialled now, if it is answered at all, is answered with probability
    0.05, 0.15, … 0.95."""
    reach: list[float]
    """At age × GRID + k: P(a line of that age is answered live within grid[k])."""

    def __init__(self) -> None:
        self.exposure = [0.0] * LINE_AGES
        self.answers = [0.0] * LINE_AGES
        self.ends = [0.0] * LINE_AGES
        self.flying = [0] * LINE_AGES
        self.answer_hazard = [PRIOR_ANSWER] * LINE_AGES
        self.end_hazard = [PRIOR_END] * LINE_AGES
        self.level = 1.0
        self.level_built = 1.0
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
        """A line in flight was answered live, or ended otherwise, at `age` ticks."""
        if age >= LINE_AGES:
            age = LINE_AGES - 1
        self.flying[age] -= 1
        if live:
            self.answers[age] += 1.0
            self.level_answers += 1.0
        else:
            self.ends[age] += 1.0

    def grow_older(self) -> None:
        """A tick passed."""
        flying = self.flying
        hazard = self.answer_hazard
        exposure = self.exposure
        expected = 0.0
        age = LINE_AGES - 1
        flying[age] += flying[age - 1]
        if flying[age] > 0:
            exposure[age] += flying[age]
            expected += flying[age] * hazard[age]
        age -= 1
        while age > 0:
            lines = flying[age - 1]
            flying[age] = lines
            if lines > 0:
                exposure[age] += lines
                expected += lines * hazard[age]
            age -= 1
        flying[0] = 0
        fading = exp(-expected / LEVEL_MEMORY)
        self.level_answers *= fading
        self.level_expected = self.level_expected * fading + expected
        self.level = (self.level_answers + LEVEL_PRIOR) / (self.level_expected + LEVEL_PRIOR)

    def stale(self) -> bool:
        """Whether the level has moved away from what `reach` was built with."""
        ratio = self.level / self.level_built
        return ratio > 1.0 + LEVEL_STEP or ratio < 1.0 - LEVEL_STEP

    def build(self, fading: float) -> None:
        """Learn the hazards from the counts, fade the counts, and make the forecast from the hazards."""
        exposed = PRIOR_EXPOSURE
        answered = PRIOR_EXPOSURE * PRIOR_ANSWER
        ended = PRIOR_EXPOSURE * PRIOR_END
        for age in range(LINE_AGES):
            exposed += self.exposure[age]
            answered += self.answers[age]
            ended += self.ends[age]
        mean_answer = answered / exposed
        mean_end = ended / exposed
        before = 1e-9
        after = 1e-9
        for age in range(LINE_AGES):
            weight = self.exposure[age] + SMOOTHING
            before += self.exposure[age] * self.answer_hazard[age]
            self.answer_hazard[age] = (self.answers[age] + SMOOTHING * mean_answer) / weight
            after += self.exposure[age] * self.answer_hazard[age]
            self.end_hazard[age] = (self.ends[age] + SMOOTHING * mean_end) / weight
            self.exposure[age] *= fading
            self.answers[age] *= fading
            self.ends[age] *= fading
        self.level_expected *= after / before
        self.level = (self.level_answers + LEVEL_PRIOR) / (self.level_expected + LEVEL_PRIOR)
        self.forecast()

    def forecast(self) -> None:
        """Make `grid` and `reach` from the hazards and the level."""
        level = self.level
        self.level_built = level
        survival = [1.0]
        answered = [0.0]
        alive = 1.0
        total = 0.0
        for age in range(LINE_AGES + HORIZON):
            known = age if age < LINE_AGES else LINE_AGES - 1
            answer = self.answer_hazard[known] * level
            end = self.end_hazard[known]
            if answer > 0.98:
                answer = 0.98
            if answer + end > 0.995:
                end = 0.995 - answer
            total += alive * answer
            alive *= 1.0 - answer - end
            survival.append(alive)
            answered.append(total)
        new = answered[HORIZON]
        tick = 0
        for k in range(GRID):
            share = new * (k + 0.5) / GRID
            while tick < HORIZON and answered[tick] < share:
                tick += 1
            self.grid[k] = tick
        for age in range(LINE_AGES):
            alive = survival[age]
            for k in range(GRID):
                reached = 0.0
                if alive > 1e-12:
                    reached = (answered[age + self.grid[k]] - answered[age]) / alive
                self.reach[age * GRID + k] = reached

    def snapshot(self) -> dict[str, object]:
        return {
            "exposure": list(self.exposure),
            "answers": list(self.answers),
            "ends": list(self.ends),
            "flying": list(self.flying),
            "answer_hazard": list(self.answer_hazard),
            "end_hazard": list(self.end_hazard),
            "level": [self.level, self.level_built, self.level_answers, self.level_expected],
            "grid": list(self.grid),
            "reach": list(self.reach),
        }

    def restore(self, snapshot: dict[str, object]) -> None:
        self.exposure = floats_of(snapshot["exposure"])
        self.answers = floats_of(snapshot["answers"])
        self.ends = floats_of(snapshot["ends"])
        self.flying = ints_of(snapshot["flying"])
        self.answer_hazard = floats_of(snapshot["answer_hazard"])
        self.end_hazard = floats_of(snapshot["end_hazard"])
        level = floats_of(snapshot["level"])
        self.level = level[0]
        self.level_built = level[1]
        self.level_answers = level[2]
        self.level_expected = level[3]
        self.grid = ints_of(snapshot["grid"])
        self.reach = floats_of(snapshot["reach"])


STAGE_FINE: Final = 8
"""Below this age in ticks every tick is told apart; above it, four ages an octave."""
STAGE_AGES: Final = 44
STAGE_LONGEST: Final = 4096
"""Ticks after which an agent's age is no longer told apart."""
PRIOR_LEAVING: Final = 1.0 / 240.0
PRIOR_LEAVING_WEIGHT: Final = 240.0
STAGE_SMOOTHING: Final = 4.0
"""Each age's hazard is drawn towards the mean hazard with the weight of so many departures."""


def _stage_ages() -> list[int]:
    ages = [0] * (STAGE_LONGEST + 1)
    bound = STAGE_FINE * 1.0
    index = STAGE_FINE
    for age in range(STAGE_LONGEST + 1):
        if age < STAGE_FINE:
            ages[age] = age
            continue
        while age >= bound * 1.189207115002721:
            bound *= 1.189207115002721
            index += 1
        ages[age] = index if index < STAGE_AGES else STAGE_AGES - 1
    return ages


STAGE_AGE_OF: Final = _stage_ages()
"""Ticks in a stage → index of the age."""


def stage_age(ticks: int) -> int:
    """The index of the age of an agent who has been in a stage for so many ticks."""
    if ticks <= 0:
        return 0
    if ticks >= STAGE_LONGEST:
        return STAGE_AGES - 1
    return STAGE_AGE_OF[ticks]


@final
class StageTable:
    """When an agent leaves a stage (talk, or wrap-up), by how long they have been in it."""

    __slots__ = ("departures", "exposure", "hazard")

    exposure: list[float]
    departures: list[float]
    hazard: list[float]
    """P(leaves within a tick | still there when it began), by age index."""

    def __init__(self) -> None:
        self.exposure = [0.0] * STAGE_AGES
        self.departures = [0.0] * STAGE_AGES
        self.hazard = [PRIOR_LEAVING] * STAGE_AGES

    def build(self, fading: float) -> None:
        """Learn the hazards from the counts, and fade the counts."""
        exposed = PRIOR_LEAVING_WEIGHT
        departed = PRIOR_LEAVING_WEIGHT * PRIOR_LEAVING
        for age in range(STAGE_AGES):
            exposed += self.exposure[age]
            departed += self.departures[age]
        weight = STAGE_SMOOTHING * exposed / departed
        for age in range(STAGE_AGES):
            hazard = (self.departures[age] + STAGE_SMOOTHING) / (self.exposure[age] + weight)
            self.hazard[age] = hazard if hazard < 0.98 else 0.98
            self.exposure[age] *= fading
            self.departures[age] *= fading

    def departures_after(self, ticks: int, ahead: int) -> list[float]:
        """For an agent `ticks` in the stage: P(leaves within 1, 2, … `ahead` further ticks), from 0 on."""
        alive = 1.0
        left = [0.0]
        for k in range(ahead):
            alive *= 1.0 - self.hazard[stage_age(ticks + k)]
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
