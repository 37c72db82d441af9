"""What of replications on Ray can be known without starting it."""

import os
import socket
from pathlib import Path

import pytest

from actors.replications import Finished, NoCluster, Order, answers, package_folders, put_in_place, why
from cli.main import run
from simulation.executor import InProcess, Job
from simulation.scenario import load, loads

SCENARIO = """
clock: {until: idle}
callees: {people: {outcomes: {human: 1}}}
queues: {q: {agents: 5, handle_time: 30s}}
campaigns: {c: {contacts: {file: lists/leads.csv}, callees: people, queue: q}}
"""


@pytest.fixture
def nobody_listens() -> str:
    """An address on this machine at which nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


def test_an_address_where_nothing_answers_is_known_at_once(nobody_listens: str) -> None:
    assert not answers(nobody_listens)
    assert not answers(f"ray://{nobody_listens}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert answers(f"127.0.0.1:{server.getsockname()[1]}")


@pytest.mark.parametrize("address", ["auto", "local", "somewhere", ":"])
def test_other_forms_of_address_are_left_to_ray(address: str) -> None:
    assert answers(address)


def test_a_port_beyond_all_ports_does_not_answer() -> None:
    assert not answers("127.0.0.1:123456")


def test_a_cluster_out_of_reach_is_exit_code_3_and_nothing_written(
    nobody_listens: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text('clock: {horizon: 1h}\nqueues: {q: {agents: 1}}\ninbound: [{rate: "1/min"}]\n')
    assert run(["simulate", "a.yaml", "--address", nobody_listens, "--quiet", "--out", "out"]) == 3
    assert capsys.readouterr().err == (
        f"the Ray cluster at {nobody_listens} could not be reached: nothing answers there\n"
    )
    assert os.listdir(tmp_path) == ["a.yaml"]


def test_a_cluster_that_asks_for_a_token_is_said_by_name() -> None:
    cause = RuntimeError("RPC error: InvalidAuthToken: Authentication token is missing")
    error = ConnectionError("Failed to connect to Ray cluster")
    error.__cause__ = cause
    assert "RAY_AUTH_TOKEN" in why(error)


def test_the_reason_is_the_first_line_that_says_something() -> None:
    assert why(ValueError("\n  No.\nTraceback …")) == "No."
    assert why(TimeoutError()) == "TimeoutError"
    assert str(NoCluster(None, "no space")) == "Ray could not be started on this machine: no space"


def test_an_order_brings_the_contact_files_with_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "lists").mkdir(parents=True)
    (here / "lists" / "leads.csv").write_text("phone\n+14155550101\n+14155550102\n")
    (here / "calls.yaml").write_text(SCENARIO)
    job = Job(load(here / "calls.yaml"), range(1))
    (alone,) = InProcess().run(job)
    moved = Order.of(job).scenario_in(there)
    (here / "lists" / "leads.csv").unlink()
    (again,) = InProcess().run(Job(moved, range(1)))
    assert (again.digest, again.calls) == (alone.digest, alone.calls)


def test_what_a_task_gives_back_is_put_in_place_as_it_is(tmp_path: Path) -> None:
    scenario = loads('clock: {horizon: 1m}\nqueues: {q: {agents: 1}}\ninbound: [{rate: "1/min"}]\n')
    (result,) = InProcess().run(Job(scenario, range(1)))
    files = {"calls/a.parquet": b"\x00\xff", "events/deep/b": b""}
    assert put_in_place(Finished(result, files), Job(scenario, range(1), tmp_path)) is result
    assert {name: (tmp_path / name).read_bytes() for name in files} == files


def test_a_node_is_sent_the_packages_that_a_replication_needs() -> None:
    folders = [Path(folder) for folder in package_folders()]
    assert {folder.name for folder in folders} >= {"busyhour", "simulation", "actors"}
    assert all((folder / "__init__.py").exists() for folder in folders)
