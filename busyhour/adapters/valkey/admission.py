"""The limits shared by every process of a run or a deployment, kept in the store.

Each decision is one Function there (`admission.lua`), so that however many ask, no limit is exceeded, and what was
admitted stands in the campaign's journal in the same step. The answers are those of `simulation.admission`.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from busyhour.adapters.valkey.journal import Journal, refusal
from busyhour.adapters.valkey.keys import account_stem, do_not_call_key
from busyhour.adapters.valkey.shards import bound_key
from busyhour.core.disposition import END_NO_CHANNEL, END_TRUNK_DOWN
from busyhour.core.errors import BusyhourError, InvalidValueError, require_at_least, require_not_negative
from busyhour.core.ids import ABSENT, DAY, Instant, Micros
from busyhour.core.token_bucket import exact_rate

LONGEST_CALL: Final = DAY
"""After which a call that was never reported ended gives its channel back. No call may live longer than this."""
SLOWEST: Final = 2**52
"""A rate of fewer calls than one in so many microseconds could not be counted exactly in the store."""

Became = Literal["accepted", "refused", "ended"]
"""What is reported of a call: the trunk takes it, or turned it away, or it is over. The last two free its channel."""

CampaignState = Literal["running", "paused", "stopped"]

_REASONS: Final = {b"SEIZED": ABSENT, b"FULL": END_NO_CHANNEL, b"DOWN": END_TRUNK_DOWN}
_PAGE: Final = 1_000
"""Phones written at a time."""


class UnconfiguredError(BusyhourError):
    """The limits of `scope` are not all there, so that nothing may be admitted; `reason` says what is missing."""

    scope: str
    reason: str

    def __init__(self, scope: str, reason: str) -> None:
        super().__init__(scope, reason)
        self.scope = scope
        self.reason = reason

    def __str__(self) -> str:
        return f"the store admits no call of {self.scope}: {self.reason}; start its clock and set every limit first"


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """What became of the leases of one claim, each in its place."""

    entry: bytes
    """As the campaign's journal holds it: [at, "", 0, "ClaimsAnswered", campaign, calls, blocked_by, retry_at, due]."""
    at: Instant
    calls: Sequence[int]
    """The call that the lease is dialled under, or `attempts.RETURNED`, DO_NOT_CALL, MAX_PER_DAY."""
    blocked_by: int
    """A `campaign.BLOCKED_BY` code: what held those that come back."""
    retry_at: Instant
    """When to ask for them again; ABSENT when none comes back."""
    due: Sequence[Instant]
    """When to dial each of those that are calls: now, or as far ahead as was asked."""

    def granted(self) -> list[int]:
        """The calls."""
        return [call for call in self.calls if call >= 0]

    @staticmethod
    def of(entry: bytes) -> "ClaimAnswer":
        """Of an entry of a journal."""
        at, _, _, _, _, calls, blocked_by, retry_at, due = json.loads(entry)
        return ClaimAnswer(entry, at, calls, blocked_by, retry_at, due)


class StoreAdmission:
    """The limits of `scope`, as one account of it dials. It keeps nothing itself: any number of processes may each have
    one. What is kept of numbers (do-not-call, attempts a day) is the account's; the rest is everybody's.

    Nothing is admitted before `start_clock`, `configure_trunk` and `configure_campaign`, which raise nothing of their
    own; `claim`, `release` and `seize` raise UnconfiguredError until then. `not_before` is the latest instant that the
    caller knows of: it is never earlier for the store.
    """

    def __init__(self, client: "Redis", scope: str, account: str = "") -> None:
        self._client: Any = client
        self.scope: str = scope
        stem = f"{{{scope}}}:"
        self._clock: str = f"{stem}clock"
        self._calls: str = f"{stem}calls"
        self._do_not_call: str = do_not_call_key(scope, account)
        self._days: str = f"{account_stem(scope, account)}day"
        self._stem: str = stem

    # The clock ----------------------------------------------------------------------------------------------------

    async def start_clock(self, instant: Instant, speed: float = 1.0) -> None:
        """It is `instant` now, and goes on `speed` times as fast as the server's time; 0 stops it."""
        require_at_least("instant", instant, 0)
        require_not_negative("speed", speed)
        await self._call("clock_start", [self._clock], instant, speed)

    async def now(self) -> Instant:
        """Raises UnconfiguredError."""
        return int(await self._call("clock_read", [self._clock]))

    # Limits -------------------------------------------------------------------------------------------------------

    async def configure_trunk(
        self, trunk: int, channels: int = ABSENT, calls_per_second: float = math.inf
    ) -> None:
        """Set its limits, or change them: no call that was admitted is forgotten. ABSENT channels are unlimited.

        Raises InvalidValueError.
        """
        require_at_least("channels", channels, ABSENT)
        key = self._trunk_keys(trunk)[0]
        await self._call("admission_configure", [key], *_rate(calls_per_second), "channels", channels)

    async def configure_campaign(
        self,
        campaign: int,
        calls_per_second: float = math.inf,
        max_concurrency: int = 0,
        max_per_day: int = 0,
    ) -> None:
        """Its own limits, beside its trunk's: calls at once, and attempts at one number on one of its local days, those
        of other campaigns of the account among them; 0 for none. Raises InvalidValueError.
        """
        require_at_least("max_concurrency", max_concurrency, 0)
        require_at_least("max_per_day", max_per_day, 0)
        limits = ("max_concurrency", max_concurrency, "max_per_day", max_per_day)
        await self._call(
            "admission_configure", [self._campaign_key(campaign)], *_rate(calls_per_second), *limits
        )

    async def set_campaign_state(self, campaign: int, state: CampaignState) -> None:
        """From the moment this returns nothing is admitted for a campaign that is not running, whoever runs it."""
        await self._client.hset(self._campaign_key(campaign), "state", state)

    async def begin_outage(self, trunk: int, cause: str) -> None:
        """The trunk is down until every cause has ended. It admits attempts without regard to channels, and they are
        refused by the carrier, until it rests.
        """
        await self._client.sadd(self._outages_key(trunk), cause)

    async def end_outage(self, trunk: int, cause: str) -> None:
        await self._client.srem(self._outages_key(trunk), cause)

    async def do_not_call_add(self, phones: Iterable[int]) -> None:
        """None of them is admitted from now on."""
        for page in _pages(phones):
            await self._client.sadd(self._do_not_call, *page)

    async def do_not_call_remove(self, phones: Iterable[int]) -> None:
        for page in _pages(phones):
            await self._client.srem(self._do_not_call, *page)

    # Calls --------------------------------------------------------------------------------------------------------

    async def number_calls(self, count: int = 1) -> range:
        """The next free call numbers, for inbound calls; those of attempts come with their claim."""
        require_at_least("count", count, 1)
        end = int(await self._client.incrby(self._calls, count))
        return range(end - count, end)

    async def claim(
        self,
        journal: Journal,
        campaign: int,
        trunk: int,
        number: int,
        not_before: Instant,
        phones: Sequence[tuple[int, Micros]],
        longest_call: Micros = LONGEST_CALL,
        ahead: Micros = 0,
    ) -> ClaimAnswer:
        """Admit as many of the leases as may be dialled, and append the answer to `journal`. `phones` are theirs: the
        number (`core.phones`; 0 for none) and what its zone's clock is ahead of UTC now, which tells its day.

        `number` is new for each claim since the journal was claimed. When the answer is lost, repeat the claim under
        its number before anything else is appended: it is answered as it was the first time, and grants nothing.

        Calls are numbered into open virtual shards (`shards`) only; while none is open, none is admitted.

        Calls that the rates make due within `ahead` are admitted too, and are dialled when they are: who asks every
        20 ms would else dial 50 calls a second at most, for a bucket saves nothing up.

        Raises FencedError, SequenceError, UnconfiguredError; then nothing was admitted.
        """
        if journal.scope != self.scope:
            raise InvalidValueError("journal.scope", journal.scope, f"that of the limits, {self.scope!r}")
        require_at_least("longest_call", longest_call, 1)
        require_at_least("ahead", ahead, 0)
        keys = [
            *journal.keys[:3],
            self._clock,
            *self._trunk_keys(trunk),
            self._outages_key(trunk),
            self._campaign_key(campaign),
            self._campaign_live_key(campaign),
            self._calls,
            self._do_not_call,
            self._days,
            bound_key(self.scope),
        ]
        leases = [fact for lease in phones for fact in lease]
        arguments = (journal.epoch, journal.head, campaign, not_before, number, longest_call, ahead, *leases)
        try:
            entry, head = await self._call("admission_claim", keys, *arguments)
        except ResponseError as refused:
            raise refusal(journal.name, refused) from refused
        journal.head = int(head)
        return ClaimAnswer.of(entry)

    async def release(self, trunk: int, not_before: Instant, calls: Iterable[tuple[Became, int, int]]) -> int:
        """Report what became of calls on the trunk, in order, each with its campaign (ABSENT for an inbound one):
        refusals in a row make the trunk rest, and one that it accepts ends the row. May be repeated: what was reported
        is no news. Returns how many reports were.

        Raises UnconfiguredError.
        """
        reports: list[str | int] = []
        for became, call, campaign in calls:
            reports += (became, call, "" if campaign == ABSENT else self._campaign_live_key(campaign))
        if not reports:
            return 0
        keys = [self._clock, *self._trunk_keys(trunk)]
        return int(await self._call("admission_release", keys, not_before, *reports))

    async def seize(
        self, trunk: int, not_before: Instant, call: int, longest_call: Micros = LONGEST_CALL
    ) -> int:
        """A channel for the inbound `call`, of `number_calls`. Returns ABSENT when it has one now (or had: this may be
        repeated), else the end reason: END_TRUNK_DOWN, END_NO_CHANNEL.

        Raises UnconfiguredError.
        """
        require_at_least("longest_call", longest_call, 1)
        keys = [self._clock, *self._trunk_keys(trunk), self._outages_key(trunk)]
        return _REASONS[await self._call("admission_seize", keys, not_before, longest_call, call)]

    # Keys ---------------------------------------------------------------------------------------------------------

    def _trunk_keys(self, trunk: int) -> tuple[str, str, str]:
        """Its limits and state; its live calls; those of them that it has not answered for."""
        key = f"{self._stem}trunk:{trunk}"
        return key, f"{key}:live", f"{key}:unanswered"

    def _outages_key(self, trunk: int) -> str:
        return f"{self._stem}trunk:{trunk}:outages"

    def _campaign_key(self, campaign: int) -> str:
        return f"{self._stem}campaign:{campaign}"

    def _campaign_live_key(self, campaign: int) -> str:
        return f"{self._stem}campaign:{campaign}:live"

    async def _call(self, function: str, keys: Sequence[str], *arguments: object) -> Any:
        try:
            return await self._client.fcall(f"busyhour_{function}", len(keys), *keys, *arguments)
        except ResponseError as refused:
            word, _, reason = str(refused).partition(" ")
            if word == "UNCONFIGURED":
                raise UnconfiguredError(self.scope, reason) from refused
            raise


def _rate(calls_per_second: float) -> tuple[int, Micros, int]:
    """As a bucket in the store has it: calls, and the whole microseconds and the rest of its step."""
    if calls_per_second == math.inf:
        return 0, 0, 0
    calls, per_us = exact_rate(calls_per_second)
    if max(calls, per_us // calls) > SLOWEST:
        raise InvalidValueError("calls_per_second", calls_per_second, "a rate that can be counted exactly")
    return calls, per_us // calls, per_us % calls


def _pages(phones: Iterable[int]) -> Iterable[list[int]]:
    every = [phone for phone in phones if phone]
    for first in range(0, len(every), _PAGE):
        yield every[first : first + _PAGE]
