"""The `intervals/` dataset adds up to the KPIs, interval by interval."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given

from busyhour.results.intervals import INTERVALS_SCHEMA
from busyhour.results.tallies import PoolTally, TrunkTally
from tests.unit.results.reference import HOUR, MINUTE, SECOND, START, Call, call, record, staffed
from tests.unit.results.strategies import calls


def intervals(out: Path, made: list[Call], **options: Any) -> list[dict[str, Any]]:
    record(made, out=out, **options)
    table = pq.read_table(out / "intervals")
    assert table.schema.equals(INTERVALS_SCHEMA)
    return table.to_pylist()


def of(rows: list[dict[str, Any]], kind: str, name: str) -> list[dict[str, Any]]:
    return [row for row in rows if (row["kind"], row["name"]) == (kind, name)]


def test_a_queue_over_an_hour_and_a_half(tmp_path: Path) -> None:
    made = [
        call(
            created_at=0,
            queued_at=0,
            connected_at=0,
            ended_at=15 * MINUTE,
            queue=1,
            agent_no=2,
            wrap_up_us=3 * MINUTE,
        ),
        call(created_at=0, queued_at=0, connected_at=15 * MINUTE, ended_at=18 * MINUTE, queue=1, agent_no=2),
        call(created_at=16 * MINUTE, queued_at=16 * MINUTE, ended_at=17 * MINUTE, queue=1, disposition=6),
    ]
    rows = of(intervals(tmp_path, made, horizon=80 * MINUTE, pools=staffed(0, 2)), "queue", "billing")
    assert [row["length_s"] for row in rows] == [900, 900, 900, 900, 900, 300]
    first, second, third = rows[:3]
    assert (first["offered"], first["answered"], first["abandoned"]) == (2, 2, 0)
    assert (second["offered"], second["answered"], second["abandoned"]) == (1, 0, 1)
    assert (first["service_level"], second["service_level"], third["service_level"]) == (0.5, 0.0, None)
    assert (first["wait_mean_s"], second["wait_mean_s"]) == (450.0, 60.0)
    assert (first["queue_length_mean"], second["queue_length_mean"]) == (1.0, pytest.approx(1 / 15))
    assert (first["agents_talking_mean"], second["agents_talking_mean"]) == (1.0, pytest.approx(3 / 15))
    assert (first["agents_wrap_up_mean"], second["agents_wrap_up_mean"]) == (0.0, pytest.approx(3 / 15))
    assert (first["agents_staffed_mean"], first["agents_idle_mean"], first["occupancy"]) == (2.0, 1.0, 0.5)
    assert second["abandonment_rate"] == 1.0
    assert first["channels_mean"] is None


def test_a_trunk_shows_the_mean_and_the_most_of_its_channels(tmp_path: Path) -> None:
    made = [
        call(created_at=0, dialed_at=0, ended_at=10 * MINUTE, campaign=0, trunk=0, direction=1),
        call(created_at=0, dialed_at=5 * MINUTE, ended_at=20 * MINUTE, campaign=0, trunk=0, direction=1),
    ]
    rows = of(
        intervals(tmp_path, made, trunks=[TrunkTally(channels_max_by_interval=[2, 1])]), "trunk", "main"
    )
    assert [row["channels_mean"] for row in rows] == pytest.approx([20 / 15, 5 / 15, 0, 0])
    assert [row["channels_max"] for row in rows] == [2, 1, None, None]
    assert [row["attempts"] for row in rows] == [2, 0, 0, 0]


def test_shifts_show_in_the_agents_of_each_interval(tmp_path: Path) -> None:
    shifts = [(START, 2), (START + 20 * MINUTE, 5)]
    rows = of(
        intervals(tmp_path, [call(created_at=0, ended_at=0)], pools=[PoolTally(staffing=shifts)]),
        "agents",
        "sales",
    )
    assert [row["agents_staffed_mean"] for row in rows] == [2.0, 4.0, 5.0, 5.0]


def test_warm_up_is_there_and_marked(tmp_path: Path) -> None:
    rows = of(intervals(tmp_path, [call(created_at=0, ended_at=0)], warmup=20 * MINUTE), "campaign", "retail")
    assert [row["warmup"] for row in rows] == [True, True, False, False]


@given(made=calls())
def test_intervals_add_up_to_the_kpis(made: list[Call], tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("run")
    kpis = record(made, out=out, pools=staffed(2, 1)).kpis
    rows = pq.read_table(out / "intervals").to_pylist()
    sections = {"campaign": "campaigns", "queue": "queues", "trunk": "trunks", "voice_agent": "voice_agents"}
    for kind, section in sections.items():
        for name, by_kpi in kpis[section].items():  # type: ignore[index]
            mine = of(rows, kind, name)
            for kpi in (
                "attempts",
                "offered",
                "answered",
                "abandoned",
                "blocked",
                "live_answers",
                "machines",
            ):
                if kpi in by_kpi and mine[0][kpi] is not None:
                    assert sum(row[kpi] for row in mine) == by_kpi[kpi]
    for name, by_kpi in kpis["agents"].items():
        busy = sum(
            (row["agents_talking_mean"] + row["agents_wrap_up_mean"]) * row["length_s"]
            for row in of(rows, "agents", name)
        )
        assert busy == pytest.approx(by_kpi["occupancy"][0] / SECOND)  # type: ignore[index]


def test_a_run_until_idle_ends_its_last_interval_where_it_ended(tmp_path: Path) -> None:
    rows = of(
        intervals(tmp_path, [call(created_at=0, ended_at=HOUR)], horizon=None, ended_at=HOUR + 5 * MINUTE),
        "queue",
        "sales",
    )
    assert [row["length_s"] for row in rows] == [900, 900, 900, 900, 300]
