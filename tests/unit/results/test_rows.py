"""The packed row that the engine writes and the dtype that reads it."""

import pickle

import numpy as np
import pytest

from busyhour.results.rows import CALL_ROW, CALL_ROW_STRUCT, Names, pack_row, rows_of


def test_struct_and_dtype_lay_out_the_same_row() -> None:
    values = [*range(1, 12), *range(-7, 0), *range(4)]
    (row,) = rows_of(CALL_ROW_STRUCT.pack(*values))
    assert list(row.item()) == values
    assert CALL_ROW_STRUCT.size == CALL_ROW.itemsize


def test_what_is_not_named_is_absent_or_zero() -> None:
    (row,) = rows_of(pack_row(call_no=7, queue=1))
    absent = {name for name in CALL_ROW.names or () if row[name] == -1}
    zero = {name for name in CALL_ROW.names or () if row[name] == 0}
    assert (row["call_no"], row["queue"]) == (7, 1)
    assert absent == {
        *("contact_no", "created_at", "dialed_at", "ringing_at", "answered_at", "queued_at", "connected_at"),
        *("ended_at", "voice_connected_at", "agent_no", "campaign", "trunk", "voice_agent"),
    }
    assert zero == {
        *("wrap_up_us", "attempt", "sip_code", "disposition", "end_reason", "amd", "direction"),
    }


def test_a_broken_row_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of element size"):
        rows_of(pack_row()[:-1])


def test_rows_are_read_where_they_lie() -> None:
    chunk = pack_row() * 3
    assert np.shares_memory(rows_of(chunk), np.frombuffer(chunk, np.uint8))


def test_names_travel_between_processes() -> None:
    names = Names(campaigns=["retail"], contact_labels=[["a", "b"]], service_thresholds=[5])
    assert pickle.loads(pickle.dumps(names)) == names


def test_a_queue_without_a_threshold_has_twenty_seconds() -> None:
    names = Names(queues=["a", "b"], service_thresholds=[5])
    assert [names.service_threshold(0), names.service_threshold(1)] == [5, 20_000_000]
