"""The `calls/` dataset: a row an attempt or inbound call, written a row group at a time.

The bytes of a file depend on its rows and names alone: row groups are cut by the caller at fixed sizes, the
file carries no instant, path or host, and nothing is encoded by more than one thread.
"""

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.disposition import AMD_RESULTS, DIRECTIONS, DISPOSITIONS, END_REASONS
from busyhour.results.arrow import (
    INSTANT,
    ArrowArray,
    ArrowTable,
    instants,
    named,
    nullable,
    numbered,
    pa,
    pc,
    pq,
    seconds,
)
from busyhour.results.columns import Columns
from busyhour.results.rows import Names

BLOCK_ROWS: Final = 131_072
"""Rows worked on at once, and in one row group: 14 MB, whatever the size of the chunks that come in."""

CALLS_SCHEMA: Final = pa.schema(
    [
        ("replication", pa.int32()),
        ("call_id", pa.string()),
        ("campaign_id", pa.string()),
        ("contact_id", pa.string()),
        ("attempt", pa.int16()),
        ("direction", pa.string()),
        ("trunk", pa.string()),
        ("queue_id", pa.string()),
        ("agent_id", pa.string()),
        ("created_at", INSTANT),
        ("dialed_at", INSTANT),
        ("ringing_at", INSTANT),
        ("answered_at", INSTANT),
        ("queued_at", INSTANT),
        ("connected_at", INSTANT),
        ("ended_at", INSTANT),
        ("disposition", pa.string()),
        ("end_reason", pa.string()),
        ("sip_code", pa.int16()),
        ("amd", pa.string()),
        ("wait_s", pa.float64()),
        ("talk_s", pa.float64()),
        ("wrap_up_s", pa.float64()),
    ]
)
"""What a reader of the dataset sees."""

NAMED: Final = (
    "campaign_id",
    "direction",
    "trunk",
    "queue_id",
    "agent_id",
    "disposition",
    "end_reason",
    "amd",
)
_SMALL: Final = ("replication", "attempt", "sip_code")
_NUMBERED: Final = ("call_id", "contact_id")
_SECONDS: Final = ("wait_s", "talk_s", "wrap_up_s")
_INSTANTS: Final = tuple(f.name for f in CALLS_SCHEMA if f.type == INSTANT)

# Measured, 131,072 rows: everything zstd 240 ns and 40.8 bytes a row, this 200 and 41.5, everything snappy
# 175 and 45.9; statistics on every column cost 80 ns more and only help a reader who filters by time.
_COMPRESSION: Final = {f.name: "zstd" if f.name in _NUMBERED else "snappy" for f in CALLS_SCHEMA}

# Names go to the writer as dictionary arrays, so it copies indices and never hashes strings; without the
# stored Arrow schema a reader gets plain strings back.
WRITTEN_SCHEMA: Final = pa.schema(
    [(f.name, pa.dictionary(pa.int32(), pa.string()) if f.name in NAMED else f.type) for f in CALLS_SCHEMA]
)


def open_calls_file(path: Path) -> Any:
    """Raises OSError where the file can't be made."""
    return pq.ParquetWriter(
        os.fspath(path),
        WRITTEN_SCHEMA,
        compression=_COMPRESSION,
        compression_level=dict.fromkeys(_NUMBERED, 1),
        use_dictionary=[*NAMED, *_SMALL],
        column_encoding={
            **dict.fromkeys(_INSTANTS, "DELTA_BINARY_PACKED"),
            **dict.fromkeys(_SECONDS, "BYTE_STREAM_SPLIT"),
        },
        write_statistics=["created_at", "ended_at"],
        store_schema=False,
    )


class CallTableBuilder:
    """Turns rows into the dataset's table: whole columns at a time, no Python object a row."""

    def __init__(self, names: Names, replication: int) -> None:
        self._replication = replication
        self._campaign_names = list(names.campaigns)
        self._campaigns = pa.array(names.campaigns, pa.string())
        self._trunks = pa.array(names.trunks, pa.string())
        self._queues = pa.array(names.queues, pa.string())
        self._agents = pa.array([*names.agents, *names.voice_agents], pa.string())
        self._first_voice_agent = len(names.agents)
        self._directions = pa.array(DIRECTIONS, pa.string())
        self._dispositions = pa.array(DISPOSITIONS, pa.string())
        self._end_reasons = pa.array(END_REASONS, pa.string())
        self._amd = pa.array(AMD_RESULTS, pa.string())
        self._labels: list[ArrowArray | None] = [
            None if labels is None else pa.array(labels, pa.string()) for labels in names.contact_labels
        ]

    def table(self, c: Columns) -> ArrowTable:
        n = len(c)
        queued, connected, ended = c.queued_at, c.connected_at, c.ended_at
        waited_until = np.where(connected >= 0, connected, ended)
        agent, talked_until = c.agent_no, ended
        # The row is the last agent's who had the call: of one that a voice agent passed on and no person took, still
        # the voice agent's. A campaign's own message is nobody's.
        by_voice = (c.voice_connected_at >= 0) & (connected < 0)
        if by_voice.any():
            connected = np.where(by_voice, c.voice_connected_at, connected)
            session = np.where(c.voice_agent >= 0, c.voice_agent + self._first_voice_agent, -1)
            agent = np.where(by_voice, session, agent)
            talked_until = np.where(by_voice, c.voice_ended_at(), ended)
        took = connected >= 0
        columns = {
            "replication": pa.array(np.full(n, self._replication, np.int32)),
            "call_id": numbered(str(self._replication), c.call_no),
            "campaign_id": named(c.campaign, self._campaigns),
            "contact_id": self._contacts(c.campaign, c.contact_no),
            "attempt": nullable(c.attempt, c.attempt > 0, pa.int16()),
            "direction": named(c.direction, self._directions),
            "trunk": named(c.trunk, self._trunks),
            "queue_id": named(c.queue, self._queues),
            "agent_id": named(agent, self._agents),
            **{
                name: instants(connected if name == "connected_at" else getattr(c, name))
                for name in _INSTANTS
            },
            "disposition": named(c.disposition, self._dispositions),
            "end_reason": named(c.end_reason, self._end_reasons),
            "sip_code": nullable(c.sip_code, c.sip_code > 0, pa.int16()),
            "amd": named(np.where(c.amd > 0, c.amd, np.int8(-1)), self._amd),
            "wait_s": seconds(waited_until - queued, queued >= 0),
            "talk_s": seconds(talked_until - connected, took),
            "wrap_up_s": seconds(c.wrap_up_us, took),
        }
        return pa.Table.from_arrays([columns[f.name] for f in WRITTEN_SCHEMA], schema=WRITTEN_SCHEMA)

    def _contacts(self, campaign: NDArray[np.int16], contact: NDArray[np.int64]) -> ArrowArray:
        present = (campaign >= 0) & (contact >= 0)
        if not present.any():
            return pa.nulls(len(contact), pa.string())
        pieces: ArrowArray | None = None
        for index in map(int, np.unique(campaign[present])):
            here = present & (campaign == index)
            labels = self._labels[index] if index < len(self._labels) else None
            if labels is not None:
                piece = labels.take(nullable(contact, here, pa.int64()))
            else:
                piece = numbered(self._campaign_names[index], contact, here)
            pieces = piece if pieces is None else pc.coalesce(pieces, piece)
        assert pieces is not None
        return pieces
