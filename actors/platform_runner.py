"""Runs one part of a platform, which grows, whose contacts come from the store, and which says how it stands."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final, cast

from actors.call_documents import DIRECT
from actors.closing import CLOSING, QUIET, closing, standing_key
from actors.doctor import Facts
from actors.growing import GrowingPart
from actors.platform_plan import PlatformPlan
from actors.post import Answer, Batch, Courier
from actors.runner import DURABLE_S, TURN_S, Runner
from actors.standing import standing_of
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.directory import Directory
from busyhour.adapters.valkey.enrolment import Enrolment
from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.call import Call
from busyhour.core.campaign import PAUSED, RUNNING
from busyhour.core.ids import ABSENT
from busyhour.core.snapshots import call_of_facts
from busyhour.host import CALL_BEGUN, CONTACTS_ENROLLED, Host, campaign_host
from simulation.live_part import LivePart, Role

TELL_EVERY_S: Final = 0.5


class PlatformRunner(Runner):
    """`ordered` when there are orders; they are looked for by themselves a little later."""

    plan: PlatformPlan

    def __init__(self, plan: PlatformPlan, actor: str, courier: Courier, client: Any) -> None:
        super().__init__(plan, actor, courier, client)
        self._directory = Directory(client, plan.scope)
        self._admissions: dict[str, StoreAdmission] = {}
        """By account."""
        self._tell_at_s = 0.0
        self._closing = 0

    _growing: GrowingPart

    async def _assembled(self, role: Role) -> LivePart:
        self._growing = GrowingPart(self.plan, self.actor, role, self._client)
        for record in await self._directory.read(0):
            self._growing.grow(record)
        return self._growing.part

    def _opened(self, name: str) -> Host:
        host = super()._opened(name)
        self._growing.watch(host)
        return host

    async def _grow(self) -> None:
        """Have everything that the directory has now. Raises FencedError, RedisError."""
        if await self._directory.length() == self._growing.known:
            return
        for record in await self._directory.read(self._growing.known):
            name = self._growing.grow(record)
            if name:
                await self._claim_journal(name)
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
        await self._growing.callers.learn(_begun(batch))
        return await super().deliver(batch)

    def ordered(self) -> None:
        self._orders.hurry()
        self._noted.set()

    async def _attend(self) -> None:
        now_s = elapsed_s()
        tells = now_s >= self._tell_at_s
        if tells:
            self._tell_at_s = now_s + TELL_EVERY_S
            self._closing = await closing(self._client, self.plan.scope)
            self._orders.hurry()  # what was ordered before it was closed
        await super()._attend()
        await self._grow()  # after the orders, which may be about what came to be just before them
        if tells:
            await self._count_contacts()
            self._growing.callers.keep(self.part.calls())
            standing = {
                "at": self.clock.now(),
                CLOSING: self._closing,
                QUIET: self._has_nobody(),
                **standing_of(self.part, self.clock.now()),
            }
            await self._client.hset(standing_key(self.plan.scope), self.actor, json.dumps(standing))

    def _next_claim(self) -> int:
        """A platform that closes dials for single calls alone: somebody was told that they are placed."""
        if not self._closing:
            return super()._next_claim()
        return next((number for number in self.part.admission.asked if self._is_direct(number)), ABSENT)

    def _is_direct(self, campaign: int) -> bool:
        return self._growing.records[campaign].facts[DIRECT]

    def facts(self) -> Facts:
        """Nobody enrols the contacts of single calls: they come with their orders, and those who are there are all."""
        facts = super().facts()
        for number, campaign in facts.campaigns.items():
            if self._is_direct(number):
                states = ("remaining", "leased", "completed", "exhausted", "skipped")
                cast("dict[str, Any]", campaign)["total"] = sum(campaign[state] for state in states)
        return facts

    def _has_nobody(self) -> bool:
        """No call is alive here, none is owed, and all that happened is told."""
        driver = self.part.world.driver
        for number in self.part.campaigns:
            campaign = driver.campaigns[number]
            contacts = campaign.contacts
            if campaign.in_flight:
                return False
            if self._is_direct(number) and (
                campaign.claimed or contacts.fresh or contacts.due or contacts.returned
            ):
                return False
        return not self.part.calls() and self.is_quiet()

    def _admission_of(self, number: int) -> StoreAdmission:
        account = self._growing.records[number].account
        if account not in self._admissions:
            self._admissions[account] = StoreAdmission(self._client, self.plan.scope, account)
        return self._admissions[account]

    async def _read_contacts(self, number: int, count: int) -> None:
        """Those of single calls come with orders."""
        if self._is_direct(number):
            del self.part.contacts.asked[number]
            return
        await super()._read_contacts(number, count)

    async def _count_contacts(self) -> None:
        """Whoever enrols contacts tells nobody: a campaign that has read all hears that there are more."""
        for number in self.part.campaigns:
            campaign = self.part.world.driver.campaigns[number]
            if self._is_direct(number) or campaign.state not in (RUNNING, PAUSED):
                continue
            enrolled = sum((await self._enrolment(number).counts()).values())
            if enrolled > campaign.contacts.total:
                campaign.contacts.total = enrolled
                self.part.hosts[campaign_host(number)].note([CONTACTS_ENROLLED, number])

    def _enrolment(self, number: int) -> Enrolment:
        record = self._growing.records[number]
        contacts = AccountContacts(self._client, self.plan.scope, record.account)
        return Enrolment(self._client, contacts, record.key)


def _begun(batch: Batch) -> Iterator[Call]:
    """The calls that begin with it."""
    for _, _, messages in batch:
        for _, plain in messages:
            if plain[0] == CALL_BEGUN:
                yield call_of_facts(plain[2])
