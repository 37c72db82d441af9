"""Runs one part of a live run on the wall clock: turn by turn, durable before it happens.

A turn lets happen what is due, appends what the hosts have noted in one request, applies it, asks the store for leave
to dial, and posts what machines elsewhere must hear. An actor has one batch under way to each other actor; what
collects meanwhile goes with the next one.
"""

import asyncio
import contextlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from actors.doctor import Facts, Patient
from actors.hosting import Hosting
from actors.orders import Orders
from actors.plan import CALL_HOSTS, LivePlan
from actors.platform_plan import PlatformPlan
from actors.post import MOST_BACKLOG, RETRY_S, Answer, Batch, Courier, Post
from actors.reports import Reports
from busyhour.adapters.dial_log import dial_log
from busyhour.adapters.valkey.admission import StoreAdmission
from busyhour.adapters.valkey.contacts import AccountContacts
from busyhour.adapters.valkey.enrolment import Enrolment
from busyhour.adapters.valkey.journal import (
    FencedError,
    Journal,
    Recovered,
    append_each,
    claim_shards,
    require_owner,
)
from busyhour.adapters.wall_clock import RunClock, since_boot_s
from busyhour.core.campaign import BLOCKED_BY, CAMPAIGN_STATES
from busyhour.core.ids import ABSENT, MILLISECOND, Instant
from busyhour.core.phones import phone_of
from busyhour.host import Host, calls_host, campaign_host
from busyhour.results.tallies import Tallies
from simulation.freshness import Fresh
from simulation.live_part import LivePart, Role

TURN_S: Final = 0.01
"""At least so long between two turns: what comes in meanwhile shares their costs."""
LOOK_S: Final = 0.5
"""At most so long."""
AHEAD: Final = 100 * MILLISECOND
"""How far ahead calls are admitted, real time: about as long as two claims take."""
DURABLE_S: Final = 3.0
"""How long a batch may take to become durable before its sender hears that it is not: less than it waits."""
SNAPSHOT_AFTER: Final = 5_000
"""Entries of a journal after which a snapshot takes their place."""

log = logging.getLogger("busyhour.live")


class Runner:
    """One actor's part. `activate`, `begin` when the run's clock has been started, then `run` until it returns."""

    def __init__(self, plan: LivePlan | PlatformPlan, actor: str, courier: Courier, client: Any) -> None:
        self.plan = plan
        self.actor = actor
        self.counts: Counter[str] = Counter()
        """What was done so far, by name, for `status`."""
        self.store_answers = True
        self.waits_for = ""
        """The actor that does not keep up, so that no calls are claimed; empty where they are."""
        self.stopped = False
        self.admission = StoreAdmission(client, plan.scope, plan.account)
        self._client = client
        self._courier = courier
        self._patient = Patient(client, plan.scope, self.facts)
        self.journals: dict[str, Journal] = {}
        self._recovered: dict[str, Host] = {}
        """The hosts whose journals are ours."""
        self._orders = Orders(client, plan.scope, self._recovered)
        self.hosting = Hosting(self, client)
        self._fresh = Fresh(since_boot_s)
        self._noted = asyncio.Event()
        self._applied = asyncio.Condition()
        self._claims: Counter[int] = Counter()
        self._unanswered = ABSENT
        """The campaign whose claim may have been answered without our hearing it."""
        self._reports = Reports()
        self._snapshot_at: dict[str, int] = {}
        self._tallies: Tallies | None = None
        """Of the end; they can be counted once only."""

    part: LivePart
    post: Post
    clock: RunClock

    async def activate(self) -> None:
        """Claim the journals and go on from where they end. What takes long leaves the loop free, for somebody looks
        whether this actor is alive. Raises FencedError, RedisError.
        """
        await self.hosting.read()
        self.part = await self._assembled(self.hosting.role())
        self.post = Post(self.part.hosts, self.hosting.routes, self._courier, self.counts)
        if self.plan.dial_log is not None:
            self.part.dialer.saw = dial_log(str(self.plan.dial_log))
        journals = {shard: self._journal_of(shard) for shard in self.part.shards}
        for shard, recovered in (await claim_shards(self._client, self.actor, journals)).items():
            if isinstance(recovered, FencedError):
                raise recovered
            await self._recover(journals[shard].name, journals[shard], recovered)
        for name in self.part.hosts:
            if name not in self._recovered:
                await self._claim_journal(name)

    async def _claim_journal(self, name: str) -> None:
        """Of a host of the part that is no shard of calls."""
        journal = Journal(self._client, self.plan.scope, name)
        await self._recover(name, journal, await journal.claim())

    async def _recover(self, name: str, journal: Journal, recovered: Recovered) -> None:
        """Bring a host of the part to where its journal ends."""
        if recovered.snapshot is not None or recovered.entries:
            await asyncio.to_thread(self.part.restore, name, recovered.snapshot, recovered.entries)
        self._recovered_from(name, journal, recovered)

    def _recovered_from(self, name: str, journal: Journal, recovered: Recovered) -> None:
        self.counts["replayed"] += len(recovered.entries)
        self.journals[name] = journal
        self._snapshot_at[name] = journal.head - len(recovered.entries)
        self._recovered[name] = self.part.hosts[name]

    def _journal_of(self, shard: int) -> Journal:
        return Journal(self._client, self.plan.scope, calls_host(shard, CALL_HOSTS))

    async def take_shards(self, shards: Sequence[int]) -> None:
        """Host virtual shards more, which nobody hosts now; not those that are somebody else's. Raises FencedError,
        RedisError.
        """
        journals = {shard: self._journal_of(shard) for shard in shards}
        for shard, recovered in (await claim_shards(self._client, self.actor, journals)).items():
            if isinstance(recovered, FencedError):
                log.info("%s", recovered)
                continue
            # Messages may come while anything is awaited, and must not find it half restored.
            name = journals[shard].name
            host = self._opened(name)
            self.part.restore(name, recovered.snapshot, recovered.entries)
            self._recovered_from(name, journals[shard], recovered)
            self.part.begin_host(name)
            self.part.tell_free_sessions(shard)
            self.post.may_talk(name, host)
            self.counts["shards taken"] += 1

    def _opened(self, name: str) -> Host:
        """A host more of the part."""
        return self.part.open(name)

    def forget(self, name: str) -> Journal:
        """The part does not have this host any more. Returns its journal, which is still ours."""
        del self._recovered[name], self._snapshot_at[name]
        return self.journals.pop(name)

    async def _assembled(self, role: Role) -> LivePart:
        return await asyncio.to_thread(self._assemble, role)

    def _assemble(self, role: Role) -> LivePart:
        plan = self.plan
        assert isinstance(plan, LivePlan)
        with plan.scenario() as scenario:
            return LivePart(scenario, role, CALL_HOSTS, plan.replication, list(plan.enrolled))

    async def begin(self) -> None:
        """The run's clock has been started. Raises UnconfiguredError where it has not, RedisError."""
        self.clock = RunClock(await self.admission.now(), self.plan.speed)
        await self.hosting.begin(self.clock.now())
        for name, host in self.part.hosts.items():
            self.post.may_talk(name, host)

    async def run(self) -> None:
        """Turn after turn until `stop`. Raises FencedError when a successor has claimed a journal."""
        while not self.stopped:
            await self._wait()
            try:
                await self.turn()
                await self._attend()
                await self._patient.answer()
                self.store_answers = True
            except (RedisError, OSError) as failure:
                if self.store_answers:
                    log.warning("%s: the store does not answer (%s): nothing is dialled", self.actor, failure)
                self.store_answers = False
                await asyncio.sleep(RETRY_S)

    async def _attend(self) -> None:
        """What is done now and then, beside the turns. Raises RedisError, OSError."""
        await self._orders.take()
        await self.hosting.attend()

    async def _wait(self) -> None:
        await asyncio.sleep(TURN_S)
        if self._is_busy():
            return
        due_at = self.part.next_due()
        wait_s = LOOK_S if due_at == ABSENT else min(LOOK_S, self.clock.wait_s(due_at))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._noted.wait(), wait_s)

    def _is_busy(self) -> bool:
        self._noted.clear()
        part = self.part
        return (
            bool(part.admission.asked)
            or bool(part.contacts.asked)
            or self.hosting.has_more()
            or any(host.has_inputs() for host in part.hosts.values())
        )

    async def turn(self) -> None:
        """Raises FencedError, RedisError, OSError; nothing that was not durable has happened then."""
        part = self.part
        await self._apply()  # what was durable when something went wrong
        if self._unanswered != ABSENT:
            number = self._unanswered
            await self._claim(number)  # before anything else is appended, so that it is known for a repeat
            part.admission.asked.remove(number)
        now = self.clock.now()
        part.happen(now)
        busy = [(name, host) for name, host in part.hosts.items() if host.collect(now)]
        if busy:
            await self._append(busy)
        await self._claim_all()
        for number, count in list(part.contacts.asked.items()):
            await self._read_contacts(number, count)
        if busy:
            async with self._applied:
                self._applied.notify_all()
        self.post.send()
        await self._let_in()
        await self._reports.send(self.admission, self.part, self.clock.now(), self.hosting.is_front)
        for name, _ in busy:
            await self._snapshot(name)

    async def _append(self, busy: list[tuple[str, Host]]) -> None:
        """And apply what is durable. Raises the first of what went wrong with a journal."""
        self._fresh.renew()
        failures = await append_each(
            self._client, [(self.journals[name], host.collected) for name, host in busy]
        )
        self.counts["turns"] += 1
        for (_, host), failure in zip(busy, failures, strict=True):
            if failure is None:
                self.counts["entries"] += len(host.collected)
                host.appended()
        await self._apply()
        for failure in failures:
            if failure is not None:
                raise failure

    async def _apply(self) -> None:
        """Let happen what is durable, while the journals are known to be ours.

        This process may have been paused since it appended, and have a successor that has closed its calls: their dials
        must not be carried out then. Raises FencedError, RedisError.
        """
        for name, host in self.part.hosts.items():
            if host.unapplied:
                while not self.part.apply(host, self._fresh):
                    self._fresh.renew()
                    await require_owner(self._client, list(self.journals.values()))
                self.post.may_talk(name, host)

    async def _claim_all(self) -> None:
        """Ask the store for leave to dial, unless somebody could not keep up with more calls."""
        part = self.part
        if not part.admission.asked or part.stopped:
            return
        self.waits_for = self.actor if self.is_behind() else self.post.laggard()
        if self.waits_for:
            self.counts["claims put off"] += 1
            return
        while (number := self._next_claim()) != ABSENT:
            await self._claim(number)
            part.admission.asked.remove(number)

    def _next_claim(self) -> int:
        """The campaign to claim for; ABSENT when there is none."""
        return self.part.admission.asked[0] if self.part.admission.asked else ABSENT

    async def _claim(self, number: int) -> None:
        name = campaign_host(number)
        host = self.part.hosts[name]
        campaign = host.driver.campaigns[number]
        phones = campaign.numbers_claimed(host.at)
        self._unanswered = number
        answer = await self._admission_of(number).claim(
            self.journals[name],
            number,
            campaign.plan.trunk,
            self._claims[number],
            host.at,
            phones,
            ahead=int(AHEAD * self.plan.speed),
        )
        self._unanswered = ABSENT
        self._claims[number] += 1
        self.counts["claims"] += 1
        host.apply(json.loads(answer.entry))
        self.post.may_talk(name, host)

    def _admission_of(self, number: int) -> StoreAdmission:
        """The limits of the campaign's account."""
        return self.admission

    async def _let_in(self) -> None:
        """Ask the limits for a channel for each call that comes in. It has begun, so that none that holds one can
        be forgotten.
        """
        intake = self.part.intake
        while intake.arriving:
            trunk, call_id, host = intake.arriving[0]
            if call_id in host.lines:
                return  # it is not durable yet
            if call_id in host.driver.calls:
                reason = await self.admission.seize(trunk, self.clock.now(), call_id)
                intake.answer(call_id, host, reason)
            intake.arriving.pop(0)

    async def _read_contacts(self, number: int, count: int) -> None:
        """The next page of a campaign's contacts, to be noted. Reading it again gives the same."""
        host = self.part.hosts[campaign_host(number)]
        page = await self._enrolment(number).page(host.dial_lists[number].cursor, count)
        rows = [(c.number, c.timezone or "", c.priority, phone_of(c.phone)) for c in page.contacts]
        host.note_contacts(number, rows, page.cursor, page.is_last)
        del self.part.contacts.asked[number]

    def _enrolment(self, number: int) -> Enrolment:
        """Of a campaign whose contacts are in the store."""
        assert isinstance(self.plan, LivePlan)
        contacts = AccountContacts(self._client, self.plan.scope, self.plan.account)
        return Enrolment(self._client, contacts, self.plan.enrolled[number])

    async def _snapshot(self, name: str) -> None:
        journal = self.journals[name]
        if journal.head - self._snapshot_at[name] >= SNAPSHOT_AFTER and not self.part.hosts[name].collected:
            await journal.snapshot(self.part.snapshot(name))
            self._snapshot_at[name] = journal.head
            self.counts["snapshots"] += 1

    # The post -------------------------------------------------------------------------------------------------------

    async def deliver(self, batch: Batch) -> Answer:
        """Messages for hosts here: the answer says which of them are durable, when all are or it takes too long."""
        wanted: list[tuple[str, str, int]] = []
        for to, sender, messages in batch:
            host = self.part.hosts.get(to)
            if host is None:
                log.info("%s has no host %s, to which %s writes", self.actor, to, sender)
                continue  # it may have moved, or be about to come
            self.counts["messages"] += len(messages)
            for number, plain in messages:
                if not host.note_from(sender, number, plain):
                    break
            wanted.append((to, sender, host.noted.get(sender, 0)))
        self._noted.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DURABLE_S), self._applied:
                await self._applied.wait_for(
                    lambda: all(self._received(to, sender) >= number for to, sender, number in wanted)
                )
        durable = [(to, sender, self._received(to, sender)) for to, sender, _ in wanted]
        return durable, self.is_behind()

    def _received(self, to: str, sender: str) -> int:
        """Number of the sender's latest message that is durable with a host here."""
        host = self.part.hosts.get(to)
        return 0 if host is None else host.received.get(sender, 0)

    def is_behind(self) -> bool:
        """Too much is noted and not durable, or sent and not acknowledged: rows, if the recorder can't write."""
        noted = sum(host.backlog() for host in self.part.hosts.values())
        return max(noted, self.post.unacknowledged()) >= MOST_BACKLOG

    # What somebody asks ---------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """A few facts, quickly."""
        part = self.part
        campaigns = {n: part.world.driver.campaigns[n] for n in part.campaigns}
        return {
            "store_answers": self.store_answers,
            "waits_for": self.waits_for,
            "calls": len(part.calls()),
            "work_over": part.is_work_over(),
            "counts": dict(self.counts),
            "unacknowledged": self.post.unacknowledged(),
            "shards": len(part.shards),
            "campaigns": {
                n: {
                    "state": c.state,
                    "attempts": c.attempts,
                    "in_flight": len(c.in_flight),
                    "blocked_by": c.blocked_by,
                    "done": c.contacts.done(),
                }
                for n, c in campaigns.items()
            },
        }

    def facts(self) -> Facts:
        """All of it, for the doctor."""
        part = self.part
        driver = part.world.driver
        agents = driver.queues.agents if part.role.queues else []
        now = self.clock.now()
        campaigns: dict[int, dict[str, Any]] = {}
        for number in part.campaigns:
            campaign = driver.campaigns[number]
            contacts = campaign.contacts
            campaigns[number] = {
                "state": CAMPAIGN_STATES[campaign.state],
                "blocked_by": BLOCKED_BY[campaign.blocked_by],
                "attempts": campaign.attempts,
                "total": contacts.total,
                "remaining": part.contacts_at_hand(number),
                "leased": contacts.leased,
                "completed": contacts.completed,
                "exhausted": contacts.exhausted,
                "skipped": contacts.skipped(),
                "in_flight": list(campaign.in_flight),
            }
        return Facts(
            self.actor,
            store_answers=self.store_answers,
            calls=[[c.id, c.campaign, c.contact, c.attempt, c.agent] for c in part.calls()],
            agents=[[agent.id, agent.state, agent.call, now - agent.since] for agent in agents],
            campaigns=campaigns,
            unacknowledged=self.post.unacknowledged(),
            shards=part.shards,
        )

    async def stop(self, now: Instant) -> Tallies:
        """The run is over: what was counted until now. May be repeated.

        A campaign answers when every call that it was granted has been taken in where calls are, and is counted: who
        then stops the shards has all of them. There, calls that are alive end, and their rows are posted.
        """
        if not self.part.campaigns and self._tallies is None:
            self._tallies = self.part.tallies(now)
        self.part.stop()
        self._noted.set()
        while self._tallies is None:
            await asyncio.sleep(TURN_S)
            if self._unanswered == ABSENT and self._is_over() and self.is_quiet() and self._tallies is None:
                self._tallies = self.part.tallies(now)
        return self._tallies

    def _is_over(self) -> bool:
        return all(host.is_over for host in self.part.hosts.values())

    def is_quiet(self) -> bool:
        """Nothing is left to append or to post."""
        hosts = self.part.hosts.values()
        return not any(
            host.has_inputs() or any(outbox.unacknowledged for outbox in host.outboxes.values())
            for host in hosts
        )

    def close(self) -> None:
        """`run` returns."""
        self.stopped = True
        self._noted.set()
