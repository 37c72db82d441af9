"""Parts and their manifest: each row once, whatever is sent again, and whoever dies or wakes up when."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from busyhour.core.errors import InvalidValueError
from busyhour.results import parts
from busyhour.results.live import rows_from_parts
from busyhour.results.parts import GapError, Manifest, Part, PartError, PartWriter
from busyhour.results.rows import CALL_ROW, Names, pack_row, rows_of
from tests.unit.results.reference import NAMES, START


def row(number: int) -> bytes:
    return pack_row(call_no=number, created_at=START, ended_at=START + number)


def calls_in(folder: Path, *entries: bytes) -> list[int]:
    chunks = rows_from_parts(NAMES, folder, Manifest(folder, entries=entries))
    return [number for chunk in chunks for number in rows_of(chunk)["call_no"].tolist()]


def test_a_row_that_was_taken_is_not_taken_again(tmp_path: Path) -> None:
    writer = PartWriter(NAMES, tmp_path, 1)
    assert writer.add("a", 1, row(10))
    assert not writer.add("a", 1, row(10))
    assert writer.add("b", 1, row(20))
    first = writer.write()
    assert not writer.add("a", 1, row(10))
    assert writer.add("a", 2, row(11))
    assert writer.pending_rows == 1
    second = writer.write()
    assert (first.received, second.received) == ({"a": 1, "b": 1}, {"a": 2})
    assert calls_in(tmp_path, first.to_entry(), second.to_entry()) == [10, 11, 20]


def test_of_rows_that_come_together_only_the_new_ones_are_taken(tmp_path: Path) -> None:
    writer = PartWriter(NAMES, tmp_path, 1, {"a": 5})
    assert writer.add_rows("a", 3, row(3) + row(4)) == 0
    assert writer.add_rows("a", 4, row(4) + row(5) + row(6) + row(7)) == 2
    assert (writer.pending_rows, writer.received) == (2, {"a": 7})


def test_a_gap_is_refused_and_nothing_of_it_taken(tmp_path: Path) -> None:
    writer = PartWriter(NAMES, tmp_path, 1)
    writer.add("a", 1, row(1))
    with pytest.raises(GapError, match="a sent row 3, 2 is next"):
        writer.add_rows("a", 3, row(3) + row(4))
    assert (writer.pending_rows, writer.received) == (1, {"a": 1})


@pytest.mark.parametrize(("number", "packed"), [(0, row(0)), (1, b"short"), (1, row(1) + row(2)), (1, b"")])
def test_what_is_not_one_numbered_row_is_refused(tmp_path: Path, number: int, packed: bytes) -> None:
    with pytest.raises(InvalidValueError):
        PartWriter(NAMES, tmp_path, 1).add("a", number, packed)


@pytest.mark.parametrize(
    "unknown",
    [
        {"campaign": 1},
        {"agent_no": 3},
        {"disposition": 9},
        {"voice_agent": 7},
        {"campaign": 0, "contact_no": 2},
    ],
)
def test_a_number_without_a_name_is_refused_before_it_stops_the_others(
    tmp_path: Path, unknown: dict[str, int]
) -> None:
    names = Names(campaigns=["a"], agents=["p/1"], voice_agents=["v"], contact_labels=[["ann", "bob"]])
    writer = PartWriter(names, tmp_path, 1)
    with pytest.raises(InvalidValueError, match=list(unknown)[-1]):
        writer.add("a", 1, pack_row(**unknown))
    assert writer.add("b", 1, row(1))
    assert calls_in(tmp_path, writer.write().to_entry()) == [1]


def test_names_may_grow_while_a_run_goes_on(tmp_path: Path) -> None:
    grown = Names(campaigns=["a", "b"], agents=["p/1", "p/2"], voice_agents=["v"])
    made = [
        pack_row(ended_at=1, campaign=0, voice_agent=0, voice_connected_at=0),
        pack_row(ended_at=2, campaign=1, agent_no=1, connected_at=1, contact_no=4),
    ]
    writer = PartWriter(Names(campaigns=["a"], agents=["p/1"], voice_agents=["v"]), tmp_path, 1)
    writer.add("a", 1, made[0])
    entries = [writer.write().to_entry()]
    writer.use_names(grown)
    writer.add("a", 2, made[1])
    entries.append(writer.write().to_entry())
    assert b"".join(rows_from_parts(grown, tmp_path, Manifest(tmp_path, entries=entries))) == b"".join(made)


def test_there_is_no_empty_part(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="pending_rows"):
        PartWriter(NAMES, tmp_path, 1).write()


def test_an_entry_and_a_snapshot_are_read_as_they_were_written(tmp_path: Path) -> None:
    entries = [
        Part("part-1-1.parquet", 3, {"a": 2, "é": 1}, 5, 9).to_entry(),
        Part("part-2-1.parquet", 1, {"a": 3}, 7, 7).to_entry(),
    ]
    assert Part.from_entry(entries[0]).to_entry() == entries[0]
    manifest = Manifest(tmp_path, entries=entries)
    again = Manifest(
        tmp_path, snapshot=Manifest(tmp_path, entries=entries[:1]).snapshot(), entries=entries[1:]
    )
    assert again.parts == manifest.parts
    assert (again.received, again.rows) == (manifest.received, manifest.rows) == ({"a": 3, "é": 1}, 4)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"file": "part-1-1.parquet"}',
        json.dumps(
            {"file": "../part-1-1.parquet", "rows": 1, "received": {"a": 1}, "ended": [1, 1]}
        ).encode(),
        json.dumps({"file": ".part-1-1.partial", "rows": 1, "received": {"a": 1}, "ended": [1, 1]}).encode(),
    ],
)
def test_an_entry_of_another_form_is_refused(tmp_path: Path, entry: bytes) -> None:
    with pytest.raises(PartError):
        Manifest(tmp_path, entries=[entry])
    with pytest.raises(PartError):
        Manifest(tmp_path, snapshot=entry)


@pytest.mark.parametrize(
    "second",
    [
        Part("part-1-1.parquet", 1, {"a": 3}, 1, 1),  # the same again
        Part("part-1-2.parquet", 2, {"a": 3}, 1, 1),  # more rows than numbers
        Part("part-1-2.parquet", 1, {"a": 4}, 1, 1),  # fewer
        Part("part-1-2.parquet", 0, {"a": 2}, 1, 1),
        Part("part-1-2.parquet", 1, {"a": 1, "b": 2}, 1, 1),  # one goes back
    ],
)
def test_a_part_that_does_not_go_on_from_the_last_is_refused(tmp_path: Path, second: Part) -> None:
    manifest = Manifest(tmp_path, entries=[Part("part-1-1.parquet", 2, {"a": 2}, 1, 1).to_entry()])
    with pytest.raises(PartError):
        manifest.apply(second.to_entry())
    assert (manifest.rows, manifest.received) == (2, {"a": 2})


def test_a_part_without_an_entry_does_not_count_and_the_next_owner_sweeps_it(tmp_path: Path) -> None:
    first = PartWriter(NAMES, tmp_path, 1)
    first.add_rows("a", 1, row(1) + row(2))
    counted = first.write().to_entry()
    first.add("a", 3, row(3))
    stray = first.write()
    (tmp_path / "calls" / ".part-1-3.partial").write_bytes(b"cut short")

    manifest = Manifest(tmp_path, entries=[counted])
    assert manifest.strays() == [".part-1-3.partial", stray.file]
    assert manifest.sweep(2) == [".part-1-3.partial", stray.file]
    assert (manifest.strays(), manifest.received) == ([], {"a": 2})
    second = PartWriter(NAMES, tmp_path, 2, manifest.received)
    assert second.add("a", 3, row(3))
    assert calls_in(tmp_path, counted, second.write().to_entry()) == [1, 2, 3]


def test_what_a_succeeded_owner_writes_counts_for_nothing(tmp_path: Path) -> None:
    paused = PartWriter(NAMES, tmp_path, 1)
    paused.add("a", 1, row(1))
    owner = PartWriter(NAMES, tmp_path, 2)
    manifest = Manifest(tmp_path)
    manifest.sweep(2)
    owner.add("a", 1, row(1))
    part = owner.write()
    late = paused.write()  # It wakes up; the journal will refuse its entry.
    manifest.apply(part.to_entry())
    assert calls_in(tmp_path, part.to_entry()) == [1]
    assert manifest.strays() == [late.file]
    assert Manifest(tmp_path).sweep(1) == []  # what the paused one would sweep: nothing of its successor's
    assert manifest.sweep(2) == [late.file]
    assert calls_in(tmp_path, part.to_entry()) == [1]


def test_an_owner_s_part_on_its_way_to_the_journal_is_not_swept(tmp_path: Path) -> None:
    writer = PartWriter(NAMES, tmp_path, 3)
    writer.add("a", 1, row(1))
    part = writer.write()
    assert Manifest(tmp_path).strays() == [part.file]
    assert Manifest(tmp_path).sweep(3) == []


def test_other_files_are_not_strays(tmp_path: Path) -> None:
    PartWriter(NAMES, tmp_path, 1)
    for name in ("replication-00000.parquet", "part-x-1.parquet", "part-1-1.parquet.bak", "notes"):
        (tmp_path / "calls" / name).touch()
    assert Manifest(tmp_path).sweep(9) == []


def test_rows_that_could_not_be_written_are_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = PartWriter(NAMES, tmp_path, 1)
    writer.add("a", 1, row(1))

    def full(_: int) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            writer.write()
    assert (writer.pending_rows, list((tmp_path / "calls").iterdir())) == (1, [])
    writer.add("a", 2, row(2))
    assert calls_in(tmp_path, writer.write().to_entry()) == [1, 2]


@pytest.mark.parametrize("fails", [False, True])
def test_rows_added_while_a_part_is_written_go_into_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    writer = PartWriter(NAMES, tmp_path, 1)
    writer.add("a", 1, row(1))
    entries: list[bytes] = []

    def meanwhile(_: int) -> None:
        if writer.pending_rows == 0:
            writer.add_rows("a", 2, row(2) + row(3))
            writer.add("b", 1, row(4))
        if fails:
            raise OSError("No space left on device")

    with monkeypatch.context() as busy:
        busy.setattr(os, "fsync", meanwhile)
        if fails:
            with pytest.raises(OSError, match="No space left"):
                writer.write()
        else:
            entries.append(writer.write().to_entry())
    assert writer.pending_rows == (4 if fails else 3)
    entries.append(writer.write().to_entry())
    assert calls_in(tmp_path, *entries) == [1, 2, 3, 4]
    assert Manifest(tmp_path, entries=entries).received == {"a": 3, "b": 1}


def test_two_writers_of_one_epoch_never_replace_each_other_s_part(tmp_path: Path) -> None:
    one, other = PartWriter(NAMES, tmp_path, 1), PartWriter(NAMES, tmp_path, 1)
    one.add("a", 1, row(1))
    other.add("a", 1, row(99))
    entry = one.write().to_entry()
    with pytest.raises(FileExistsError, match="epoch 1 has two writers"):
        other.write()
    assert calls_in(tmp_path, entry) == [1]


def test_a_part_of_many_row_groups_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_GROUP_ROWS", 10)
    writer = PartWriter(NAMES, tmp_path, 1)
    made = np.concatenate(
        [
            rows_of(pack_row(call_no=k, ended_at=k, voice_connected_at=k, connected_at=k, agent_no=0))
            for k in range(35)
        ]
    )
    writer.add_rows("a", 1, made.tobytes())
    entry = writer.write().to_entry()
    chunks = list(rows_from_parts(NAMES, tmp_path, Manifest(tmp_path, entries=[entry])))
    assert b"".join(chunks) == made.tobytes()
    assert max(map(len, chunks)) == 10 * CALL_ROW.itemsize


RECORDER = """
import os, random, signal, sys, time
from pathlib import Path

import numpy as np
import pyarrow as pa
from busyhour.results.parts import Manifest, PartWriter
from busyhour.results.rows import CALL_ROW, Names
pa.set_cpu_count(1)

folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
names = Names(campaigns=["retail"], voice_agents=["qualifier"], agents=["sales/1"])
journal, acknowledged = folder / "journal", folder / "acknowledged"


def rows(source, first, count):
    made = np.zeros(count, CALL_ROW)
    made["call_no"] = np.arange(first, first + count) * 3 + source
    made["created_at"] = made["ended_at"] = 10**15 + made["call_no"] * 1_000
    made["voice_agent"] = made["agent_no"] = made["campaign"] = 0
    for name in CALL_ROW.names[3:8] + ("voice_connected_at", "queue", "trunk"):
        made[name] = -1
    return made.tobytes()


def live(epoch):
    draw = random.Random(seed * 1_000 + epoch)
    entries = journal.read_bytes().split(b"\\n") if journal.exists() else [b""]
    with journal.open("ab") as appended:
        appended.truncate(len(b"\\n".join(entries)) - len(entries.pop()))  # an append that was cut short
        manifest = Manifest(folder, entries=entries)
        for name in manifest.sweep(epoch):
            swept.write(name + "\\n")
        swept.flush()
        writer = PartWriter(names, folder, epoch, manifest.received)
        while True:
            for _ in range(draw.randrange(1, 6)):
                source = draw.randrange(3)
                known = manifest.received.get(str(source), 0)
                first = draw.randrange(known, writer.received.get(str(source), 0) + 1) + 1
                writer.add_rows(str(source), first, rows(source, first, draw.randrange(1, 40)))
            if writer.pending_rows:
                entry = writer.write().to_entry()
                time.sleep(draw.uniform(0, 0.005))
                appended.write(entry + b"\\n")
                appended.flush()
                os.fsync(appended.fileno())
                time.sleep(draw.uniform(0, 0.002))
                manifest.apply(entry)
                told.write(repr(manifest.received).encode() + b"\\n")
                told.flush()


draw = random.Random(seed)
told = acknowledged.open("ab")
swept = (folder / "swept").open("a")
for epoch in range(1, rounds + 1):
    child = os.fork()
    if child == 0:
        try:
            live(epoch)
        except BaseException as failure:
            print(epoch, repr(failure), flush=True)
            os._exit(1)
    time.sleep(draw.uniform(0.002, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_a_recorder_that_is_killed_at_any_instant_has_every_row_once(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", RECORDER, tmp_path, "1", "60"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    entries = (tmp_path / "journal").read_bytes().split(b"\n")[:-1]
    manifest = Manifest(tmp_path, entries=entries)
    epochs = {part.file.split("-")[1] for part in manifest.parts}
    assert len(epochs) > 5
    swept = [*(tmp_path / "swept").read_text().split(), *manifest.sweep(61)]
    assert any(name.endswith(".partial") for name in swept)  # killed while it wrote one,
    assert any(name.endswith(".parquet") for name in swept)  # and between its renaming and the journal
    files = {path.name for path in (tmp_path / "calls").iterdir()}
    assert files == {part.file for part in manifest.parts}

    recorded = rows_of(b"".join(rows_from_parts(NAMES, tmp_path, manifest)))["call_no"]
    expected = [n * 3 + int(source) for source, last in manifest.received.items() for n in range(1, last + 1)]
    assert recorded.tolist() == sorted(expected)
    for line in (tmp_path / "acknowledged").read_text().splitlines():
        for source, number in json.loads(line.replace("'", '"')).items():
            assert number <= manifest.received[source]
