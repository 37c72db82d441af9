"""The platform as it is served: `busyhour serve` with three replicas, asked from outside.

One server for all of it, with the real limits; every test has an account and keys of its own.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from serve_app.access import LIMITS
from tests.load.locusts import run_locust
from tests.support.pages import run_page
from tests.support.ports import free_port
from tests.support.receivers import answers, receiving
from tests.support.served import PROGRAM, ROOT, Served, environment, served_platform

pytestmark = [pytest.mark.ray, pytest.mark.slow]

WITHIN_S = 90.0
MISSING = [name for name in ("bash", "curl", "jq") if shutil.which(name) is None]
needs_shell = pytest.mark.skipif(
    MISSING != [], reason=f"the pages' lines need {', '.join(MISSING)}: apt-get install"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with served_platform(folder, workers=3, BUSYHOUR_WEBHOOK_ALLOW="127.0.0.1") as served:
        yield served


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a shell that has the command `busyhour`."""
    folder = tmp_path_factory.mktemp("bin")
    for name, arguments in (("busyhour", f"-c '{PROGRAM}'"), ("python", "")):
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
        command.chmod(0o755)
    return environment(PATH=f"{folder}:{os.environ['PATH']}")


async def follow(served: Served, shell: dict[str, str], page: str, count: int) -> list[dict[str, Any]]:
    """Run the page with a receiver where it says one is. The first `count` events that it was sent, signed well."""
    text = (ROOT / page).read_text(encoding="utf-8")
    async with receiving(answers("204 No Content")) as receiver:
        instead = {"http://127.0.0.1:8000": served.base, "http://127.0.0.1:9000/hook": receiver.url}
        made = await asyncio.to_thread(
            run_page, text, served.folder, shell, instead, WITHIN_S, wanted="WEBHOOK"
        )
        async with asyncio.timeout(WITHIN_S):
            while len(receiver.received) < count:
                await asyncio.sleep(0.05)
    secret = Webhook(json.loads(made)["secret"])
    return [secret.verify(body, headers) for headers, body in receiver.received]


@needs_shell
def test_the_page_of_the_workflow_after_calls_works_line_by_line(
    served: Served, shell: dict[str, str]
) -> None:
    events = asyncio.run(follow(served, shell, "docs/howto/workflow-after-calls.md", 3))
    assert Counter(event["type"] for event in events) == {"call.ended": 2, "campaign.completed": 1}
    calls = {call["to"]: call for event in events if (call := event["data"].get("call"))}
    talk, busy = calls["+15005550110"], calls["+15005550111"]
    assert (busy["disposition"], busy["transcript"]) == ("busy", [])
    assert (talk["disposition"], talk["end_reason"]) == ("human", "completed")
    assert talk["transcript"][0]["text"] == "Hello Ada, this is the clinic. Will you come tomorrow?"
    assert [turn["role"] for turn in talk["transcript"]] == ["agent", "customer", "agent"]
    assert talk["transcript"][1]["text"].lower() in ("yes", "i will come", "no", "i have to cancel")


@needs_shell
def test_the_page_of_the_warm_transfer_works_line_by_line(served: Served, shell: dict[str, str]) -> None:
    events = asyncio.run(follow(served, shell, "docs/howto/warm-transfer.md", 5))
    assert Counter(event["type"] for event in events) == {
        "call.started": 2,
        "call.transfer.reserved": 1,
        "call.transfer.bridged": 1,
        "call.handoff_queued": 1,
    }


@needs_shell
def test_the_example_of_a_workflow_service_does_what_its_page_says(
    served: Served, shell: dict[str, str]
) -> None:
    page = (ROOT / "examples" / "workflow_service" / "README.md").read_text(encoding="utf-8")
    port = str(free_port())
    instead = {
        "http://127.0.0.1:8000": served.base,
        "127.0.0.1:9000": f"127.0.0.1:{port}",
        "--port 9000": f"--port {port}",
    }
    run_page(page, served.folder, shell, instead, WITHIN_S, wanted="SERVICE")


async def refusal(api: httpx.AsyncClient, header: dict[str, str], method: str, path: str, body: Any) -> Any:
    """The status and the sentence of an error, whose body holds nothing else."""
    answer = await api.request(method, path, headers=header, json=body)
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["detail"]
    return answer.status_code, answer.json()["detail"]


async def place(api: httpx.AsyncClient, header: dict[str, str], order: dict[str, Any]) -> str:
    """The id of a new call."""
    placed = await api.post("/v1/calls", json=order, headers=header)
    assert placed.status_code == 201, placed.text
    return placed.json()["id"]


def test_each_error_of_the_reference_has_its_status_and_its_sentence(served: Served) -> None:
    async def ask() -> list[tuple[int, str]]:
        header, reader = await served.key(), await served.key(scope="voice:calls:read")
        nobody = {"Authorization": "Bearer none"}
        async with httpx.AsyncClient(base_url=served.base, timeout=WITHIN_S) as api:
            call = await place(api, header, {"to": "+15005550151"})
            async with asyncio.timeout(WITHIN_S):
                while (await api.get(f"/v1/calls/{call}", headers=header)).json()["status"] != "ended":
                    await asyncio.sleep(0.7)
            empty = await api.post("/api/voice/queues", json={"name": "nobody"}, headers=header)
            order = {"queue_id": empty.json()["id"]}
            over = [refusal(api, header, "POST", "/v1/contacts/bulk", {"contacts": []}) for _ in range(11)]
            return [
                await refusal(api, header, "POST", "/v1/contacts", {"phone": "415 555 0123"}),
                await refusal(api, nobody, "GET", "/v1/contacts", None),
                await refusal(api, reader, "POST", "/v1/calls", {"to": "+15005550150"}),
                await refusal(api, header, "GET", f"/v1/contacts/{call}", None),
                await refusal(api, header, "POST", f"/api/voice/calls/{call}/end", None),
                await refusal(api, header, "POST", f"/api/voice/calls/{call}/transfer", order),
                max(await asyncio.gather(*over)),
            ]

    assert asyncio.run(ask()) == [
        (400, "phone must be in E.164 format"),
        (401, "Invalid or expired token"),
        (403, "Insufficient permissions. Required scopes: voice:calls:write"),
        (404, "Contact not found"),
        (409, "Call is not currently active"),
        (409, "Call is not currently active"),
        (429, "Rate limit exceeded: 10/minute"),
    ]


def test_of_a_hundred_transfers_at_once_seven_agents_get_seven_and_the_other_calls_go_on(
    served: Served,
) -> None:
    async def rush() -> tuple[Counter[str], Counter[str]]:
        keys = [await served.key("hundred") for _ in range(10)]
        async with httpx.AsyncClient(base_url=served.base, timeout=WITHIN_S) as api:

            async def made(path: str, body: dict[str, Any]) -> str:
                return (await api.post(path, json=body, headers=keys[0])).json()["id"]

            async def until(path: str, holds: Callable[[Any], bool]) -> None:
                async with asyncio.timeout(WITHIN_S):
                    while not holds((await api.get(path, headers=keys[1])).json()):
                        await asyncio.sleep(0.7)

            queue = await made("/api/voice/queues", {"name": "sales"})
            for number in range(7):
                person = {"kind": "human", "name": f"agent {number}", "endpoint": "simulated"}
                agent = await made("/api/voice/agents", {**person, "queue_ids": [queue]})
                path = f"/api/voice/agents/{agent}/state"
                await api.put(path, json={"state": "available"}, headers=keys[0])
            nodes = {
                "talk": {"type": "say", "text": "Hold on. " * 400, "next": "bye"},
                "bye": {"type": "hang_up"},
            }
            flow = await made("/api/voice/flows", {"name": "talk", "start": "talk", "nodes": nodes})
            orders = [{"to": f"+1500555{n:03}0", "flow_id": flow} for n in range(100)]
            calls = await asyncio.gather(*(place(api, keys[n % 10], order) for n, order in enumerate(orders)))
            await until("/v1/calls?status=in_progress&limit=200", lambda seen: len(seen["data"]) == 100)
            await until(f"/api/voice/queues/{queue}", lambda seen: seen["stats"]["available"] == 7)
            asked = [
                api.post(f"/api/voice/calls/{call}/transfer", json={"queue_id": queue}, headers=keys[n % 10])
                for n, call in enumerate(calls)
            ]
            answers = await asyncio.gather(*asked)
            after = (await api.get("/v1/calls?limit=200", headers=keys[2])).json()["data"]
            ends = [
                api.post(f"/api/voice/calls/{call}/end", headers=keys[n % 10]) for n, call in enumerate(calls)
            ]
            assert Counter(answer.status_code for answer in await asyncio.gather(*ends)) == {200: 100}
            told = Counter(
                "202" if answer.status_code == 202 else f"{answer.status_code} {answer.text}"
                for answer in answers
            )
            return told, Counter(call["status"] for call in after)

    told, statuses = asyncio.run(rush())
    assert told == {"202": 7, '503 {"detail":"No agents available in target queue"}': 93}
    assert statuses["in_progress"] == 93
    assert statuses["transferring"] + statuses["bridged"] == 7


REQUESTS = re.compile(
    r'busyhour_http_requests_total\{method="(\w+)",route="([^"]+)",status="(\d+)"\} ([\d.]+)'
)


def test_eight_clients_of_three_replicas_get_exactly_every_limit(served: Served) -> None:
    """Every request is wrong, and answered with what is wrong with it, up to the limit."""

    async def ask() -> dict[tuple[str, str], Counter[int]]:
        header = await served.key("limits")
        clients = [
            httpx.AsyncClient(base_url=served.base, headers=header, timeout=WITHIN_S) for _ in range(8)
        ]
        counts: dict[tuple[str, str], Counter[int]] = {}
        for (method, template), limit in LIMITS.items():
            path = template.format(id="absent", uuid="absent", name="absent")
            asked = [clients[n % 8].request(method, path) for n in range(limit + 16)]
            counts[method, template] = Counter(answer.status_code for answer in await asyncio.gather(*asked))
        for client in clients:
            await client.aclose()
        return counts

    counts = asyncio.run(ask())
    assert {route: answers[429] for route, answers in counts.items()} == dict.fromkeys(LIMITS, 16)
    # That three processes have answered shows in their metrics, of which each tells its own.
    pages: set[tuple[tuple[str, ...], ...]] = set()
    for _ in range(30):
        every = REQUESTS.findall(httpx.get(f"{served.base}/metrics").text)
        pages.add(tuple(sorted(one for one in every if (one[0], one[1]) in LIMITS)))
    assert len(pages) == 3


def test_beyond_its_limits_it_answers_success_429_or_503_and_in_json(served: Served) -> None:
    key = asyncio.run(served.key("load"))["Authorization"].removeprefix("Bearer ")
    run = run_locust(served.base, [key], users=12, seconds=5)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"\d+  429  POST /v1/campaigns/\{id\}/launch\n", run.stdout), run.stdout
