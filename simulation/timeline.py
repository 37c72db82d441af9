"""What is done to a run from outside, at set times."""

from collections.abc import Callable
from typing import Final, final

from busyhour.core.events import (
    CAMPAIGN_LAUNCHED,
    CAMPAIGN_PAUSED,
    CAMPAIGN_RESUMED,
    CampaignEvent,
    CampaignStopped,
)
from busyhour.core.ids import Instant
from busyhour.driver import Driver
from simulation.agenda import Occurrence
from simulation.desk import Roster
from simulation.trunks import SimulatedTrunk

LAUNCH: Final = 0
PAUSE: Final = 1
RESUME: Final = 2
STOP: Final = 3
_EVENTS: Final = (CAMPAIGN_LAUNCHED, CAMPAIGN_PAUSED, CAMPAIGN_RESUMED)


@final
class CampaignChange(Occurrence):
    """Somebody launches, pauses, resumes or stops a campaign; the stage says which."""

    __slots__ = ("campaign", "driver", "in_flight")

    def __init__(self, driver: Driver, campaign: int, in_flight: int) -> None:
        self.driver: Driver = driver
        self.campaign: int = campaign
        self.in_flight: int = in_flight

    def happen(self, stage: int, now: Instant) -> None:
        if stage == STOP:
            self.driver.deliver(CampaignStopped(self.campaign, self.in_flight))
        else:
            self.driver.deliver(CampaignEvent(_EVENTS[stage], self.campaign))


@final
class StaffChange(Occurrence):
    """The number of agents at work in a pool changes: to `count`, or by `change` where a shift starts or ends."""

    __slots__ = ("change", "count", "driver", "roster")

    def __init__(self, driver: Driver, roster: Roster, count: int, change: int) -> None:
        self.driver: Driver = driver
        self.roster: Roster = roster
        self.count: int = count
        self.change: int = change

    def happen(self, stage: int, now: Instant) -> None:
        count = self.count
        if self.change != 0:
            count = self.roster.at_work() + self.change
        self.roster.set(count if count > 0 else 0, self.driver)


@final
class TrunkChange(Occurrence):
    """A trunk fails (stage 1) or works again (stage 0)."""

    __slots__ = ("trunk",)

    def __init__(self, trunk: SimulatedTrunk) -> None:
        self.trunk: SimulatedTrunk = trunk

    def happen(self, stage: int, now: Instant) -> None:
        if stage == 1:
            self.trunk.outages += 1
        elif self.trunk.outages > 0:
            self.trunk.outages -= 1


@final
class StatisticsStart(Occurrence):
    """The warm-up is over: whoever counts is told the instant."""

    __slots__ = ("begin",)

    def __init__(self, begin: Callable[[Instant], None]) -> None:
        self.begin: Callable[[Instant], None] = begin

    def happen(self, stage: int, now: Instant) -> None:
        self.begin(now)
