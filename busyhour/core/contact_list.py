"""A campaign's contacts: who is ready, who waits for a retry or for calling hours, who is done.

Only contacts that have been loaded and are not done are in memory. Every enrolled contact is in exactly one of the
states remaining, leased, completed, exhausted or skipped, and their counts sum to the number enrolled.
"""

import heapq
from collections import deque
from typing import final

from busyhour.core.attempts import NEVER_AGAIN, Contact, Lease, RetryRules
from busyhour.core.calling_hours import CallingHours, Zone
from busyhour.core.disposition import CANCELLED, HUMAN
from busyhour.core.ids import ABSENT, DAY, Instant


@final
class ZoneClock:
    """One time zone's calling hours, remembered until they change."""

    __slots__ = ("changes_at", "hours", "is_open", "zone")

    def __init__(self, zone: Zone, hours: CallingHours | None) -> None:
        self.zone: Zone = zone
        self.hours: CallingHours | None = hours
        self.is_open: bool = True
        self.changes_at: Instant = ABSENT

    def opens_at(self, now: Instant) -> Instant:
        """`now` when calling is allowed, else when it next will be; ABSENT for never."""
        if self.hours is None:
            return now
        if now >= self.changes_at:
            window = self.hours.window(self.zone, now)
            self.is_open = window[0]
            self.changes_at = window[1]
            if self.changes_at == ABSENT:
                self.changes_at = now + DAY
                if not self.is_open:
                    return ABSENT
        if self.is_open:
            return now
        return self.changes_at

    def local_day(self, now: Instant) -> int:
        return self.zone.local(now) // DAY

    def next_day_at(self, now: Instant) -> Instant:
        """The next local midnight, but for a change of the clocks in between; asked again then."""
        return now + DAY - self.zone.local(now) % DAY


@final
class ContactList:
    """Hands out leases in order: what came back, then retries that are due, then fresh contacts as loaded."""

    __slots__ = (
        "completed",
        "due",
        "exhausted",
        "fresh",
        "leased",
        "loaded_all",
        "loading",
        "retry",
        "returned",
        "sequence",
        "skipped_unknown_zone",
        "total",
        "zones",
    )

    def __init__(self, total: int, zones: list[ZoneClock], retry: RetryRules) -> None:
        self.total: int = total
        self.zones: list[ZoneClock] = zones
        """Calling-hours clocks by `Contact.zone`."""
        self.retry: RetryRules = retry
        self.returned: deque[Contact] = deque()
        self.due: list[tuple[Instant, int, int, Contact]] = []
        """Heap of (due, priority, sequence, contact)."""
        self.fresh: deque[Contact] = deque()
        self.loading: bool = False
        self.loaded_all: bool = False
        self.sequence: int = 0
        self.leased: int = 0
        self.completed: int = 0
        self.exhausted: int = 0
        self.skipped_unknown_zone: int = 0

    def load(self, contacts: list[Contact], exhausted: bool) -> None:
        self.fresh.extend(contacts)
        self.loading = False
        self.loaded_all = exhausted

    def wants_more(self) -> bool:
        return not self.fresh and not self.loaded_all and not self.loading

    def lease(self, now: Instant) -> Lease | None:
        """The next attempt to make now; None when nobody in memory may be called at this instant."""
        while True:
            if self.returned:
                contact = self.returned.popleft()
            elif self.due and self.due[0][0] <= now:
                contact = heapq.heappop(self.due)[3]
            elif self.fresh:
                contact = self.fresh.popleft()
            else:
                return None
            if contact.zone == ABSENT:
                self.skipped_unknown_zone += 1
                continue
            clock = self.zones[contact.zone]
            opens_at = clock.opens_at(now)
            if opens_at == ABSENT:
                self.exhausted += 1
                continue
            if opens_at > now:
                self._park(contact, opens_at)
                continue
            if contact.attempts > 0 and self.retry.max_per_day > 0:
                if contact.day == clock.local_day(now) and contact.attempts_today >= self.retry.max_per_day:
                    self._park(contact, clock.next_day_at(now))
                    continue
            self.leased += 1
            return Lease(contact, contact.attempts + 1)

    def give_back(self, leases: list[Lease]) -> None:
        """Leases that were not dialled; they come first next time, in the same order."""
        for lease in reversed(leases):
            self.leased -= 1
            self.returned.appendleft(lease.contact)

    def dialed(self, lease: Lease, now: Instant) -> None:
        contact = lease.contact
        contact.attempts += 1
        if self.retry.max_per_day > 0:
            day = self.zones[contact.zone].local_day(now)
            if contact.day != day:
                contact.day = day
                contact.attempts_today = 0
            contact.attempts_today += 1

    def ended(self, lease: Lease, outcome: int, now: Instant) -> None:
        """An attempt is over: the contact is done, or tried again later. One that we cancelled counts for nothing."""
        self.leased -= 1
        contact = lease.contact
        if outcome == HUMAN:
            self.completed += 1
            return
        if outcome == CANCELLED:
            contact.attempts -= 1
            self.returned.append(contact)
            return
        due_at = self.retry.due_at(contact, outcome, now)
        if due_at == NEVER_AGAIN:
            self.exhausted += 1
        else:
            self._park(contact, due_at)

    def remaining(self) -> int:
        """Enrolled contacts that are neither leased nor done."""
        return self.total - self.leased - self.completed - self.exhausted - self.skipped_unknown_zone

    def next_due_at(self) -> Instant:
        """When the next parked contact may be called; ABSENT when none is parked."""
        if self.due:
            return self.due[0][0]
        return ABSENT

    def is_done(self) -> bool:
        return self.loaded_all and self.leased == 0 and not self.fresh and not self.due and not self.returned

    def _park(self, contact: Contact, due_at: Instant) -> None:
        self.sequence += 1
        heapq.heappush(self.due, (due_at, contact.priority, self.sequence, contact))
