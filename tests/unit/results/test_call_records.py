"""The `calls/` dataset: its schema, what is null, and that the same rows are the same bytes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from busyhour.core import disposition as d
from busyhour.results.parquet import BLOCK_ROWS, CALLS_SCHEMA
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.rows import Names, pack_row
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window
from tests.unit.results.reference import HOUR, NAMES, SECOND, START, Call, call, record, row_of
from tests.unit.results.strategies import calls

INSTANT = pa.timestamp("us", "UTC")


def written(out: Path, made: list[Call], **options: Any) -> list[dict[str, Any]]:
    record(made, out=out, **options)
    return pq.read_table(out / "calls").to_pylist()


def at(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=START + micros)


def test_the_schema_is_the_documented_one(tmp_path: Path) -> None:
    record([call(created_at=0, ended_at=0)], out=tmp_path)
    expected = pa.schema(
        [
            ("replication", pa.int32()),
            *((name, pa.string()) for name in ("call_id", "campaign_id", "contact_id")),
            ("attempt", pa.int16()),
            *((name, pa.string()) for name in ("direction", "trunk", "queue_id", "agent_id")),
            *((name, INSTANT) for name in ("created_at", "dialed_at", "ringing_at", "answered_at")),
            *((name, INSTANT) for name in ("queued_at", "connected_at", "ended_at")),
            *((name, pa.string()) for name in ("disposition", "end_reason")),
            ("sip_code", pa.int16()),
            ("amd", pa.string()),
            *((name, pa.float64()) for name in ("wait_s", "talk_s", "wrap_up_s")),
        ]
    )
    assert pq.read_schema(tmp_path / "calls" / "replication-00000.parquet").equals(expected)
    assert CALLS_SCHEMA.equals(expected)


def test_an_outbound_call_is_told_whole(tmp_path: Path) -> None:
    made = call(
        call_no=41,
        contact_no=17,
        created_at=0,
        dialed_at=SECOND,
        ringing_at=3 * SECOND,
        answered_at=9 * SECOND,
        queued_at=10_500_000,
        connected_at=11 * SECOND,
        ended_at=191 * SECOND,
        wrap_up_us=20_250_000,
        agent_no=2,
        campaign=1,
        queue=0,
        trunk=0,
        attempt=2,
        sip_code=200,
        disposition=d.HUMAN,
        end_reason=d.END_COMPLETED,
        amd=d.AMD_HUMAN,
        direction=d.OUTBOUND,
    )
    assert written(tmp_path, [made], replication=3) == [
        {
            "replication": 3,
            "call_id": "3-41",
            "campaign_id": "renewals",
            "contact_id": "renewals-17",
            "attempt": 2,
            "direction": "outbound",
            "trunk": "main",
            "queue_id": "sales",
            "agent_id": "seniors/1",
            "created_at": at(0),
            "dialed_at": at(SECOND),
            "ringing_at": at(3 * SECOND),
            "answered_at": at(9 * SECOND),
            "queued_at": at(10_500_000),
            "connected_at": at(11 * SECOND),
            "ended_at": at(191 * SECOND),
            "disposition": "human",
            "end_reason": "completed",
            "sip_code": 200,
            "amd": "human",
            "wait_s": 0.5,
            "talk_s": 180.0,
            "wrap_up_s": 20.25,
        }
    ]


def test_what_did_not_happen_is_null(tmp_path: Path) -> None:
    made = call(created_at=0, ended_at=SECOND, disposition=d.FAILED, end_reason=d.END_NO_CHANNEL)
    (row,) = written(tmp_path, [made])
    assert {name for name, value in row.items() if value is None} == {
        *("campaign_id", "contact_id", "attempt", "trunk", "queue_id", "agent_id", "dialed_at", "ringing_at"),
        *("answered_at", "queued_at", "connected_at", "sip_code", "amd", "wait_s", "talk_s", "wrap_up_s"),
    }


def test_who_hung_up_while_waiting_has_a_wait_and_no_talk(tmp_path: Path) -> None:
    made = call(created_at=0, queued_at=0, ended_at=4 * SECOND, queue=0, disposition=d.ABANDONED)
    (row,) = written(tmp_path, [made])
    assert (row["wait_s"], row["talk_s"], row["wrap_up_s"]) == (4.0, None, None)


def test_a_call_that_only_a_voice_agent_took_is_its_own(tmp_path: Path) -> None:
    made = call(created_at=0, voice_connected_at=SECOND, ended_at=31 * SECOND, voice_agent=0)
    (row,) = written(tmp_path, [made])
    assert (row["agent_id"], row["connected_at"], row["talk_s"]) == ("qualifier", at(SECOND), 30.0)


def test_a_call_that_a_voice_agent_passed_on_is_the_human_agent_s_who_took_it(tmp_path: Path) -> None:
    common = {"created_at": 0, "voice_connected_at": SECOND, "voice_agent": 0, "queue": 0}
    made = [
        call(**common, queued_at=20 * SECOND, connected_at=25 * SECOND, ended_at=85 * SECOND, agent_no=0),
        call(**common, queued_at=20 * SECOND, ended_at=90 * SECOND, disposition=d.ABANDONED),
    ]
    taken, lost = written(tmp_path, made)
    assert (taken["agent_id"], taken["wait_s"], taken["talk_s"]) == ("sales/1", 5.0, 60.0)
    assert (lost["agent_id"], lost["wait_s"], lost["talk_s"]) == ("qualifier", 70.0, 19.0)


def test_a_campaign_s_own_message_is_nobody_s(tmp_path: Path) -> None:
    made = call(created_at=0, voice_connected_at=SECOND, ended_at=31 * SECOND, campaign=0)
    (row,) = written(tmp_path, [made])
    assert (row["agent_id"], row["connected_at"], row["talk_s"]) == (None, at(SECOND), 30.0)


def test_contacts_have_their_own_ids_where_the_list_gave_some(tmp_path: Path) -> None:
    names = Names(campaigns=["a", "b"], contact_labels=[["ann", "bob", "cy"], None])
    made = [
        call(created_at=0, ended_at=0, campaign=0, contact_no=2),
        call(created_at=0, ended_at=1, campaign=1, contact_no=2),
        call(created_at=0, ended_at=2),
    ]
    rows = written(tmp_path, made, names=names)
    assert [row["contact_id"] for row in rows] == ["cy", "b-2", None]


@given(made=calls())
def test_every_instant_survives_the_file(made: list[Call], tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = written(tmp_path_factory.mktemp("run"), made)
    absent = {"dialed_at": -1, "answered_at": -1, "queued_at": -1}
    expected = [{**absent, **entry} for entry in sorted(made, key=lambda entry: entry["ended_at"])]
    for name in ("created_at", "ended_at", *absent):
        assert [row[name] for row in rows] == [None if e[name] < 0 else at(e[name]) for e in expected]


def test_the_same_rows_are_the_same_bytes_however_they_come_in(tmp_path: Path) -> None:
    made = [
        call(created_at=k, queued_at=k, ended_at=k + SECOND, queue=k % 2, contact_no=k) for k in range(500)
    ]
    for name, chunk_rows in (("whole", 500), ("again", 500), ("in_pieces", 7)):
        record(made, out=tmp_path / name, chunk_rows=chunk_rows)
    for dataset in ("calls", "intervals"):
        whole, again, in_pieces = (
            (tmp_path / name / dataset / "replication-00000.parquet").read_bytes()
            for name in ("whole", "again", "in_pieces")
        )
        assert whole == again == in_pieces


def test_row_groups_are_of_one_size_whatever_the_chunks(tmp_path: Path) -> None:
    rows = BLOCK_ROWS + 5
    chunk = b"".join(_row(k) for k in range(1_000))
    recorder = ReplicationRecorder(NAMES, 0, Window(START, START + HOUR), tmp_path)
    left = rows
    while left:
        recorder.add(chunk[: min(left, 1_000) * len(_row(0))])
        left -= min(left, 1_000)
    recorder.finish(Tallies(START + HOUR, HOUR))
    metadata = pq.read_metadata(tmp_path / "calls" / "replication-00000.parquet")
    assert [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)] == [BLOCK_ROWS, 5]


def _row(number: int) -> bytes:
    return pack_row(**row_of(call(call_no=number, created_at=number, ended_at=number)))


def test_replications_lie_side_by_side_in_one_dataset(tmp_path: Path) -> None:
    for replication in (0, 1):
        record([call(created_at=0, ended_at=0)], out=tmp_path, replication=replication)
    (tmp_path / "calls" / ".replication-00002.partial").write_bytes(b"cut short")
    table = ds.dataset(tmp_path / "calls").to_table()
    assert set(table["call_id"].to_pylist()) == {"0-0", "1-0"}
