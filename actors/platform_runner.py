"""Runs one part of a platform, which grows, whose contacts come from the store, and which says how it stands."""

import asyncio
import json
from typing import Any, Final

from actors.growing import GrowingPart
from actors.platform_plan import PlatformPlan
from actors.post import Answer, Batch, Courier
from actors.runner import DURABLE_S, TURN_S, Runner
from actors.standing import standing_of
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.directory import Directory
from busyhour.adapters.valkey.documents import Collection
from busyhour.adapters.valkey.enrolled import Enrolled, EnrolledContacts
from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.phones import phone_of
from busyhour.host import CONTACTS_LOADED
from simulation.live_part import LivePart

TELL_EVERY_S: Final = 0.5


def standing_key(scope: str) -> str:
    """The hash in which each actor of the platform says how it stands."""
    return f"{{{scope}}}:standing"


class PlatformRunner(Runner):
    """`ordered` when there are orders; they are looked for by themselves a little later."""

    plan: PlatformPlan

    def __init__(self, plan: PlatformPlan, actor: str, courier: Courier, client: Any) -> None:
        super().__init__(plan, actor, courier, client)
        self._directory = Directory(client, plan.scope)
        self._contacts = Collection(client, plan.scope, "contacts")
        self._admissions: dict[str, StoreAdmission] = {}
        """By account."""
        self._growing = GrowingPart(plan, actor)
        self._tell_at_s = 0.0

    def _assembled(self) -> LivePart:
        return self._growing.part

    async def activate(self) -> None:
        """Raises FencedError, RedisError."""
        for record in await self._directory.read(self._growing.known):
            self._growing.grow(record)
        await super().activate()

    async def _grow(self) -> None:
        """Have everything that the directory has now. Raises FencedError, RedisError."""
        if await self._directory.length() == self._growing.known:
            return
        for record in await self._directory.read(self._growing.known):
            name = self._growing.grow(record)
            if name:
                await self._recover(name)
                self.part.begin_host(name)
                self.post.may_talk(name, self.part.hosts[name])

    async def deliver(self, batch: Batch) -> Answer:
        """What is written may be about something that came to be after the last look: it waits. Raises RedisError."""
        length = await self._directory.length()
        until_s = elapsed_s() + DURABLE_S
        while self._growing.known < length:
            self._noted.set()
            await asyncio.sleep(TURN_S)
            if elapsed_s() > until_s:
                return [], self.is_behind()
        return await super().deliver(batch)

    def ordered(self) -> None:
        self._orders.hurry()
        self._noted.set()

    async def _attend(self) -> None:
        await self._grow()
        await super()._attend()
        await self._load_contacts()
        now_s = elapsed_s()
        if now_s >= self._tell_at_s:
            self._tell_at_s = now_s + TELL_EVERY_S
            standing = {"at": self.clock.now(), **standing_of(self.part, self.clock.now())}
            await self._client.hset(standing_key(self.plan.scope), self.actor, json.dumps(standing))

    def _admission_of(self, number: int) -> StoreAdmission:
        account = self._growing.records[number].account
        if account not in self._admissions:
            self._admissions[account] = StoreAdmission(self._client, self.plan.scope, account)
        return self._admissions[account]

    async def _load_contacts(self) -> None:
        """For the campaigns that have asked: what the store gives goes into their journals."""
        for number in self._growing.awaits():
            supply = self._growing.supply(number)
            record = self._growing.records[number]
            enrolled = EnrolledContacts(self._client, self.plan.scope, record.key)
            page, cursor, is_last = await enrolled.page(_places(supply.cursor), supply.asked)
            rows = await self._rows(record.account, number, page)
            host = self.part.hosts[f"campaigns/{number}"]
            host.note([CONTACTS_LOADED, number, rows, cursor, is_last, await enrolled.count()])
            supply.asked = 0

    async def _rows(self, account: str, campaign: int, page: list[Enrolled]) -> list[list[object]]:
        """Of those who are there still; whoever must not be called, admission will refuse."""
        found = await self._contacts.get_many(account, [each.contact_id for each in page])
        documents = {stored.document["id"]: stored.document for stored in found}
        rows: list[list[object]] = []
        forbidden: list[int] = []
        for each in page:
            contact = documents.get(each.contact_id)
            if contact is not None:
                phone = phone_of(contact["phone"])
                if contact["do_not_call"]:
                    forbidden.append(phone)
                rows.append([each.number, phone, each.priority, contact["timezone"] or ""])
        if forbidden:
            await self._admission_of(campaign).do_not_call_add(forbidden)
        return rows


def _places(cursor: object) -> dict[str, int]:
    return dict(cursor) if isinstance(cursor, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
