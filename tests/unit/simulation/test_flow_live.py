"""Flows in a live run: the same conversations, their transcripts with the rows of their calls."""

from pathlib import Path

import pyarrow.parquet as pq

from busyhour.core.ids import MINUTE
from busyhour.results.transcripts import conclude_transcripts, turn_rows, write_part
from simulation.live_part import Role
from simulation.scenario import load
from tests.support.live_cluster import Cluster

QA = Path(__file__).parents[3] / "scenarios" / "qa" / "voice_flow.yaml"
SHARDS = 2
ROLES = [Role(queues=True), Role(campaigns=range(6)), Role(calls=[0]), Role(calls=[1])]


def test_a_live_run_says_what_a_simulated_one_does() -> None:
    cluster = Cluster(load(QA), ROLES, SHARDS, seed=1)
    cluster.run(cluster.now + MINUTE)
    assert len(cluster.rows) == 6
    told = {
        call.campaign: [(turn["role"], turn["text"]) for turn in cluster.turns[call.id]]
        for call in cluster.rows
    }
    assert told[0] == [
        ("agent", "Hello Ada."),
        ("agent", "Coming tomorrow?"),
        ("customer", "Yes."),
        ("agent", "Thanks."),
    ]
    assert told[1][-2:] == [("customer", "[pressed 12]"), ("agent", "Now Monday.")]
    assert told[2][-1] == ("system", "transfer to desk")
    assert told[4][-2:] == [("agent", "Well?"), ("customer", "Sure.")]
    connected = [call for call in cluster.rows if call.agent >= 0]
    assert [call.campaign for call in connected] == [2]


def test_a_run_whose_actors_crash_still_ends_every_call_once() -> None:
    for seed in range(6):
        cluster = Cluster(load(QA), ROLES, SHARDS, seed, crashes=0.002)
        start = cluster.now
        cluster.run(start + MINUTE)
        cluster.crashes = 0.0
        cluster.run(start + 3 * MINUTE)
        assert sorted(call.campaign for call in cluster.rows) == list(range(6))
        assert max(cluster.dials.values()) == 1


def test_the_parts_of_a_live_run_become_one_file_in_order_of_calls(tmp_path: Path) -> None:
    def turns(*texts: str) -> list[dict[str, object]]:
        return [
            {"seq": seq, "role": "agent", "text": text, "start_s": seq, "end_s": seq + 1}
            for seq, text in enumerate(texts)
        ]

    write_part(tmp_path / "run", "part-1-1.parquet", 0, turn_rows("0-10", turns("c", "d")))
    write_part(tmp_path / "run", "part-1-2.parquet", 0, turn_rows("0-9", turns("a", "b")))
    write_part(
        tmp_path / "run", "part-1-3.parquet", 0, turn_rows("0-1", turns("of a part that does not count"))
    )
    names = ["part-1-1.parquet", "part-1-2.parquet", "part-1-4.parquet"]
    conclude_transcripts(tmp_path / "run", names, 0, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "transcripts").to_pylist()
    assert [(row["call_id"], row["seq"], row["text"]) for row in rows] == [
        ("0-9", 0, "a"),
        ("0-9", 1, "b"),
        ("0-10", 0, "c"),
        ("0-10", 1, "d"),
    ]


def test_a_live_run_in_which_nobody_spoke_leaves_an_empty_file(tmp_path: Path) -> None:
    conclude_transcripts(tmp_path / "run", [], 0, tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "transcripts").num_rows == 0
