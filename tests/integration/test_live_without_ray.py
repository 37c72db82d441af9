"""Runners and recorder of a live run in one process, over a real store: what happens when one can't keep up."""

import asyncio
import errno
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

import actors.doctor
import actors.post
import actors.recorder
import actors.runner
import busyhour.results.parts
from actors.plan import LivePlan, first_owners
from actors.post import Answer, Batch
from actors.recorder import LiveRecorder, manifest_of
from actors.replications import Order
from actors.runner import Runner
from actors.runs import Listed, enlist, sign
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.connection import RUNS, connect
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.adapters.valkey.shards import StoredShards
from cli.main import run as command
from simulation.executor import Job
from simulation.scenario import loads

SCENARIO = """
name: small
seed: 1
clock: {horizon: 10m}
trunks: {main: {channels: 200, calls_per_second: 100}}
callees: {all: {outcomes: {busy: 1}, ring_time: {busy: 100ms}}}
campaigns: {spring: {contacts: {count: 20000}, callees: all, trunk: main, pacing: {mode: agentless}}}
"""


@dataclass
class Here:
    """Takes batches to whoever is here; `away` does not answer."""

    works: dict[str, Any] = field(default_factory=dict[str, Any])
    away: set[str] = field(default_factory=set[str])

    async def deliver(self, actor: str, batch: Batch) -> Answer:
        if actor in self.away or actor not in self.works:
            raise ConnectionError(actor)
        return await self.works[actor].deliver(batch)


@dataclass
class Live:
    """A run's actors in one event loop."""

    here: Here
    dials: Path
    tasks: list["asyncio.Task[None]"]

    def dialled(self) -> int:
        return self.dials.read_bytes().count(b"\n")

    async def until(self, condition: Any, within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.01)

    async def is_dialling(self) -> bool:
        before = self.dialled()
        await asyncio.sleep(0.5)
        return self.dialled() > before

    async def close(self) -> None:
        for work in self.here.works.values():
            work.close()
        await asyncio.gather(*self.tasks)
        await asyncio.sleep(0.5)  # batches that are under way


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store") as store:
        yield store


def plan_of(url: str, folder: Path) -> LivePlan:
    scenario = loads(SCENARIO)
    dials = folder / "dials"
    dials.touch()
    order = Order.of(Job(scenario, [0], folder))
    return LivePlan("scope", url, order, 1.0, LivePlan.roles_of(scenario, 1), 0, folder, dials)


async def start(plan: LivePlan, client: Any) -> Live:
    await StoredShards(client, plan.scope).begin(first_owners(plan.roles))
    here = Here()
    here.works = {actor: Runner(plan, actor, here, client) for actor in plan.roles}
    here.works["recorder"] = LiveRecorder(plan, client)
    for work in here.works.values():
        await work.activate()
    admission = StoreAdmission(client, plan.scope)
    await admission.configure_trunk(0, 200, 100)
    await admission.configure_campaign(0)
    await admission.start_clock(plan.order.scenario.clock.start_us)
    for work in here.works.values():
        await work.begin()
    assert plan.dial_log is not None
    live = Live(here, plan.dial_log, [asyncio.create_task(work.run()) for work in here.works.values()])
    await live.until(lambda: live.dialled() > 20)
    return live


def test_dialling_waits_while_rows_can_not_be_written_and_no_row_is_lost(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(actors.recorder, "MOST_ROWS", 50)
    monkeypatch.setattr(actors.recorder, "DISK_RETRY_S", 0.1)
    monkeypatch.setattr(actors.recorder, "DURABLE_S", 0.2)
    monkeypatch.setattr(actors.recorder, "PART_S", 0.1)
    monkeypatch.setattr(actors.runner, "MOST_BACKLOG", 100)
    opened = busyhour.results.parts.open_calls_file
    is_full = False

    def open_calls_file(path: Path) -> Any:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path)

    monkeypatch.setattr(busyhour.results.parts, "open_calls_file", open_calls_file)

    async def main() -> None:
        nonlocal is_full
        async with await connect(store.url) as client:
            plan = plan_of(store.url, tmp_path)
            live = await start(plan, client)
            shard, recorder = live.here.works["calls-0"], live.here.works["recorder"]
            campaign = live.here.works["campaign-0"]
            is_full = True
            await live.until(lambda: campaign.waits_for == "calls-0")
            await asyncio.sleep(0.5)  # what was admitted before
            assert not await live.is_dialling()
            assert recorder.status()["trouble"] == "rows can't be written: No space left on device"
            assert recorder.writer.pending_rows < 50 + 500
            assert shard.post.unacknowledged() < 100 + 200
            is_full = False
            await live.until(lambda: campaign.waits_for == "")
            assert await live.is_dialling()
            assert recorder.status()["trouble"] == ""

            await campaign.stop(campaign.clock.now())
            await shard.stop(shard.clock.now())
            await live.until(shard.is_quiet)
            await live.close()
            _, manifest = await manifest_of(plan)
            assert manifest.rows == campaign.status()["campaigns"][0]["attempts"] >= live.dialled()

    asyncio.run(main())


def test_dialling_waits_for_a_shard_that_does_not_answer(store: EmbeddedStore, tmp_path: Path) -> None:
    async def main() -> None:
        async with await connect(store.url) as client:
            live = await start(plan_of(store.url, tmp_path), client)
            campaign = live.here.works["campaign-0"]
            live.here.away.add("calls-0")
            await live.until(lambda: campaign.waits_for == "calls-0")
            admitted = campaign.status()["campaigns"][0]["attempts"]
            await asyncio.sleep(1.0)
            assert campaign.status()["campaigns"][0]["attempts"] == admitted, "no calls pile up for it"
            live.here.away.clear()
            await live.until(lambda: campaign.waits_for == "")
            assert await live.is_dialling()
            await live.close()

    asyncio.run(main())


def test_the_recorder_s_journal_is_cut_by_snapshots_and_a_successor_knows_every_part(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors.recorder, "SNAPSHOT_AFTER", 4)
    monkeypatch.setattr(actors.recorder, "PART_S", 0.05)

    async def main() -> None:
        async with await connect(store.url) as client:
            plan = plan_of(store.url, tmp_path)
            live = await start(plan, client)
            recorder = live.here.works["recorder"]
            await live.until(lambda: recorder.counts["parts"] >= 10)
            await live.close()
            anyhow: Any = client
            assert await anyhow.llen(recorder.journal.keys[2]) < 5
            _, manifest = await manifest_of(plan)
            assert manifest.parts == recorder.manifest.parts
            assert manifest.received == recorder.manifest.received

    asyncio.run(main())


def test_a_message_for_a_host_that_is_elsewhere_is_not_acknowledged(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    async def main() -> None:
        async with await connect(store.url) as client:
            live = await start(plan_of(store.url, tmp_path), client)
            answer = await live.here.works["calls-0"].deliver([("calls/999", "campaigns/0", [(1, ["one"])])])
            assert answer == ([], False)
            await live.close()

    asyncio.run(main())


def test_the_doctor_says_that_a_run_ended_badly_and_clears_it_away(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(actors.doctor, "ANSWERS_S", 0.2)
    monkeypatch.setattr(actors.doctor, "SETTLE_S", 0.1)

    async def leave_a_run() -> None:
        async with await connect(store.url) as client:
            await enlist(client, "scope", Listed("evening", []))
            await sign(client, "scope", "calls-0", "0123456789abcdef")
            await sign(client, "scope", "calls-0", "0123456789abcdef")

    asyncio.run(leave_a_run())
    data_dir = str(tmp_path / "store")
    assert command(["doctor", "--data-dir", data_dir]) == 1
    said = capsys.readouterr().out
    assert "the run has ended badly; busyhour doctor --clear clears it away" in said
    assert "/01234567, 1 restart\n" in said
    assert command(["doctor", "--data-dir", data_dir, "--clear"]) == 0
    with Redis.from_url(store.url) as client:
        assert client.keys("*") == []
        assert not client.exists(RUNS)
    assert command(["doctor", "--data-dir", data_dir]) == 3
