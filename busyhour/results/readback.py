"""The `calls/` dataset read back into packed rows: `busyhour.results.parquet` the other way round.

Two fields of `CALL_ROW` have no column of their own: the voice agent a call was meant for or began with, and when it
was taken there, where a person took the call in the end. Rarer rows lose more: contacts whose labels are not unique, an
agent who was named and never connected. A file that is to be read back keeps `untold` beside its columns, in its own
metadata, so that what readers see is the same dataset and every row comes back bit by bit, whatever was in it.
"""

import base64
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from busyhour.core.disposition import AMD_RESULTS, DIRECTIONS, DISPOSITIONS, END_REASONS
from busyhour.core.ids import ABSENT, SECOND
from busyhour.results.arrow import ArrowArray, ArrowTable, pa, pc, pq
from busyhour.results.parquet import NAMED
from busyhour.results.rows import CALL_ROW, CallRows, Names

_KEY: Final = "busyhour.untold"
_TAKEN_AS_THEY_ARE: Final = ("created_at", "dialed_at", "ringing_at", "answered_at", "queued_at", "ended_at")
_FIELDS: Final = CALL_ROW.names or ()


class RowReader:
    """Packed rows from the dataset's table, as far as its columns tell. What they don't is absent, or 0."""

    def __init__(self, names: Names) -> None:
        agents = [*names.agents, *names.voice_agents]
        self._first_voice_agent = len(names.agents)
        self._campaign_names = list(names.campaigns)
        self._labels: list[ArrowArray | None] = [
            None if labels is None else pa.array(labels, pa.string()) for labels in names.contact_labels
        ]
        self._numbers: dict[str, dict[str, int]] = {
            column: {name: number for number, name in reversed(list(enumerate(known)))}
            for column, known in (
                ("campaign_id", names.campaigns),
                ("trunk", names.trunks),
                ("queue_id", names.queues),
                ("agent_id", agents),
                ("direction", DIRECTIONS),
                ("disposition", DISPOSITIONS),
                ("end_reason", END_REASONS),
                ("amd", AMD_RESULTS),
            )
        }

    def rows(self, table: ArrowTable) -> CallRows:
        """In the table's order. Raises KeyError where it names what `names` has not."""
        rows = np.zeros(table.num_rows, CALL_ROW)
        if not len(rows):
            return rows
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        replication = str(columns["replication"][0].as_py())
        rows["call_no"] = _numbers_after(replication, columns["call_id"])
        for name in _TAKEN_AS_THEY_ARE:
            rows[name] = _whole(columns[name], ABSENT)
        for field, name in (("campaign", "campaign_id"), ("queue", "queue_id"), ("trunk", "trunk")):
            rows[field] = self._index(columns, name)
        for field in ("disposition", "end_reason", "direction"):
            rows[field] = self._index(columns, field)
        rows["amd"] = np.maximum(self._index(columns, "amd"), 0)
        for field in ("attempt", "sip_code"):
            rows[field] = _whole(columns[field], 0)
        wrap_up_s = columns["wrap_up_s"].fill_null(0.0).to_numpy(zero_copy_only=False)
        rows["wrap_up_us"] = np.rint(wrap_up_s * SECOND).astype(np.int64)
        rows["contact_no"] = self._contacts(rows["campaign"], columns["contact_id"])
        agent = self._index(columns, "agent_id")
        connected = _whole(columns["connected_at"], ABSENT)
        # Nobody's, it is a campaign's own message.
        person = (agent >= 0) & (agent < self._first_voice_agent)
        rows["agent_no"] = np.where(person, agent, ABSENT)
        rows["connected_at"] = np.where(person, connected, ABSENT)
        rows["voice_connected_at"] = np.where(person, ABSENT, connected)
        voice = agent >= self._first_voice_agent
        rows["voice_agent"] = np.where(voice, agent - self._first_voice_agent, ABSENT)
        return rows

    def _index(self, columns: Mapping[str, ArrowArray], name: str) -> NDArray[np.int64]:
        column = columns[name]
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        indices = _whole(column.indices, ABSENT)
        told: list[str] = column.dictionary.to_pylist()
        here = np.unique(indices)
        numbers = np.full(len(told) + 1, ABSENT, np.int64)  # the last, for null, is found at -1
        for index in here[here >= 0].tolist():
            numbers[index] = self._numbers[name][told[index]]
        return numbers[indices]

    def _contacts(self, campaign: NDArray[np.int16], contacts: ArrowArray) -> NDArray[np.int64]:
        found = np.full(len(campaign), ABSENT, np.int64)
        present = contacts.is_valid().to_numpy(zero_copy_only=False) & (campaign >= 0)
        for index in map(int, np.unique(campaign[present])):
            here = present & (campaign == index)
            ids = contacts.filter(pa.array(here))
            labels = self._labels[index] if index < len(self._labels) else None
            if labels is None:
                found[here] = _numbers_after(self._campaign_names[index], ids)
            else:
                found[here] = _whole(pc.index_in(ids, value_set=labels), ABSENT)
        return found


def _whole(column: ArrowArray, absent: int) -> NDArray[np.int64]:
    return column.cast(pa.int64()).fill_null(absent).to_numpy(zero_copy_only=False)


def _numbers_after(prefix: str, ids: ArrowArray) -> NDArray[np.int64]:
    return pc.cast(pc.utf8_slice_codeunits(ids, len(prefix) + 1), pa.int64()).to_numpy(zero_copy_only=False)


def untold(rows: CallRows, told: CallRows, group: int) -> dict[str, str]:
    """What has to be added to `told`, which a RowReader made of the row group's table, to have `rows` again.

    By field, for the metadata of the file: whole columns of differences, which are nearly all 0 and all but vanish when
    compressed. In base64, because not every reader of Parquet takes bytes there.
    """
    kept: dict[str, str] = {}
    for field in _FIELDS:
        difference = np.ascontiguousarray(rows[field]) - np.ascontiguousarray(told[field])
        if difference.any():
            packed = zlib.compress(difference.tobytes(), level=1)
            kept[f"{_KEY}.{group}.{field}"] = base64.b64encode(packed).decode("ascii")
    return kept


def _tell(rows: CallRows, metadata: Mapping[bytes, bytes], group: int) -> None:
    for field in _FIELDS:
        kept = metadata.get(f"{_KEY}.{group}.{field}".encode())
        if kept is not None:
            difference = np.frombuffer(zlib.decompress(base64.b64decode(kept)), rows.dtype[field])
            rows[field] = np.ascontiguousarray(rows[field]) + difference


def read_back(path: Path, reader: RowReader) -> Iterator[CallRows]:
    """The rows of a file, a row group at a time. Raises OSError, and pyarrow's ArrowInvalid where it is not whole."""
    with pq.ParquetFile(str(path), read_dictionary=list(NAMED)) as file:
        metadata: Mapping[bytes, bytes] = file.metadata.metadata or {}
        for group in range(file.metadata.num_row_groups):
            rows = reader.rows(file.read_row_group(group, use_threads=False))
            _tell(rows, metadata, group)
            yield rows


def rows_in(path: Path) -> int:
    """As its footer says. Raises as `read_back` does."""
    metadata: Any = pq.read_metadata(str(path))
    return int(metadata.num_rows)
