"""The example of a workflow service: what it makes of a transcript, and what it does when the platform is not there."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from examples.workflow_service.app import build
from examples.workflow_service.extraction import extract

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def call(*said: str, disposition: str = "human") -> dict[str, Any]:
    turns = [
        {"seq": n, "role": "customer", "text": text, "start_s": 2.0 * n, "end_s": 2.0 * n + 0.5}
        for n, text in enumerate(said)
    ]
    agent = {"seq": 9, "role": "agent", "text": "No?", "start_s": 9.0, "end_s": 9.5}
    return {"id": "c", "disposition": disposition, "transcript": [*turns, agent]}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (["Yes."], "agreed"),
        (["No, sorry"], "refused"),
        (["yes", "I have to cancel"], "refused"),
        (["no", "of course"], "agreed"),
        (["yes", "what?"], "agreed"),
        (["yes and no"], "unclear"),
        (["tomorrow"], "unclear"),
        ([], "silent"),
    ],
)
def test_the_latest_clear_answer_of_the_customer_counts(said: list[str], outcome: str) -> None:
    found = extract(call(*said))
    assert (found.outcome, found.customer_talk_s) == (outcome, 0.5 * len(said))


def test_whoever_did_not_answer_was_not_reached() -> None:
    assert extract({"id": "c", "disposition": "busy", "transcript": []}).outcome == "not_reached"
    assert extract(call("yes", disposition="machine")).outcome == "not_reached"


def delivery(id: str, event: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(event)
    now = datetime.now(tz=UTC)
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(id, now, body),
    }
    return {"content": body, "headers": headers}


def test_what_the_platform_did_not_take_comes_again_and_what_comes_twice_is_done_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200)])
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(answers)

    async def heard() -> tuple[list[httpx.Response], dict[str, int]]:
        platform = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://platform")
        transport = httpx.ASGITransport(build(platform))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as service:
            sent = delivery("e1", {"type": "call.ended", "data": {"call": call("yes")}})
            forged = {**sent, "headers": {**sent["headers"], "webhook-id": "e2"}}
            responses = [await service.post("/hook", **one) for one in (sent, sent, sent, forged)]
            return responses, (await service.get("/counts")).json()

    monkeypatch.setenv("WORKFLOW_SECRET", SECRET)
    responses, counts = asyncio.run(heard())
    assert [response.status_code for response in responses] == [503, 204, 204, 401]
    assert responses[0].headers["retry-after"] == "7"
    assert counts == {"agreed": 1, "call.ended": 1, "repeated": 1, "forged": 1}
    assert [request.url.path for request in asked] == ["/api/voice/calls/c/metadata"] * 2
    assert json.loads(asked[1].content)["workflow"]["outcome"] == "agreed"
