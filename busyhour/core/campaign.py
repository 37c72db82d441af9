"""A campaign: when to dial whom, under its pacing, its limits, its calling hours and its retry rules.

The machine leases contacts, asks admission for leave to dial them (one batch of claims at a time), and hears of every
attempt's answer and end. It dials nothing itself: admission's grant creates the call.
"""

from typing import Final, final

from busyhour.core.agents import IDLE, OFFLINE, ON_PAUSE, WRAP_UP
from busyhour.core.attempts import BLOCKED, RETURNED, Lease
from busyhour.core.call import Call
from busyhour.core.commands import Command, Executor
from busyhour.core.contact_list import ContactList
from busyhour.core.disposition import (
    ABANDONED,
    DISPOSITIONS,
    END_CANCELLED,
    END_NO_CHANNEL,
    END_TRUNK_DOWN,
    OUTBOUND,
)
from busyhour.core.events import (
    ATTEMPT_ANSWERED,
    CAMPAIGN_LAUNCHED,
    CAMPAIGN_PAUSED,
    CAMPAIGN_RESUMED,
    CAMPAIGN_STOPPED,
    AgentChanged,
    AttemptEnded,
    AttemptEvent,
    CampaignEvent,
    CampaignStopped,
    ClaimsAnswered,
    ContactsLoaded,
    HangUpRequested,
    WaitingChanged,
)
from busyhour.core.ids import ABSENT, Instant, Micros
from busyhour.core.inbox import Inbox
from busyhour.core.pacing.base import Pacer
from busyhour.core.pacing.predictive import PredictivePacer

DRAFT: Final = 0
RUNNING: Final = 1
PAUSED: Final = 2
STOPPING: Final = 3
STOPPED: Final = 4
COMPLETED: Final = 5
CAMPAIGN_STATES: Final = ("draft", "running", "paused", "stopping", "stopped", "completed")

CAMPAIGN_TRANSITIONS: Final[dict[tuple[int, int], int]] = {
    (DRAFT, CAMPAIGN_LAUNCHED): RUNNING,
    (STOPPED, CAMPAIGN_LAUNCHED): RUNNING,
    (RUNNING, CAMPAIGN_PAUSED): PAUSED,
    (PAUSED, CAMPAIGN_RESUMED): RUNNING,
    (RUNNING, CAMPAIGN_STOPPED): STOPPING,
    (PAUSED, CAMPAIGN_STOPPED): STOPPING,
}
"""(state, event kind) → next state. STOPPING becomes STOPPED with the last call's end, RUNNING becomes COMPLETED with
the last contact's."""

NOTHING: Final = 0
AGENTS: Final = 1
CONCURRENCY: Final = 2
CALLS_PER_SECOND: Final = 3
CALLING_HOURS: Final = 4
CONTACTS: Final = 5
ABANDONMENT_CAP: Final = 6
BLOCKED_BY: Final = (
    "",
    "agents",
    "concurrency",
    "calls_per_second",
    "calling_hours",
    "contacts",
    "abandonment_cap",
)
"""Which limit holds dialling now."""

DRAIN: Final = 0
CANCEL_UNANSWERED: Final = 1
HANG_UP: Final = 2
IN_FLIGHT: Final = ("drain", "cancel_unanswered", "hang_up")

CLAIM_BATCH: Final = 64
"""Leases in one claim at most: bounds the work of one message. A claim of which leases come back makes the next one as
small as what did not; each other doubles it again."""
LOAD_BATCH: Final = 256
"""Contacts asked for at a time: memory stays bounded whatever the list's length."""


@final
class DialPlan:
    """What every call of a campaign has in common. Ids are ABSENT where there is none."""

    __slots__ = (
        "dial_timeout",
        "leaves_messages",
        "max_wait",
        "priority",
        "queue",
        "screens_answers",
        "trunk",
        "voice_agent",
    )

    def __init__(self, trunk: int, queue: int, voice_agent: int, dial_timeout: Micros) -> None:
        self.trunk: int = trunk
        self.queue: int = queue
        self.voice_agent: int = voice_agent
        self.dial_timeout: Micros = dial_timeout
        self.max_wait: Micros = 0
        self.priority: int = 0
        self.screens_answers: bool = False
        self.leaves_messages: bool = False


@final
class Campaign:
    """The state machine of one campaign. `max_concurrency` 0 means no limit of its own."""

    __slots__ = (
        "answered",
        "attempts",
        "batch",
        "blocked_by",
        "blocked_since",
        "blocked_us",
        "claimed",
        "connects",
        "contacts",
        "ended_at",
        "ended_by_disposition",
        "held_until",
        "id",
        "illegal_events",
        "in_flight",
        "launched_at",
        "max_concurrency",
        "pacer",
        "plan",
        "state",
        "stopping",
    )

    def __init__(
        self, id: int, plan: DialPlan, contacts: ContactList, pacer: Pacer, max_concurrency: int
    ) -> None:
        self.id: int = id
        self.plan: DialPlan = plan
        self.state: int = DRAFT
        self.contacts: ContactList = contacts
        self.pacer: Pacer = pacer
        self.max_concurrency: int = max_concurrency
        self.in_flight: dict[int, Lease] = {}
        """Call id → the lease it was dialled under, until the call has ended."""
        self.batch: int = CLAIM_BATCH
        """Leases in the next claim at most."""
        self.claimed: list[Lease] = []
        """Leases that admission has been asked about and has not answered for."""
        self.held_until: Instant = 0
        """Admission said: not before; ABSENT when the end of a call will tell."""
        self.stopping: int = DRAIN
        """What becomes of calls in flight while STOPPING."""
        self.blocked_by: int = NOTHING
        self.blocked_since: Instant = 0
        self.blocked_us: list[Micros] = [0] * len(BLOCKED_BY)
        self.launched_at: Instant = ABSENT
        self.ended_at: Instant = ABSENT
        self.attempts: int = 0
        self.answered: int = 0
        self.connects: int = 0
        self.ended_by_disposition: list[int] = [0] * len(DISPOSITIONS)
        self.illegal_events: int = 0

    def receive(self, event: CampaignEvent, now: Instant) -> list[Command]:
        """Take one event in; what is illegal here changes nothing and is counted."""
        inbox = Inbox()
        self.answer(event, now, inbox)
        return inbox.commands

    def answer(self, event: CampaignEvent, now: Instant, out: Executor) -> None:
        """The same for a driver: what comes of it is told to `out`."""
        if isinstance(event, AttemptEnded):
            self.attempt_ended(event.call, event.disposition, event.end_reason, now, out)
        elif isinstance(event, AttemptEvent):
            if event.kind == ATTEMPT_ANSWERED:
                self.attempt_answered(event.call, now, out)
            else:
                self.attempt_connected(event.call, now, out)
        else:
            if isinstance(event, AgentChanged):
                self._agent_changed(event, now)
            elif isinstance(event, WaitingChanged):
                self.pacer.waiting_changed(event.waiting, now)
            elif isinstance(event, ClaimsAnswered):
                self._claims_answered(event, now, out)
            elif isinstance(event, ContactsLoaded):
                self.contacts.load(event.contacts, event.exhausted)
            else:
                self._command(event, now, out)
            self._dial(now, out)

    def attempt_answered(self, call: int, now: Instant, out: Executor) -> None:
        """`answer` to an attempt that a person has answered, as far as AMD can tell."""
        if call not in self.pacer.in_flight:
            self.illegal_events += 1
        else:
            self.answered += 1
            self.pacer.answered(call, now)
        self._dial(now, out)

    def attempt_connected(self, call: int, now: Instant, out: Executor) -> None:
        """`answer` to an attempt that an agent has got."""
        is_answer = call in self.pacer.in_flight
        if not is_answer and call not in self.pacer.waiting:
            self.illegal_events += 1
        else:
            if is_answer:
                self.answered += 1
            self.connects += 1
            self.pacer.connected(call, now)
        self._dial(now, out)

    def attempt_ended(
        self, call: int, disposition: int, end_reason: int, now: Instant, out: Executor
    ) -> None:
        """`answer` to an attempt that is over."""
        lease = self.in_flight.pop(call, None)
        if lease is None:
            self.illegal_events += 1
        else:
            self._account_for(lease, call, disposition, end_reason, now)
        self._dial(now, out)

    def deadline(self) -> Instant:
        """When dialling should be considered again without any event; ABSENT when only events matter."""
        if self.state != RUNNING or self.claimed:
            return ABSENT
        if self.blocked_by == CALLS_PER_SECOND or self.blocked_by == CONCURRENCY:
            return self.held_until
        if self.blocked_by == CONTACTS or self.blocked_by == CALLING_HOURS:
            return self.contacts.next_due_at()
        return self.pacer.review_at()

    def on_deadline(self, now: Instant) -> list[Command]:
        """Consider dialling. Harmless when nothing is due."""
        inbox = Inbox()
        self._dial(now, inbox)
        return inbox.commands

    def new_call(self, call_id: int, lease: Lease, now: Instant) -> Call:
        """The call of a granted lease."""
        plan = self.plan
        call = Call(call_id, OUTBOUND, plan.queue, plan.trunk, plan.priority, now)
        call.campaign = self.id
        call.contact = lease.contact.id
        call.phone = lease.contact.phone
        call.attempt = lease.attempt
        call.voice_agent = plan.voice_agent
        call.dial_timeout = plan.dial_timeout
        call.max_wait = plan.max_wait
        call.screens_answers = plan.screens_answers
        call.leaves_messages = plan.leaves_messages
        return call

    def numbers_claimed(self, now: Instant) -> list[tuple[int, Micros]]:
        """Of each claimed lease the number, and what its zone's clock is ahead of UTC; (0, 0) where there is none."""
        zones = self.contacts.zones
        numbers: list[tuple[int, Micros]] = []
        for lease in self.claimed:
            phone = lease.contact.phone
            numbers.append((phone, zones[lease.contact.zone].zone.offset_at(now)) if phone else (0, 0))
        return numbers

    def _command(self, event: CampaignEvent, now: Instant, out: Executor) -> None:
        after = CAMPAIGN_TRANSITIONS.get((self.state, event.kind), ABSENT)
        if after == ABSENT:
            self.illegal_events += 1
            return
        self.state = after
        if after == RUNNING:
            self.held_until = now
            if event.kind == CAMPAIGN_LAUNCHED:
                self.ended_at = ABSENT
                if self.launched_at == ABSENT:
                    self.launched_at = now
                    self.blocked_since = now
            return
        self._block(NOTHING, now)
        if isinstance(event, CampaignStopped):
            self.stopping = event.in_flight
            for call in self.in_flight:
                if self.stopping == HANG_UP or (
                    self.stopping == CANCEL_UNANSWERED and call in self.pacer.in_flight
                ):
                    out.event(HangUpRequested(call, END_CANCELLED))

    def _account_for(self, lease: Lease, call: int, disposition: int, end_reason: int, now: Instant) -> None:
        """What the attempt came to, for the pacer and the contact."""
        self.ended_by_disposition[disposition] += 1
        if disposition == ABANDONED:
            if call in self.pacer.in_flight:
                self.answered += 1
            self.pacer.abandoned(call, now)
        else:
            self.pacer.ended(call, now)
        outcome = disposition
        if end_reason == END_NO_CHANNEL or end_reason == END_TRUNK_DOWN:
            outcome = BLOCKED
        self.contacts.ended(lease, outcome, now)
        if self.held_until == ABSENT or self.blocked_by == CONCURRENCY:
            self.held_until = now

    def _agent_changed(self, event: AgentChanged, now: Instant) -> None:
        if event.state == IDLE:
            self.pacer.agent_idle(event.agent, now)
        elif event.state == WRAP_UP:
            self.pacer.agent_wrapping(event.agent, now)
        elif event.state == OFFLINE or event.state == ON_PAUSE:
            self.pacer.agent_left(event.agent, now)
        else:
            self.pacer.agent_talking(event.agent, now)

    def _claims_answered(self, event: ClaimsAnswered, now: Instant, out: Executor) -> None:
        claimed = self.claimed
        if not claimed or len(event.calls) != len(claimed):
            self.illegal_events += 1
            return
        self.claimed = []
        returned: list[Lease] = []
        for i in range(len(claimed)):
            call = event.calls[i]
            lease = claimed[i]
            if call == RETURNED:
                returned.append(lease)
                continue
            if call < 0:
                self.contacts.rejected(lease, call, now)
                continue
            self.attempts += 1
            self.in_flight[call] = lease
            self.contacts.dialed(lease, now)
            self.pacer.dialed(call, now)
            if self.state == STOPPING and self.stopping != DRAIN:
                # It was asked for before somebody stopped the campaign.
                out.event(HangUpRequested(call, END_CANCELLED))
        self.held_until = now
        if not returned:
            self.batch = min(2 * self.batch, CLAIM_BATCH)
        else:
            self.batch = max(len(claimed) - len(returned), 1)
            self.contacts.give_back(returned)
            if self.state == RUNNING:
                self.held_until = event.retry_at
                self._block(event.blocked_by, now)

    def _dial(self, now: Instant, out: Executor) -> None:
        """Claim as many attempts as pacing wants and the campaign's own limit allows, one batch at a time."""
        if self.state != RUNNING:
            if self.state == STOPPING and not self.in_flight and not self.claimed:
                self._finish(STOPPED, now)
            return
        if self.claimed or self.held_until == ABSENT or now < self.held_until:
            return
        wanted = self.pacer.lines_wanted(now)
        if wanted <= 0:
            if self.contacts.is_done():
                self._finish(COMPLETED, now)
            else:
                self._block(self._held_by_pacing(), now)
            return
        if wanted > self.batch:
            wanted = self.batch
        if self.max_concurrency > 0 and wanted > self.max_concurrency - len(self.in_flight):
            wanted = self.max_concurrency - len(self.in_flight)
            if wanted <= 0:
                self.held_until = ABSENT
                self._block(CONCURRENCY, now)
                return
        self._claim(wanted, now, out)

    def _claim(self, wanted: int, now: Instant, out: Executor) -> None:
        leases: list[Lease] = []
        while len(leases) < wanted:
            lease = self.contacts.lease(now)
            if lease is None:
                break
            leases.append(lease)
        wants_more = self.contacts.wants_more(now)
        if wants_more:
            self.contacts.loading = True
        if leases:
            self.claimed = leases
            self._block(NOTHING, now)
            out.claim_attempts(self.id, leases)
        elif self.contacts.is_done():
            self._finish(COMPLETED, now)
        elif self.contacts.awaits_hours():
            self._block(CALLING_HOURS, now)
        else:
            self._block(CONTACTS, now)
        if wants_more:
            out.load_contacts(self.id, LOAD_BATCH, now)

    def _held_by_pacing(self) -> int:
        """Only a predictive pacer leaves idle agents without lines for the sake of those who would be abandoned."""
        if self.pacer.idle > 0 and isinstance(self.pacer, PredictivePacer):
            return ABANDONMENT_CAP
        return AGENTS

    def _finish(self, state: int, now: Instant) -> None:
        self.state = state
        self.ended_at = now
        self._block(NOTHING, now)

    def _block(self, by: int, now: Instant) -> None:
        if by != self.blocked_by:
            self.blocked_us[self.blocked_by] += now - self.blocked_since
            self.blocked_by = by
            self.blocked_since = now
