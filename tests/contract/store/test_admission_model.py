"""The simulator's admission and the store's give equal answers to equal questions, whatever happened before."""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from busyhour.adapters.valkey.admission import Became, StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import Journal
from busyhour.adapters.valkey.shards import VIRTUAL_SHARDS, StoredShards
from busyhour.core.attempts import Contact, Lease, RetryRules
from busyhour.core.calling_hours import Zone
from busyhour.core.contact_list import ContactList, ZoneClock
from busyhour.core.disposition import END_NO_CHANNEL, END_TRUNK_DOWN
from busyhour.core.ids import ABSENT, DAY, HOUR, MILLISECOND, MINUTE, SECOND
from busyhour.core.token_bucket import TokenBucket
from simulation.admission import PhoneLimits, SimulatedAdmission
from simulation.trunks import SimulatedTrunk

NOW = 1_799_999_999_123_457
LONGEST_CALL = 2 * MINUTE
CAMPAIGNS = 2
PHONES = 3
OFFSETS = (0, -8 * HOUR)
"""Of the two zones that people live in: NOW is a second before midnight in the other."""

rates = st.sampled_from([float("inf"), 0.05, 1.0, 1.5, 10 / 3, 7.0, 1_000_000.0])
channels = st.sampled_from([ABSENT, 0, 1, 2, 3, 5, 8])
campaigns = st.integers(0, CAMPAIGNS - 1)
picks = st.integers(0, 1_000)
spans_us = st.one_of(
    st.sampled_from([1, 2, MILLISECOND, 100 * MILLISECOND, SECOND, 30 * SECOND, LONGEST_CALL, 7 * HOUR, DAY]),
    st.integers(0, 3 * SECOND),
)
people = st.lists(st.tuples(st.integers(0, PHONES), st.integers(0, 1)), max_size=6)
"""(number, 0 for none; zone) of the leases of a claim."""
numbers = itertools.count()


def leases_of(people: list[tuple[int, int]]) -> list[Lease]:
    leases: list[Lease] = []
    for phone, zone in people:
        contact = Contact(0, zone, 0)
        contact.phone = phone
        leases.append(Lease(contact, 1))
    return leases


class SimulatedAndStored(RuleBasedStateMachine):
    """One trunk that two campaigns and inbound callers share; a stopped clock, moved by hand."""

    client: Any
    runner: "asyncio.Runner"

    def await_(self, answer: Any) -> Any:
        return self.runner.run(answer)

    @initialize(
        trunk_rate=rates,
        own_rates=st.lists(rates, min_size=CAMPAIGNS, max_size=CAMPAIGNS),
        days=st.lists(st.integers(0, 2), min_size=CAMPAIGNS, max_size=CAMPAIGNS),
        channels=channels,
    )
    def begin(self, trunk_rate: float, own_rates: list[float], days: list[int], channels: int) -> None:
        self.now = NOW
        scope = f"model-{next(numbers)}"
        self.store = StoreAdmission(self.client, scope)
        self.journals = [Journal(self.client, scope, f"campaign-{number}") for number in range(CAMPAIGNS)]
        self.trunk = SimulatedTrunk(channels, TokenBucket.from_rate(trunk_rate), None, None, NOW)
        self.own: list[TokenBucket | None] = [TokenBucket.from_rate(rate) for rate in own_rates]
        self.simulated = SimulatedAdmission([self.trunk], [0] * CAMPAIGNS, self.own)
        zones = [ZoneClock(Zone([], [offset]), None) for offset in OFFSETS]
        self.phones = PhoneLimits([ContactList(0, zones, RetryRules(1, most, {})) for most in days])
        self.simulated.phones = self.phones
        self.days = days
        self.claims = 0
        self.causes: list[str] = []
        self.promised: dict[int, int] = {}
        """Admitted calls that the trunk has not answered for, and when each is given up; so `in_use`."""
        self.campaign_of: dict[int, int] = {}
        self.in_use: dict[int, int] = {}
        self.reported: list[tuple[Became, int, int]] = []
        self.retry_at = ABSENT
        self.closed: set[int] = set()
        """Virtual shards into which no calls are numbered."""

        async def prepare() -> None:
            await self.store.start_clock(NOW, 0)
            await self.store.configure_trunk(0, channels, trunk_rate)
            for number, rate in enumerate(own_rates):
                await self.store.configure_campaign(number, rate, max_per_day=days[number])
                await self.journals[number].claim()
            await StoredShards(self.client, scope).begin(["one"] * VIRTUAL_SHARDS)

        self.await_(prepare())

    @rule(campaign=campaigns, people=people, repeats=st.booleans())
    def claim(self, campaign: int, people: list[tuple[int, int]], repeats: bool) -> None:
        self.claims += 1
        first = self.simulated.next_call
        expected = self.simulated.claim(campaign, leases_of(people), self.now)
        expected.calls = self.numbered(first, expected.calls)
        journal = self.journals[campaign]
        asked = [(phone, OFFSETS[zone] if phone else 0) for phone, zone in people]
        question = (journal, campaign, 0, self.claims, self.now, asked, LONGEST_CALL)
        head = journal.head
        answer = self.await_(self.store.claim(*question))
        assert answer.at == self.now
        assert answer.calls == expected.calls
        assert (answer.blocked_by, answer.retry_at) == (expected.blocked_by, expected.retry_at)
        if repeats:
            journal.head = head
            assert self.await_(self.store.claim(*question)) == answer
        assert journal.head == head + 1
        self.promised.update((call, self.now + LONGEST_CALL) for call in answer.granted())
        self.campaign_of.update((call, campaign) for call in answer.granted())
        self.retry_at = expected.retry_at

    def numbered(self, first: int, calls: list[int]) -> list[int]:
        """The simulator knows no shards: from `first` on, those numbers are skipped that the store does not give."""
        answers: list[int] = []
        for call in calls:
            if call < 0:
                answers.append(call)
                continue
            while first % VIRTUAL_SHARDS in self.closed:
                first += 1
            answers.append(first)
            first += 1
        self.simulated.next_call = first
        return answers

    @rule(shards=st.sets(st.integers(0, 20), min_size=1, max_size=12))
    def close(self, shards: set[int]) -> None:
        """Whoever has these virtual shards is to have them no more."""
        stored = StoredShards(self.client, self.store.scope)
        closed = self.await_(stored.bind(shards, "one", "two")) + self.await_(
            stored.bind(shards, "two", "one")
        )
        assert closed == len(shards - self.closed)
        self.closed |= shards

    @precondition(lambda self: self.closed)
    @rule()
    def move(self) -> None:
        """They are handed over, and open again: nobody has ever written to their journals."""
        epochs = {
            shard: (Journal(self.client, self.store.scope, f"calls/{shard}").keys[0], 0)
            for shard in self.closed
        }
        stored = StoredShards(self.client, self.store.scope)
        moved = self.await_(stored.hand_over("one", epochs)) + self.await_(stored.hand_over("two", epochs))
        assert moved == len(self.closed)
        self.closed = set()

    @precondition(lambda self: self.promised or self.in_use)
    @rule(picked=st.lists(st.tuples(st.sampled_from(["accepted", "refused", "ended"]), picks), max_size=5))
    def report(self, picked: list[tuple[Became, int]]) -> None:
        """What the carrier does with calls just dialled, and how others end, in one batch."""
        reports: list[tuple[Became, int, int]] = []
        for became, pick in picked:
            dialled = list(self.promised)
            if became == "ended":
                dialled += self.in_use
            if not dialled:
                continue
            call = dialled[pick % len(dialled)]
            reports.append((became, call, self.campaign_of.get(call, ABSENT)))
            if call in self.in_use:
                del self.in_use[call]
                self.trunk.release(self.now)
                continue
            deadline = self.promised.pop(call)
            self.trunk.promised -= 1
            if became == "refused":
                self.trunk.refused(self.now)
            elif became == "accepted":
                self.trunk.accepted()
                self.trunk.seize(self.now)
                self.in_use[call] = deadline
        assert self.await_(self.store.release(0, self.now, reports)) == len(reports)
        self.reported += reports

    @rule(campaign=campaigns)
    def campaign_is_turned_away(self, campaign: int) -> None:
        """All that it is granted, until the trunk rests."""
        self.claim(campaign, [(0, 0)] * 6, False)
        reports: list[tuple[Became, int, int]] = [
            ("refused", call, self.campaign_of[call]) for call in self.promised
        ]
        for _ in reports:
            self.trunk.promised -= 1
            self.trunk.refused(self.now)
        self.promised.clear()
        assert self.await_(self.store.release(0, self.now, reports)) == len(reports)
        self.reported += reports
        self.claim(campaign, [(0, 0)], False)

    @rule(campaign=campaigns, times=st.integers(2, 5))
    def campaign_asks_when_told_to(self, campaign: int, times: int) -> None:
        """So that calls are taken in the very microsecond they are due."""
        for _ in range(times):
            self.claim(campaign, [(0, 0)] * 2, False)
            if self.retry_at == ABSENT:
                break
            self.go_to(self.retry_at, False)

    @precondition(lambda self: self.reported)
    @rule(pick=picks)
    def report_again(self, pick: int) -> None:
        again = self.reported[pick % len(self.reported) :][:5]
        if not any(became == "ended" and (call in self.in_use) for became, call, _ in again):
            assert self.await_(self.store.release(0, self.now, again)) == 0

    @rule()
    def caller_arrives(self) -> None:
        call = self.simulated.new_call()
        expected = ABSENT
        if self.trunk.outages > 0:
            expected = END_TRUNK_DOWN
        elif self.trunk.is_full():
            expected = END_NO_CHANNEL
        else:
            self.trunk.seize(self.now)
            self.in_use[call] = self.now + LONGEST_CALL
        assert list(self.await_(self.store.number_calls())) == [call]
        assert self.await_(self.store.seize(0, self.now, call, LONGEST_CALL)) == expected

    @rule(phone=st.integers(1, PHONES))
    def do_not_call(self, phone: int) -> None:
        """Somebody wants no calls, or thinks again."""
        if phone in self.phones.do_not_call:
            self.phones.do_not_call.remove(phone)
            self.await_(self.store.do_not_call_remove([phone]))
        else:
            self.phones.do_not_call.add(phone)
            self.await_(self.store.do_not_call_add([phone]))

    @rule(cause=st.sampled_from(["timeline", "maintenance"]))
    def outage(self, cause: str) -> None:
        """Begins, or ends when it has begun."""
        if cause in self.causes:
            self.causes.remove(cause)
            self.await_(self.store.end_outage(0, cause))
        else:
            self.causes.append(cause)
            self.await_(self.store.begin_outage(0, cause))
        self.trunk.outages = len(self.causes)

    @rule(span=spans_us, by_clock=st.booleans())
    def time_passes(self, span: int, by_clock: bool) -> None:
        self.go_to(self.now + span, by_clock)

    @precondition(lambda self: self.retry_at > self.now)
    @rule(early=st.sampled_from([0, 0, 1]))
    def time_to_ask_again(self, early: int) -> None:
        self.go_to(max(self.now, self.retry_at - early), True)

    @rule(rate=rates, channels=channels)
    def other_trunk_limits(self, rate: float, channels: int) -> None:
        assert self.trunk.bucket is not None
        self.trunk.bucket = changed(self.trunk.bucket, rate)
        self.trunk.channels = channels
        self.await_(self.store.configure_trunk(0, channels, rate))

    @rule(campaign=campaigns, rate=rates)
    def other_campaign_rate(self, campaign: int, rate: float) -> None:
        own = self.own[campaign]
        assert own is not None
        self.own[campaign] = changed(own, rate)
        self.await_(self.store.configure_campaign(campaign, rate, max_per_day=self.days[campaign]))

    @invariant()
    def state_is_the_same(self) -> None:
        scope = self.store.scope
        state = self.await_(
            self.client.hmget(
                f"{{{scope}}}:trunk:0", "refusals_in_a_row", "rests_until", "due_us", "due_part", "calls"
            )
        )
        in_a_row, rests_until, *bucket = (int(field or 0) for field in state)
        assert (in_a_row, rests_until) == (self.trunk.refusals_in_a_row, self.trunk.rests_until)
        assert self.trunk.bucket is not None
        assert dict(zip(("due_us", "due_part", "calls"), bucket, strict=True)) == self.trunk.bucket.snapshot()
        live = self.await_(self.client.zcount(f"{{{scope}}}:trunk:0:live", f"({self.now}", "+inf"))
        assert live == self.trunk.in_use + self.trunk.promised == len(self.in_use) + len(self.promised)
        for campaign in range(CAMPAIGNS):
            own = self.await_(
                self.client.zcount(f"{{{scope}}}:campaign:{campaign}:live", f"({self.now}", "+inf")
            )
            assert own == sum(
                self.campaign_of.get(call) == campaign for call in [*self.promised, *self.in_use]
            )

    def go_to(self, instant: int, by_clock: bool) -> None:
        """By the store's clock, or by what the caller knows."""
        self.now = instant
        if by_clock:
            self.await_(self.store.start_clock(instant, 0))
            assert self.await_(self.store.now()) == instant
        for call in [call for call, deadline in self.promised.items() if deadline <= instant]:
            del self.promised[call]
            self.trunk.promised -= 1
        for call in [call for call, deadline in self.in_use.items() if deadline <= instant]:
            del self.in_use[call]
            self.trunk.release(instant)


def changed(bucket: TokenBucket, rate: float) -> TokenBucket:
    """As a campaign's or trunk's is when its rate is set anew."""
    other = TokenBucket.from_rate(rate)
    other.restore(bucket.snapshot())
    return other


@pytest.fixture
def machine(url: str) -> "Iterator[type[SimulatedAndStored]]":
    with asyncio.Runner() as runner:
        connection = runner.run(connect(url))

        class OnThisServer(SimulatedAndStored):
            client = connection

        OnThisServer.runner = runner
        yield OnThisServer
        runner.run(connection.aclose())


def test_the_store_decides_as_the_simulator_does(machine: type[SimulatedAndStored]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=60, stateful_step_count=30))
