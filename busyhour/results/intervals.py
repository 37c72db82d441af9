"""The `intervals/` dataset: a row a 15-minute interval and campaign, queue, pool of agents, trunk or voice
agent.

Intervals count from the start of the run, the last may be cut short; warm-up is included and marked. A call
counts in the interval in which it was created (a queue's: in which it was offered), whenever it ended, so
that rates within a row belong together. Columns that make no sense for a kind are null.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.ids import SECOND
from busyhour.results.arrow import INSTANT, ArrowTable, pa, pq
from busyhour.results.rows import Names
from busyhour.results.sums import CAMPAIGN_COUNTS, QUEUE_COUNTS, QUEUE_SUMS, TRUNK_COUNTS, VOICE_COUNTS, Sums
from busyhour.results.tallies import Tallies
from busyhour.results.timeline import INTERVAL
from busyhour.results.window import Window

INTERVALS_SCHEMA: Final = pa.schema(
    [
        ("replication", pa.int32()),
        ("start", INSTANT),
        ("length_s", pa.float64()),
        ("warmup", pa.bool_()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("attempts", pa.int64()),
        ("offered", pa.int64()),
        ("live_answers", pa.int64()),
        ("machines", pa.int64()),
        ("connects", pa.int64()),
        ("answered", pa.int64()),
        ("abandoned", pa.int64()),
        ("blocked", pa.int64()),
        ("transferred", pa.int64()),
        ("abandonment_rate", pa.float64()),
        ("service_level", pa.float64()),
        ("wait_mean_s", pa.float64()),
        ("queue_length_mean", pa.float64()),
        ("agents_staffed_mean", pa.float64()),
        ("agents_talking_mean", pa.float64()),
        ("agents_wrap_up_mean", pa.float64()),
        ("agents_idle_mean", pa.float64()),
        ("occupancy", pa.float64()),
        ("channels_mean", pa.float64()),
        ("channels_max", pa.int64()),
        ("concurrent_mean", pa.float64()),
    ]
)

Column = NDArray[Any] | Sequence[Any]


def interval_table(
    names: Names,
    replication: int,
    window: Window,
    end: int,
    sums: Sums,
    staffed_us: NDArray[np.int64],
    tallies: Tallies,
) -> ArrowTable:
    """`sums` and `staffed_us` (int64[intervals, pools]) go by interval; `end` is the instant the replication
    ended."""
    count = len(sums.campaigns)
    start = window.start + np.arange(count) * INTERVAL
    length = np.maximum(np.minimum(start + INTERVAL, end) - start, 0)
    common: dict[str, Column] = {
        "replication": np.full(count, replication, np.int32),
        "start": start,
        "length_s": length / SECOND,
        "warmup": start < window.statistics_from,
    }
    tables = [
        _table(count, common, "campaign", name, _campaign(sums, index))
        for index, name in enumerate(names.campaigns)
    ]
    for index, name in enumerate(names.queues):
        pools = names.queue_pools[index] if index < len(names.queue_pools) else ()
        columns = {**_queue(sums, index, length), **_agents(sums, pools, staffed_us, length)}
        tables.append(_table(count, common, "queue", name, columns))
    for index, name in enumerate(names.pools):
        columns = {"answered": sums.pools[:, index, 0], **_agents(sums, (index,), staffed_us, length)}
        tables.append(_table(count, common, "agents", name, columns))
    for index, name in enumerate(names.trunks):
        most = tallies.trunks[index].channels_max_by_interval if index < len(tallies.trunks) else ()
        columns = {
            **_pick(TRUNK_COUNTS, sums.trunks[:, index]),
            "channels_mean": _quotient(sums.channels_us[:, index], length),
            "channels_max": [most[i] if i < len(most) else None for i in range(count)],
        }
        tables.append(_table(count, common, "trunk", name, columns))
    for index, name in enumerate(names.voice_agents):
        columns = {
            **_pick(VOICE_COUNTS, sums.voice_agents[:, index]),
            "concurrent_mean": _quotient(sums.voice_us[:, index], length),
        }
        tables.append(_table(count, common, "voice_agent", name, columns))
    return pa.concat_tables(tables) if tables else INTERVALS_SCHEMA.empty_table()


def write_intervals(path: Path, table: ArrowTable) -> None:
    """Raises OSError where the file can't be made. The bytes depend on the table alone."""
    pq.write_table(table, os.fspath(path), compression="zstd", compression_level=1, store_schema=False)


def _campaign(sums: Sums, index: int) -> dict[str, Column]:
    counts = _pick(CAMPAIGN_COUNTS, sums.campaigns[:, index])
    chosen = ("attempts", "live_answers", "machines", "connects", "abandoned", "blocked")
    return {
        **{name: counts[name] for name in chosen},
        "abandonment_rate": _quotient(counts["abandoned"], counts["live_answers"]),
    }


def _queue(sums: Sums, index: int, length: NDArray[np.int64]) -> dict[str, Column]:
    row = _pick((*QUEUE_COUNTS, *QUEUE_SUMS), sums.queues[:, index])
    return {
        **{name: row[name] for name in ("offered", "answered", "abandoned", "blocked")},
        "abandonment_rate": _quotient(row["abandoned"], row["offered"]),
        "service_level": _quotient(row["in_time"], row["offered"]),
        "wait_mean_s": _quotient(row["entered_wait_us"] / SECOND, row["offered"] - row["blocked"]),
        "queue_length_mean": _quotient(sums.waiting_us[:, index], length),
    }


def _agents(
    sums: Sums, pools: Sequence[int], staffed_us: NDArray[np.int64], length: NDArray[np.int64]
) -> dict[str, Column]:
    chosen = list(pools)
    talk, wrap_up = sums.talk_us[:, chosen].sum(axis=1), sums.wrap_up_us[:, chosen].sum(axis=1)
    columns: dict[str, Column] = {
        "agents_talking_mean": _quotient(talk, length),
        "agents_wrap_up_mean": _quotient(wrap_up, length),
    }
    if chosen and not (staffed_us[:, chosen] < 0).any():
        staffed = staffed_us[:, chosen].sum(axis=1)
        columns["agents_staffed_mean"] = _quotient(staffed, length)
        columns["agents_idle_mean"] = _quotient(staffed - talk - wrap_up, length)
        columns["occupancy"] = _quotient(talk + wrap_up, staffed)
    return columns


def _pick(names: Sequence[str], values: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    return {name: values[:, index] for index, name in enumerate(names)}


def _quotient(above: NDArray[Any], below: NDArray[np.int64]) -> list[float | None]:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = above / below
    return [float(q) if b > 0 else None for q, b in zip(quotient, below, strict=True)]


def _table(
    count: int, common: dict[str, Column], kind: str, name: str, columns: Mapping[str, Column]
) -> ArrowTable:
    full: dict[str, Column] = {**common, "kind": [kind] * count, "name": [name] * count, **columns}
    nothing: list[None] = [None] * count
    return pa.table(
        [pa.array(full.get(f.name, nothing), f.type) for f in INTERVALS_SCHEMA],
        schema=INTERVALS_SCHEMA,
    )
