"""Queues as they are wanted; how they stand is the runtime's to say."""

from collections.abc import Callable
from typing import Final

from busyhour.adapters.valkey.documents import Commit, Document, Stored
from busyhour.adapters.valkey.once import Effect
from serve_app.errors import UnavailableError
from serve_app.platform import Platform
from serve_app.runtime import Listed, Runtime
from serve_app.schemas.queues import NewQueue, QueuePatch
from serve_app.services.base import StoredObjects, answered, patched

_MOST: Final = 1_000
"""Queues that one answer tells the state of."""


class Queues(StoredObjects):
    title = "Queue"

    def __init__(self, platform: Platform, runtime: Runtime) -> None:
        super().__init__(platform, platform.collection("queues", ("name",)))
        self._runtime = runtime

    async def create(self, account: str, new: NewQueue, effect: Effect) -> Stored:
        now = self.platform.now()
        id = self.platform.new_id()
        document = {"id": id, **new.model_dump(), "created_at": now, "updated_at": now}
        stored = self.collection.create(effect, account, document)
        answered(effect, stored)
        await effect.run()
        return stored

    async def patch(
        self,
        account: str,
        before: Stored,
        patch: QueuePatch,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        after = await self.change(
            account, before, lambda document: patched(document, patch), begin, require=require
        )
        await self._runtime.queue_changed(account, after.document)
        return after

    async def stats(self, account: str, queue: Document) -> Document | None:
        """None while there is no runtime."""
        try:
            (stats,) = await self._runtime.availability(account, [queue])
        except UnavailableError:
            return None
        return stats

    async def availability(self, account: str, queue_id: str | None) -> Document:
        """Of one queue or of all. Raises NotFoundError, UnavailableError."""
        if queue_id is not None:
            queues = [(await self.find(account, queue_id)).document]
        else:
            page = await self.collection.page(account, _MOST)
            queues = [stored.document for stored in page.documents]
        stats = await self._runtime.availability(account, queues)
        return {
            "as_of": self.platform.now(),
            "total_available": sum(queue["available"] for queue in stats),
            "queues": list(stats),
        }

    async def callbacks(self, account: str, queue_id: str, limit: int, after: str | None) -> Listed:
        """Raises UnavailableError."""
        return await self._runtime.callbacks(account, queue_id, limit, after)
