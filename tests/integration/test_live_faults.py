"""Real processes are killed and paused under load: nothing is dialled twice, nobody is lost, the run goes on.

One run on two Ray nodes of this machine, which all of these tests share in the order that they stand in.
"""

import asyncio
import logging
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from actors.recorder import manifest_of
from actors.replications import QUIET
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.results.live import rows_from_parts
from busyhour.results.rows import rows_of
from simulation.scenario import loads
from tests.support.rehearsal import Rehearsal

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SCENARIO = """
name: faults
seed: 3
clock: {horizon: 10m}
agents: {team: {count: 20}}
queues: {desk: {pools: [team], handle_time: {exponential: {mean: 5s}}, wrap_up: 1s}}
trunks: {main: {channels: 300, calls_per_second: 20, post_dial_delay: 200ms}}
callees:
  all: {outcomes: {human: 0.5, no_answer: 0.5}, ring_time: {human: {exponential: {mean: 2s}}, no_answer: 4s}}
inbound: [{queue: desk, rate: 20/min, trunk: main, handle_time: 3s}]
campaigns:
  spring:
    contacts: {count: 20000}
    callees: all
    queue: desk
    trunk: main
    pacing: {mode: power, lines_per_agent: 2}
    retry: {max_attempts: 3, rules: [{outcome: no_answer, after: 10s}]}
"""
KILLS = 10


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two Ray nodes, the second of which may be removed."""
    os.environ.update(QUIET)
    import ray
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        cluster.add_node(**node)
        ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture(scope="module")
def rehearsal(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    import ray

    folder: Path = tmp_path_factory.mktemp("faults")
    with EmbeddedStore(folder / "store") as store:
        (folder / "parts").mkdir()
        rehearsal = Rehearsal(ray, store, loads(SCENARIO), folder / "parts", shards=2)
        try:
            rehearsal.start()
            rehearsal.wait_for_dials(20, 30)
            yield rehearsal
        finally:
            rehearsal.end()


def tell(sentence: str) -> None:
    """How long it took: `pytest -s` shows it, and a failure's report."""
    print(sentence)  # noqa: T201


def test_whatever_is_killed_comes_back_and_nothing_is_dialled_twice_or_lost(rehearsal: Rehearsal) -> None:
    draw = random.Random(20)
    actors = ["calls-0", "calls-1", "campaign-0", "queues", "recorder"]
    killed = [*actors, *(draw.choice(actors) for _ in range(KILLS - len(actors)))]
    draw.shuffle(killed)
    for actor in killed:
        time.sleep(draw.random())
        took_s = rehearsal.kill(actor)
        dials_s = rehearsal.wait_for_dials(5, 30)
        rehearsal.check()
        tell(f"{actor} killed: it works again after {took_s:.1f} s, 5 dials {dials_s:.1f} s later")
    for actor in set(killed):
        assert f"{actor} has died" in "\n".join(rehearsal.told)
        assert f"{actor} is back after" in "\n".join(rehearsal.told)
        assert rehearsal.process(actor).restarts == killed.count(actor)


def test_a_shard_that_is_paused_for_longer_than_its_lease_is_succeeded_and_wakes_to_nothing(
    rehearsal: Rehearsal,
) -> None:
    paused = psutil.Process(rehearsal.process("calls-0").pid)
    paused.suspend()
    took_s = rehearsal.wait(lambda: rehearsal.works("calls-0", paused.pid), 120, "the shard has a successor")
    tell(f"calls-0 paused: it has a successor after {took_s:.1f} s")
    assert any(sentence.startswith("calls-0 is silent") for sentence in rehearsal.told)
    rehearsal.wait_for_dials(5, 30)
    if paused.is_running():
        paused.resume()
    rehearsal.wait(lambda: not paused.is_running(), 10, "the one that wakes ends")
    rehearsal.check()


def test_while_the_store_is_down_nothing_is_dialled_and_then_the_run_goes_on(rehearsal: Rehearsal) -> None:
    server = rehearsal.server()
    keeper = server.parent()
    assert keeper is not None
    keeper.suspend()
    server.kill()
    time.sleep(1.0)
    dialled = rehearsal.dialled()
    time.sleep(2.5)
    assert rehearsal.dialled() == dialled, "nothing is dialled from a second after on"
    keeper.resume()
    took_s = rehearsal.wait_for_dials(1, 30)
    tell(f"store killed for 3.5 s: dialling again {took_s:.1f} s after it may start")
    assert took_s < 5
    rehearsal.wait(lambda: "the store answers again" in rehearsal.told[-1], 10, "the operator hears of it")
    assert "the store does not answer: nothing is dialled" in rehearsal.told
    rehearsal.wait_for_dials(20, 30)
    rehearsal.check()


def test_an_actor_that_dies_while_the_store_is_down_comes_back_with_it(rehearsal: Rehearsal) -> None:
    pid = rehearsal.process("campaign-0").pid
    server = rehearsal.server()
    keeper = server.parent()
    assert keeper is not None
    keeper.suspend()
    server.kill()
    os.kill(pid, signal.SIGKILL)
    time.sleep(3.0)
    keeper.resume()
    took_s = rehearsal.wait(lambda: rehearsal.works("campaign-0", pid), 120, "the campaign works again")
    tell(f"campaign killed with the store: it works {took_s:.1f} s after the store may start")
    rehearsal.wait_for_dials(5, 30)
    rehearsal.check()


def test_what_a_dead_node_had_comes_back_on_another(rehearsal: Rehearsal, cluster: Any) -> None:
    node = cluster.list_all_nodes()[1]
    actors = rehearsal.live.supervisor.actors
    lost = {
        actor: process.pid
        for actor in actors
        if (process := rehearsal.process(actor)).node.endswith(node.node_id[:8])
    }
    assert lost, "some actors are on the node"
    began_s = time.monotonic()
    cluster.remove_node(node, allow_graceful=False)
    for actor, pid in lost.items():
        rehearsal.wait(lambda actor=actor, pid=pid: rehearsal.works(actor, pid), 120, f"{actor} is back")
    tell(f"node killed with {', '.join(lost)}: they work again after {time.monotonic() - began_s:.1f} s")
    rehearsal.wait_for_dials(20, 30)
    rehearsal.check()


def test_at_the_end_every_call_has_one_row_and_nothing_stays_in_the_store(rehearsal: Rehearsal) -> None:
    rehearsal.stop()
    names = rehearsal.live.names()
    rehearsal.live.look(5)
    admitted = rehearsal.live.statuses["campaign-0"]["campaigns"][0]["attempts"]
    folder, manifest = asyncio.run(manifest_of(rehearsal.live.plan))
    rows = rows_of(b"".join(rows_from_parts(names, folder, manifest)))
    calls = Counter(rows["call_no"].tolist())
    attempts = set(rows["call_no"][rows["campaign"] >= 0].tolist())
    dialled = {int(line.split()[3]) for line in rehearsal.dial_log.read_text().splitlines()}
    assert max(calls.values()) == 1, "no call has two"
    assert len(attempts) == admitted, "every attempt has one"
    assert dialled <= attempts
    tell(f"{len(attempts)} attempts, {len(dialled)} of them dialled, {len(calls) - len(attempts)} callers")
    assert any(sentence.startswith("calls-0 died") for sentence in rehearsal.live.supervisor.incidents())
    rehearsal.live.end()
    with Redis.from_url(rehearsal.store.url) as client:
        assert client.keys("*") == []
