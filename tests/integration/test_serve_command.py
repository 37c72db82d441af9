"""`busyhour serve` as a client and an operator see it."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest

from serve_app.serve_edge import DIED
from tests.support.served import Served, served_platform

HANGS_UP_AFTER_2_S = "+15005550106"
pytestmark = [pytest.mark.ray, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Client:
    """With a key that grants all."""

    served: Served
    api: httpx.Client

    def made(self, path: str, body: dict[str, Any], status: int = 201) -> Any:
        answer = self.api.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """What is there once it holds."""
        until_s = time.monotonic() + 30
        while not holds(answer := self.api.get(path).json()):
            assert time.monotonic() < until_s, answer
            time.sleep(0.05)
        return answer


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("platform")
    with (
        served_platform(folder, workers=1, drain="30s", BUSYHOUR_RATE_LIMIT_SCALE="100") as served,
        httpx.Client(base_url=served.base, headers=asyncio.run(served.key()), timeout=30) as api,
    ):
        yield Client(served, api)


def staffed_queue(client: Client) -> str:
    queue = client.made("/api/voice/queues", {"name": "sales"})["id"]
    human = {"kind": "human", "name": "ann", "queue_ids": [queue], "endpoint": "simulated"}
    agent = client.made("/api/voice/agents", human)["id"]
    state = client.api.put(f"/api/voice/agents/{agent}/state", json={"state": "available"})
    assert state.status_code == 200
    client.until("/api/voice/calls/agent-availability", lambda seen: seen["total_available"] == 1)
    return queue


def test_events_are_streamed_by_processes_of_their_own(client: Client) -> None:
    with client.api.stream("GET", "/v1/events/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry: ")
        call = client.made("/v1/calls", {"to": "+15005550101"})
        told = next(json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
    assert (told["type"], told["data"]["call"]["id"]) == ("call.ended", call["id"])
    refused = client.api.get("/v1/events/stream", headers={"Authorization": "Bearer nobody's"})
    assert (refused.status_code, refused.json()) == (401, {"detail": "Invalid or expired token"})
    nothing = client.api.get("/v1/events/stream/more")
    assert (nothing.status_code, list(nothing.json())) == (404, ["detail"])


def process_of(client: Client, name: str) -> psutil.Process:
    """The first below the platform's that is called so, once it is there."""
    until_s = time.monotonic() + 10
    while time.monotonic() < until_s:
        for process in psutil.Process(client.served.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if name in " ".join(process.cmdline()):
                    return process
    raise AssertionError(f"no {name}")


def test_a_request_whose_process_is_killed_is_answered_and_the_next_ones_too(client: Client) -> None:
    contact = client.made("/v1/contacts", {"phone": "+14155550123"})["id"]
    campaign = client.made("/v1/campaigns", {"name": "spring"})["id"]
    client.made(f"/v1/campaigns/{campaign}/contacts", {"contact_ids": [contact]}, 200)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.api.post, f"/v1/campaigns/{campaign}/forecast", json={})
        process_of(client, "simulation_process")
        process_of(client, "ServeReplica:busyhour:api").kill()
        answer = asked.result()
    assert (answer.status_code, answer.json()) == (503, {"detail": DIED})
    assert answer.headers["retry-after"]
    until_s = time.monotonic() + 30
    while (again := client.api.post(f"/v1/campaigns/{campaign}/forecast", json={})).status_code == 503:
        assert again.headers["retry-after"]  # the only process there was is not back yet
        assert time.monotonic() < until_s, again.text
        time.sleep(0.1)
    assert again.json()["attempts"]["expected"] >= 1


def test_told_to_end_it_lets_a_call_end_answers_meanwhile_and_exits_0(client: Client) -> None:
    """The last one: the platform is gone after it."""
    queue = staffed_queue(client)
    call = client.made("/v1/calls", {"to": HANGS_UP_AFTER_2_S, "queue_id": queue})
    client.until(f"/v1/calls/{call['id']}", lambda seen: seen["status"] == "in_progress")
    client.served.server.send_signal(signal.SIGTERM)
    client.until("/readyz", lambda seen: seen.get("detail", "").startswith("The platform is shutting down"))
    refused = client.api.post("/v1/calls", json={"to": HANGS_UP_AFTER_2_S})
    assert (refused.status_code, list(refused.json())) == (503, ["detail"])
    ended = client.until(f"/v1/calls/{call['id']}", lambda seen: seen["status"] == "ended")
    assert ended["end_reason"] == "customer_hung_up"
    assert client.served.server.wait(30) == 0
