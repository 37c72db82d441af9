"""What a live run is: which actor hosts what, over which store, for which scenario."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from actors.replications import Order
from busyhour.adapters.valkey.shards import NO_MAP, VIRTUAL_SHARDS, ShardMap
from busyhour.host import QUEUES, RECORDER, calls_host
from simulation.live_part import Role
from simulation.scenario import Scenario

NAMESPACE: Final = "busyhour"
CALL_HOSTS: Final = VIRTUAL_SHARDS
_CALLS: Final = "calls-"


def calls_actor(number: int) -> str:
    return f"{_CALLS}{number}"


def has_calls(actor: str) -> bool:
    """Whether it hosts virtual shards of calls: those that the map in the store gives it."""
    return actor.startswith(_CALLS)


def first_owners(roles: Mapping[str, Role]) -> list[str]:
    """The actor of each virtual shard, to begin with."""
    owners = {shard: actor for actor, role in roles.items() for shard in role.calls}
    return [owners[shard] for shard in range(CALL_HOSTS)]


class Routes(Mapping[str, str]):
    """Host → actor: of calls by the map in the store, which changes; of all else by the plan."""

    def __init__(self, others: Mapping[str, str]) -> None:
        self._others = others
        self.map: ShardMap = NO_MAP

    def __getitem__(self, host: str) -> str:
        kind, _, number = host.partition("/")
        return self.map.owners[int(number)] if kind == "calls" else self._others[host]

    def __iter__(self) -> Iterator[str]:
        yield from self._others
        yield from (calls_host(shard, CALL_HOSTS) for shard in range(len(self.map.owners)))

    def __len__(self) -> int:
        return len(self._others) + len(self.map.owners)


@dataclass(frozen=True, slots=True)
class LivePlan:
    """The same for every actor of a run. `scope` is the run's in the store and in actors' names."""

    scope: str
    store_url: str
    order: Order
    speed: float
    roles: Mapping[str, Role]
    """By actor, to begin with: virtual shards may move to other actors, of which the map in the store tells."""
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
            roles[calls_actor(shard)] = Role(calls=range(shard, CALL_HOSTS, shards))
        return roles

    @property
    def actors(self) -> list[str]:
        return [*self.roles, RECORDER]

    def actor_of(self) -> dict[str, str]:
        """Host → actor, of what is no call's."""
        actors = {
            host: actor for actor, role in self.roles.items() for host in replace(role, calls=()).hosts()
        }
        actors[RECORDER] = RECORDER
        return actors

    @contextmanager
    def scenario(self) -> Iterator[Scenario]:
        """With its contact files, which lie in a folder of this machine's meanwhile."""
        with tempfile.TemporaryDirectory(prefix="busyhour-") as folder:
            yield self.order.scenario_in(Path(folder))
