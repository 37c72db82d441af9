"""A live run's parts tell what a simulated run of the same rows tells: every row, every KPI, the same bytes."""

import hashlib
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from busyhour.core.errors import InvalidValueError
from busyhour.results.live import Run, conclude_parts, merged, most_side_by_side, rows_from_parts
from busyhour.results.parquet import CALLS_SCHEMA
from busyhour.results.parts import Manifest, PartError, PartWriter, in_order_of_end
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import CALL_ROW, CallRows, Names, pack_row, rows_of
from busyhour.results.summary import summarise
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window
from simulation.run_facts import facts_of
from simulation.scenario import load
from tests.support.live_rows import recorded, simulated
from tests.unit.results.reference import HOUR, NAMES, START, Call, call, packed
from tests.unit.results.strategies import calls

LIBRARY = Path(__file__).parents[3] / "scenarios"
SHIPPED = {
    "outbound_retail": ["clock.horizon=90m"],  # predictive
    "blended_billing": ["clock.horizon=2h"],  # with a warm-up
    "agentless_reminders": ["clock.horizon=2h"],  # voice agents who pass calls on
    "inbound_hotline": ["clock.horizon=12h"],  # callers who try again
    "redial_policies": ["clock.horizon=6d", "campaigns.eager.contacts.count=600"],  # until idle
    "trunk_outage": [],
}


def same(one: ReplicationResult, other: ReplicationResult, *but: str) -> None:
    for f in fields(ReplicationResult):
        if f.name not in but:
            np.testing.assert_equal(_plain(getattr(one, f.name)), _plain(getattr(other, f.name)), f.name)


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@pytest.mark.parametrize("name", SHIPPED)
def test_a_run_concluded_from_parts_is_the_simulated_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = load(LIBRARY / f"{name}.yaml", SHIPPED[name])
    run = simulated(scenario, monkeypatch)
    ordered = in_order_of_end(run.rows)
    recording = recorded(run.names, tmp_path / "live", run.rows, part_rows=200)
    assert recording.epoch > 1
    assert recording.manifest.rows == len(run.rows)
    manifest = Manifest(tmp_path / "live", entries=recording.entries)
    assert b"".join(rows_from_parts(run.names, tmp_path / "live", manifest)) == ordered.tobytes()

    concluded = conclude_parts(
        run.names, run.window, tmp_path / "live", manifest, run.tallies, tmp_path / "concluded"
    )
    # Calls that ended at the same instant stood in another order in the run's own digest.
    assert concluded.digest == hashlib.sha256(ordered.tobytes()).hexdigest()
    same(concluded, run.result, "digest", "quantile_bounds")
    facts = facts_of(scenario)
    summaries = [summarise([r], facts).as_json() for r in (concluded, run.result)]
    assert all(summary.pop("digest") for summary in summaries)
    assert summaries[0] == summaries[1]

    recorder = ReplicationRecorder(run.names, 0, run.window, tmp_path / "simulated")
    recorder.add(ordered.tobytes())
    same(concluded, recorder.finish(run.tallies))
    for path in ("calls/replication-00000.parquet", "intervals/replication-00000.parquet"):
        assert (tmp_path / "concluded" / path).read_bytes() == (tmp_path / "simulated" / path).read_bytes()


def part_of(folder: Path, rows: bytes, names: Names = NAMES) -> Manifest:
    writer = PartWriter(names, folder, 1)
    writer.add_rows("shard", 1, rows)
    return Manifest(folder, entries=[writer.write().to_entry()])


@given(made=calls())
def test_any_row_comes_back_bit_by_bit(made: list[Call], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("live")
    manifest = part_of(folder, packed(made))
    expected = in_order_of_end(rows_of(packed(made))).tobytes()
    assert b"".join(rows_from_parts(NAMES, folder, manifest)) == expected


def test_what_no_column_tells_comes_back(tmp_path: Path) -> None:
    """A transfer that a person took, labels that are not unique, an agent without a call, names that are alike."""
    names = Names(
        campaigns=["a"],
        queues=["q"],
        voice_agents=["twin", "v"],
        agents=["twin"],
        contact_labels=[["ann", "bob", "ann"]],
    )
    made = [
        call(voice_connected_at=1, queued_at=3, connected_at=4, ended_at=9, voice_agent=1, agent_no=0),
        call(ended_at=10, campaign=0, contact_no=2),
        call(ended_at=11, agent_no=0),
        call(voice_connected_at=2, ended_at=12, voice_agent=0),
        call(connected_at=2, ended_at=13, wrap_up_us=7),
        call(ended_at=14, wrap_up_us=2**53 + 1, amd=-1, sip_code=-3, attempt=-2, contact_no=5),
    ]
    manifest = part_of(tmp_path, packed(made), names)
    assert b"".join(rows_from_parts(names, tmp_path, manifest)) == packed(made)


def test_a_part_has_the_dataset_s_schema(tmp_path: Path) -> None:
    manifest = part_of(tmp_path, packed([call(voice_connected_at=1, connected_at=2, ended_at=3, agent_no=0)]))
    table = pq.read_table(tmp_path / "calls")
    assert table.schema.equals(CALLS_SCHEMA)
    (part,) = manifest.parts
    written = pq.ParquetFile(tmp_path / "calls" / part.file)
    recorder = ReplicationRecorder(NAMES, 0, Window(START, START + HOUR), tmp_path / "run")
    recorder.add(packed([call(ended_at=3, created_at=1)]))
    recorder.finish(Tallies(START + HOUR, HOUR))
    run = pq.ParquetFile(tmp_path / "run" / "calls" / "replication-00000.parquet")
    for column in range(len(CALLS_SCHEMA)):
        mine, theirs = (f.metadata.row_group(0).column(column) for f in (written, run))
        assert mine.compression == theirs.compression
        assert set(mine.encodings) == set(theirs.encodings)
    for file in (written, run):
        file.close()


def test_a_run_without_calls_is_concluded(tmp_path: Path) -> None:
    tallies = Tallies(START + HOUR, HOUR)
    window = Window(START, START + HOUR)
    assert conclude_parts(NAMES, window, tmp_path, Manifest(tmp_path), tallies, None).calls == 0


def test_a_part_that_is_missing_or_cut_short_is_told(tmp_path: Path) -> None:
    manifest = part_of(tmp_path, packed([call(ended_at=3)]))
    path = tmp_path / "calls" / manifest.parts[0].file
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PartError, match=r"part-1-1.parquet .* can't be read"):
        list(rows_from_parts(NAMES, tmp_path, manifest))
    path.unlink()
    with pytest.raises(PartError, match=r"part-1-1.parquet .* is missing"):
        conclude_parts(NAMES, Window(START, None), tmp_path, manifest, Tallies(START, 0), tmp_path / "out")
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == []


def test_the_conclusion_does_not_lie_among_the_parts(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="another folder"):
        conclude_parts(
            NAMES, Window(START, None), tmp_path, Manifest(tmp_path), Tallies(START, 0), tmp_path / "."
        )


def run_of(ended_at: list[int]) -> Run:
    rows = rows_of(b"".join(pack_row(call_no=at * 7 % 5, ended_at=at) for at in sorted(ended_at)))
    rows = in_order_of_end(rows)

    def blocks() -> Any:
        for at in range(0, len(rows), 3):
            yield rows[at : at + 3]

    return Run(min(ended_at), max(ended_at), blocks)


@pytest.mark.parametrize("most_open", [2, 3, 100])
def test_runs_that_overlap_more_than_may_be_open_are_merged_beforehand(
    tmp_path: Path, most_open: int
) -> None:
    rng = np.random.default_rng(3)
    drawn = [rng.integers(0, 60, rng.integers(1, 12)).tolist() for _ in range(20)]
    runs = sorted((run_of(ended) for ended in drawn), key=lambda run: run.first_ended_at)
    assert most_side_by_side(runs) > 3
    blocks: list[CallRows] = list(merged(runs, tmp_path, most_open))
    everything = np.concatenate([block for run in runs for block in run.blocks()])
    assert np.concatenate(blocks).tobytes() == in_order_of_end(everything).tobytes()
    assert list(tmp_path.iterdir()) == []


def test_calls_that_ended_at_one_instant_go_by_number_whichever_part_they_are_in(tmp_path: Path) -> None:
    writer = PartWriter(NAMES, tmp_path, 1)
    entries: list[bytes] = []
    for number, (call_no, ended_at) in enumerate([(1, 3), (9, 5), (2, 5), (7, 6), (8, 5)], 1):
        writer.add("shard", number, pack_row(call_no=call_no, ended_at=ended_at))
        if number != 1:
            entries.append(writer.write().to_entry())
    manifest = Manifest(tmp_path, entries=entries)
    rows = rows_of(b"".join(rows_from_parts(NAMES, tmp_path, manifest)))
    assert rows["call_no"].tolist() == [1, 2, 8, 9, 7]


def test_parts_that_follow_each_other_stand_side_by_side_no_more_than_they_overlap() -> None:
    assert most_side_by_side([]) == 0
    assert most_side_by_side([run_of([0, 5]), run_of([6, 9])]) == 1
    assert most_side_by_side([run_of([0, 5]), run_of([1, 2]), run_of([3, 9]), run_of([5, 6])]) == 3


FEED = f"""
import resource, sys
from pathlib import Path
import numpy as np
from busyhour.results.live import rows_from_parts
from busyhour.results.parts import Manifest, PartWriter
from busyhour.results.rows import CALL_ROW, Names

folder, parts, size = Path(sys.argv[1]), int(sys.argv[2]), 20_000
names = Names(campaigns=["c"], voice_agents=["v"], pools=["p"], agents=["p/1"], agent_pool=[0])
rows = np.zeros(size, CALL_ROW)
for name in CALL_ROW.names[1:16]:
    rows[name] = -1
rows["campaign"] = rows["voice_agent"] = rows["agent_no"] = rows["wrap_up_us"] = 0
writer, entries = PartWriter(names, folder, 1), []
for part in range(parts):
    rows["call_no"] = rows["contact_no"] = np.arange(size) + part * size
    rows["created_at"] = {START} + rows["call_no"] * 1_000
    rows["voice_connected_at"] = rows["created_at"] + rows["call_no"] * 7_919 % 1_000
    rows["connected_at"] = rows["voice_connected_at"] + 1_000
    rows["ended_at"] = rows["connected_at"] + rows["call_no"] * 31 % 2_000_000
    writer.add_rows("shard", part * size + 1, rows.tobytes())
    entries.append(writer.write().to_entry())
print(sum(map(len, rows_from_parts(names, folder, Manifest(folder, entries=entries)))) // CALL_ROW.itemsize)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mb(folder: Path, parts: int) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", FEED, folder, str(parts)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    rows, peak = (int(line) for line in told.stdout.split())
    assert rows == parts * 20_000
    return peak


def test_memory_is_bounded_by_the_parts_that_overlap_and_not_by_calls(tmp_path: Path) -> None:
    few, many = peak_mb(tmp_path / "few", 8), peak_mb(tmp_path / "many", 60)
    assert many < few + 50
    assert 52 * 20_000 * CALL_ROW.itemsize > 100 * 2**20
