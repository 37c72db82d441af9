"""Calls: asked of the runtime, which has them."""

from typing import TYPE_CHECKING, Final

from busyhour.adapters.valkey.documents import Document, packed
from serve_app.errors import InvalidInputError, NotFoundError
from serve_app.runtime import Listed, Runtime
from serve_app.schemas.calls import LARGEST_METADATA, CallQuery, NewCall, NewTransfer
from serve_app.services.base import require_trunk

if TYPE_CHECKING:
    from serve_app.services.agents import Agents
    from serve_app.services.flows import Flows
    from serve_app.services.queues import Queues


class Calls:
    title: Final = "Call"

    def __init__(self, runtime: Runtime, agents: "Agents", queues: "Queues", flows: "Flows") -> None:
        self._runtime = runtime
        self._agents = agents
        self._queues = queues
        self._flows = flows

    async def place(self, account: str, new: NewCall) -> Document:
        """Raises InvalidInputError, UnavailableError."""
        _require_size(new.metadata)
        require_trunk(self._runtime, new.trunk)
        if new.agent_id is not None:
            agent = await self._agents.collection.get(account, new.agent_id)
            if agent is None or agent.document["kind"] != "voice":
                raise InvalidInputError("agent_id is not a voice agent of this account")
        if new.flow_id is not None and await self._flows.collection.get(account, new.flow_id) is None:
            raise InvalidInputError("flow_id is not a flow of this account")
        await self._require_queue(account, new.queue_id)
        return await self._runtime.place(account, new.model_dump(by_alias=True))

    async def find(self, account: str, id: str) -> Document:
        """Without its transcript. Raises NotFoundError, UnavailableError."""
        call = await self._runtime.find_call(account, id)
        if call is None:
            raise NotFoundError.of(self.title)
        return call

    async def with_transcript(self, account: str, id: str) -> Document:
        call = await self.find(account, id)
        return {**call, "transcript": list(await self._runtime.transcript(account, id))}

    async def transcript(self, account: str, id: str) -> Document:
        await self.find(account, id)
        return {"data": list(await self._runtime.transcript(account, id))}

    async def events(self, account: str, id: str) -> Document:
        await self.find(account, id)
        return {"data": list(await self._runtime.call_events(account, id))}

    async def page(self, account: str, query: CallQuery, after: str | None) -> Listed:
        return await self._runtime.calls(account, query.limit, after, query.matching())

    async def end(self, account: str, id: str) -> Document:
        """Raises ConflictError when it has ended."""
        return await self._runtime.end_call(account, id)

    async def annotate(self, account: str, id: str, metadata: Document) -> Document:
        """All of its metadata then. Raises InvalidInputError."""
        _require_size(metadata)
        return {"metadata": await self._runtime.annotate(account, id, metadata)}

    async def transfer(self, account: str, id: str, order: NewTransfer) -> Document:
        """The call, with its transfer. Raises InvalidInputError, ConflictError, UnavailableError."""
        await self._require_queue(account, order.queue_id)
        return await self._runtime.transfer(account, id, order.model_dump())

    async def _require_queue(self, account: str, queue_id: str | None) -> None:
        if queue_id is not None and await self._queues.collection.get(account, queue_id) is None:
            raise InvalidInputError("queue_id is not a queue of this account")


def _require_size(metadata: Document) -> None:
    if len(packed(metadata)) > LARGEST_METADATA:
        raise InvalidInputError(f"metadata must be at most {LARGEST_METADATA // 1024} KiB")
