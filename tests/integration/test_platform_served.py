"""The platform as it is served: `busyhour serve` with three replicas, asked from outside.

One server for all of it, with the real limits; every test has an account and keys of its own.
"""

import asyncio
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

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
