"""Runs one part of a live run on the wall clock: turn by turn, durable before it happens.

A turn lets happen what is due, appends what the hosts have noted in one request, applies it, asks the store for leave
to dial, and posts what machines elsewhere must hear. An actor has one batch under way to each other actor; what
collects meanwhile goes with the next one.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from redis.exceptions import RedisError

from actors.doctor import Facts, Patient
from actors.orders import Orders
from actors.plan import CALL_HOSTS, LivePlan
from busyhour.adapters.valkey.admission import Became, StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import Journal, append_each
from busyhour.adapters.wall_clock import RunClock
from busyhour.core.call import Call
from busyhour.core.campaign import BLOCKED_BY, CAMPAIGN_STATES
from busyhour.core.ids import ABSENT, MILLISECOND, Instant
from busyhour.host import Host, Plain, campaign_host
from busyhour.results.tallies import Tallies
from simulation.live_part import LivePart

Batch = list[tuple[str, str, list[tuple[int, Plain]]]]
"""(addressee, sender, numbered messages) by host."""
Received = list[tuple[str, str, int]]
"""(addressee, sender, number of the latest message that is durable there)."""

TURN_S: Final = 0.01
"""At least so long between two turns: what comes in meanwhile shares their costs."""
LOOK_S: Final = 0.5
"""At most so long."""
RETRY_S: Final = 0.2
AHEAD: Final = 100 * MILLISECOND
"""How far ahead calls are admitted, real time: about as long as two claims take."""
INBOUND_CALLS: Final = 100_000_000
"""Numbers that a shard takes for those who call in, when it begins: more than it will use."""
AT_ONCE: Final = 500
"""Messages of one host in one batch."""
SNAPSHOT_AFTER: Final = 5_000
"""Entries of a journal after which a snapshot takes their place."""

log = logging.getLogger("busyhour.live")


class Courier(Protocol):
    """Takes batches to other actors."""

    async def deliver(self, actor: str, batch: Batch) -> Received:
        """Raises ConnectionError when the actor does not answer."""
        ...


class Runner:
    """One actor's part. `activate`, then `run` until it returns; `failed` is told what ended it otherwise."""

    def __init__(self, plan: LivePlan, actor: str, courier: Courier) -> None:
        self.plan = plan
        self.actor = actor
        self.counts: Counter[str] = Counter()
        """What was done so far, by name, for `status`."""
        self.store_answers = True
        self.stopped = False
        self._courier = courier
        self._actor_of = plan.actor_of()
        self._posts: dict[str, asyncio.Task[None]] = {}
        self._talkative: dict[str, set[str]] = {}
        """Actor → hosts here that may have something for it."""
        self._noted = asyncio.Event()
        self._applied = asyncio.Condition()
        self._claims: Counter[int] = Counter()
        self._unanswered = ABSENT
        """The campaign whose claim may have been answered without our hearing it."""
        self._ended: dict[int, list[tuple[Became, int, int]]] = {}
        """Trunk → what became of its calls and is not reported yet."""
        self._snapshot_at: dict[str, int] = {}
        self._down: set[int] = set()
        """Trunks of which the limits have been told that they are down."""

    part: LivePart
    clock: RunClock

    async def activate(self) -> None:
        """Claim the journals and go on from where they end. Raises StoreRefusedError, FencedError, RedisError."""
        plan = self.plan
        self._client: Any = await connect(plan.store_url)
        self.admission = StoreAdmission(self._client, plan.scope)
        self._patient = Patient(self._client, plan.scope, self.facts)
        self.part = LivePart(plan.scenario(), plan.roles[self.actor], CALL_HOSTS, plan.replication)
        if plan.dial_log is not None:
            self.part.dialer.saw = dial_log(str(plan.dial_log))
        self.journals: dict[str, Journal] = {}
        for name in self.part.hosts:
            journal = Journal(self._client, plan.scope, name)
            recovered = await journal.claim()
            self.part.restore(name, recovered.snapshot, recovered.entries)
            self.counts["replayed"] += len(recovered.entries)
            self.journals[name] = journal
            self._snapshot_at[name] = journal.head - len(recovered.entries)
        ordered = {name: host for name, host in self.part.hosts.items() if not name.startswith("calls/")}
        self._orders = Orders(self._client, plan.scope, ordered)
        if 0 in plan.roles[self.actor].calls and self.part.world.log.sources:
            await self._take_numbers()

    async def begin(self) -> None:
        """The run's clock has been started."""
        self.clock = RunClock(await self.admission.now(), self.plan.speed)
        self.part.begin(self.clock.now())
        for name, host in self.part.hosts.items():
            self._may_talk(name, host)

    async def run(self) -> None:
        """Turn after turn until `stop`. Raises FencedError when a successor has claimed a journal."""
        while not self.stopped:
            await self._wait()
            try:
                await self.turn()
                await self._orders.take()
                await self._patient.answer()
                self.store_answers = True
            except (RedisError, OSError) as failure:
                if self.store_answers:
                    log.warning("%s: the store does not answer (%s): nothing is dialled", self.actor, failure)
                self.store_answers = False
                await asyncio.sleep(RETRY_S)

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
        return bool(self.part.admission.asked) or any(host.has_inputs() for host in self.part.hosts.values())

    async def turn(self) -> None:
        """Raises FencedError, RedisError, OSError; nothing that was not durable has happened then."""
        part = self.part
        if self._unanswered != ABSENT:
            number = self._unanswered
            await self._claim(number)  # before anything else is appended, so that it is known for a repeat
            part.admission.asked.remove(number)
        now = self.clock.now()
        part.happen(now)
        busy = [(name, host) for name, host in part.hosts.items() if host.collect(now)]
        if busy:
            await self._append(busy)
        while part.admission.asked and not part.stopped:
            await self._claim(part.admission.asked[0])
            part.admission.asked.pop(0)
        if busy:
            async with self._applied:
                self._applied.notify_all()
        self._post()
        await self._report()
        for name, _ in busy:
            await self._snapshot(name)

    async def _append(self, busy: list[tuple[str, Host]]) -> None:
        """And apply what is durable. Raises the first of what went wrong with a journal."""
        failures = await append_each(
            self._client, [(self.journals[name], host.collected) for name, host in busy]
        )
        self.counts["turns"] += 1
        for (name, host), failure in zip(busy, failures, strict=True):
            if failure is None:
                self.counts["entries"] += len(host.collected)
                self.part.apply(host)
                self._may_talk(name, host)
        for failure in failures:
            if failure is not None:
                raise failure

    async def _claim(self, number: int) -> None:
        name = campaign_host(number)
        host = self.part.hosts[name]
        campaign = host.driver.campaigns[number]
        phones = campaign.numbers_claimed(host.at)
        self._unanswered = number
        answer = await self.admission.claim(
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
        self._may_talk(name, host)

    async def _report(self) -> None:
        """Tell the limits which calls their trunks have taken, refused and ended, and whether these are up."""
        if 0 in self.part.role.calls:
            await self._report_outages()
        intake = self.part.intake
        while intake.seized:
            trunk, call_id = intake.seized[0]
            await self.admission.seize(trunk, self.clock.now(), call_id)
            intake.seized.pop(0)
        for host in self.part.hosts.values():
            for call in host.accepted:
                if call.trunk != ABSENT:
                    self._ended.setdefault(call.trunk, []).append(("accepted", call.id, call.campaign))
            host.accepted.clear()
        for ended in self.part.logs:
            for trunk, call_id, campaign, refused in ended.ended:
                self._ended.setdefault(trunk, []).append(
                    ("refused" if refused else "ended", call_id, campaign)
                )
            ended.ended.clear()
        now = self.clock.now()
        for trunk in list(self._ended):
            await self.admission.release(trunk, now, self._ended[trunk])
            del self._ended[trunk]

    async def _report_outages(self) -> None:
        for number, trunk in enumerate(self.part.carrier.trunks):
            is_down = trunk.outages > 0
            if is_down != (number in self._down):
                if is_down:
                    await self.admission.begin_outage(number, "scenario")
                    self._down.add(number)
                else:
                    await self.admission.end_outage(number, "scenario")
                    self._down.discard(number)

    async def _snapshot(self, name: str) -> None:
        journal = self.journals[name]
        if journal.head - self._snapshot_at[name] >= SNAPSHOT_AFTER and not self.part.hosts[name].collected:
            await journal.snapshot(self.part.snapshot(name))
            self._snapshot_at[name] = journal.head
            self.counts["snapshots"] += 1

    async def _take_numbers(self) -> None:
        """Inbound calls have numbers of their own, which live in this shard."""
        stride = self.plan.stride()
        numbers = await self.admission.number_calls(INBOUND_CALLS * stride)
        admission = self.part.world.log.sources[0].admission
        admission.next_call = -(-numbers.start // stride) * stride
        admission.stride = stride

    # The post -------------------------------------------------------------------------------------------------------

    async def deliver(self, batch: Batch) -> Received:
        """Messages for hosts here: the answer says which of them are durable, when all are."""
        wanted: list[tuple[str, str, int]] = []
        for to, sender, messages in batch:
            host = self.part.hosts.get(to)
            if host is None:
                continue
            self.counts["messages"] += len(messages)
            for number, plain in messages:
                if not host.note_from(sender, number, plain):
                    break
            wanted.append((to, sender, host.noted.get(sender, 0)))
        self._noted.set()
        hosts = self.part.hosts
        async with self._applied:
            await self._applied.wait_for(
                lambda: all(hosts[to].received.get(sender, 0) >= number for to, sender, number in wanted)
            )
        return [(to, sender, hosts[to].received.get(sender, 0)) for to, sender, _ in wanted]

    def _may_talk(self, name: str, host: Host) -> None:
        for to, outbox in host.outboxes.items():
            if outbox.sent != outbox.last:
                self._talkative.setdefault(self._actor_of[to], set()).add(name)

    def _post(self) -> None:
        for actor in self._talkative:
            if actor not in self._posts and self._talkative[actor]:
                self._posts[actor] = asyncio.create_task(self._deliver_all(actor))

    async def _deliver_all(self, actor: str) -> None:
        """Batch after batch until there is nothing more for the actor."""
        try:
            while batch := self._batch(actor):
                self.counts["batches"] += 1
                try:
                    received = await self._courier.deliver(actor, batch)
                except ConnectionError:
                    received = []
                    await asyncio.sleep(RETRY_S)
                self._acknowledge(actor, batch, received)
        finally:
            del self._posts[actor]

    def _batch(self, actor: str) -> Batch:
        batch: Batch = []
        for name in sorted(self._talkative.get(actor, ())):
            host = self.part.hosts[name]
            for to in host.outboxes:
                if self._actor_of[to] == actor:
                    messages = host.to_send(to, AT_ONCE)
                    if messages:
                        batch.append((to, name, messages))
        self._talkative[actor] = {name for _, name, _ in batch}
        return batch

    def _acknowledge(self, actor: str, batch: Batch, received: Received) -> None:
        durable = {(to, sender): number for to, sender, number in received}
        for to, sender, _ in batch:
            outbox = self.part.hosts[sender].outboxes[to]
            outbox.acknowledged(durable.get((to, sender), 0))
            outbox.again()
            if outbox.sent != outbox.last:
                self._talkative.setdefault(actor, set()).add(sender)

    # What somebody asks ---------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """A few facts, quickly."""
        part = self.part
        campaigns = {n: part.world.driver.campaigns[n] for n in part.role.campaigns}
        return {
            "actor": self.actor,
            "pid": os.getpid(),
            "store_answers": self.store_answers,
            "calls": len(part.calls()),
            "work_over": part.is_work_over(),
            "counts": dict(self.counts),
            "unacknowledged": self._unacknowledged(),
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
        for number in part.role.campaigns:
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
            unacknowledged=self._unacknowledged(),
        )

    def _unacknowledged(self) -> int:
        hosts = self.part.hosts.values()
        return sum(len(outbox.unacknowledged) for host in hosts for outbox in host.outboxes.values())

    async def stop(self, now: Instant) -> Tallies:
        """The run is over: what was counted until now. Calls that are alive end, and their rows are posted."""
        tallies = self.part.tallies(now)
        self.part.stop()
        self._noted.set()
        return tallies

    def is_quiet(self) -> bool:
        """Nothing is left to append or to post."""
        hosts = self.part.hosts.values()
        return not any(
            host.has_inputs() or any(outbox.unacknowledged for outbox in host.outboxes.values())
            for host in hosts
        )

    async def close(self) -> None:
        self.stopped = True
        self._noted.set()
        await self._client.aclose()


def dial_log(path: str) -> Callable[[Call], None]:
    """Notes every call that is dialled, a line each, as the far end would: whatever becomes of us, it has it."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def note(call: Call) -> None:
        os.write(file, f"{call.campaign} {call.contact} {call.attempt} {call.id}\n".encode())

    return note
