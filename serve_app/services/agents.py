"""Agents as they are wanted. A human agent's state is what they last said, kept here for the runtime to obey."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from busyhour.adapters.valkey.documents import Commit, Document, Stored
from busyhour.adapters.valkey.once import Effect
from serve_app.errors import ConflictError, InvalidInputError
from serve_app.platform import Platform
from serve_app.runtime import Runtime
from serve_app.schemas.agents import AgentState, HumanAgentPatch, NewAgent, VoiceAgentPatch
from serve_app.services.base import StoredObjects, answered, patched

if TYPE_CHECKING:
    from serve_app.services.flows import Flows
    from serve_app.services.queues import Queues
    from serve_app.services.speakers import Speakers

VOICE = "voice"
HUMAN = "human"


class Agents(StoredObjects):
    title = "Agent"

    def __init__(
        self, platform: Platform, runtime: Runtime, flows: "Flows", queues: "Queues", speakers: "Speakers"
    ) -> None:
        super().__init__(platform, platform.collection("agents", ("kind",)))
        self._runtime = runtime
        self._flows = flows
        self._queues = queues
        self._speakers = speakers

    async def create(self, account: str, new: NewAgent, effect: Effect) -> Stored:
        """Raises InvalidInputError where it refers to what is not there."""
        now = self.platform.now()
        document: Document = {"id": self.platform.new_id(), **new.root.model_dump()}
        if new.root.kind == HUMAN:
            document["state"] = "offline"
        document |= {"created_at": now, "updated_at": now}
        await self._require_references(account, document)
        stored = self.collection.create(effect, account, document)
        answered(effect, stored)
        await effect.run()
        await self._tell(account, stored)
        return stored

    async def patch(
        self,
        account: str,
        before: Stored,
        patch: VoiceAgentPatch | HumanAgentPatch,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Raises InvalidInputError where it refers to what is not there."""
        await self._require_references(account, patch.model_dump(exclude_unset=True))
        after = await self.change(
            account, before, lambda document: patched(document, patch), begin, require=require
        )
        await self._tell(account, after)
        return after

    async def set_state(
        self,
        account: str,
        before: Stored,
        wanted: AgentState,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """Raises ConflictError for a voice agent."""
        if before.document["kind"] != HUMAN:
            raise ConflictError("Only a human agent has a state")
        after = await self.change(
            account, before, lambda document: {**document, "state": wanted.state}, begin, require=require
        )
        await self._tell(account, after)
        return after

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """A person goes home when the call in hand is done. Raises ConflictError."""
        await super().delete(account, before, commit)
        if before.document["kind"] == HUMAN:
            await self._runtime.agent_changed(account, {**before.document, "state": "offline"})

    async def _require_references(self, account: str, document: Document) -> None:
        flow_id, speaker = document.get("flow_id"), document.get("speaker")
        if flow_id is not None and await self._flows.collection.get(account, flow_id) is None:
            raise InvalidInputError("flow_id is not a flow of this account")
        if speaker is not None and await self._speakers.named(account, speaker) is None:
            raise InvalidInputError("speaker is not a speaker of this account")
        for index, queue_id in enumerate(document.get("queue_ids", ())):
            if await self._queues.collection.get(account, queue_id) is None:
                raise InvalidInputError(f"queue_ids[{index}] is not a queue of this account")

    async def _tell(self, account: str, stored: Stored) -> None:
        if stored.document["kind"] == HUMAN:
            await self._runtime.agent_changed(account, stored.document)
