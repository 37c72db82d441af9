"""Whatever asks and however often, an attempt is admitted once, and no limit is exceeded."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from busyhour.adapters.valkey.admission import (
    Became,
    CampaignState,
    ClaimAnswer,
    StoreAdmission,
    UnconfiguredError,
)
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import FencedError, Journal, SequenceError
from busyhour.core.attempts import DO_NOT_CALL, MAX_PER_DAY, RETURNED
from busyhour.core.campaign import CALLS_PER_SECOND, CONCURRENCY, NOTHING
from busyhour.core.disposition import END_NO_CHANNEL, END_TRUNK_DOWN
from busyhour.core.errors import InvalidValueError
from busyhour.core.ids import ABSENT, DAY, HOUR, MILLISECOND, SECOND

NOW = 1_799_999_999_123_457
"""An instant whose last digits a Lua number's usual form would lose."""
TRUNK, CAMPAIGN = 4, 7
numbers = itertools.count()


class Scene:
    """A scope of its own, with the clock stopped at NOW, and a campaign that has claimed its journal."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.scope = f"admission-{next(numbers)}"
        self.admission = StoreAdmission(client, self.scope)
        self.journal = Journal(client, self.scope, "campaign")
        self.claims = itertools.count(100)

    async def begin(self) -> None:
        await self.admission.start_clock(NOW, 0)
        await self.admission.configure_trunk(TRUNK)
        await self.admission.configure_campaign(CAMPAIGN)
        await self.journal.claim()

    async def claim(self, *phones: int, at: int = 0, number: int = 0, **life: int) -> ClaimAnswer:
        """Of numbers in UTC; 0 for none."""
        number = number or next(self.claims)
        leases = [(phone, 0) for phone in phones]
        return await self.admission.claim(self.journal, CAMPAIGN, TRUNK, number, at, leases, **life)

    async def entries(self) -> list[bytes]:
        return list((await Journal(self.client, self.scope, "campaign").claim()).entries)


def play(url: str, script: Callable[[Scene], Awaitable[None]]) -> None:
    async def perform() -> None:
        async with await connect(url) as client:
            scene = Scene(client)
            await scene.begin()
            await script(scene)

    asyncio.run(perform())


def test_the_answer_is_the_next_entry_of_the_campaign_s_journal(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.journal.append([b"before"])
        answer = await scene.claim(0, 0)
        assert answer.entry == b'[%d,"",0,"ClaimsAnswered",7,[0,1],0,-1,[%d,%d]]' % (
            NOW,
            NOW,
            NOW,
        )
        assert scene.journal.head == 2
        await scene.journal.append([b"after"])
        assert await scene.entries() == [b"before", answer.entry, b"after"]
        assert ClaimAnswer.of(answer.entry) == answer

    play(url, script)


def test_calls_are_admitted_as_far_ahead_as_is_asked_and_are_due_as_the_rate_says(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, calls_per_second=30)
        answer = await scene.claim(*[0] * 9, ahead=100 * MILLISECOND)
        assert answer.due == [NOW, NOW + 33_334, NOW + 66_667, NOW + 100_000]
        assert (answer.blocked_by, answer.retry_at) == (CALLS_PER_SECOND, NOW + 133_334 - 50_000)
        assert (await scene.claim(0, ahead=100 * MILLISECOND)).due == []
        later = await scene.claim(*[0] * 9, at=answer.retry_at, ahead=100 * MILLISECOND)
        assert later.due == [NOW + 133_334, NOW + 166_667]

    play(url, script)


def test_nothing_granted_is_empty_lists_and_an_exact_instant(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=0)
        answer = await scene.claim(0)
        assert json.loads(answer.entry)[4:] == [7, [RETURNED], CONCURRENCY, NOW + 100 * MILLISECOND, []]
        assert (await scene.claim()).entry == b'[%d,"",0,"ClaimsAnswered",7,[],0,-1,[]]' % NOW

    play(url, script)


def test_a_repeated_claim_is_answered_as_before_and_grants_nothing(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=3)
        answer = await scene.claim(0, 0, number=1)
        scene.journal.head = 0  # as if the answer had not come
        assert await scene.claim(0, 0, number=1, at=NOW + SECOND) == answer
        assert scene.journal.head == 1
        assert (await scene.claim(0, 0)).calls == [2, RETURNED]
        assert len(await scene.entries()) == 2

    play(url, script)


def test_a_new_owner_s_first_claim_is_not_taken_for_a_repeated_one(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.claim(0, number=1)
        await scene.journal.claim()
        assert (await scene.claim(0, number=1)).calls == [1]

    play(url, script)


def test_who_was_succeeded_is_granted_nothing(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=1, calls_per_second=1)
        await Journal(scene.client, scene.scope, "campaign").claim()
        with pytest.raises(FencedError, match="epoch 1 is over, 2 writes now"):
            await scene.claim(0)
        await scene.journal.claim()
        assert (await scene.claim(0)).calls == [0]
        assert len(await scene.entries()) == 1

    play(url, script)


def test_an_owner_that_has_lost_count_is_granted_nothing(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.claim(0, number=1)
        scene.journal.head = 0
        with pytest.raises(SequenceError, match="holds 1 entries, not 0"):
            await scene.claim(0, number=2)
        scene.journal.head = 1
        with pytest.raises(SequenceError, match="claim 1 is not entry 2, it holds 1"):
            await scene.claim(0, number=1)
        assert (await scene.claim(0, number=3)).calls == [1]

    play(url, script)


def test_where_a_limit_is_not_set_nothing_is_admitted(url: str) -> None:
    async def script(scene: Scene) -> None:
        blank = StoreAdmission(scene.client, f"{scene.scope}-blank")
        journal = Journal(scene.client, blank.scope, "campaign")
        await journal.claim()

        async def missing(what: str) -> None:
            with pytest.raises(UnconfiguredError, match=what):
                await blank.claim(journal, CAMPAIGN, TRUNK, 1, NOW, [(0, 0)])

        for ask in (blank.now(), blank.seize(TRUNK, NOW, 1), blank.release(TRUNK, NOW, [("ended", 1, 0)])):
            with pytest.raises(UnconfiguredError, match="no clock"):
                await ask
        await missing("no clock")
        await blank.start_clock(NOW)
        await missing("the trunk has no limits")
        with pytest.raises(UnconfiguredError, match="the trunk has no limits"):
            await blank.seize(TRUNK, NOW, 1)
        await blank.configure_trunk(TRUNK)
        await missing("campaign 7 has no limits")
        await blank.configure_campaign(CAMPAIGN)
        assert (await blank.claim(journal, CAMPAIGN, TRUNK, 1, NOW, [(0, 0)])).calls == [0]
        with pytest.raises(InvalidValueError, match=r"journal\.scope"):
            await blank.claim(scene.journal, CAMPAIGN, TRUNK, 2, NOW, [(0, 0)])

    play(url, script)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e-11])
def test_a_rate_that_cannot_be_kept_exactly_is_refused(url: str, rate: float) -> None:
    async def script(scene: Scene) -> None:
        with pytest.raises(InvalidValueError, match="calls_per_second"):
            await scene.admission.configure_campaign(CAMPAIGN, rate)

    play(url, script)


def test_a_listed_phone_is_rejected_and_costs_nothing(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=2)
        await scene.admission.do_not_call_add([4930123, 4930124, 0])
        answer = await scene.claim(4930123, 4930999, 0, 4930998, 4930124)
        assert answer.calls == [DO_NOT_CALL, 0, 1, RETURNED, DO_NOT_CALL]
        assert answer.blocked_by == CONCURRENCY
        await scene.admission.do_not_call_remove([4930123])
        await scene.admission.release(TRUNK, NOW, [("ended", 0, CAMPAIGN)])
        assert (await scene.claim(4930123)).calls == [2]

    play(url, script)


def test_a_claim_of_listed_phones_alone_is_held_by_nothing(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=0)
        phones = range(4_930_000, 4_932_500)
        await scene.admission.do_not_call_add(phones)
        answer = await scene.claim(*phones)
        assert answer.calls == [DO_NOT_CALL] * 2_500
        assert (answer.granted(), answer.blocked_by, answer.retry_at) == ([], NOTHING, ABSENT)

    play(url, script)


def test_a_number_has_as_many_attempts_as_its_own_day_allows_whoever_calls_it(url: str) -> None:
    async def script(scene: Scene) -> None:
        admission, phone = scene.admission, 4930123
        day = NOW - NOW % DAY
        await admission.configure_campaign(CAMPAIGN, max_per_day=2)
        assert (await scene.claim(phone, phone, phone)).calls == [0, 1, MAX_PER_DAY]
        other = Journal(scene.client, scene.scope, "other")
        await other.claim()
        await admission.configure_campaign(8, max_per_day=3)
        east, west = (phone, 9 * HOUR), (phone, -8 * HOUR)
        answer = await admission.claim(other, 8, TRUNK, 1, NOW, [(phone, 0)] * 2 + [(4930124, 0)])
        assert answer.calls == [2, MAX_PER_DAY, 3]
        # At 07:59:59 UTC it is the same day in the east, and the day before in the west.
        assert (await admission.claim(other, 8, TRUNK, 2, NOW, [east, west])).calls == [MAX_PER_DAY, 4]
        assert (await scene.claim(phone, at=day + DAY - 1)).calls == [MAX_PER_DAY]
        assert (await scene.claim(phone, phone, phone, at=day + DAY)).calls == [5, 6, MAX_PER_DAY]

    play(url, script)


def test_an_attempt_admitted_before_midnight_and_due_after_it_counts_for_the_new_day(url: str) -> None:
    async def script(scene: Scene) -> None:
        midnight = NOW - NOW % DAY + DAY
        ahead = 100 * MILLISECOND
        await scene.admission.configure_campaign(CAMPAIGN, calls_per_second=20, max_per_day=1)
        answer = await scene.claim(1, 2, 2, at=midnight - 25 * MILLISECOND, ahead=ahead)
        assert list(answer.due) == [midnight - 25 * MILLISECOND, midnight + 25 * MILLISECOND]
        assert answer.calls == [0, 1, MAX_PER_DAY]
        assert (await scene.claim(1, 2, at=midnight + SECOND)).calls == [2, MAX_PER_DAY]

    play(url, script)


def test_accounts_share_trunks_but_neither_lists_nor_days(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_campaign(CAMPAIGN, max_per_day=1)
        await scene.admission.configure_trunk(TRUNK, channels=3)
        await scene.admission.do_not_call_add([4930123])
        assert (await scene.claim(4930123, 4930124)).calls == [DO_NOT_CALL, 0]
        other = StoreAdmission(scene.client, scene.scope, "other")
        leases = [(4930123, 0), (4930124, 0), (4930125, 0)]
        answer = await other.claim(scene.journal, CAMPAIGN, TRUNK, 1, NOW, leases)
        assert answer.calls == [1, 2, RETURNED]

    play(url, script)


def test_a_campaign_has_as_many_calls_at_once_as_it_may(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_campaign(CAMPAIGN, max_concurrency=2)
        answer = await scene.claim(0, 0, 0)
        assert (answer.calls, answer.blocked_by) == ([0, 1, RETURNED], CONCURRENCY)
        await scene.admission.release(TRUNK, NOW, [("accepted", 0, CAMPAIGN), ("refused", 1, CAMPAIGN)])
        assert (await scene.claim(0, 0)).calls == [2, RETURNED]
        await scene.admission.release(TRUNK, NOW, [("ended", 0, CAMPAIGN)])
        await scene.admission.configure_campaign(CAMPAIGN, max_concurrency=1)
        assert (await scene.claim(0)).calls == [RETURNED]
        await scene.admission.configure_campaign(CAMPAIGN)
        assert (await scene.claim(*[0] * 9)).calls == list(range(3, 12))

    play(url, script)


def test_nothing_is_admitted_for_a_campaign_that_is_not_running(url: str) -> None:
    async def script(scene: Scene) -> None:
        states: list[CampaignState] = ["paused", "stopped"]
        for state in states:
            await scene.admission.set_campaign_state(CAMPAIGN, state)
            answer = await scene.claim(0, 4930123)
            assert answer.calls == [RETURNED, RETURNED]
            assert answer.retry_at == NOW + 100 * MILLISECOND
        await scene.admission.set_campaign_state(CAMPAIGN, "running")
        assert (await scene.claim(0)).calls == [0]

    play(url, script)


def test_a_call_that_is_never_reported_gives_its_channel_back(url: str) -> None:
    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=1)
        assert (await scene.claim(0, longest_call=SECOND)).calls == [0]
        assert (await scene.claim(0, at=NOW + SECOND - 1)).granted() == []
        assert await scene.admission.release(TRUNK, NOW + SECOND, [("refused", 0, CAMPAIGN)]) == 0
        assert (await scene.claim(0, at=NOW + SECOND)).calls == [1]

    play(url, script)


def test_what_was_reported_is_no_news(url: str) -> None:
    async def script(scene: Scene) -> None:
        calls = (await scene.claim(*[0] * 5)).calls
        refused: list[tuple[Became, int, int]] = [("refused", call, CAMPAIGN) for call in calls[:3]]
        accepted: tuple[Became, int, int] = ("accepted", 3, CAMPAIGN)
        assert await scene.admission.release(TRUNK, NOW, [accepted, *refused]) == 4
        again = [accepted, *refused, ("ended", 0, CAMPAIGN), ("accepted", 99, CAMPAIGN)]
        assert await scene.admission.release(TRUNK, NOW + 5 * SECOND, again) == 0
        assert (await scene.claim(0)).retry_at == NOW + SECOND
        assert (
            await scene.admission.release(TRUNK, NOW, [("ended", 3, CAMPAIGN), ("accepted", 4, CAMPAIGN)])
            == 2
        )

    play(url, script)


def test_an_inbound_call_takes_a_channel_or_is_told_why_not(url: str) -> None:
    async def script(scene: Scene) -> None:
        admission = scene.admission
        await admission.configure_trunk(TRUNK, channels=2)
        assert (await scene.claim(0)).calls == [0]
        first, second = await admission.number_calls(2)
        assert (first, second) == (1, 2)
        assert await admission.seize(TRUNK, NOW, first) == ABSENT
        assert await admission.seize(TRUNK, NOW, second) == END_NO_CHANNEL
        assert (await scene.claim(0)).blocked_by == CONCURRENCY
        assert await admission.seize(TRUNK, NOW, first) == ABSENT
        await admission.release(TRUNK, NOW, [("ended", first, ABSENT)])
        await admission.begin_outage(TRUNK, "maintenance")
        await admission.begin_outage(TRUNK, "timeline")
        await admission.end_outage(TRUNK, "maintenance")
        assert await admission.seize(TRUNK, NOW, second) == END_TRUNK_DOWN
        await admission.end_outage(TRUNK, "timeline")
        assert await admission.seize(TRUNK, NOW, second) == ABSENT

    play(url, script)


def test_the_run_s_clock_is_the_server_s_at_its_own_speed(url: str) -> None:
    async def script(scene: Scene) -> None:
        assert await scene.admission.now() == NOW
        seconds, micros = await scene.client.time()
        await scene.admission.start_clock(NOW, 2.5)
        earliest = await scene.admission.now()
        at = (await scene.claim(0)).at
        assert (await scene.claim(0, at=NOW + 3_600 * SECOND)).at == NOW + 3_600 * SECOND
        later_seconds, later_micros = await scene.client.time()
        passed = (later_seconds - seconds) * SECOND + later_micros - micros
        assert NOW <= earliest <= at <= NOW + passed * 2.5

    play(url, script)


def test_eight_who_ask_at_once_exceed_neither_rate_nor_channels(url: str) -> None:
    channels, calls_per_second, wanted, speed = 12, 100, 400, 10.0
    held: set[int] = set()
    granted_at: dict[int, int] = {}
    most = was_full = 0

    async def dialler(number: int, scope: str) -> None:
        """Claims and ends calls. What it holds is a lower bound of what lives in the store."""
        nonlocal most, was_full
        async with await connect(url) as client:
            admission, journal = StoreAdmission(client, scope), Journal(client, scope, f"campaign-{number}")
            await admission.configure_campaign(number)
            await journal.claim()
            mine: list[int] = []
            for claim in itertools.count(1):
                if len(granted_at) >= wanted:
                    break
                answer = await admission.claim(journal, number, TRUNK, claim, 0, [(0, 0)] * 3)
                for call in answer.granted():
                    assert call not in granted_at
                    granted_at[call] = answer.at
                mine += answer.granted()
                held.update(answer.granted())
                most = max(most, len(held))
                if answer.blocked_by == CONCURRENCY:
                    was_full += 1
                    ended, mine = mine[:2], mine[2:]
                    held.difference_update(ended)
                    await admission.release(TRUNK, 0, [("ended", call, number) for call in ended])

    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels, calls_per_second)
        await scene.admission.start_clock(NOW, speed)
        await asyncio.gather(*(dialler(number, scene.scope) for number in range(8)))

    play(url, script)
    assert sorted(granted_at) == list(range(len(granted_at)))
    assert most <= channels
    assert was_full > 0
    instants = [granted_at[call] for call in sorted(granted_at)]
    for n in range(1, len(instants)):
        at_least = ceil(Fraction(n * SECOND, calls_per_second))
        assert min(later - first for first, later in zip(instants, instants[n:], strict=False)) >= at_least


def test_a_hundred_thousand_leases_are_granted_once_each(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leases, batches = [0] * 100, 1_000

    async def script(scene: Scene) -> None:
        await scene.admission.configure_trunk(TRUNK, channels=100_000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        calls: list[int] = []
        for _ in range(batches):
            calls += (await scene.claim(*leases)).calls
        took_s = loop.time() - began
        with capsys.disabled():
            print(f"\n{len(calls) / took_s:,.0f} leases/s in {batches / took_s:,.0f} claims/s", end=" ")  # noqa: T201
        assert calls == list(range(100_000))
        assert (await scene.claim(0)).blocked_by == CONCURRENCY

    play(url, script)
