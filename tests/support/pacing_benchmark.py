"""The benchmark of predictive pacing: scenario files for the product's own engine, and what must be reached.

Handling takes 120 s and a quarter of the dials is answered. *Exponential shapes*: whatever the outcome a dial
rings for an exponential 12 s, handling is exponential, and an answer that finds no idle agent is lost at
once. *Real shapes*: answers after a lognormal 12 s (coefficient of variation 0.5), no answer after 25 s,
lognormal handling (1.0), and two seconds of patience.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Shapes = Literal["exponential", "real"]

TEAMS: Final = (10, 20, 50, 100)
CAP: Final = 0.03
"""Share of live answers that may be abandoned over the run."""
OCCUPANCY: Final = "queues.sales.occupancy"
ABANDONMENT: Final = "campaigns.leads.abandonment_rate"
LIVE: Final = "campaigns.leads.live_answers"
ABANDONED: Final = "campaigns.leads.abandoned"

BEST_RATIO: Final[Mapping[int, float]] = {10: 0.773, 20: 0.825, 50: 0.889, 100: 0.925}
"""Occupancy under the best constant ratio at the cap, exponential shapes."""
OPTIMUM: Final[Mapping[int, float]] = {10: 0.839, 20: 0.886, 50: 0.934, 100: 0.958}
"""The same under the optimal policy of the Markov decision process."""
BEST_COUNTING: Final[Mapping[int, float]] = {10: 0.783, 20: 0.855, 50: 0.910, 100: 0.934}
"""The same under the best ratio that only counts, real shapes."""

LINES_FOR_EACH_IDLE: Final[Mapping[tuple[Shapes, int], float]] = {
    ("exponential", 10): 2.0,
    ("exponential", 20): 2.75,
}
"""Of power dialling, the most that keep the cap: bench.validate finds them, in steps of a quarter of a line."""

RUNS: Final = 10
_HOURS: Final[Mapping[int, int]] = {10: 45, 20: 24, 50: 6, 100: 3}
"""Of each run, warm-up left out."""

_SHAPES: Final[Mapping[Shapes, Mapping[str, str]]] = {
    "exponential": {
        "RING": "{human: {exponential: {mean: 12s}}, no_answer: {exponential: {mean: 12s}}}",
        "PATIENCE": "0s",
        "HANDLING": "{exponential: {mean: 120s}}",
        # Far beyond the ring times, for it would cut their tail off.
        "TIMEOUT": "10m",
    },
    "real": {
        "RING": "{human: {lognormal: {mean: 12s, sd: 6s}}}",
        "PATIENCE": "2s",
        "HANDLING": "{lognormal: {mean: 120s, sd: 120s}}",
        "TIMEOUT": "25s",
    },
}

_TEXT: Final = """
schema: busyhour.scenario/v1
clock: {horizon: HORIZON, warmup: WARMUP}
seed: SEED
replications: REPLICATIONS
callees:
  consumer:
    outcomes: {human: 25%, no_answer: 75%}
    ring_time: RING
    patience: PATIENCE
queues: {sales: {agents: AGENTS, handle_time: HANDLING}}
campaigns:
  leads:
    contacts: {count: CONTACTS}
    queue: sales
    pacing: PACING
    dial_timeout: TIMEOUT
"""

PREDICTIVE: Final = f"{{mode: predictive, abandonment_cap: {CAP}}}"
PROGRESSIVE: Final = "{mode: progressive}"


def power(lines: float) -> str:
    return f"{{mode: power, lines_per_agent: {lines:g}}}"


@dataclass(frozen=True)
class Setting:
    """One team under one pacing."""

    shapes: Shapes
    agents: int
    pacing: str = PREDICTIVE

    def __str__(self) -> str:
        return f"{self.shapes} shapes, {self.agents} agents, {self.pacing}"

    @property
    def required(self) -> float:
        """Occupancy: half of the way from the best ratio to the optimum, or the best ratio that counts."""
        if self.shapes == "exponential":
            return (BEST_RATIO[self.agents] + OPTIMUM[self.agents]) / 2
        return BEST_COUNTING[self.agents]

    def text(self, horizon: str, warmup: str, contacts: int, seed: int, replications: int) -> str:
        """The scenario file."""
        replaced = {
            **_SHAPES[self.shapes],
            "HORIZON": horizon,
            "WARMUP": warmup,
            "SEED": str(seed),
            "REPLICATIONS": str(replications),
            "AGENTS": str(self.agents),
            "CONTACTS": str(contacts),
            "PACING": self.pacing,
        }
        text = _TEXT
        for name, value in replaced.items():
            text = text.replace(name, value)
        return text

    def long_run(self, seed: int = 1) -> str:
        """Ten runs after a warm-up, long enough for ±0.2 points of occupancy and of abandonment."""
        hours = _HOURS[self.agents]
        return self.text(f"{hours}h30m", "30m", self._contacts(hours + 1), seed, RUNS)

    def four_hours(self, seed: int) -> str:
        """An evening from a cold start, each a seed of its own."""
        return self.text("4h", "0s", self._contacts(4), seed, 1)

    def _contacts(self, hours: int) -> int:
        """More than the team can dial: 30 talks an hour and agent, four dials each."""
        return 150 * hours * self.agents


SETTINGS: Final = tuple(Setting(shapes, agents) for shapes in _SHAPES for agents in TEAMS)
