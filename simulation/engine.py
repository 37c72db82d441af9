"""The virtual clock: takes what is due from the agenda, moves time there, lets it happen, and watches deadlines."""

from collections.abc import Callable
from typing import Final, final

from busyhour.core.campaign import CALLING_HOURS, COMPLETED, CONTACTS, STOPPED, Campaign
from busyhour.core.disposition import END_HORIZON
from busyhour.core.events import Event, HangUpRequested
from busyhour.core.ids import ABSENT, Instant
from busyhour.driver import Driver
from busyhour.ports import Post
from simulation.agenda import DEADLINES, MESSAGES, Agenda, Occurrence, Watch
from simulation.inbound import InboundSource
from simulation.substreams import DurationStream

ROUND: Final = 1_024
"""Occurrences between two reports of progress, at which compiled code lets other threads have a turn."""
NO_BOUND: Final = 1 << 61
"""Later than any instant."""


@final
class CampaignWatch(Occurrence):
    """Keeps a campaign's deadline on the agenda. Only the entry at `scheduled_at` counts; others are stale."""

    __slots__ = ("agenda", "campaign", "driver", "scheduled_at")

    def __init__(self, agenda: Agenda, driver: Driver, campaign: Campaign) -> None:
        self.agenda: Agenda = agenda
        self.driver: Driver = driver
        self.campaign: Campaign = campaign
        self.scheduled_at: Instant = ABSENT

    def happen(self, stage: int, now: Instant) -> None:
        if now != self.scheduled_at:
            return
        self.scheduled_at = ABSENT
        due_at = self.campaign.deadline()
        if due_at != ABSENT and due_at <= now:
            self.driver.campaign_deadline(self.campaign)

    def look(self, now: Instant) -> None:
        """The campaign may have a new deadline."""
        due_at = self.campaign.deadline()
        if due_at == ABSENT:
            return
        if due_at <= now:
            due_at = (
                now + 1
            )  # A deadline that has just been considered is not a reason to consider it again now.
        if self.scheduled_at == ABSENT or due_at < self.scheduled_at:
            self.scheduled_at = due_at
            self.agenda.at(due_at, DEADLINES, self)


@final
class QueueWatch(Occurrence):
    """Frees agents whose reservation nobody takes up: possible only where messages take time or get lost."""

    __slots__ = ("agenda", "driver", "scheduled_at")

    def __init__(self, agenda: Agenda, driver: Driver) -> None:
        self.agenda: Agenda = agenda
        self.driver: Driver = driver
        self.scheduled_at: Instant = ABSENT

    def happen(self, stage: int, now: Instant) -> None:
        self.scheduled_at = ABSENT
        due_at = self.driver.queues.deadline()
        if due_at != ABSENT and due_at <= now:
            self.driver.queue_deadline()

    def look(self) -> None:
        if self.scheduled_at == ABSENT:
            due_at = self.driver.queues.deadline()
            if due_at != ABSENT:
                self.scheduled_at = due_at
                self.agenda.at(due_at, DEADLINES, self)


@final
class Letter(Occurrence):
    """An event under way from one machine to another."""

    __slots__ = ("event", "post")

    def __init__(self, post: "DelayedPost", event: Event) -> None:
        self.post: DelayedPost = post
        self.event: Event = event

    def happen(self, stage: int, now: Instant) -> None:
        self.post.arrived(self.event.addressee(), now)
        self.post.driver.deliver(self.event)


@final
class DelayedPost(Post):
    """Events between machines take time, as on a cluster. What is sent later to one kind of machine arrives later."""

    __slots__ = ("_agenda", "_delays", "_latest", "_sent", "driver")

    driver: Driver

    def __init__(self, agenda: Agenda, delays: DurationStream) -> None:
        self._agenda: Agenda = agenda
        self._delays: DurationStream = delays
        self._sent: int = 0
        self._latest: dict[int, Instant] = {}
        """Addressee → when the latest letter to it arrives."""

    def send(self, event: Event, now: Instant) -> None:
        arrives_at = now + self._delays.at(self._sent)
        self._sent += 1
        addressee = event.addressee()
        latest = self._latest.get(addressee, 0)
        if arrives_at < latest:
            arrives_at = latest
        self._latest[addressee] = arrives_at
        self._agenda.at(arrives_at, MESSAGES, Letter(self, event))

    def arrived(self, addressee: int, now: Instant) -> None:
        """A letter has come; nothing is kept of an addressee to whom no other is under way."""
        if self._latest.get(addressee, ABSENT) == now:
            del self._latest[addressee]


@final
class Engine(Watch):
    """One replication under way."""

    __slots__ = ("_last_launches", "_sources", "_stops_idle", "_watches", "agenda", "driver", "queue_watch")

    def __init__(
        self, agenda: Agenda, driver: Driver, sources: list[InboundSource], last_launches: list[Instant]
    ) -> None:
        """`last_launches`: by campaign, when the timeline launches it for the last time."""
        self.agenda: Agenda = agenda
        self.driver: Driver = driver
        self._sources: list[InboundSource] = sources
        self._last_launches: list[Instant] = last_launches
        self._watches: list[CampaignWatch] = []
        for campaign in driver.campaigns:
            self._watches.append(CampaignWatch(agenda, driver, campaign))
        self.queue_watch: QueueWatch | None = None
        if driver.post is not None:
            self.queue_watch = QueueWatch(agenda, driver)
        self._stops_idle: bool = False

    def run(self, until: Instant, stops_idle: bool, report: Callable[[Instant], None]) -> Instant:
        """Let everything due before `until` (ABSENT: no such bound) happen; the instant at which it ended.

        With `stops_idle` it ends when no campaign has work left and no call is alive; and, where there is no bound
        either, when campaigns do nothing any more but think again. `report(now)` is called now and then, and may raise
        to give the replication up.
        """
        driver = self.driver
        bound = until if until != ABSENT else NO_BOUND
        self._stops_idle = stops_idle
        has_deadlines = len(self._watches) > 0 or self.queue_watch is not None
        watch = self if has_deadlines or stops_idle else None
        goes_on = True
        while goes_on:
            attempts = self._attempts()
            goes_on = self.agenda.turn(driver, bound, ROUND, watch)
            report(driver.now)
            if stops_idle and until == ABSENT and attempts == self._attempts() and self._is_stuck():
                break
        if until != ABSENT and not (stops_idle and self.is_idle()):
            driver.now = until
        return driver.now

    def is_over(self, now: Instant) -> bool:
        """A look at the machines' deadlines after each occurrence, and at whether anything is left to do."""
        for watch in self._watches:
            watch.look(now)
        queue_watch = self.queue_watch
        if queue_watch is not None:
            queue_watch.look()
        if not self._stops_idle:
            return False
        if self._sources and self._watches and self._is_work_over():
            for source in self._sources:
                source.close()
        return not self.driver.calls and self.is_idle()

    def _attempts(self) -> int:
        attempts = 0
        for campaign in self.driver.campaigns:
            attempts += campaign.attempts
        return attempts

    def _is_stuck(self) -> bool:
        """Whether nothing but a campaign's next look at its limits is due: no agent, call or message can change any."""
        for occurrence in self.agenda.occurrences():
            if not isinstance(occurrence, CampaignWatch):
                return False
        for campaign in self.driver.campaigns:
            awaits = campaign.blocked_by == CONTACTS or campaign.blocked_by == CALLING_HOURS
            if awaits and campaign.deadline() != ABSENT:
                return False
        return True

    def is_idle(self) -> bool:
        """Nothing is left to do but for agents to finish their wrap-up."""
        if self.driver.calls or not self._is_work_over():
            return False
        for source in self._sources:
            if source.to_come > 0:
                return False
        return True

    def _is_work_over(self) -> bool:
        """No campaign has work left, now or by the timeline."""
        for campaign in self.driver.campaigns:
            if campaign.state == STOPPED:
                if self.driver.now <= self._last_launches[campaign.id]:
                    return False
            elif campaign.state != COMPLETED:
                return False
        return True

    def close_calls(self, now: Instant) -> None:
        """The run is over: calls still alive leave the record of what had happened until now."""
        driver = self.driver
        for call_id in sorted(driver.calls):
            call = driver.calls.pop(call_id)
            call.receive(HangUpRequested(call_id, END_HORIZON), now)
            driver.log.write(call)
        self.agenda.clear()
