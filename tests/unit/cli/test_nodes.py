"""`busyhour nodes` says what runs where, which node a word means, and what is wrong with what was typed."""

from pathlib import Path

import pytest

from actors.nodes import NodeFacts
from cli.exits import WRONG_INPUT
from cli.main import run
from cli.nodes import RefusedError, node_of, table_of

ONE = NodeFacts("5f1c02aa9d", "dialler-1/5f1c02aa", 8.0, ["calls-0", "queues"], 61, 0)
TWO = NodeFacts("77aa01bc3e", "dialler-2/77aa01bc", 16.0, ["calls-1"], 1, 128)
NODES = [ONE, TWO]


def test_a_line_tells_what_a_node_has_and_what_is_closed_there() -> None:
    assert table_of(NODES, set()) == [
        "  dialler-1/5f1c02aa  8 CPUs, 61 calls: calls-0, queues",
        "  dialler-2/77aa01bc  16 CPUs, 1 call, 128 virtual shards closed: calls-1",
    ]


def test_a_drained_node_is_marked_and_may_be_empty() -> None:
    empty = NodeFacts(TWO.id, TWO.name, 16.0, [], 0, 0)
    assert table_of([empty], {TWO.id}) == ["  dialler-2/77aa01bc  16 CPUs, 0 calls, drained: nothing"]


def test_of_a_run_that_nobody_watches_over_that_is_said() -> None:
    assert table_of(None, set()) == ["  nobody watches over it"]


@pytest.mark.parametrize("word", ["dialler-2/77aa01bc", "dialler-2", "77aa01bc", "77aa", "77aa01bc3e"])
def test_a_node_is_meant_by_its_name_or_a_part_of_it_that_is_its_own(word: str) -> None:
    assert node_of(word, [*NODES, TWO]) == TWO


def test_a_part_that_means_two_or_none_is_refused() -> None:
    with pytest.raises(
        RefusedError, match=r"dialler may mean dialler-1/5f1c02aa, dialler-2/77aa01bc: which\?"
    ):
        node_of("dialler", NODES)
    with pytest.raises(
        RefusedError, match="there is no node dialler-3: there is dialler-1/5f1c02aa, dialler-2"
    ):
        node_of("dialler-3", NODES)
    with pytest.raises(RefusedError, match="there is no node : "):
        node_of("", NODES)


def test_a_folder_without_a_store_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nodes", "--data-dir", str(tmp_path), "drain", "dialler-1"]) == WRONG_INPUT
    assert capsys.readouterr().err == f"no store has run in {tmp_path}\n"
