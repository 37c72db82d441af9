"""Small calls by hand, a tiny M/M/c, and every KPI worked out again one call at a time."""

import heapq
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from busyhour.core import disposition as d
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import CALL_ROW, Names, pack_row
from busyhour.results.tallies import PoolTally, QueueTally, Tallies
from busyhour.results.window import Window

START = 1_772_488_800_000_000
"""2026-03-02T22:00:00Z, in microseconds."""
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

INSTANTS = (
    "created_at",
    "dialed_at",
    "ringing_at",
    "answered_at",
    "queued_at",
    "connected_at",
    "ended_at",
    "voice_connected_at",
)

NAMES = Names(
    campaigns=["retail", "renewals"],
    queues=["sales", "billing"],
    trunks=["main"],
    voice_agents=["qualifier"],
    pools=["sales", "seniors"],
    agents=["sales/1", "sales/2", "seniors/1"],
    agent_pool=[0, 0, 1],
    queue_pools=[[0, 1], [1]],
    service_thresholds=[20 * SECOND, 10 * SECOND],
)

Call = dict[str, int]


def call(**columns: int) -> Call:
    """Instants are microseconds from the start of the run."""
    return columns


def row_of(call: Mapping[str, int]) -> dict[str, int]:
    return {name: value + START if name in INSTANTS and value >= 0 else value for name, value in call.items()}


def packed(calls: Sequence[Mapping[str, int]]) -> bytes:
    """In the order they end, numbered in the order given."""
    numbered = [{"call_no": number, **entry} for number, entry in enumerate(calls)]
    return b"".join(
        pack_row(**row_of(entry)) for entry in sorted(numbered, key=lambda entry: entry["ended_at"])
    )


def record(
    calls: Sequence[Mapping[str, int]],
    *,
    names: Names = NAMES,
    horizon: int | None = HOUR,
    ended_at: int | None = None,
    warmup: int = 0,
    out: Path | None = None,
    replication: int = 0,
    chunk_rows: int = 10_000,
    **tallies: Any,
) -> ReplicationResult:
    end = ended_at if horizon is None else horizon
    assert end is not None
    window = Window(START, None if horizon is None else START + horizon, warmup)
    recorder = ReplicationRecorder(names, replication, window, out)
    rows = packed(calls)
    size = chunk_rows * CALL_ROW.itemsize
    for at in range(0, len(rows), size):
        recorder.add(rows[at : at + size])
    return recorder.finish(Tallies(START + end, end, **tallies))


def staffed(*agents: int, since: int = 0) -> list[PoolTally]:
    return [PoolTally(staffing=[(START + since, count)]) for count in agents]


def mmc(
    seed: int,
    *,
    agents: int,
    arrivals_per_s: float,
    talk_s: float,
    horizon: int,
    patience_s: float | None = None,
) -> list[Call]:
    """First-come-first-served callers of queue 0, agents numbered from 0 on."""
    rng = np.random.default_rng(seed)
    free = [(0, agent) for agent in range(agents)]
    heapq.heapify(free)
    calls: list[Call] = []
    at = 0
    while True:
        at += int(rng.exponential(SECOND / arrivals_per_s)) + 1
        if at >= horizon:
            break
        talk = int(rng.exponential(talk_s * SECOND)) + 1
        patience = horizon if patience_s is None else int(rng.exponential(patience_s * SECOND))
        since, agent = free[0]
        taken = max(at, since)
        if taken - at > patience:
            gone = min(at + patience, horizon)
            calls.append(
                call(
                    created_at=at,
                    answered_at=at,
                    queued_at=at,
                    ended_at=gone,
                    queue=0,
                    end_reason=d.END_NO_AGENT if at + patience < horizon else d.END_HORIZON,
                    disposition=d.ABANDONED if at + patience < horizon else d.UNKNOWN,
                )
            )
        elif taken >= horizon:
            calls.append(
                call(
                    created_at=at,
                    answered_at=at,
                    queued_at=at,
                    ended_at=horizon,
                    queue=0,
                    end_reason=d.END_HORIZON,
                    disposition=d.UNKNOWN,
                )
            )
        else:
            ended = taken + talk
            heapq.heapreplace(free, (ended, agent))
            calls.append(
                call(
                    created_at=at,
                    answered_at=at,
                    queued_at=at,
                    connected_at=taken,
                    ended_at=min(ended, horizon),
                    queue=0,
                    agent_no=agent,
                    end_reason=d.END_COMPLETED if ended < horizon else d.END_HORIZON,
                )
            )
    return calls


def queue_area(calls: Sequence[Mapping[str, int]], queue: int, start: int, end: int) -> int:
    """The queue's length integrated by sweeping its changes in order, as an engine does."""
    changes: list[tuple[int, int]] = []
    for entry in calls:
        if entry.get("queue", -1) == queue and entry.get("queued_at", -1) >= 0:
            gone = entry["connected_at"] if entry.get("connected_at", -1) >= 0 else entry["ended_at"]
            changes += [(entry["queued_at"], 1), (gone, -1)]
    area = length = 0
    before = start
    for at, change in sorted(changes):
        now = min(max(at, start), end)
        area += length * (now - before)
        before = now
        length += change
    return area + length * (end - before)


def tallied(calls: Sequence[Mapping[str, int]], queues: int, start: int, end: int) -> list[QueueTally]:
    return [QueueTally(queue_area(calls, queue, start, end)) for queue in range(queues)]


class ByHand:
    """Every KPI of a replication from its definition, a call at a time. Ratios come as (numerator, denominator)."""

    def __init__(
        self, calls: Sequence[Mapping[str, int]], names: Names, start: int, end: int, agents: Sequence[int]
    ) -> None:
        empty = dict.fromkeys(CALL_ROW.names or (), 0)
        absent = dict.fromkeys(
            (*INSTANTS, "agent_no", "campaign", "queue", "trunk", "voice_agent", "contact_no"), -1
        )
        self.all: list[Call] = [{**empty, **absent, **entry} for entry in calls]
        self.calls = [c for c in self.all if c["created_at"] >= start]
        self.names, self.start, self.end, self.agents = names, start, end, agents

    def span(self, begun: int, over: int) -> int:
        return max(0, min(over, self.end) - max(begun, self.start))

    def campaign(self, index: int) -> dict[str, Any]:
        mine = [c for c in self.calls if c["campaign"] == index and c["direction"] == d.OUTBOUND]
        live = [
            c
            for c in mine
            if c["queued_at"] >= 0
            or c["voice_connected_at"] >= 0
            or c["disposition"] in (d.HUMAN, d.ABANDONED)
        ]
        abandoned = _with(mine, d.ABANDONED)
        dialed: dict[int, int] = {}
        for c in mine:
            if c["dialed_at"] >= 0:
                dialed[c["dialed_at"] // SECOND] = dialed.get(c["dialed_at"] // SECOND, 0) + 1
        return {
            "attempts": len(mine),
            "live_answers": len(live),
            "connects": sum(c["connected_at"] >= 0 or c["voice_connected_at"] >= 0 for c in mine),
            "abandoned": abandoned,
            "machines": _with(mine, d.MACHINE),
            "no_answers": _with(mine, d.NO_ANSWER),
            "busy": _with(mine, d.BUSY),
            "invalid": _with(mine, d.INVALID),
            "failed": _with(mine, d.FAILED),
            "blocked": sum(_blocked(c) for c in mine),
            "abandonment_rate": (abandoned, len(live)),
            "answer_rate": (len(live), len(mine)),
            "attempts_per_contact": (len(mine), self._contacted(mine)),
            "calls_per_second_max": max(dialed.values(), default=0),
        }

    def _contacted(self, attempts: Sequence[Mapping[str, int]]) -> int:
        """After a warm-up an attempt that counts may be a contact's second."""
        if self.start == 0:
            return sum(c["attempt"] == 1 for c in attempts)
        return len({c["contact_no"] for c in attempts if c["contact_no"] >= 0})

    def queue(self, index: int) -> dict[str, Any]:
        offered = [
            c
            for c in self.calls
            if c["queue"] == index and (c["queued_at"] >= 0 or c["end_reason"] == d.END_QUEUE_FULL)
        ]
        entered = [c for c in offered if c["end_reason"] != d.END_QUEUE_FULL]
        answered = [c for c in offered if c["connected_at"] >= 0]
        others_doing = (d.END_QUEUE_FULL, d.END_CANCELLED, d.END_HORIZON)
        abandoned = sum(
            c["queued_at"] >= 0 and c["connected_at"] < 0 and c["end_reason"] not in others_doing
            for c in offered
        )
        blocked = len(offered) - len(entered)
        in_time = sum(_wait(c) <= self.names.service_threshold(index) for c in answered)
        pools = self.names.queue_pools[index]
        waiting = sum(
            self.span(c["queued_at"], c["connected_at"] if c["connected_at"] >= 0 else c["ended_at"])
            for c in self.all
            if c["queue"] == index and c["queued_at"] >= 0
        )
        waits = sorted(_wait(c) for c in entered)
        return {
            "offered": len(offered),
            "answered": len(answered),
            "abandoned": abandoned,
            "blocked": blocked,
            "abandonment_rate": (abandoned, len(offered)),
            "blocking_rate": (blocked, len(offered)),
            "wait_probability": (sum(_wait(c) > 0 for c in offered), len(offered)),
            "service_level": (in_time, len(offered)),
            "asa_s": (sum(_wait(c) for c in answered) / SECOND, len(answered)),
            "wait_mean_s": (sum(_wait(c) for c in entered) / SECOND, len(entered)),
            "queue_length_mean": (waiting, self.end - self.start),
            "talk_mean_s": (sum(c["ended_at"] - c["connected_at"] for c in answered) / SECOND, len(answered)),
            "wrap_up_mean_s": (sum(c["wrap_up_us"] for c in answered) / SECOND, len(answered)),
            "occupancy": (sum(sum(self._busy(p)) for p in pools), sum(self._staffed(p) for p in pools)),
            "agents_mean": (sum(self._staffed(p) for p in pools), self.end - self.start),
            **{
                f"wait_p{percent}_s": waits[-(-percent * len(waits) // 100) - 1] / SECOND if waits else None
                for percent in (50, 90, 95, 99)
            },
        }

    def pool(self, index: int) -> dict[str, Any]:
        talk, wrap_up = self._busy(index)
        staffed_us = self._staffed(index)
        taken = [
            c for c in self.calls if c["connected_at"] >= 0 and c["agent_no"] >= 0 and c["queued_at"] >= 0
        ]
        return {
            "occupancy": (talk + wrap_up, staffed_us),
            "talk_share": (talk, staffed_us),
            "wrap_up_share": (wrap_up, staffed_us),
            "idle_share": (staffed_us - talk - wrap_up, staffed_us),
            "agents_mean": (staffed_us, self.end - self.start),
            "calls": sum(self.names.agent_pool[c["agent_no"]] == index for c in taken),
        }

    def trunk(self, index: int) -> dict[str, Any]:
        mine = [c for c in self.calls if c["trunk"] == index]
        mine = [c for c in mine if c["dialed_at"] >= 0 or c["campaign"] < 0 or _blocked(c)]
        blocked = sum(_blocked(c) for c in mine)
        answered = [c for c in mine if c["answered_at"] >= 0]
        held = sum(
            self.span(c["dialed_at"] if c["dialed_at"] >= 0 else c["created_at"], c["ended_at"])
            for c in self.all
            if c["trunk"] == index
            and (c["dialed_at"] >= 0 or c["campaign"] < 0)
            and c["end_reason"] != d.END_NO_CHANNEL
        )
        return {
            "attempts": len(mine),
            "blocked": blocked,
            "blocking_rate": (blocked, len(mine)),
            "channels_mean": (held, self.end - self.start),
            "answer_seizure_ratio": (len(answered), len(mine) - blocked),
            "average_call_duration_s": (
                sum(c["ended_at"] - c["answered_at"] for c in answered) / SECOND,
                len(answered),
            ),
        }

    def voice_agent(self, index: int) -> dict[str, Any]:
        def gone(c: Call) -> int:
            return c["queued_at"] if c["queued_at"] >= 0 else c["ended_at"]

        mine = [c for c in self.calls if c["voice_agent"] == index]
        answered = [c for c in mine if c["voice_connected_at"] >= 0]
        turned_away = [
            c
            for c in mine
            if c["voice_connected_at"] < 0
            and (
                c["end_reason"] == d.END_NO_VOICE_AGENT
                or (c["disposition"] == d.ABANDONED and c["queued_at"] < 0)
            )
        ]
        held = [c for c in self.all if c["voice_agent"] == index and c["voice_connected_at"] >= 0]
        return {
            "offered": len(answered) + len(turned_away),
            "answered": len(answered),
            "transferred": sum(c["queued_at"] >= 0 for c in answered),
            "concurrent_mean": (
                sum(self.span(c["voice_connected_at"], gone(c)) for c in held),
                self.end - self.start,
            ),
            "talk_mean_s": (sum(gone(c) - c["voice_connected_at"] for c in answered) / SECOND, len(answered)),
        }

    def _busy(self, pool: int) -> tuple[int, int]:
        mine = [
            c
            for c in self.all
            if c["connected_at"] >= 0 and c["agent_no"] >= 0 and self.names.agent_pool[c["agent_no"]] == pool
        ]
        talk = sum(self.span(c["connected_at"], c["ended_at"]) for c in mine)
        return talk, sum(self.span(c["ended_at"], c["ended_at"] + c["wrap_up_us"]) for c in mine)

    def _staffed(self, pool: int) -> int:
        return self.agents[pool] * (self.end - self.start)


def _with(calls: Sequence[Mapping[str, int]], disposition: int) -> int:
    return sum(c["disposition"] == disposition for c in calls)


def _wait(c: Mapping[str, int]) -> int:
    if c["queued_at"] < 0:
        return 0
    return (c["connected_at"] if c["connected_at"] >= 0 else c["ended_at"]) - c["queued_at"]


def _blocked(c: Mapping[str, int]) -> bool:
    refused = c["end_reason"] == d.END_CARRIER_FAILURE and c["sip_code"] == 503
    return c["answered_at"] < 0 and (c["end_reason"] in (d.END_NO_CHANNEL, d.END_TRUNK_DOWN) or refused)
