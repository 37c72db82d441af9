"""What a platform is made of: which actor hosts what, over which store. What it consists of is in the directory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from actors.plan import CALL_HOSTS, calls_actor
from busyhour.chronicle import LEDGER
from busyhour.host import QUEUES, campaign_host
from simulation.live_part import Role
from simulation.scenario.callees import Callees
from simulation.scenario.trunk_file import PlatformTrunk, TrunkFile


class ActorsByName(Mapping[str, str]):
    """Host → actor, of what is no call's, by the hosts' names alone: campaigns come to be while the platform runs."""

    def __init__(self, campaign_actors: int) -> None:
        self._campaign_actors = campaign_actors

    def __getitem__(self, host: str) -> str:
        kind, _, number = host.partition("/")
        return f"{kind}-{int(number) % self._campaign_actors}" if number else kind

    def __iter__(self) -> Iterator[str]:
        yield from (QUEUES, LEDGER)

    def __len__(self) -> int:
        return 2


@dataclass(frozen=True, slots=True)
class PlatformPlan:
    """The same for every actor of a platform. `scope` is its own in the store and in actors' names.

    An actor takes about a second to start and 100 MB, so there are few: one hosts the queues, one the ledger,
    `campaign_actors` share the campaigns and `call_actors`, a divisor of CALL_HOSTS, the calls when the platform
    begins for the first time: from then on the map in the store says who.
    """

    scope: str
    store_url: str
    trunks: Mapping[str, PlatformTrunk]
    """By number: in the order in which the platform came to know them, whatever the file's."""
    callees: Mapping[str, Callees]
    gone: Sequence[str] = ()
    """Trunks that the file has no more: nothing is dialled there."""
    campaign_actors: int = 1
    call_actors: int = 1
    dial_log: Path | None = None

    @staticmethod
    def of(scope: str, store_url: str, file: TrunkFile, known: Sequence[str] = ()) -> "PlatformPlan":
        """`known` are the trunks that the platform has had, by number."""
        first = next(iter(file.callees))
        gone = [name for name in known if name not in file.trunks]
        names = [*known, *(name for name in file.trunks if name not in known)]
        trunks = {name: file.trunks.get(name) or PlatformTrunk(callees=first) for name in names}
        return PlatformPlan(scope, store_url, trunks, file.callees, gone)

    @property
    def offered(self) -> list[str]:
        """Names of the trunks that a call may go over."""
        return [name for name in self.trunks if name not in self.gone]

    @property
    def account(self) -> str:
        """Of limits that no account has for itself."""
        return ""

    @property
    def speed(self) -> float:
        return 1.0

    @property
    def roles(self) -> Mapping[str, Role]:
        roles = {QUEUES: Role(queues=True)}
        roles |= {f"campaigns-{n}": Role() for n in range(self.campaign_actors)}
        return roles | {
            calls_actor(n): Role(calls=range(n, CALL_HOSTS, self.call_actors))
            for n in range(self.call_actors)
        }

    @property
    def actors(self) -> list[str]:
        return [*self.roles, LEDGER]

    def actor_of(self) -> Mapping[str, str]:
        """Host → actor, of what is no call's."""
        return ActorsByName(self.campaign_actors)

    def hosts_campaign(self, actor: str, campaign: int) -> bool:
        return self.actor_of()[campaign_host(campaign)] == actor
