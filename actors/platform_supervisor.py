"""Ray's side of the platform's supervisor: a detached actor that sees that all others live.

What it wants is the plan, and what there is it finds by the names in the store; so it may die at any moment, and what
Ray starts in its place goes on.
"""

import logging
import os
import threading
from typing import Any, Final

from redis.exceptions import RedisError

from actors.closing import open_again
from actors.plan import NAMESPACE, first_owners
from actors.platform_plan import PlatformPlan
from actors.runs import Listed, enlist
from actors.supervisor import Supervisor
from busyhour.adapters.valkey.admission import StoreAdmission, UnconfiguredError
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.directory import Directory
from busyhour.adapters.valkey.shards import StoredShards
from busyhour.adapters.wall_clock import now, pause
from busyhour.core.errors import BusyhourError
from busyhour.core.ids import ABSENT
from simulation.scenario.trunk_file import TrunkFile

NAME: Final = "supervisor"
LOOK_S: Final = 1.0

log = logging.getLogger("busyhour.live")


class PlatformSupervisor:
    """Keeps the actors of `plan` from the moment it is made."""

    def __init__(self, plan: PlatformPlan) -> None:
        self._plan = plan
        threading.Thread(target=self._keep, name=NAME, daemon=True).start()

    def _keep(self) -> None:
        import ray

        supervisor = Supervisor(ray, self._plan, log.warning, outlived=True)
        while True:
            try:
                supervisor.start(adopts=True)
                break
            except (BusyhourError, RedisError, OSError) as failure:
                log.warning("not everything can be started yet: %s", failure)
                pause(LOOK_S)
        try:
            while True:
                supervisor.look(LOOK_S)
                pause(LOOK_S / 2)
        except BaseException:
            log.exception("the supervisor has failed")
            logging.shutdown()
            os._exit(1)  # Ray starts another


def start(ray: Any, plan: PlatformPlan) -> Any:
    """The supervisor on the cluster that `ray` is connected to, as it is or new."""
    return (
        ray.remote(PlatformSupervisor)
        .options(
            num_cpus=0,
            max_restarts=-1,
            name=f"{plan.scope}/{NAME}",
            namespace=NAMESPACE,
            lifetime="detached",
            get_if_exists=True,
        )
        .remote(plan)
    )


async def planned(scope: str, store_url: str, file: TrunkFile) -> PlatformPlan:
    """The platform over that store, with the trunks of `file`; each has the number it has always had.

    Raises StoreRefusedError, RedisError.
    """
    async with await connect(store_url) as client:
        directory = Directory(client, scope)
        for name in file.trunks:
            await directory.add("trunk", name, "", {})
        known = [record.key for record in await directory.read() if record.kind == "trunk"]
    return PlatformPlan.of(scope, store_url, file, known)


async def configure(plan: PlatformPlan) -> None:
    """Trunks' limits, the clock and the map of calls where there are none, and that calls may begin.

    Raises StoreRefusedError, RedisError.
    """
    async with await connect(plan.store_url) as client:
        admission = StoreAdmission(client, plan.scope)
        for number, (name, trunk) in enumerate(plan.trunks.items()):
            channels = ABSENT if trunk.channels is None else trunk.channels
            rate = float("inf") if trunk.calls_per_second is None else trunk.calls_per_second
            await admission.configure_trunk(number, 0 if name in plan.gone else channels, rate)
        try:
            await admission.now()
        except UnconfiguredError:
            await admission.start_clock(now())
        await open_again(client, plan.scope)
        await StoredShards(client, plan.scope).begin(first_owners(plan.roles))
        await enlist(client, plan.scope, Listed("platform", []))
