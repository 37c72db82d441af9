"""Who is alive, who is succeeded, and what the operator hears; Ray and the clock are made up."""

import asyncio
from typing import Any, Self

import pytest

import actors.supervisor
from actors.plan import LivePlan
from actors.supervisor import ACTIVATE_S, LEASE_S, Supervisor
from busyhour.adapters.valkey.errors import StoreRefusedError
from simulation.live_part import Role


class RayError(Exception):
    pass


class Exceptions:
    RayError = RayError


class Asked:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def remote(self, *_: object) -> Any:
        return self.answer()


class Handle:
    """An actor; `says` is its status, an exception, or None while it is silent."""

    def __init__(self) -> None:
        self.says: Any = None
        self.status = Asked(lambda: self)
        self.is_there = self.status


class FakeRay:
    exceptions = Exceptions

    def __init__(self) -> None:
        self.created: list[Handle] = []
        self.killed: list[Handle] = []

    def remote(self, **_: object) -> Any:
        return lambda _: Asked(self._create)

    def _create(self) -> Handle:
        self.created.append(Handle())
        return self.created[-1]

    def wait(self, asked: list[Handle], **_: object) -> tuple[list[Handle], list[Handle]]:
        return [handle for handle in asked if handle.says is not None], []

    def get(self, handle: Handle) -> Any:
        if isinstance(handle.says, Exception):
            raise handle.says
        return handle.says

    def kill(self, handle: Handle, no_restart: bool) -> None:
        self.killed.append(handle)

    def nodes(self) -> list[dict[str, Any]]:
        return []


class FakeStore:
    """Knows the actors' names."""

    def __init__(self) -> None:
        self.is_up = True
        self.names: dict[str, str] = {}

    async def connect(self, url: str) -> Self:
        if not self.is_up:
            raise StoreRefusedError("unix:///gone", "it does not answer")
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""

    async def hset(self, key: str, actor: str, name: str) -> None:
        self.names[actor] = name

    async def hget(self, key: str, actor: str) -> bytes | None:
        return self.names[actor].encode() if actor in self.names else None


class World:
    """A supervisor of one shard, which starts, and of the recorder, who is always well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self.store = FakeStore()
        monkeypatch.setattr(actors.supervisor, "connect", self.store.connect)
        monkeypatch.setattr(actors.supervisor, "elapsed_s", lambda: self.now_s)
        self.ray = FakeRay()
        self.told: list[str] = []
        nothing: Any = None
        plan = LivePlan("scope", "", nothing, 1.0, {"calls-0": Role(calls=[0])}, 0, nothing)
        self.supervisor = Supervisor(self.ray, plan, self.told.append)
        self.supervisor.settle()
        for actor in ("calls-0", "recorder"):
            asyncio.run(self.supervisor.create(self.store, actor, ""))
        self.shard.says = said("starting", 7)
        self.ray.created[1].says = said("running", 8)

    @property
    def shard(self) -> Handle:
        return self.supervisor.handle("calls-0")

    def after(self, seconds: float) -> list[str]:
        """What is told when so much time has passed, with a look each second."""
        before = len(self.told)
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(until_s, self.now_s + 1.0)
            self.supervisor.look(0.0)
        return self.told[before:]


def said(state: str, pid: int, **more: Any) -> dict[str, Any]:
    return {"state": state, "pid": pid, "node": "one", "trouble": "", "store_answers": True, **more}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_an_actor_that_takes_long_to_start_is_alive(world: World) -> None:
    assert world.after(ACTIVATE_S - 1) == []
    world.shard.says = None
    assert world.after(0.5) == [], "not even silence counts while it reads a long journal"
    world.shard.says = said("running", 7)
    world.after(2)
    assert len(world.ray.created) == 2


def test_one_that_never_gets_ready_is_succeeded(world: World) -> None:
    assert world.after(ACTIVATE_S + 1) == ["calls-0 is silent, process unknown: another takes its place"]
    assert world.ray.killed == [world.ray.created[0]]


def test_a_silent_one_is_succeeded_after_its_lease_and_its_successor_may_take_its_time(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    world.shard.says = None
    assert world.after(LEASE_S) == []
    assert world.after(1) == ["calls-0 is silent, process 7: another takes its place"]
    world.shard.says = said("starting", 9)
    assert world.after(4 * LEASE_S) == [], "no third one takes the place of the second"
    world.shard.says = said("running", 9)
    assert world.after(1) == [f"calls-0 is back after {4 * LEASE_S + 1:.1f} s, as process 9"]
    assert world.supervisor.incidents() == [
        "calls-0 was silent for over 5 s once and was succeeded by another process."
    ]


def test_a_death_is_told_once_and_so_is_the_return(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    world.shard.says = RayError("the actor died")
    assert world.after(3) == ["calls-0 has died, process 7: it is started again"]
    world.shard.says = said("starting", 9)
    assert world.after(2 * LEASE_S) == []
    world.shard.says = said("running", 9)
    assert world.after(1) == ["calls-0 is back after 13.0 s, as process 9"]
    assert len(world.ray.created) == 2, "Ray has started it again"
    assert world.supervisor.incidents()[0].startswith("calls-0 died once and was started again")


def test_a_death_that_nobody_saw_shows_in_the_process(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    world.shard.says = said("running", 9)
    assert world.after(1) == [
        "calls-0 has died, process 7: it is started again",
        "calls-0 is back after 0.0 s, as process 9",
    ]


def test_a_succession_waits_for_the_store(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    world.store.is_up = False
    world.shard.says = None
    assert world.after(3 * LEASE_S) == []
    world.store.is_up = True
    assert world.after(1) == ["calls-0 is silent, process 7: another takes its place"]


def test_a_store_that_does_not_answer_is_told_once_and_so_is_its_return(world: World) -> None:
    world.shard.says = said("running", 7, store_answers=False)
    assert world.after(3) == ["the store does not answer: nothing is dialled"]
    world.shard.says = said("running", 7)
    assert world.after(1) == ["the store answers again, after 3.0 s"]
    assert world.supervisor.incidents() == [
        "The store did not answer once, for 3.0 s in all: nothing was dialled meanwhile."
    ]


def test_an_actor_s_trouble_is_told_when_it_comes_and_goes(world: World) -> None:
    world.shard.says = said("running", 7, trouble="rows can't be written: No space left on device")
    assert world.after(3) == ["calls-0: rows can't be written: No space left on device"]
    world.shard.says = said("running", 7)
    assert world.after(1) == ["calls-0 goes on"]


def test_one_that_moves_works_on_until_a_process_is_there_that_may_take_its_place(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    old = world.shard
    world.supervisor.move("calls-0", "")
    assert world.after(10) == []
    assert world.shard is old
    assert world.store.names["calls-0"] == "scope/calls-0#1"
    coming = world.ray.created[-1]
    coming.says = said("running", 9)
    assert world.after(1) == []
    assert world.store.names["calls-0"] == "scope/calls-0#2"
    assert (world.shard, world.ray.killed) == (coming, [old])
    assert world.after(3) == ["calls-0 is back after 1.0 s, as process 9"]
    assert world.supervisor.incidents() == []


def test_who_comes_and_does_not_get_there_is_given_up_and_changes_nothing(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    old = world.shard
    world.supervisor.move("calls-0", "")
    assert world.supervisor.is_moving("calls-0")
    world.ray.created[-1].says = RayError("its node died")
    assert world.after(2) == []
    assert not world.supervisor.is_moving("calls-0")
    world.supervisor.move("calls-0", "")
    assert world.after(ACTIVATE_S + 1) == []
    assert not world.supervisor.is_moving("calls-0")
    assert (world.shard, world.ray.killed) == (old, world.ray.created[2:])
    assert world.store.names["calls-0"] == "scope/calls-0#1"


def test_a_move_waits_for_the_store(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    world.supervisor.move("calls-0", "")
    world.store.is_up = False
    world.ray.created[-1].says = said("running", 9)
    assert world.after(2) == []
    assert world.shard is world.ray.created[0]
    world.store.is_up = True
    world.after(1)
    assert world.shard is world.ray.created[-1]


def test_one_that_dies_while_it_is_about_to_move_is_succeeded_by_who_comes(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    world.supervisor.move("calls-0", "")
    world.shard.says = RayError("the actor died")
    assert world.after(1) == ["calls-0 has died, process 7: it is started again"]
    world.ray.created[-1].says = said("running", 9)
    assert world.after(3) == ["calls-0 is back after 2.0 s, as process 9"]


def test_of_one_whose_node_has_died_another_is_started_at_once(world: World) -> None:
    world.shard.says = said("running", 7)
    world.after(1)
    asyncio.run(world.supervisor.replace(world.store, "calls-0", ""))
    assert world.ray.killed == [world.ray.created[0]]
    world.shard.says = said("running", 9)
    assert world.after(3) == ["calls-0 is back after 1.0 s, as process 9"]
    assert world.supervisor.incidents()[0].startswith("calls-0 died once")


def test_one_that_is_dismissed_is_asked_no_more(world: World) -> None:
    shard = world.shard
    world.supervisor.dismiss("calls-0")
    assert world.ray.killed == [shard]
    assert world.after(2 * ACTIVATE_S) == []
    assert world.supervisor.actors == ["recorder"]
