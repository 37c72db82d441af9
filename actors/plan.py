"""What a live run is: which actor hosts what, over which store, for which scenario."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from actors.replications import Order
from busyhour.host import QUEUES, RECORDER
from simulation.live_part import Role
from simulation.scenario import Scenario

NAMESPACE: Final = "busyhour"
CALL_HOSTS: Final = 256
"""Virtual shards of calls: a call's never changes, whichever actor hosts it."""


@dataclass(frozen=True, slots=True)
class LivePlan:
    """The same for every actor of a run. `scope` is the run's in the store and in actors' names."""

    scope: str
    store_url: str
    order: Order
    speed: float
    roles: Mapping[str, Role]
    """By actor."""
    replication: int
    folder: Path
    """Where the recorder leaves its parts."""
    dial_log: Path | None = None
    """Where the simulated carrier notes every call it is told to dial, a line each: the far end's own record."""
    account: str = ""
    """Whose contacts these are, and whose do-not-call list holds."""
    enrolled: Mapping[int, str] = field(default_factory=dict[int, str])
    """Campaigns whose contacts are read from the store, under these names; the scenario's count is of those."""

    @staticmethod
    def roles_of(scenario: Scenario, shards: int) -> dict[str, Role]:
        """An actor for the queues, one for each campaign, and `shards`, a divisor of CALL_HOSTS, for the calls."""
        roles: dict[str, Role] = {}
        if scenario.queues:
            roles[QUEUES] = Role(queues=True)
        for number in range(len(scenario.campaigns)):
            roles[f"campaign-{number}"] = Role(campaigns=[number])
        for shard in range(shards):
            roles[f"calls-{shard}"] = Role(calls=range(shard, CALL_HOSTS, shards))
        return roles

    @property
    def actors(self) -> list[str]:
        return [*self.roles, RECORDER]

    def stride(self) -> int:
        """How many shards there are: calls whose numbers differ by so much live in the same one."""
        return sum(len(role.calls) > 0 for role in self.roles.values())

    def actor_of(self) -> dict[str, str]:
        """Host → actor."""
        actors = {host: actor for actor, role in self.roles.items() for host in role.hosts()}
        actors[RECORDER] = RECORDER
        return actors

    @contextmanager
    def scenario(self) -> Iterator[Scenario]:
        """With its contact files, which lie in a folder of this machine's meanwhile."""
        with tempfile.TemporaryDirectory(prefix="busyhour-") as folder:
            yield self.order.scenario_in(Path(folder))
