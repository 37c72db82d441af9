"""Webhooks and their deliveries in the store: who is to get what, and when it is tried next.

A delivery is due at an instant in its webhook's own queue, and webhooks are ranked by when their first one is due: what
waits for one receiver is never in another's way.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any, Final, cast

from redis.asyncio import Redis

from busyhour.adapters.valkey.documents import Collection, Commit, CommitRefusedError, Document, Stored
from busyhour.adapters.webhooks.outbox import OUTBOX
from busyhour.core.ids import Instant

log = logging.getLogger(__name__)

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
STATUSES: Final = (PENDING, DELIVERED, FAILED)
KEPT: Final = 1_000
"""Deliveries of one webhook that are kept once they are over, the newest."""
_EVENT: Final = ("id", "account", "type", "body")
_PAGE: Final = 100
_MOST_WEBHOOKS: Final = 1_000


class Deliveries:
    """Of every webhook of the deployment `scope`. The member of a rank is `account webhook`."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        self._scope: Final = scope
        self.webhooks: Final = Collection(client, scope, "webhooks")
        self.collection: Final = Collection(client, scope, "deliveries", ("status",))
        self._ranks: Final = f"{{{scope}}}:webhooks-due"

    def commit(self) -> Commit:
        return Commit(self._client, self._scope)

    def due_key(self, webhook_id: str) -> str:
        return f"{{{self._scope}}}:deliveries:{webhook_id}:due"

    # Making ones ----------------------------------------------------------------------------------------------------

    async def fan_out(self, now: Instant, timestamp: str) -> int:
        """A delivery for each webhook that asked for it, of the oldest events in the outbox. Gives how many events."""
        outbox = f"{{{self._scope}}}:{OUTBOX}"
        entries = await self._client.lrange(outbox, 0, _PAGE - 1)
        subscribed: dict[str, list[Document]] = {}
        for raw in entries:
            event = readable(raw)
            if event is None:
                await self._set_aside(outbox, raw)
                continue
            account = event["account"]
            if account not in subscribed:
                page = await self.webhooks.page(account, _MOST_WEBHOOKS)
                subscribed[account] = [one.document for one in page.documents]
            commit = self.commit()
            for webhook in subscribed[account]:
                if webhook["enabled"] and asks_for(webhook, event["type"]):
                    self.create(commit, account, webhook["id"], event, now, timestamp)
            commit.remove(outbox, raw)
            try:
                await commit.run()
            except CommitRefusedError:
                # Another worker was faster, and has made them all.
                removal = self.commit()
                removal.remove(outbox, raw)
                await removal.run()
        return len(entries)

    async def _set_aside(self, outbox: str, raw: bytes) -> None:
        """What nobody can read must not keep what comes after it; it stays in the store, for people."""
        log.error("an event in the outbox can't be read; it is set aside")
        commit = self.commit()
        commit.append(f"{outbox}:unreadable", raw)
        commit.remove(outbox, raw)
        await commit.run()

    def create(
        self, commit: Commit, account: str, webhook_id: str, event: Document, now: Instant, timestamp: str
    ) -> Stored:
        """In `commit`, due at once. Its id follows from the event's and the webhook's: there is one."""
        document = {
            "id": delivery_id(event["id"], webhook_id),
            "webhook_id": webhook_id,
            "event_id": event["id"],
            "type": event["type"],
            "status": PENDING,
            "attempts": [],
            "next_attempt_at": timestamp,
            "created_at": timestamp,
            "_body": event["body"],
            "_account": account,
        }
        stored = self.collection.create(commit, webhook_id, document)
        self.make_due(commit, account, webhook_id, stored.document["id"], now)
        return stored

    def make_due(self, commit: Commit, account: str, webhook_id: str, id: str, at: Instant) -> None:
        commit.rank(self.due_key(webhook_id), at, id)
        commit.rank_no_later(self._ranks, at, f"{account} {webhook_id}")

    # Taking them ----------------------------------------------------------------------------------------------------

    async def due(self, now: Instant) -> list[tuple[str, str]]:
        """(account, webhook) of those that have deliveries due, longest first."""
        members = await self._client.zrange(self._ranks, "-inf", now, byscore=True)
        return [tuple(member.decode().rsplit(" ", 1)) for member in members]

    async def lease(
        self, account: str, webhook_id: str, now: Instant, until: Instant, count: int
    ) -> list[str]:
        """At most `count` that are due, for this worker alone until then."""
        found = await self._client.fcall(
            "busyhour_due_lease",
            2,
            self.due_key(webhook_id),
            self._ranks,
            now,
            until,
            count,
            f"{account} {webhook_id}",
        )
        return [id.decode() for id in found]

    async def forget(self, account: str, webhook_id: str, ids: Sequence[str]) -> None:
        """They are due no more; there is nothing left of them."""
        await self._client.zrem(self.due_key(webhook_id), *ids)
        await self.lease(account, webhook_id, 0, 0, 0)

    # What came of them ----------------------------------------------------------------------------------------------

    def settle(
        self, commit: Commit, account: str, before: Stored, document: Document, next_at: Instant | None
    ) -> Stored:
        """In `commit`; `next_at` is None where it is over."""
        webhook_id = document["webhook_id"]
        after = self.collection.change(commit, webhook_id, before, document)
        if next_at is None:
            commit.unrank(self.due_key(webhook_id), document["id"])
        else:
            self.make_due(commit, account, webhook_id, document["id"], next_at)
        return after

    async def trim(self, webhook_id: str) -> None:
        """Drop the oldest that are over, beyond those that are kept."""
        for status in (DELIVERED, FAILED):
            key = self.collection.index_key(webhook_id, "status", status)
            surplus = int(await self._client.zcard(key)) - KEPT
            if surplus <= 0:
                continue
            oldest = await self._client.zrange(key, 0, min(surplus, _PAGE) - 1)
            for stored in await self.collection.get_many(webhook_id, [id.decode() for id in oldest]):
                commit = self.commit()
                self.collection.delete(commit, webhook_id, stored)
                try:
                    await commit.run()
                except CommitRefusedError:
                    continue  # it was just redelivered, and is not the oldest any more

    def drop_all(self, commit: Commit, account: str, webhook_id: str) -> None:
        """In `commit`, with the webhook itself."""
        commit.forget(self.collection.documents_key(webhook_id))
        commit.forget(self.collection.ids_key(webhook_id))
        for status in STATUSES:
            commit.forget(self.collection.index_key(webhook_id, "status", status))
        commit.forget(self.due_key(webhook_id))
        commit.unrank(self._ranks, f"{account} {webhook_id}")


def readable(raw: bytes) -> Document | None:
    """An entry of the outbox; None where it is none."""
    try:
        event = json.loads(raw)
    except ValueError:
        return None
    if isinstance(event, dict) and all(isinstance(event.get(name), str) for name in _EVENT):
        return cast(Document, event)
    return None


def asks_for(webhook: Document, type: str) -> bool:
    return type in webhook["events"] or "*" in webhook["events"]


def delivery_id(event_id: str, webhook_id: str) -> str:
    """A UUIDv8 that begins as the event's id does, so that deliveries sort by age."""
    own = hashlib.sha256(f"{event_id} {webhook_id}".encode()).hexdigest()
    return f"{event_id[:13]}-8{event_id[15:18]}-8{own[:3]}-{own[3:15]}"
