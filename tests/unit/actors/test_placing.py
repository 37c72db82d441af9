"""How a supervisor finds out what Ray does not tell: whether a node lives, and whether it has the recorder's folder."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.placement import Move
from actors.placing import Placing, on_node
from actors.plan import LivePlan
from simulation.live_part import Role
from tests.support.ports import free_port


class FakeRay:
    """Two nodes; `sees` is whether the other one has the folder."""

    def __init__(self, ports: dict[str, int], sees: bool = True) -> None:
        self.ports = ports
        self.sees = sees
        self.asked = 0
        strategies = SimpleNamespace(NodeAffinitySchedulingStrategy=lambda id, soft: (id, soft))
        self.util = SimpleNamespace(scheduling_strategies=strategies)

    def nodes(self) -> list[dict[str, Any]]:
        return [
            {
                "NodeID": id,
                "Alive": port > 0,
                "NodeManagerAddress": "127.0.0.1",
                "NodeManagerHostname": f"host-{id}",
                "NodeManagerPort": port,
                "Resources": {"CPU": 2.0},
            }
            for id, port in self.ports.items()
        ]

    def remote(self, **options: Any) -> Any:
        assert options["scheduling_strategy"] == ("two", False)
        return lambda function: SimpleNamespace(remote=lambda path: function(path))

    def get(self, answer: bool, timeout: float) -> bool:
        self.asked += 1
        return answer and self.sees


class Watching:
    """A supervisor of a recorder on the first node."""

    def __init__(self) -> None:
        self.watched = {"recorder": SimpleNamespace(node="one", pid=7)}
        self.statuses: dict[str, Any] = {}
        self.told: list[str] = []
        self.moved: list[tuple[str, str]] = []
        self.tell = self.told.append

        self.replaced: list[tuple[str, str]] = []

    def is_moving(self, actor: str) -> bool:
        return len(self.moved) > 1

    def move(self, actor: str, node: str) -> None:
        self.moved.append((actor, node))

    async def replace(self, client: Any, actor: str, node: str) -> None:
        self.replaced.append((actor, node))


def placing(ray: Any, supervisor: Any, folder: Path) -> Placing:
    nothing: Any = None
    return Placing(
        ray, supervisor, LivePlan("scope", "", nothing, 1.0, {"calls-0": Role(calls=[0])}, 0, folder)
    )


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_node_whose_raylet_does_not_answer_has_died_though_ray_does_not_say_so(
    listening: int, tmp_path: Path
) -> None:
    there = placing(FakeRay({"one": listening, "two": free_port()}), Watching(), tmp_path)
    assert there.node_answers("one")
    assert not there.node_answers("two")
    assert not there.node_answers("gone")
    assert there.node_answers(""), "nobody knows where it was"


def test_where_no_node_can_be_reached_or_there_is_one_nothing_is_told(listening: int, tmp_path: Path) -> None:
    unreachable = placing(FakeRay({"one": free_port(), "two": free_port()}), Watching(), tmp_path)
    assert unreachable.node_answers("one")
    assert placing(FakeRay({"one": free_port()}), Watching(), tmp_path).node_answers("one")
    dead = placing(FakeRay({"one": 0, "two": listening, "three": listening}), Watching(), tmp_path)
    assert not dead.node_answers("one")


@pytest.mark.parametrize("sees", [True, False])
def test_the_recorder_moves_only_where_its_folder_is(sees: bool, tmp_path: Path) -> None:
    ray, supervisor = FakeRay({"one": 1, "two": 2}, sees), Watching()
    there = placing(ray, supervisor, tmp_path)
    nothing: Any = None
    for _ in range(3):
        asyncio.run(there.take(nothing, Move("recorder", "two"), {"one", "two"}))
    assert ray.asked == 1
    if sees:
        assert supervisor.moved == [("recorder", "two")] * 2
        assert supervisor.told == ["recorder moves to host-two/two"] * 2
    else:
        assert supervisor.moved == []
        assert supervisor.told == [f"recorder stays where it is: host-two/two does not see {tmp_path}"]


def test_the_recorder_of_a_node_that_is_no_more_goes_anywhere(tmp_path: Path) -> None:
    ray, supervisor = FakeRay({"two": 2}, sees=False), Watching()
    nothing: Any = None
    asyncio.run(placing(ray, supervisor, tmp_path).take(nothing, Move("recorder", "two"), {"two"}))
    assert supervisor.replaced == [("recorder", "two")]
    assert supervisor.told == ["recorder has lost its node: it is started on host-two/two"]


def test_what_is_to_be_on_a_node_asks_for_something_for_else_ray_would_put_it_anywhere() -> None:
    assert on_node(FakeRay({}), "two") == {"num_cpus": 0, "memory": 1, "scheduling_strategy": ("two", True)}
