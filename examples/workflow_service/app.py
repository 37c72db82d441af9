"""The service: `python -m uvicorn --factory examples.workflow_service.app:build --port 9000`.

An event is done with before it is acknowledged: what fails here is answered with an error, and the platform sends it
again. So an event may come twice, and what comes twice is done once.
"""

import os
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError

from examples.workflow_service.extraction import Extract, extract

REMEMBERED: Final = 10_000
"""Events whose repetition is known."""
PATIENCE_S: Final = 10.0
"""The platform waits 15 s for an answer."""


@dataclass(slots=True)
class Workflow:
    """`platform` has the address of the platform and a key with the scope voice:calls:write."""

    platform: httpx.AsyncClient
    counts: Counter[str] = field(default_factory=Counter[str])
    _done: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])

    async def hear(self, event_id: str, event: dict[str, Any]) -> None:
        """Raises httpx.HTTPError where it must be heard of again."""
        if event_id in self._done:
            self.counts["repeated"] += 1
            return
        if event["type"] == "call.ended":
            call = event["data"]["call"]
            found = extract(call)
            await self._write_back(call["id"], found)
            self.counts[found.outcome] += 1
        self.counts[event["type"]] += 1
        self._done[event_id] = None
        if len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    async def _write_back(self, call_id: str, found: Extract) -> None:
        path = f"/api/voice/calls/{call_id}/metadata"
        written = await self.platform.post(path, json={"workflow": found.as_metadata()})
        written.raise_for_status()


def build(platform: httpx.AsyncClient | None = None) -> FastAPI:
    """Of the environment: WORKFLOW_API, the platform's address; WORKFLOW_KEY; WORKFLOW_SECRET, the webhook's."""
    secret = Webhook(os.environ["WORKFLOW_SECRET"])
    workflow = Workflow(
        platform
        or httpx.AsyncClient(
            base_url=os.environ.get("WORKFLOW_API", "http://127.0.0.1:8000"),
            headers={"Authorization": f"Bearer {os.environ['WORKFLOW_KEY']}"},
            timeout=PATIENCE_S,
        )
    )

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncGenerator[None]:
        async with workflow.platform:
            yield

    app = FastAPI(title="A workflow service", lifespan=running)

    @app.post("/hook", status_code=204)
    async def hook(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        body = await request.body()
        try:
            event = secret.verify(body, dict(request.headers))
        except (WebhookVerificationError, ValueError):
            workflow.counts["forged"] += 1
            return Response("The signature is not the platform's", 401)
        try:
            await workflow.hear(request.headers["webhook-id"], event)
        except httpx.HTTPStatusError as refused:
            # At the limit of requests the platform says when there is room; it obeys the same header itself.
            headers = {
                name: value for name, value in refused.response.headers.items() if name == "retry-after"
            }
            return Response("The platform did not take it", 503, headers)
        except httpx.TransportError:
            return Response("The platform does not answer", 503)
        return Response(status_code=204)

    @app.get("/counts")
    async def counts() -> dict[str, int]:  # pyright: ignore[reportUnusedFunction]
        """What was heard, by type, and what it came to."""
        return dict(workflow.counts)

    return app
