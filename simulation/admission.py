"""The limits shared by everything that dials, in virtual time and plain Python.

The live platform keeps them in a store Function; the answers are the same.
"""

from typing import Final, final

from busyhour.core.attempts import DO_NOT_CALL, MAX_PER_DAY, RETURNED, Lease
from busyhour.core.campaign import CALLS_PER_SECOND, CONCURRENCY, NOTHING
from busyhour.core.contact_list import ContactList
from busyhour.core.events import ClaimsAnswered
from busyhour.core.ids import ABSENT, MILLISECOND, Instant
from busyhour.core.token_bucket import TokenBucket
from busyhour.ports import Admission
from simulation.trunks import SimulatedTrunk

ASK_AGAIN: Final = 100 * MILLISECOND
"""When a full trunk is asked again: another campaign's or an inbound call may have left a channel."""


@final
class PhoneLimits:
    """What is kept of numbers, whichever campaigns call them: who must not be called, and how often others were."""

    __slots__ = ("_attempts", "_contacts", "do_not_call")

    def __init__(self, contacts: list[ContactList]) -> None:
        """`contacts` by campaign: their attempts a day, and the zones that tell the day."""
        self._contacts: list[ContactList] = contacts
        self._attempts: dict[tuple[int, int], int] = {}
        """(phone, day) → attempts."""
        self.do_not_call: set[int] = set()

    def refuses(self, campaign: int, lease: Lease, due_at: Instant) -> int:
        """DO_NOT_CALL, MAX_PER_DAY, or 0 where the number may be called at `due_at`."""
        phone = lease.contact.phone
        if phone == 0:
            return 0
        if phone in self.do_not_call:
            return DO_NOT_CALL
        contacts = self._contacts[campaign]
        most = contacts.retry.max_per_day
        if most > 0:
            day = contacts.zones[lease.contact.zone].local_day(due_at)
            if self._attempts.get((phone, day), 0) >= most:
                return MAX_PER_DAY
        return 0

    def dialed(self, campaign: int, lease: Lease, due_at: Instant) -> None:
        phone = lease.contact.phone
        if phone > 0:
            key = (phone, self._contacts[campaign].zones[lease.contact.zone].local_day(due_at))
            self._attempts[key] = self._attempts.get(key, 0) + 1


@final
class SimulatedAdmission(Admission):
    """Admits attempts while the trunk has channels and does not rest, no rate is exceeded and the number may be called.

    What is a campaign's own, its state and its concurrency, the campaign sees to itself.
    """

    __slots__ = ("_buckets", "_trunk_of", "_trunks", "next_call", "phones", "stride")

    def __init__(
        self, trunks: list[SimulatedTrunk], trunk_of: list[int], buckets: list[TokenBucket | None]
    ) -> None:
        self._trunks: list[SimulatedTrunk] = trunks
        self._trunk_of: list[int] = trunk_of
        """By campaign."""
        self._buckets: list[TokenBucket | None] = buckets
        """By campaign: its own calls per second."""
        self.phones: PhoneLimits | None = None
        """None where no number can be called by two contacts."""
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
        phones = self.phones
        calls: list[int] = []
        blocked_by = NOTHING
        retry_at = ABSENT
        for lease in leases:
            if phones is not None:
                refusal = phones.refuses(campaign, lease, self._due_at(trunk, own, now))
                if refusal != 0:
                    calls.append(refusal)
                    continue
            if blocked_by != NOTHING:
                calls.append(RETURNED)
                continue
            due_at = self._due_at(trunk, own, now)
            if trunk.rests_until > now:
                blocked_by = CONCURRENCY
                retry_at = trunk.rests_until
            elif trunk.outages == 0 and trunk.is_full():
                blocked_by = CONCURRENCY
                retry_at = now + ASK_AGAIN
            elif due_at > now:
                blocked_by = CALLS_PER_SECOND
                retry_at = due_at
            if blocked_by != NOTHING:
                calls.append(RETURNED)
                continue
            if own is not None:
                own.take(now)
            if trunk.bucket is not None:
                trunk.bucket.take(now)
            if phones is not None:
                phones.dialed(campaign, lease, now)
            trunk.promised += 1
            calls.append(self.new_call())
        return ClaimsAnswered(campaign, leases, calls, blocked_by, retry_at)

    def _due_at(self, trunk: SimulatedTrunk, own: TokenBucket | None, now: Instant) -> Instant:
        """When both rates allow the next call."""
        due_at = now if own is None else own.available_at(now)
        if trunk.bucket is not None:
            trunk_due_at = trunk.bucket.available_at(now)
            if trunk_due_at > due_at:
                return trunk_due_at
        return due_at
