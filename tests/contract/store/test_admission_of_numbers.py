"""However many ask at once: no number has more attempts a day than it may, none that must not be called has any, and no
campaign more calls than it may have.
"""

import asyncio
import itertools
import random
from collections import Counter

from busyhour.adapters.valkey.admission import Became, StoreAdmission
from busyhour.adapters.valkey.connection import connect
from busyhour.adapters.valkey.journal import Journal
from busyhour.core.attempts import DO_NOT_CALL, MAX_PER_DAY
from busyhour.core.ids import DAY, HOUR, Instant

NOW = 1_799_999_999_123_457
TRUNK, CLIENTS, CLAIMS = 0, 6, 40
PHONES = range(4_930_000_000, 4_930_000_060)
LISTED = PHONES[:5]
MOST_A_DAY, MOST_AT_ONCE = 3, 4
scopes = itertools.count()


def test_many_who_ask_at_once_exceed_no_number_s_and_no_campaign_s_limit(url: str) -> None:
    scope = f"numbers-{next(scopes)}"
    dialled: list[tuple[int, int]] = []
    """(number, its local day) of each attempt."""
    rejected: Counter[int] = Counter()
    live: Counter[int] = Counter()
    """By campaign, a lower bound of what lives in the store."""
    most = 0

    def zone_of(phone: int) -> int:
        return (phone % 3 - 1) * 8 * HOUR

    async def dialler(client_no: int, days: tuple[Instant, ...]) -> None:
        """Two of them share a campaign, each with a journal of its own."""
        nonlocal most
        campaign, chance = client_no // 2, random.Random(client_no)
        async with await connect(url) as client:
            admission, journal = StoreAdmission(client, scope), Journal(client, scope, f"of-{client_no}")
            await journal.claim()
            for number in range(CLAIMS):
                phones = [(phone, zone_of(phone)) for phone in chance.choices(PHONES, k=6)]
                at = days[number * len(days) // CLAIMS]
                claim = client_no * 1_000 + number
                answer = await admission.claim(journal, campaign, TRUNK, claim, at, phones)
                live[campaign] += len(answer.granted())
                most = max(most, live[campaign])
                for (phone, offset), call in zip(phones, answer.calls, strict=True):
                    if call >= 0:
                        dialled.append((phone, (answer.at + offset) // DAY))
                    else:
                        rejected[call] += 1
                live[campaign] -= len(answer.granted())
                ended: list[tuple[Became, int, int]] = [
                    ("ended", call, campaign) for call in answer.granted()
                ]
                await admission.release(TRUNK, at, ended)

    async def play() -> None:
        async with await connect(url) as client:
            admission = StoreAdmission(client, scope)
            await admission.start_clock(NOW, 0)
            await admission.configure_trunk(TRUNK)
            await admission.do_not_call_add(LISTED)
            for campaign in range(CLIENTS // 2):
                await admission.configure_campaign(
                    campaign, max_concurrency=MOST_AT_ONCE, max_per_day=MOST_A_DAY
                )
        await asyncio.gather(*(dialler(number, (NOW, NOW + DAY)) for number in range(CLIENTS)))

    asyncio.run(play())
    assert max(Counter(dialled).values()) == MOST_A_DAY
    assert not {phone for phone, _ in dialled} & set(LISTED)
    assert 0 < most <= MOST_AT_ONCE
    assert rejected[DO_NOT_CALL] > 0
    assert rejected[MAX_PER_DAY] > 0
