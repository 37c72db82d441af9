"""`busyhour serve`: store, Ray, actors and API in one command, as a client and an operator see it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BUSYHOUR = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]
KEY = ["keys", "create", "--account", "acme", "--name", "n", "--scopes", "*", "--json"]
HANGS_UP_AFTER_2_S = "+15005550106"
pytestmark = [pytest.mark.ray, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Served:
    command: "subprocess.Popen[str]"
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


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "BUSYHOUR_RATE_LIMIT_SCALE": "100", **more}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A platform with a key that grants all."""
    folder = tmp_path_factory.mktemp("platform")
    command = [*BUSYHOUR, "serve", "--port", str(free_port()), "--data-dir", str(folder / "data")]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=log, text=True
        ) as platform,
    ):
        try:
            assert platform.stdout is not None
            ready = first_line(platform.stdout)
            assert ready.startswith("ready http://"), (folder / "log").read_text()
            made = subprocess.run(
                [*BUSYHOUR, *KEY, "--data-dir", str(folder / "data")],
                cwd=ROOT,
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
            )
            header = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
            base = ready.split()[1]
            with httpx.Client(base_url=base, headers=header, timeout=30) as api:
                yield Served(platform, api)
        finally:
            platform.kill()


def first_line(stream: IO[str]) -> str:
    return stream.readline().strip()


def staffed_queue(served: Served) -> str:
    queue = served.made("/api/voice/queues", {"name": "sales"})["id"]
    human = {"kind": "human", "name": "ann", "queue_ids": [queue], "endpoint": "simulated"}
    agent = served.made("/api/voice/agents", human)["id"]
    state = served.api.put(f"/api/voice/agents/{agent}/state", json={"state": "available"})
    assert state.status_code == 200
    served.until("/api/voice/calls/agent-availability", lambda seen: seen["total_available"] == 1)
    return queue


def test_events_are_streamed_by_processes_of_their_own(served: Served) -> None:
    with served.api.stream("GET", "/v1/events/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry: ")
        call = served.made("/v1/calls", {"to": "+15005550101"})
        told = next(json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
    assert (told["type"], told["data"]["call"]["id"]) == ("call.ended", call["id"])
    refused = served.api.get("/v1/events/stream", headers={"Authorization": "Bearer nobody's"})
    assert (refused.status_code, refused.json()) == (401, {"detail": "Invalid or expired token"})
    nothing = served.api.get("/v1/events/stream/more")
    assert (nothing.status_code, list(nothing.json())) == (404, ["detail"])


def test_told_to_end_it_lets_a_call_end_answers_meanwhile_and_exits_0(served: Served) -> None:
    """The last one: the platform is gone after it."""
    queue = staffed_queue(served)
    call = served.made("/v1/calls", {"to": HANGS_UP_AFTER_2_S, "queue_id": queue})
    served.until(f"/v1/calls/{call['id']}", lambda seen: seen["status"] == "in_progress")
    served.command.send_signal(signal.SIGTERM)
    served.until("/readyz", lambda seen: seen.get("detail", "").startswith("The platform is shutting down"))
    refused = served.api.post("/v1/calls", json={"to": HANGS_UP_AFTER_2_S})
    assert (refused.status_code, list(refused.json())) == (503, ["detail"])
    ended = served.until(f"/v1/calls/{call['id']}", lambda seen: seen["status"] == "ended")
    assert ended["end_reason"] == "customer_hung_up"
    assert served.command.wait(30) == 0
