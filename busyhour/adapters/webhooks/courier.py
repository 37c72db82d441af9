"""The worker that delivers webhooks. Any number of them may run over one store.

Each webhook has a few lanes of its own: a receiver that is slow, or hostile, fills those and nobody else's.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from redis.exceptions import RedisError

from busyhour.adapters.valkey.documents import CommitRefusedError, Document, Stored
from busyhour.adapters.webhooks.deliveries import DELIVERED, FAILED, PENDING, Deliveries
from busyhour.adapters.webhooks.schedule import FAILING_FOR, next_attempt
from busyhour.adapters.webhooks.sender import GONE, Outcome, Sender
from busyhour.adapters.webhooks.signing import signed_headers
from busyhour.core.ids import ABSENT, MILLISECOND, MINUTE, Instant, Micros

log = logging.getLogger(__name__)

LANES: Final = 4
"""Attempts at once to one webhook."""
MOST: Final = 1_000
"""Attempts at once in all."""
LEASE: Final[Micros] = MINUTE
"""Longer than an attempt may take; what is not settled by then is tried again, by whoever is there."""
KEPT_ATTEMPTS: Final = 20
GONE_REASON: Final = "the receiver answered 410 Gone"
FAILING_REASON: Final = "every delivery of 5 days has failed"
_PAUSE_S: Final = 0.1
_AWAY_S: Final = 1.0


class Courier:
    """`run` until cancelled. `write` says an instant as documents do, and `chance` draws from [0, 1)."""

    def __init__(
        self,
        deliveries: Deliveries,
        sender: Sender,
        clock: Callable[[], Instant],
        write: Callable[[Instant], str],
        chance: Callable[[], float],
    ) -> None:
        self._deliveries: Final = deliveries
        self._sender: Final = sender
        self._clock: Final = clock
        self._write: Final = write
        self._chance: Final = chance
        self._lanes: dict[str, set[asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Until cancelled; attempts that have begun are given up then, and made again when their lease is over."""
        try:
            while True:
                try:
                    busy = await self.turn()
                except RedisError:
                    log.warning("the store does not answer; no webhook is delivered")
                    await asyncio.sleep(_AWAY_S)
                    continue
                except Exception:
                    # One event that can't be read must not end the delivery of all others.
                    log.exception("a turn of the webhooks' worker failed")
                    await asyncio.sleep(_AWAY_S)
                    continue
                await asyncio.sleep(0 if busy else _PAUSE_S)
        finally:
            for task in [task for lane in self._lanes.values() for task in lane]:
                task.cancel()

    async def turn(self) -> int:
        """Hand out events, and begin what is due and has a lane. Gives how much there was."""
        now = self._clock()
        begun = await self._deliveries.fan_out(now, self._write(now))
        for account, webhook_id in await self._deliveries.due(now):
            lane = self._lanes.setdefault(webhook_id, set())
            free = min(LANES - len(lane), MOST - self.in_flight)
            if free <= 0:
                continue
            for id in await self._deliveries.lease(account, webhook_id, now, now + LEASE, free):
                begun += 1
                task = asyncio.create_task(self._attempt(account, webhook_id, id))
                lane.add(task)
                task.add_done_callback(lambda done, own=lane: own.discard(done))
        self._lanes = {id: lane for id, lane in self._lanes.items() if lane}
        return begun

    @property
    def in_flight(self) -> int:
        return sum(map(len, self._lanes.values()))

    async def idle(self) -> None:
        """When every attempt that has begun is over."""
        await asyncio.gather(*(task for lane in self._lanes.values() for task in lane))

    async def _attempt(self, account: str, webhook_id: str, id: str) -> None:
        try:
            webhook = await self._deliveries.webhooks.get(account, webhook_id)
            delivery = await self._deliveries.collection.get(webhook_id, id)
            if webhook is None or delivery is None or delivery.document["status"] != PENDING:
                await self._deliveries.forget(account, webhook_id, [id])
                return
            if not webhook.document["enabled"]:
                await self._settle(account, delivery, {"status": FAILED, "next_attempt_at": None}, None)
                return
            await self._send(account, webhook, delivery)
        except RedisError:
            log.warning("a webhook's attempt could not be noted; it is made again when its lease is over")

    async def _send(self, account: str, webhook: Stored, delivery: Stored) -> None:
        began = self._clock()
        body = str(delivery.document["_body"]).encode()
        headers = signed_headers(
            delivery.document["event_id"], began, body, secrets_of(webhook.document, began)
        )
        outcome = await self._sender.send(webhook.document["url"], headers, body, began)
        now = self._clock()
        tries = delivery.document.get("_tries", 0) + 1
        next_at = ABSENT
        if not outcome.delivered and outcome.status != GONE:
            next_at = next_attempt(tries, now, self._chance(), outcome.retry_after)
        changes: Document = {
            "status": DELIVERED if outcome.delivered else FAILED if next_at == ABSENT else PENDING,
            "next_attempt_at": None if next_at == ABSENT else self._write(next_at),
            "attempts": [
                *delivery.document["attempts"][1 - KEPT_ATTEMPTS :],
                {
                    "at": self._write(began),
                    "status_code": outcome.status or None,
                    "error": outcome.error or None,
                    "duration_ms": (now - began) // MILLISECOND,
                },
            ],
            "_tries": tries,
        }
        await self._settle(account, delivery, changes, None if next_at == ABSENT else next_at)
        await self._judge(account, webhook, outcome, now)
        if next_at == ABSENT:
            await self._deliveries.trim(webhook.document["id"])

    async def _settle(
        self, account: str, delivery: Stored, changes: Document, next_at: Instant | None
    ) -> None:
        """What somebody else has said of it meanwhile stands."""
        commit = self._deliveries.commit()
        self._deliveries.settle(commit, account, delivery, {**delivery.document, **changes}, next_at)
        try:
            await commit.run()
        except CommitRefusedError:
            log.info("a webhook's delivery was changed while it was attempted")

    async def _judge(self, account: str, webhook: Stored, outcome: Outcome, now: Instant) -> None:
        """What an outcome means to the webhook itself."""
        while True:
            before = webhook.document
            after = judged(before, outcome, now)
            if after == before:
                return
            commit = self._deliveries.commit()
            self._deliveries.webhooks.change(commit, account, webhook, after)
            try:
                await commit.run()
                return
            except CommitRefusedError:
                found = await self._deliveries.webhooks.get(account, before["id"])
                if found is None:
                    return
                webhook = found


def judged(webhook: Document, outcome: Outcome, now: Instant) -> Document:
    """The webhook after one attempt."""
    if outcome.delivered:
        return {**webhook, "_failing_since": None}
    since = webhook.get("_failing_since") or now
    reason = webhook["disabled_reason"]
    if webhook["enabled"]:
        if outcome.status == GONE:
            reason = GONE_REASON
        elif now - since >= FAILING_FOR:
            reason = FAILING_REASON
    return {
        **webhook,
        "_failing_since": since,
        "enabled": webhook["enabled"] and reason is None,
        "disabled_reason": reason,
    }


def secrets_of(webhook: Document, now: Instant) -> list[str]:
    """The present secret, and for a while after a rotation the one before it."""
    secrets = [webhook["_secret"]]
    if webhook.get("_previous_secret") and now < webhook["_previous_until"]:
        secrets.append(webhook["_previous_secret"])
    return secrets
