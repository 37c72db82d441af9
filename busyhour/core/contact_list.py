"""A campaign's contacts: who is ready, who waits for a retry or for calling hours, who is done.

Only contacts that have been loaded and are not done are in memory. Every enrolled contact is in exactly one of the
states remaining, leased, completed, exhausted or skipped, and their counts sum to the number enrolled.
"""

import heapq
from collections import deque
from typing import final

from busyhour.core.attempts import DO_NOT_CALL, NEVER_AGAIN, Contact, Lease, RetryRules
from busyhour.core.calling_hours import CallingHours, Zone
from busyhour.core.disposition import CANCELLED, HUMAN
from busyhour.core.ids import ABSENT, DAY, Instant


@final
class ZoneClock:
    """The clock on the wall of contacts who live in `zone`, and their calling hours, remembered until they change."""

    __slots__ = ("changes_at", "hours", "hours_zone", "is_open", "zone")

    def __init__(self, zone: Zone, hours: CallingHours | None, hours_zone: Zone | None = None) -> None:
        self.zone: Zone = zone
        """Tells the contact's calendar day."""
        self.hours: CallingHours | None = hours
        self.hours_zone: Zone = zone if hours_zone is None else hours_zone
        """Whose clock `hours` are read on: the contact's, unless the campaign has a zone of its own."""
        self.is_open: bool = True
        self.changes_at: Instant = 0
        """When `is_open` must be looked up again; ABSENT: it holds for ever."""

    def change_hours(self, hours: CallingHours | None, hours_zone: Zone | None) -> None:
        self.hours = hours
        self.hours_zone = self.zone if hours_zone is None else hours_zone
        self.is_open = True
        self.changes_at = 0

    def opens_at(self, now: Instant) -> Instant:
        """`now` when calling is allowed, else when it next will be; ABSENT for never."""
        if self.hours is None:
            return now
        if self.changes_at != ABSENT and now >= self.changes_at:
            window = self.hours.window(self.hours_zone, now)
            self.is_open = window[0]
            self.changes_at = window[1]
        if self.is_open:
            return now
        return self.changes_at

    def local_day(self, now: Instant) -> int:
        return self.zone.local(now) // DAY

    def next_day_at(self, now: Instant) -> Instant:
        """The next local midnight, or the instant nearest to it that a change of the clocks leaves."""
        local = self.zone.local(now)
        at = now + DAY - local % DAY
        midnight = at - (self.zone.offset_at(at) - self.zone.offset_at(now))
        if midnight > now and self.local_day(midnight) > local // DAY:
            return midnight
        return at


@final
class ContactList:
    """Hands out leases in order: what came back, then retries that are due, then fresh contacts as loaded."""

    __slots__ = (
        "awaiting_hours",
        "completed",
        "due",
        "exhausted",
        "fresh",
        "leased",
        "loaded_all",
        "loading",
        "opens_at",
        "put_off_max_per_day",
        "retry",
        "returned",
        "sequence",
        "skipped_do_not_call",
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
        self.awaiting_hours: int = 0
        """How many of `due` are there because their calling hours have not begun."""
        self.opens_at: Instant = ABSENT
        """When the first zone opens, where no more contacts are loaded because all are closed."""
        self.fresh: deque[Contact] = deque()
        self.loading: bool = False
        self.loaded_all: bool = False
        self.sequence: int = 0
        self.leased: int = 0
        self.completed: int = 0
        self.exhausted: int = 0
        self.skipped_unknown_zone: int = 0
        self.skipped_do_not_call: int = 0
        self.put_off_max_per_day: int = 0
        """How often somebody was put off to his next day, because others had called him."""

    def load(self, contacts: list[Contact], exhausted: bool) -> None:
        """Take contacts in, in dialling order. Nobody is called whose time zone is unknown: these are skipped."""
        for contact in contacts:
            if contact.zone == ABSENT:
                self.skipped_unknown_zone += 1
            else:
                self.fresh.append(contact)
        self.loading = False
        self.loaded_all = exhausted

    def wants_more(self, now: Instant) -> bool:
        """Whether to load. Not while every zone is closed: overnight, all the list would end up in memory."""
        self.opens_at = ABSENT
        if self.fresh or self.loaded_all or self.loading:
            return False
        first_at = ABSENT
        for clock in self.zones:
            opens_at = clock.opens_at(now)
            if opens_at == now:
                return True
            if opens_at != ABSENT and (first_at == ABSENT or opens_at < first_at):
                first_at = opens_at
        self.opens_at = first_at
        return first_at == ABSENT

    def lease(self, now: Instant) -> Lease | None:
        """The next attempt to make now; None when nobody in memory may be called at this instant."""
        while True:
            if self.returned:
                contact = self.returned.popleft()
            elif self.due and self.due[0][0] <= now:
                contact = heapq.heappop(self.due)[3]
                if contact.awaits_hours:
                    contact.awaits_hours = False
                    self.awaiting_hours -= 1
            elif self.fresh:
                contact = self.fresh.popleft()
            else:
                return None
            clock = self.zones[contact.zone]
            opens_at = clock.opens_at(now)
            if opens_at == ABSENT:
                self.exhausted += 1
            elif opens_at > now:
                contact.awaits_hours = True
                self.awaiting_hours += 1
                self._park(contact, opens_at)
            elif self._has_had_its_day(contact, clock, now):
                self._park(contact, clock.next_day_at(now))
            else:
                self.leased += 1
                return Lease(contact, contact.attempts + 1)

    def change_hours(self, hours: CallingHours | None, hours_zone: Zone | None, now: Instant) -> None:
        """From now on; whoever waits for the old hours is due now, and may wait for the new ones."""
        for clock in self.zones:
            clock.change_hours(hours, hours_zone)
        self.opens_at = ABSENT
        self.due = [
            (now if contact.awaits_hours else due_at, priority, sequence, contact)
            for due_at, priority, sequence, contact in self.due
        ]
        heapq.heapify(self.due)

    def give_back(self, leases: list[Lease]) -> None:
        """Leases that were not dialled; they come first next time, in the same order."""
        for lease in reversed(leases):
            self.leased -= 1
            self.returned.appendleft(lease.contact)

    def rejected(self, lease: Lease, reason: int, now: Instant) -> None:
        """A lease that admission will not grant: for ever, or until the contact's day is over."""
        self.leased -= 1
        if reason == DO_NOT_CALL:
            self.skipped_do_not_call += 1
        else:
            self.put_off_max_per_day += 1
            self._park(lease.contact, self.zones[lease.contact.zone].next_day_at(now))

    def dialed(self, lease: Lease, now: Instant) -> None:
        """The lease's attempt is being made."""
        contact = lease.contact
        contact.attempts += 1
        if self.retry.max_per_day > 0:
            # A clock set back over midnight shows a day again; its attempts count for the later day, which is stricter.
            day = self.zones[contact.zone].local_day(now)
            if day > contact.day:
                contact.day = day
                contact.attempts_today = 0
            contact.attempts_today += 1

    def ended(self, lease: Lease, outcome: int, now: Instant) -> None:
        """An attempt is over: the contact is done, or tried again later. One that we cancelled is made up for."""
        self.leased -= 1
        contact = lease.contact
        if outcome == HUMAN:
            self.completed += 1
            return
        if outcome == CANCELLED:
            contact.cancelled += 1
            self.returned.append(contact)
            return
        due_at = self.retry.due_at(contact, outcome, now)
        if due_at == NEVER_AGAIN:
            self.exhausted += 1
        else:
            self._park(contact, due_at)

    def remaining(self) -> int:
        """Enrolled contacts that are neither leased nor done."""
        return self.total - self.leased - self.done()

    def done(self) -> int:
        """Enrolled contacts that are never called again."""
        return self.completed + self.exhausted + self.skipped()

    def skipped(self) -> int:
        """Enrolled contacts that must not be called."""
        return self.skipped_unknown_zone + self.skipped_do_not_call

    def next_due_at(self) -> Instant:
        """When to look again for somebody to call; ABSENT when nobody is parked and no zone about to open."""
        if self.due and (self.opens_at == ABSENT or self.due[0][0] < self.opens_at):
            return self.due[0][0]
        return self.opens_at

    def awaits_hours(self) -> bool:
        """Whether there is somebody who would be called now, were it not for the calling hours."""
        return self.awaiting_hours > 0 or self.opens_at != ABSENT

    def is_done(self) -> bool:
        return self.loaded_all and self.leased == 0 and not self.fresh and not self.due and not self.returned

    def _has_had_its_day(self, contact: Contact, clock: ZoneClock, now: Instant) -> bool:
        most = self.retry.max_per_day
        return most > 0 and contact.attempts_today >= most and clock.local_day(now) <= contact.day

    def _park(self, contact: Contact, due_at: Instant) -> None:
        self.sequence += 1
        heapq.heappush(self.due, (due_at, contact.priority, self.sequence, contact))
