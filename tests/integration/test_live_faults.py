"""Real processes are killed and paused under load, and nodes come and go: nothing is dialled twice, nobody is lost, the
run goes on.

One run on two Ray nodes of this machine, which all of these tests share in the order that they stand in.
"""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import Redis

from actors.recorder import manifest_of
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.core.disposition import DISPOSITIONS
from busyhour.results.live import rows_from_parts
from busyhour.results.rows import rows_of
from simulation.scenario import loads
from tests.support.rehearsal import Rehearsal
from tests.support.two_nodes import two_nodes

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SCENARIO = """
name: faults
seed: 3
clock: {horizon: 10m}
agents: {team: {count: 20}}
queues: {desk: {pools: [team], handle_time: {exponential: {mean: 2s}}, wrap_up: 1s}}
trunks: {main: {channels: 300, calls_per_second: 20, post_dial_delay: 200ms}}
callees:
  all: {outcomes: {human: 0.5, no_answer: 0.5}, ring_time: {human: {exponential: {mean: 2s}}, no_answer: 4s}}
inbound: [{queue: desk, rate: 20/min, trunk: main, handle_time: 2s}]
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
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_nodes() as cluster:
        yield cluster


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
    rehearsal.wait(rehearsal.is_settled, 60, "nothing moves")
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
    took_s = time.monotonic() - began_s
    tell(f"node killed with {', '.join(lost)}: they work again after {took_s:.1f} s")
    rehearsal.wait_for_dials(20, 30)
    rehearsal.check()


def command(rehearsal: Rehearsal, *words: str) -> str:
    """What the command says, which succeeds."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BUSYHOUR_STORE_URL": rehearsal.store.url}
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    tell(f"busyhour {' '.join(words)}: {time.monotonic() - began_s:.1f} s\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def has_open_calls(rehearsal: Rehearsal, node_id: str) -> bool:
    """Whether some actor there takes new calls."""
    nodes = {node.id: node for node in rehearsal.nodes()}
    there = rehearsal.shards()
    return node_id in nodes and any(there.open_of(actor) for actor in nodes[node_id].actors)


def test_a_node_that_joins_gets_calls_and_loses_none_of_them_when_it_is_drained(
    rehearsal: Rehearsal, cluster: Any
) -> None:
    rehearsal.undisturbed_from_us = rehearsal.now_us()
    joined = cluster.add_node(num_cpus=2, object_store_memory=100 << 20).node_id
    took_s = rehearsal.wait(lambda: has_open_calls(rehearsal, joined), 60, "calls are numbered there")
    tell(f"a node has joined: calls are there after {took_s:.1f} s")
    dialled = rehearsal.dialled()
    said = command(rehearsal, "nodes", "drain", joined[:8])
    assert re.search(r"\d+ calls? to go, calls-\d+", said), said
    assert said.endswith(f"{joined[:8]} is empty\n")
    assert rehearsal.dialled() > dialled + 10, "dialling goes on meanwhile"
    assert joined[:8] in rehearsal.told[-1]
    assert [node.actors for node in rehearsal.nodes() if node.id == joined] == [[]]
    assert re.search(rf"{joined[:8]}  2 CPUs, 0 calls, drained: nothing\n", command(rehearsal, "nodes"))
    rehearsal.check()


def test_actors_come_back_to_a_node_that_is_drained_no_more(rehearsal: Rehearsal) -> None:
    (drained,) = [node for node in rehearsal.nodes() if not node.actors]
    assert command(rehearsal, "nodes", "undrain", drained.name) == f"{drained.name}: actors may come again\n"
    rehearsal.wait(lambda: has_open_calls(rehearsal, drained.id), 60, "calls are numbered there")
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
    undisturbed = rows[rows["created_at"] > rehearsal.undisturbed_from_us]
    assert len(undisturbed) > 100
    assert "unknown" not in {DISPOSITIONS[n] for n in undisturbed["disposition"]}, "none was lost by moving"
    tell(f"{len(attempts)} attempts, {len(dialled)} of them dialled, {len(calls) - len(attempts)} callers")
    assert any(sentence.startswith("calls-0 died") for sentence in rehearsal.live.supervisor.incidents())
    rehearsal.live.end()
    with Redis.from_url(rehearsal.store.url) as client:
        assert client.keys("*") == []
