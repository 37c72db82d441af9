"""What the store has of calls: their documents, what was said in them, and what is written to them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from actors.ledger import CALLS_INDEXED, call_events_key, metadata_key, transcripts_key
from busyhour.adapters.valkey.documents import (
    Collection,
    Commit,
    CommitRefusedError,
    Document,
    Stored,
    packed,
)
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.runtime import Listed
from serve_app.schemas.calls import LARGEST_METADATA
from serve_app.services.base import shown

_TRIES: Final = 5


class CallRecords:
    """Of every account of the deployment `scope`."""

    def __init__(self, client: Any, scope: str) -> None:
        self._client = client
        self._scope = scope
        self._calls = Collection(client, scope, "calls", CALLS_INDEXED)

    async def find_call(self, account: str, id: str) -> Document | None:
        stored = await self._calls.get(account, id)
        return None if stored is None else (await self.with_metadata(account, [stored]))[0]

    async def calls(self, account: str, limit: int, after: str | None, matching: Document) -> Listed:
        wanted = dict(matching)
        since = wanted.pop("since", None)
        page = await self._calls.page(account, limit, after, wanted)
        found = [one for one in page.documents if since is None or one.document["created_at"] >= since]
        ends = len(found) < len(page.documents)
        return Listed(await self.with_metadata(account, found), None if ends else page.after)

    async def with_metadata(self, account: str, found: Sequence[Stored]) -> list[Document]:
        """As they are shown."""
        if not found:
            return []
        ids = [stored.document["id"] for stored in found]
        every = await self._client.hmget(metadata_key(self._scope, account), ids)
        return [
            {**shown(stored.document), "metadata": {} if raw is None else json.loads(raw)}
            for stored, raw in zip(found, every, strict=True)
        ]

    async def transcript(self, account: str, id: str) -> Sequence[Document]:
        raw = await self._client.hget(transcripts_key(self._scope, account), id)
        return [] if raw is None else json.loads(raw)["turns"]

    async def call_events(self, account: str, id: str) -> Sequence[Document]:
        every = await self._client.lrange(call_events_key(self._scope, id), 0, -1)
        return [{"seq": seq, **json.loads(raw)} for seq, raw in enumerate(every, 1)]

    async def annotate(self, account: str, id: str, metadata: Document) -> Document:
        if await self._calls.get(account, id) is None:
            raise NotFoundError.of("Call")
        key = metadata_key(self._scope, account)
        for _ in range(_TRIES):
            raw = await self._client.hget(key, id)
            merged = {**(json.loads(raw) if raw else {}), **metadata}
            if len(packed(merged)) > LARGEST_METADATA:
                raise InvalidInputError(f"metadata must be at most {LARGEST_METADATA // 1024} KiB in all")
            commit = Commit(self._client, self._scope)
            if raw is None:
                commit.when_absent("metadata", key, id)
            else:
                commit.when_same("metadata", key, id, raw)
            commit.put(key, id, packed(merged))
            try:
                await commit.run()
            except CommitRefusedError:
                continue
            return merged
        raise ConflictError("The call's metadata is being changed by others; try again")
