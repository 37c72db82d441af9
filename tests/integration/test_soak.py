"""A million virtual calls in one process leave it as it was: memory, objects, descriptors, threads, processes."""

import ctypes
import gc
import multiprocessing
import os
import shutil
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow as pa
import pytest

from simulation.executor import run_one
from simulation.scenario import loads

pytestmark = pytest.mark.slow

BLENDED = """
name: soak
seed: 11
clock: {horizon: 10h}
agents: {team: {count: 60}}
queues: {desk: {pools: [team], handle_time: {exponential: {mean: 30s}}, wrap_up: 5s, patience: 30s}}
trunks: {main: {channels: 400, calls_per_second: 10}}
callees:
  all: {outcomes: {human: 0.25, machine: 0.25, no_answer: 0.4, busy: 0.1}, ring_time: {human: 6s, machine: 9s}}
inbound: [{queue: desk, rate: 40/min, trunk: main}]
campaigns:
  spring:
    contacts: {count: 60000}
    callees: all
    queue: desk
    trunk: main
    pacing: {mode: power, lines_per_agent: 4}
    retry: {max_attempts: 4, rules: [{outcome: no_answer, after: 10m}, {outcome: busy, after: 5m}]}
"""
CALLS = 1_000_000
GROWTH_MOST = 48 << 20
"""Bytes; a leak of fifty a call would be more. What allocators can't give back swings by about fifteen MiB."""


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    memory: int
    """Resident, bytes, without what allocators keep for the next one who asks."""
    objects: int
    """That the collector knows of."""
    descriptors: int
    threads: int
    children: int

    @staticmethod
    def by_us() -> "Held":
        gc.collect()
        pa.default_memory_pool().release_unused()
        ctypes.CDLL(None).malloc_trim(0)
        process = psutil.Process()
        return Held(
            process.memory_info().rss,
            len(gc.get_objects()),
            len(os.listdir("/proc/self/fd")),
            threading.active_count(),
            len(process.children()),
        )


def held_before_and_after(folder: Path) -> tuple[Held, Held]:
    """A million calls."""
    scenario = loads(BLENDED)
    calls = replication = 0

    def replicate() -> int:
        nonlocal replication
        ended = run_one(scenario, replication, folder / "out", False, lambda fraction, calls: None)
        shutil.rmtree(folder / "out")
        replication += 1
        return ended.calls

    for _ in range(3):  # What is imported, cached or pooled once.
        replicate()
    before = Held.by_us()
    while calls < CALLS:
        calls += replicate()
    return before, Held.by_us()


def test_a_million_calls_leave_nothing_behind(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as of_its_own:
        before, after = of_its_own.submit(held_before_and_after, tmp_path).result()
    assert (after.descriptors, after.threads, after.children) == (
        before.descriptors,
        before.threads,
        before.children,
    )
    assert after.objects - before.objects < 1_000
    assert after.memory - before.memory < GROWTH_MOST
