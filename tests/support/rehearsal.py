"""A live run on a real Ray and a real store, to which things happen: whoever tests it kills processes and looks."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from actors.doctor import Facts, findings, look
from actors.live_run import LiveRun
from actors.nodes import NodeFacts, told
from actors.plan import LivePlan, has_calls
from actors.replications import Order
from actors.runs import Process, processes
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.adapters.valkey.shards import ShardMap, StoredShards
from busyhour.results.tallies import Tallies
from simulation.executor import Job
from simulation.scenario import Scenario

LOOK_S = 0.2


class Rehearsal:
    """`start`, then whatever is to happen, then `stop`. Somebody watches over it meanwhile, as the command does."""

    def __init__(self, ray: Any, store: EmbeddedStore, scenario: Scenario, folder: Path, shards: int) -> None:
        self.store = store
        self.dial_log = folder / "dials"
        self.dial_log.touch()
        self.folder = folder
        self.told: list[str] = []
        self.undisturbed_from_us = 0
        """From when on nothing that happens may cost a call."""
        order = Order.of(Job(scenario, [0], folder))
        roles = LivePlan.roles_of(scenario, shards)
        plan = LivePlan("rehearsal", store.url, order, 1.0, roles, 0, folder, self.dial_log)
        self.live = LiveRun(ray, plan, scenario, self.told.append)
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self.live.start()
        self.began_s = time.monotonic()
        self.start_us = self.live.plan.order.scenario.clock.start_us
        self._watcher.start()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self.live.look(LOOK_S)

    def stop(self) -> Tallies:
        self._over.set()
        self._watcher.join()
        return self.live.stop(self.now_us())

    def now_us(self) -> int:
        """By the clock of the run."""
        return self.start_us + round((time.monotonic() - self.began_s) * 1e6)

    def end(self) -> None:
        self._over.set()
        self._watcher.join()
        self.live.end()

    # Processes ------------------------------------------------------------------------------------------------------

    def process(self, actor: str) -> Process:
        return asyncio.run(self._processes())[actor]

    async def _processes(self) -> dict[str, Process]:
        async with await connect(self.store.url) as client:
            return await processes(client, self.live.plan.scope)

    def server(self) -> psutil.Process:
        """The store's."""
        with Redis.from_url(self.store.url) as client:
            return psutil.Process(int(client.info("server")["process_id"]))

    def kill(self, actor: str) -> float:
        """Kill its process, and wait until it works again in another; seconds."""
        pid = self.process(actor).pid
        os.kill(pid, signal.SIGKILL)
        return self.wait(lambda: self.works(actor, pid), 120, f"{actor} works again")

    def works(self, actor: str, last_pid: int) -> bool:
        """In another process than its last."""
        status = self.live.statuses.get(actor, {})
        return status.get("state") == "running" and status["pid"] != last_pid

    def wait(self, condition: Callable[[], bool], within_s: float, what: str) -> float:
        """Until it holds; seconds."""
        began_s = time.monotonic()
        while not condition():
            assert time.monotonic() - began_s < within_s, (
                f"not within {within_s} s: {what}; told: {self.told}"
            )
            time.sleep(0.02)
        return time.monotonic() - began_s

    # What there is --------------------------------------------------------------------------------------------------

    def dialled(self) -> int:
        return self.dial_log.read_bytes().count(b"\n")

    def wait_for_dials(self, count: int, within_s: float) -> float:
        """Until so many more have been dialled; seconds."""
        wanted = self.dialled() + count
        return self.wait(lambda: self.dialled() >= wanted, within_s, f"{count} calls more are dialled")

    def check(self) -> None:
        """What may never happen has not, and what may be for a moment passes: contacts in no state or two, calls that
        nobody has, agents who wait for nothing.
        """
        lines = self.dial_log.read_text().splitlines()
        attempts = Counter(line.rsplit(" ", 1)[0] for line in lines)
        assert [attempt for attempt, times in attempts.items() if times > 1] == []
        wrong = set(findings([self.facts()]))
        for _ in range(12):
            if not wrong:
                break
            wrong &= set(findings([self.facts()]))
        assert wrong == set()

    def nodes(self) -> list[NodeFacts]:
        return asyncio.run(self._nodes())

    async def _nodes(self) -> list[NodeFacts]:
        async with await connect(self.store.url) as client:
            return await told(client, self.live.plan.scope) or []

    def is_settled(self) -> bool:
        """No virtual shard is about to move, and no actor of calls about to end."""
        there = self.shards()
        of_calls = {actor for actor in self.live.supervisor.actors if has_calls(actor)}
        return not there.bound and of_calls == set(there.owners)

    def shards(self) -> ShardMap:
        return asyncio.run(self._shards())

    async def _shards(self) -> ShardMap:
        async with await connect(self.store.url) as client:
            return await StoredShards(client, self.live.plan.scope).read()

    def facts(self) -> list[Facts]:
        return asyncio.run(self._facts())

    async def _facts(self) -> list[Facts]:
        async with await connect(self.store.url) as client:
            return await look(client, self.live.plan.scope)
