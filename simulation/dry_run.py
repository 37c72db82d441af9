"""Whom campaigns would call at their launch, and whom not for what reason, without calling anybody."""

from dataclasses import dataclass, field
from typing import cast

from busyhour.core.ids import ABSENT, Instant
from simulation.assembly import assemble
from simulation.contact_supply import SimulatedContacts
from simulation.scenario import Scenario

UNKNOWN_TIMEZONE = "unknown_timezone"
CALLING_HOURS = "calling_hours"


@dataclass(frozen=True, slots=True)
class DryRun:
    """One campaign. `excluded`: reason → contacts; those and the callable ones are all contacts."""

    campaign: str
    launch_at: Instant
    contacts: int
    callable: int
    excluded: dict[str, int] = field(default_factory=dict[str, int])
    opens_at: Instant = ABSENT
    """When the first of those whom calling hours exclude may be called."""


class _Nowhere:
    def add(self, chunk: bytes) -> None:
        """Rows that never come."""


def dry_run(scenario: Scenario) -> list[DryRun]:
    """In the order of the file. Raises ScenarioError for a wrong row of a contact file."""
    world = assemble(scenario, 0, _Nowhere())
    supplies = cast("SimulatedContacts", world.driver.contacts).supplies
    runs: list[DryRun] = []
    for number, (name, plan) in enumerate(scenario.campaigns.items()):
        now = scenario.clock.start_us + plan.launch_at
        clocks = world.driver.campaigns[number].contacts.zones
        opens = [clock.opens_at(now) for clock in clocks]
        supply = supplies[number]
        by_zone: dict[int, int] = {}
        for place in range(supply.count):
            zone = supply.zone(place)
            by_zone[zone] = by_zone.get(zone, 0) + 1
        unknown = by_zone.pop(ABSENT, 0)
        closed = {zone: count for zone, count in by_zone.items() if opens[zone] != now}
        reasons = ((UNKNOWN_TIMEZONE, unknown), (CALLING_HOURS, sum(closed.values())))
        excluded = {reason: count for reason, count in reasons if count}
        later = [opens[zone] for zone in closed if opens[zone] != ABSENT]
        runs.append(
            DryRun(
                name,
                now,
                supply.count,
                supply.count - sum(excluded.values()),
                excluded,
                min(later, default=ABSENT),
            )
        )
    return runs
