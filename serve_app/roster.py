"""What the platform consists of, made known to it as the API's documents have it, when it is first needed."""

from typing import Any

from actors.campaign_facts import flow_facts, queue_facts
from actors.platform_plan import PlatformPlan
from busyhour.adapters.valkey.directory import Directory
from busyhour.adapters.valkey.documents import Document
from serve_app.errors import NotFoundError
from serve_app.platform import Platform


class Roster:
    """Of the platform `plan`, over the store of `platform`."""

    def __init__(self, plan: PlatformPlan, platform: Platform) -> None:
        client: Any = platform.client
        self.directory = Directory(client, plan.scope)
        self._queues = platform.collection("queues", ("name",))
        self._flows = platform.collection("flows", ("name",))
        self._agents = platform.collection("agents", ("kind",))

    async def queue(self, account: str, id: str) -> int:
        """Its number. Raises NotFoundError."""
        known = await self.directory.number_of("queue", id)
        if known is not None:
            return known
        facts = queue_facts(await self.queue_document(account, id))
        return await self.directory.add("queue", id, account, facts)

    async def queue_changed(self, account: str, queue: Document) -> bool:
        """Whether the platform knows it, and so is told."""
        number = await self.directory.number_of("queue", queue["id"])
        if number is None:
            return False
        facts = {"queue": number, **queue_facts(queue)}
        await self.directory.add("queue_change", f"{queue['id']}:{queue['updated_at']}", account, facts)
        return True

    async def queue_document(self, account: str, id: str) -> Document:
        """Raises NotFoundError."""
        stored = await self._queues.get(account, id)
        if stored is None:
            raise NotFoundError.of("Queue")
        return stored.document

    async def voice_agent(self, account: str, agent: Document) -> str:
        """Its key in the directory: with another version of its flow it is another one there. Raises NotFoundError."""
        return await self.follower(account, agent["id"], agent["flow_id"])

    async def agent_document(self, account: str, id: str) -> Document:
        """Raises NotFoundError."""
        stored = await self._agents.get(account, id)
        if stored is None:
            raise NotFoundError.of("Agent")
        return stored.document

    async def follower(self, account: str, id: str | None, flow_id: str) -> str:
        """Whoever follows the flow as it is now: the agent `id`, or nobody in particular. Raises NotFoundError."""
        stored = await self._flows.get(account, flow_id)
        if stored is None:
            raise NotFoundError.of("Flow")
        flow = stored.document
        for queue_id in {node["queue_id"] for node in flow["nodes"].values() if node.get("queue_id")}:
            await self.queue(account, queue_id)
        key = f"{id or 'flow'}:{flow_id}:{flow['version']}"
        await self.directory.add("voice_agent", key, account, {"id": id, "flow": flow_facts(flow)})
        return key
