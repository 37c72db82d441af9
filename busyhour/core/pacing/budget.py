"""The error budget on abandonment: how much risk the next line may carry."""

from math import exp
from typing import Final, final

from busyhour.core.pacing.base import floats_of

GAIN: Final = 0.1
"""Relative change of the risk for each abandoned call that the budget has left or lacks."""
MARGIN: Final = 4.0
"""Abandoned calls that the budget is steered to have left: about two standard deviations of what is left."""
OVERDRAWN_GAIN: Final = 0.3
"""The same below nothing left: rivals for our agents, which no risk of ours holds off, must not push the run
far over its cap."""
LEAST: Final = -6.0
MOST: Final = 1.1
"""Bounds on the exponent: saved budget is spent at no more than about three times the usual risk."""

PRICE_PRIOR: Final = 1.3
"""Calls abandoned for each that the forecast, made when their line was dialled, put at risk: later dials
take agents from earlier ones. 1.3 in the Markovian benchmark at 3 %, from 10 to 50 agents."""
PRICE_WEIGHT: Final = 4.0
PRICE_MEMORY: Final = 60.0
RISKIEST: Final = 0.5


@final
class AbandonmentBudget:
    """Steers the risk of the marginal line so that the run ends at or just under its cap.

    `left` = cap × live answers − abandoned, counted from the first call. The risk is
    cap / price × exp(GAIN × (left − MARGIN)), steeper below nothing left: the Lagrange multiplier of the cap, kept
    by a virtual queue (Neely, Stochastic Network Optimization, 2010, chapter 4) in exponential form. `left` then
    reverts to a constant with a standard deviation of about 1/√(2 × GAIN) calls, whatever the length of the run.
    """

    __slots__ = ("abandoned", "cap", "live", "lost", "put_at_risk")

    cap: float
    live: int
    abandoned: int
    lost: float
    """Abandoned calls while the risk was what bound the dialling, fading."""
    put_at_risk: float
    """The sum of the risk at the live answers of that while, fading."""

    def __init__(self, cap: float) -> None:
        self.cap = cap
        self.live = 0
        self.abandoned = 0
        self.lost = 0.0
        self.put_at_risk = 0.0

    def left(self) -> float:
        """Abandoned calls that the cap still allows; negative when over it."""
        return self.cap * self.live - self.abandoned

    def risk(self) -> float:
        """The probability that a line's answer finds no agent up to which it may be dialled."""
        price = (self.lost + PRICE_WEIGHT * PRICE_PRIOR) / (self.put_at_risk + PRICE_WEIGHT)
        left = self.left()
        exponent = GAIN * (left - MARGIN)
        if left < 0.0:
            exponent += (OVERDRAWN_GAIN - GAIN) * left
        if exponent > MOST:
            exponent = MOST
        elif exponent < LEAST:
            exponent = LEAST
        risk = self.cap / price * exp(exponent)
        return risk if risk < RISKIEST else RISKIEST

    def live_answer(self, bound: bool) -> None:
        """A live answer; `bound` says whether the risk was what held dialling back."""
        if bound:
            at_risk = self.risk()
            fading = 1.0 - at_risk / PRICE_MEMORY
            self.put_at_risk = self.put_at_risk * fading + at_risk
            self.lost *= fading
        self.live += 1

    def abandonment(self, bound: bool) -> None:
        """One of the live answers was abandoned."""
        self.abandoned += 1
        if bound:
            self.lost += 1.0

    def snapshot(self) -> list[float]:
        return [float(self.live), float(self.abandoned), self.lost, self.put_at_risk]

    def restore(self, snapshot: object) -> None:
        values = floats_of(snapshot)
        self.live = int(values[0])
        self.abandoned = int(values[1])
        self.lost = values[2]
        self.put_at_risk = values[3]
