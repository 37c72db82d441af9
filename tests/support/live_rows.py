"""What simulated runs leave, and shards that deliver it as live ones do: at least once, late and in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import simulation.runs
from busyhour.results.parts import Manifest, PartWriter
from busyhour.results.recorder import ReplicationRecorder
from busyhour.results.replication import ReplicationResult
from busyhour.results.rows import CallRows, Names, rows_of
from busyhour.results.tallies import Tallies
from busyhour.results.window import Window
from simulation.scenario import Scenario

SHARDS = 4


@dataclass
class Simulated:
    names: Names
    window: Window
    tallies: Tallies
    rows: CallRows
    result: ReplicationResult


def simulated(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, out: Path | None = None) -> Simulated:
    """Replication 0 of `scenario`, with what its recorder was given."""
    heard: list[bytes] = []
    told: list[tuple[Names, Window, Tallies]] = []

    class Overheard(ReplicationRecorder):
        def __init__(self, names: Names, replication: int, window: Window, out_dir: Path | None) -> None:
            super().__init__(names, replication, window, out_dir)
            self.given = names, window

        def add(self, chunk: bytes) -> None:
            heard.append(chunk)
            super().add(chunk)

        def finish(self, tallies: Tallies) -> ReplicationResult:
            told.append((*self.given, tallies))
            return super().finish(tallies)

    with monkeypatch.context() as patched:
        patched.setattr("busyhour.results.recorder.ReplicationRecorder", Overheard)
        result = simulation.runs.run_replication(scenario, 0, out, False, lambda _share, _calls: None)
    ((names, window, tallies),) = told
    return Simulated(names, window, tallies, rows_of(b"".join(heard)), result)


def by_shard(rows: CallRows) -> dict[str, CallRows]:
    return {f"shard-{k}": rows[rows["call_no"] % SHARDS == k] for k in range(SHARDS)}


@dataclass
class Recording:
    """A recorder and its journal, in memory. `part_rows`: a part is written when so many rows wait."""

    names: Names
    folder: Path
    part_rows: int
    entries: list[bytes] = field(default_factory=list[bytes])
    epoch: int = 0

    def activate(self) -> None:
        """The next owner takes over from what the journal has."""
        self.epoch += 1
        self.manifest = Manifest(self.folder, entries=self.entries)
        self.manifest.sweep(self.epoch)
        self.writer = PartWriter(self.names, self.folder, self.epoch, self.manifest.received)

    def take(self, source: str, first: int, rows: bytes) -> None:
        self.writer.add_rows(source, first, rows)
        if self.writer.pending_rows >= self.part_rows:
            self.settle()

    def settle(self) -> None:
        if self.writer.pending_rows:
            entry = self.writer.write().to_entry()
            self.entries.append(entry)
            self.manifest.apply(entry)


def recorded(names: Names, folder: Path, rows: CallRows, part_rows: int, seed: int = 1) -> Recording:
    """All of `rows` through a recorder that dies a few times, from shards that send again what was not acknowledged."""
    rng = np.random.default_rng(seed)
    recording = Recording(names, folder, part_rows)
    recording.activate()
    deliveries = _deliveries(by_shard(rows), recording, rng)
    for count, (source, first, chunk) in enumerate(deliveries):
        recording.take(source, first, chunk)
        if count % 15 == 14:
            if rng.integers(2) and recording.writer.pending_rows:
                recording.writer.write()  # renamed, and dead before the journal had it
            recording.activate()
    recording.settle()
    return recording


def _deliveries(
    shards: dict[str, CallRows], recording: Recording, rng: np.random.Generator
) -> Iterator[tuple[str, int, bytes]]:
    """Each shard sends batches from what it last heard acknowledged, or begins a little before."""
    while True:
        behind = [s for s in shards if recording.writer.received.get(s, 0) < len(shards[s])]
        if not behind:
            return
        source = behind[int(rng.integers(len(behind)))]
        taken = recording.writer.received.get(source, 0)
        first = max(recording.manifest.received.get(source, 0), taken - int(rng.integers(50))) + 1
        batch = shards[source][first - 1 : first + int(rng.integers(1, 100))]
        yield source, first, batch.tobytes()
