"""What a live run carries on this machine, and what a call of it costs.

    python -m bench.live [--rate 100] [--talk 52] [--minutes 4] [--shards 1] [--json FILE]

An agentless campaign, every call answered: `rate` attempts a second and `rate` × `talk` calls at once. Every input of
every actor is fsynced before it happens. Prints attempts a second, calls at once, and by call: entries journaled,
requests to the store, batches and messages between actors, processor time and memory.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

from actors.live_run import LiveRun
from actors.plan import LivePlan
from actors.replications import Order, connected
from busyhour.adapters.valkey.embedded import EmbeddedStore
from simulation.executor import Job
from simulation.scenario import Scenario, loads

LOOK_S: Final = 1.0


def scenario_of(rate: float, talk_s: float, minutes: float) -> Scenario:
    return loads(f"""
name: live-load
seed: 3
clock: {{horizon: {minutes}m}}
trunks: {{sip: {{channels: {round(rate * talk_s * 2)}, calls_per_second: {rate}, post_dial_delay: 500ms}}}}
callees: {{all: {{outcomes: {{human: 1}}, ring_time: {{human: 2s}}}}}}
voice_agents: {{assistant: {{talk_time: {{normal: {{mean: {talk_s}s, sd: {talk_s / 10}s}}}}}}}}
campaigns:
  load:
    contacts: {{count: {round(rate * minutes * 120)}}}
    callees: all
    trunk: sip
    voice_agent: assistant
    pacing: {{mode: agentless}}
""")


def usage(live: LiveRun) -> dict[str, tuple[float, int]]:
    """Actor → (processor seconds, resident bytes)."""
    found: dict[str, tuple[float, int]] = {}
    for actor, status in live.statuses.items():
        process = psutil.Process(status["pid"])
        times = process.cpu_times()
        found[actor] = (times.user + times.system, process.memory_info().rss)
    return found


def measure(rate: float, talk_s: float, minutes: float, shards: int) -> dict[str, Any]:
    scenario = scenario_of(rate, talk_s, minutes)
    with tempfile.TemporaryDirectory() as store_dir, tempfile.TemporaryDirectory() as folder:
        parts = Path(folder)
        with EmbeddedStore(Path(store_dir)) as store:
            server = next(p for p in psutil.Process().children(recursive=True) if "valkey" in p.name())
            ray = connected(None, None)
            order = Order.of(Job(scenario, [0], parts))
            plan = LivePlan(
                "bench", store.url, order, 1.0, LivePlan.roles_of(scenario, shards), 0, parts, parts / "dials"
            )
            live = LiveRun(ray, plan, scenario)
            try:
                return _sampled(live, scenario, parts / "dials", server, minutes)
            finally:
                live.end()
                ray.shutdown()


def _sampled(
    live: LiveRun, scenario: Scenario, dials: Path, server: psutil.Process, minutes: float
) -> dict[str, Any]:
    live.start()
    began = time.monotonic()
    live.look(LOOK_S * 5)
    before = usage(live)
    store_before = sum(server.cpu_times()[:2])
    samples: list[tuple[float, int, int]] = []
    while time.monotonic() - began < minutes * 60:
        statuses = live.look(LOOK_S)
        calls = sum(status["calls"] for actor, status in statuses.items() if actor.startswith("calls"))
        dialled = dials.read_bytes().count(b"\n") if dials.exists() else 0
        samples.append((time.monotonic() - began, calls, dialled))
        time.sleep(LOOK_S)
    after = usage(live)
    store_s = sum(server.cpu_times()[:2]) - store_before
    wall_s = time.monotonic() - began
    counts = {actor: status["counts"] for actor, status in live.statuses.items()}
    tallies = live.stop(scenario.clock.start_us + round(wall_s * 1e6))
    last = samples[-1]
    third = samples[len(samples) // 3]
    dialled = last[2]
    rows = live.look(LOOK_S * 5)["recorder"]["rows"]
    duplicates = dialled - len(
        {line.rsplit(b" ", 1)[0] for line in dials.read_bytes().splitlines()[:dialled]}
    )

    def each(name: str) -> float:
        return sum(count.get(name, 0) for count in counts.values()) / dialled

    return {
        "attempts": dialled,
        "attempts/s": (last[2] - third[2]) / (last[0] - third[0]),
        "calls at once": max(calls for _, calls, _ in samples),
        "rows": rows,
        "dialled twice": duplicates,
        "illegal events": tallies.illegal_events,
        "entries a call": each("entries"),
        "appends a call": each("turns"),
        "claims a call": each("claims"),
        "messages a call": each("messages"),
        "batches a call": each("batches"),
        "cores": {actor: (after[actor][0] - before[actor][0]) / wall_s for actor in after}
        | {"store": store_s / wall_s},
        "MB": {actor: after[actor][1] / 1e6 for actor in after} | {"store": server.memory_info().rss / 1e6},
        "kB a call at once": sum(after[a][1] - before[a][1] for a in after if a.startswith("calls"))
        / 1e3
        / max(1, max(calls for _, calls, _ in samples)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What a live run carries on this machine.")
    parser.add_argument("--rate", type=float, default=100.0, help="attempts a second")
    parser.add_argument("--talk", type=float, default=52.0, help="seconds")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--json", type=Path, default=None)
    asked = parser.parse_args()
    measured = measure(asked.rate, asked.talk, asked.minutes, asked.shards)
    for name, value in measured.items():
        shown = (
            ", ".join(f"{key} {part:.2f}" for key, part in value.items())
            if isinstance(value, dict)
            else f"{value:,.2f}"
        )
        print(f"{name:20} {shown}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
