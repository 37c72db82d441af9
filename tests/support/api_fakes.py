"""A call runtime in memory: what the API's tests stand on where no call is placed."""

from collections.abc import Sequence
from typing import Any

from busyhour.adapters.valkey.documents import Document
from serve_app.errors import ConflictError, UnavailableError
from serve_app.runtime import Listed


class FakeRuntime:
    """Calls are made by `add_call`, and `free` says how many agents each queue has free."""

    def __init__(self) -> None:
        self.closing = False
        self.heard: list[tuple[Any, ...]] = []
        self.live: dict[tuple[str, str], Document] = {}
        self.free: dict[str, int] = {}

    def add_call(self, account: str, id: str, status: str = "in_progress") -> Document:
        call: Document = {
            "id": id,
            "status": status,
            "direction": "outbound",
            "to": "+14155550123",
            "from": None,
            "campaign_id": None,
            "contact_id": None,
            "attempt": None,
            "agent_id": None,
            "queue_id": None,
            "trunk": "simulated",
            "disposition": None,
            "end_reason": None,
            "fault": "none",
            "sip_code": None,
            "amd": None,
            "transfer": None,
            "metadata": {},
            "created_at": "2026-03-02T17:00:00.000Z",
            "dialed_at": None,
            "ringing_at": None,
            "answered_at": None,
            "ended_at": None,
            "duration_s": None,
            "talk_s": None,
        }
        self.live[account, id] = call
        return call

    async def ready(self) -> None:
        return

    async def open(self) -> None:
        if self.closing:
            raise UnavailableError("The platform is shutting down")

    def trunks(self) -> Sequence[str]:
        return ("simulated", "main")

    async def launch(self, account: str, campaign: Document) -> None:
        self.heard.append(("launch", account, campaign["id"], campaign["flow_version"]))

    async def change(self, account: str, campaign: Document) -> None:
        self.heard.append(("change", account, campaign["id"]))

    async def pause(self, account: str, campaign: Document) -> None:
        self.heard.append(("pause", account, campaign["id"]))

    async def resume(self, account: str, campaign: Document) -> None:
        self.heard.append(("resume", account, campaign["id"]))

    async def stop(self, account: str, campaign: Document, in_flight: str) -> Document:
        self.heard.append(("stop", account, campaign["id"], in_flight))
        return {"cancelled_queued": 0, "cancelled_ringing": 0, "draining": 0}

    async def callable_counts(self, account: str, campaign: Document) -> Document:
        return {"callable": 1, "excluded": {"do_not_call": 2}}

    async def campaign_stats(self, account: str, campaign: Document) -> Document:
        return {"attempts": 3, "blocked_by": "agents"}

    async def forecast(self, account: str, campaign: Document) -> Document:
        return {"finish_at": None}

    async def place(self, account: str, order: Document) -> Document:
        call = self.add_call(account, f"call-{len(self.live)}", "queued")
        call["metadata"] = order["metadata"]
        return call

    async def find_call(self, account: str, id: str) -> Document | None:
        return self.live.get((account, id))

    async def calls(self, account: str, limit: int, after: str | None, matching: Document) -> Listed:
        every = [call for (owner, _), call in self.live.items() if owner == account]
        found = [call for call in every if all(call.get(name) == value for name, value in matching.items())]
        return Listed(found[:limit], None)

    async def transcript(self, account: str, id: str) -> Sequence[Document]:
        return [{"seq": 1, "role": "agent", "text": "Hello", "start_s": 0.0, "end_s": 0.6, "node_id": "a"}]

    async def call_events(self, account: str, id: str) -> Sequence[Document]:
        return [{"type": "call.started"}]

    async def end_call(self, account: str, id: str) -> Document:
        call = self.live[account, id]
        if call["status"] == "ended":
            raise ConflictError("Call is not currently active")
        call["status"] = "ended"
        return call

    async def annotate(self, account: str, id: str, metadata: Document) -> Document:
        self.live[account, id]["metadata"] |= metadata
        return self.live[account, id]["metadata"]

    async def transfer(self, account: str, id: str, order: Document) -> Document:
        if self.free.get(order["queue_id"], 0) == 0:
            raise UnavailableError("No agents available in target queue")
        self.free[order["queue_id"]] -= 1
        return {**self.live[account, id], "transfer": {"id": "t", "state": "reserved"}}

    async def availability(self, account: str, queues: Sequence[Document]) -> Sequence[Document]:
        return [
            {
                "queue_id": queue["id"],
                "name": queue["name"],
                "available": self.free.get(queue["id"], 0),
                **dict.fromkeys(("reserved", "on_call", "wrap_up", "paused", "offline", "waiting_calls"), 0),
                "longest_wait_s": 0.0,
                "estimated_wait_s": None,
            }
            for queue in queues
        ]

    async def callbacks(self, account: str, queue_id: str, limit: int, after: str | None) -> Listed:
        return Listed([], None)

    async def agent_changed(self, account: str, agent: Document) -> None:
        self.heard.append(("agent", account, agent["id"], agent["state"]))

    async def queue_changed(self, account: str, queue: Document) -> None:
        self.heard.append(("queue", account, queue["id"]))
