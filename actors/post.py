"""One actor's post: batches to each other actor, one under way at a time, and whether they keep up.

What collects while a batch is under way goes with the next one. Who does not keep up is not dialled for: a process that
is behind says so with every answer, one that does not answer shows it, and claims wait until it has caught up; so that
no mailbox, and no list of what nobody has acknowledged, grows without bound.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol

from busyhour.adapters.wall_clock import elapsed_s
from busyhour.host import Host
from busyhour.outbox import Plain

Batch = list[tuple[str, str, list[tuple[int, Plain]]]]
"""(addressee, sender, numbered messages) by host."""
Received = list[tuple[str, str, int]]
"""(addressee, sender, number of the latest message that is durable there)."""
Answer = tuple[Received, bool]
"""And whether the actor is behind with its own work: whoever makes work for it should wait."""

AT_ONCE: Final = 500
"""Messages of one host in one batch."""
RETRY_S: Final = 0.2
SILENT_S: Final = 1.0
"""An actor that has not answered for so long gets no new calls: those admitted for it meanwhile would all be dialled at
once when it is back."""
MOST_BACKLOG: Final = 20_000
"""Messages that are not acknowledged, and inputs that are not durable, from which on a process is behind."""

log = logging.getLogger("busyhour.live")


class Courier(Protocol):
    """Takes batches to other actors."""

    async def deliver(self, actor: str, batch: Batch) -> Answer:
        """Raises ConnectionError when the actor does not answer."""
        ...


class Post:
    """Carries what the hosts of one actor send."""

    def __init__(
        self, hosts: Mapping[str, Host], actor_of: Mapping[str, str], courier: Courier, counts: "Counter[str]"
    ) -> None:
        """`actor_of`: by host, here and elsewhere; `rerouted` when that has changed."""
        self._hosts = hosts
        self._actor_of = actor_of
        self._courier = courier
        self._counts = counts
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._talkative: dict[str, set[str]] = {}
        """Actor → hosts here that may have something for it."""
        self._behind: set[str] = set()
        """Actors that said so last."""
        self._silent_since_s: dict[str, float] = {}
        """Actor → when it was asked what it has not answered yet."""

    def may_talk(self, name: str, host: Host) -> None:
        """Something was applied there."""
        for to, outbox in host.outboxes.items():
            if outbox.sent != outbox.last:
                self._talkative.setdefault(self._actor_of[to], set()).add(name)

    def rerouted(self) -> None:
        """Hosts may be with other actors now: whatever nobody has acknowledged is for whoever has them."""
        for name, host in self._hosts.items():
            for to, outbox in host.outboxes.items():
                if outbox.unacknowledged:
                    self._talkative.setdefault(self._actor_of[to], set()).add(name)

    def send(self) -> None:
        """Have whatever there is sent."""
        for actor, names in self._talkative.items():
            if names and actor not in self._under_way:
                self._under_way[actor] = asyncio.create_task(self._deliver_all(actor))

    def unacknowledged(self) -> int:
        return sum(
            len(outbox.unacknowledged) for host in self._hosts.values() for outbox in host.outboxes.values()
        )

    def laggard(self) -> str:
        """An actor that does not keep up with what it is sent; empty where all do."""
        now_s = elapsed_s()
        for actor, since_s in self._silent_since_s.items():
            if now_s - since_s > SILENT_S:
                return actor
        return min(self._behind, default="")

    async def _deliver_all(self, actor: str) -> None:
        """Batch after batch until there is nothing more for the actor, and it keeps up."""
        try:
            while (batch := self._batch(actor)) or actor in self._behind:
                self._counts["batches"] += 1
                self._silent_since_s.setdefault(actor, elapsed_s())
                received: Received = []
                try:
                    received, is_behind = await self._courier.deliver(actor, batch)
                    del self._silent_since_s[actor]
                    (self._behind.add if is_behind else self._behind.discard)(actor)
                except ConnectionError:
                    if not batch:
                        self._behind.discard(actor)  # there may be no such actor any more
                if not self._acknowledge(actor, batch, received):
                    await asyncio.sleep(RETRY_S)
        finally:
            self._silent_since_s.pop(actor, None)  # there may be nothing for it any more
            del self._under_way[actor]

    def _batch(self, actor: str) -> Batch:
        batch: Batch = []
        for name in sorted(self._talkative.get(actor, ())):
            host = self._hosts.get(name)
            if host is None:
                continue  # another actor has it now
            for to in host.outboxes:
                if self._actor_of[to] == actor:
                    messages = host.to_send(to, AT_ONCE)
                    if messages:
                        batch.append((to, name, messages))
        self._talkative[actor] = {name for _, name, _ in batch}
        return batch

    def _acknowledge(self, actor: str, batch: Batch, received: Received) -> bool:
        """False when nothing has become durable there: to send it again at once would change nothing."""
        durable = {(to, sender): number for to, sender, number in received}
        batch = [letter for letter in batch if letter[1] in self._hosts]
        before = self._first_numbers(batch)
        for to, sender, _ in batch:
            outbox = self._hosts[sender].outboxes[to]
            outbox.acknowledged(durable.get((to, sender), 0))
            outbox.again()
            if outbox.sent != outbox.last:
                self._talkative.setdefault(self._actor_of[to], set()).add(sender)
        return self._first_numbers(batch) != before

    def _first_numbers(self, batch: Batch) -> list[int]:
        """The oldest that each outbox of the batch still keeps."""
        kept = [self._hosts[sender].outboxes[to].unacknowledged for to, sender, _ in batch]
        return [each[0][0] if each else 0 for each in kept]
