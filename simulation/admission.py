"""The limits shared by everything that dials, in virtual time and plain Python.

The live platform keeps them in a store Function; the answers are the same.
"""

from typing import Final, final

from busyhour.core.attempts import Lease
from busyhour.core.campaign import CALLS_PER_SECOND, CONCURRENCY, NOTHING
from busyhour.core.events import ClaimsAnswered
from busyhour.core.ids import ABSENT, MILLISECOND, Instant
from busyhour.core.token_bucket import TokenBucket
from busyhour.ports import Admission
from simulation.trunks import SimulatedTrunk

ASK_AGAIN: Final = 100 * MILLISECOND
"""When a full trunk is asked again: another campaign's or an inbound call may have left a channel."""


@final
class SimulatedAdmission(Admission):
    """Admits attempts while the trunk has channels and is not resting, and no rate is exceeded."""

    __slots__ = ("_buckets", "_trunk_of", "_trunks", "next_call", "stride")

    def __init__(
        self, trunks: list[SimulatedTrunk], trunk_of: list[int], buckets: list[TokenBucket | None]
    ) -> None:
        self._trunks: list[SimulatedTrunk] = trunks
        self._trunk_of: list[int] = trunk_of
        """By campaign."""
        self._buckets: list[TokenBucket | None] = buckets
        """By campaign: its own calls per second."""
        self.next_call: int = 0
        """The next free call number; inbound calls are numbered here too."""
        self.stride: int = 1
        """From one number to the next."""

    def add_campaign(self, trunk: int, bucket: TokenBucket | None) -> None:
        self._trunk_of.append(trunk)
        self._buckets.append(bucket)

    def new_call(self) -> int:
        call = self.next_call
        self.next_call = call + self.stride
        return call

    def claim(self, campaign: int, leases: list[Lease], now: Instant) -> ClaimsAnswered:
        trunk = self._trunks[self._trunk_of[campaign]]
        own = self._buckets[campaign]
        calls: list[int] = []
        blocked_by = NOTHING
        retry_at = ABSENT
        for _ in leases:
            if trunk.rests_until > now:
                blocked_by = CONCURRENCY
                retry_at = trunk.rests_until
                break
            if trunk.outages == 0 and trunk.is_full():
                blocked_by = CONCURRENCY
                retry_at = now + ASK_AGAIN
                break
            due_at = now
            if own is not None:
                due_at = own.available_at(now)
            if trunk.bucket is not None:
                trunk_due_at = trunk.bucket.available_at(now)
                if trunk_due_at > due_at:
                    due_at = trunk_due_at
            if due_at > now:
                blocked_by = CALLS_PER_SECOND
                retry_at = due_at
                break
            if own is not None:
                own.take(now)
            if trunk.bucket is not None:
                trunk.bucket.take(now)
            trunk.promised += 1
            calls.append(self.new_call())
        granted = len(calls)
        return ClaimsAnswered(campaign, leases[:granted], calls, leases[granted:], blocked_by, retry_at)
