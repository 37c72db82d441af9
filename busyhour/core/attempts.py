"""Contacts of a campaign, the leases under which they are dialled, and the rules that say when to try again."""

from typing import Final, final

from busyhour.core.disposition import (
    ABANDONED,
    BUSY,
    DISPOSITIONS,
    FAILED,
    INVALID,
    MACHINE,
    NO_ANSWER,
    UNKNOWN,
)
from busyhour.core.ids import ABSENT, MINUTE, Instant, Micros

NEVER_AGAIN: Final = ABSENT
"""A retry delay that means: do not try this contact again after this outcome."""

BLOCKED: Final = len(DISPOSITIONS)
"""Outcome of an attempt that its trunk refused: the phone never rang. Without a rule of its own it is FAILED."""

RETRYABLE: Final = (BUSY, NO_ANSWER, MACHINE, FAILED, ABANDONED, INVALID, UNKNOWN, BLOCKED)
"""Outcomes a retry rule may name; a reached person is never redialled."""

UNKNOWN_AFTER: Final = 15 * MINUTE
"""When an attempt whose outcome was lost is followed by the next, where no rule says: whoever answered it heard nobody,
and shall not be rung again at once."""

RETURNED: Final = ABSENT
"""Answer to a lease that may be asked for again later."""
DO_NOT_CALL: Final = -2
"""Answer to a lease whose contact must never be called."""
MAX_PER_DAY: Final = -3
"""Answer to a lease whose contact has had all of this day's attempts, from whichever campaign they came."""


@final
class Contact:
    """One enrolled contact, in memory only from its loading until it is completed or exhausted."""

    __slots__ = (
        "id",
        "zone",
        "priority",
        "attempts",
        "cancelled",
        "day",
        "attempts_today",
        "awaits_hours",
        "phone",
    )

    def __init__(self, id: int, zone: int, priority: int) -> None:
        self.id: int = id
        self.zone: int = zone
        """Index of the contact's time zone among the campaign's zones; ABSENT when the zone is unknown."""
        self.priority: int = priority
        """0 is dialled first."""
        self.attempts: int = 0
        """Attempts dialled; the next one has the next number, so no attempt is ever dialled twice."""
        self.cancelled: int = 0
        """Those of them that we gave up ourselves: they do not use up `RetryRules.max_attempts`."""
        self.day: int = ABSENT
        """Latest local calendar day (days since 1970-01-01) with an attempt."""
        self.attempts_today: int = 0
        """Attempts on that day, cancelled ones among them: the phone may have rung."""
        self.awaits_hours: bool = False
        """Parked until its calling hours begin."""
        self.phone: int = 0
        """Its number in E.164 format, without the +; 0 where there is none."""


@final
class Lease:
    """The right to make one attempt at one contact."""

    __slots__ = ("contact", "attempt")

    def __init__(self, contact: Contact, attempt: int) -> None:
        self.contact: Contact = contact
        self.attempt: int = attempt
        """1 for the contact's first attempt."""


@final
class RetryRules:
    """How often a contact is tried, and how long after which outcome.

    `after[outcome]` (a disposition or BLOCKED) is the delay from the attempt's end, or NEVER_AGAIN.
    """

    __slots__ = ("max_attempts", "max_per_day", "after")

    def __init__(self, max_attempts: int, max_per_day: int, after: dict[int, Micros]) -> None:
        self.max_attempts: int = max_attempts
        self.max_per_day: int = max_per_day
        """Attempts in one local calendar day; 0 for no such limit."""
        self.after: list[Micros] = [after.get(code, NEVER_AGAIN) for code in range(len(DISPOSITIONS))]
        self.after.append(after.get(BLOCKED, self.after[FAILED]))
        self.after[UNKNOWN] = after.get(UNKNOWN, UNKNOWN_AFTER)

    def due_at(self, contact: Contact, outcome: int, ended_at: Instant) -> Instant:
        """When to try again, or NEVER_AGAIN: reached, out of attempts, or an outcome no rule names."""
        delay = self.after[outcome]
        if delay == NEVER_AGAIN or contact.attempts - contact.cancelled >= self.max_attempts:
            return NEVER_AGAIN
        return ended_at + delay
