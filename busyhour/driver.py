"""The only loop: events in, commands out, one deadline.

A driver holds machines, delivers events to them in order, and carries out through the ports what they answer. In the
simulator one driver holds every machine; live, each actor's driver holds its own and a `Post` carries the rest.

**The order.** What a machine answers to an event is carried out after everything that was answered before: first come,
first served. So a step's answers are carried out one after the other, and what comes of them after the last of them.
Where somebody looks on (a trace) or events take time (a post), an `Inbox` keeps the answers as commands. Else, and when
nothing waits, the driver carries each out as it is told, and an `Inbox` keeps what comes of it: the same order, without
making a command of what is done at once. Only the step itself may not be over by then, which nothing can tell: a step
and what it tells are different machines', and a machine is in its new state before it tells anything that a port, which
may look at any, is asked for.
"""

from typing import final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.attempts import Lease
from busyhour.core.call import Call
from busyhour.core.campaign import Campaign
from busyhour.core.commands import Command, Executor
from busyhour.core.events import (
    ATTEMPT_ADMITTED,
    AgentAssigned,
    CallEvent,
    CampaignEvent,
    ClaimsAnswered,
    Event,
    QueueEvent,
)
from busyhour.core.ids import Instant
from busyhour.core.inbox import Inbox
from busyhour.core.transfer_events import TransferAccepted
from busyhour.ports import Admission, CallLog, Carrier, Contacts, Desk, Intake, Post, Trace


@final
class Arrived(Command):
    """An event that need not take the post: it comes from outside, or has come by the post."""

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event: Event = event

    def carry_out(self, executor: Executor) -> None:
        executor.event(self.event)


@final
class Driver(Executor):
    """Machines and the ports they act through.

    `now` is set by whoever turns the loop, before every delivery. As an `Executor` it carries out at once what it is
    told, and keeps what comes of it in `_inbox`.
    """

    __slots__ = (
        "_inbox",
        "admission",
        "calls",
        "campaigns",
        "carrier",
        "contacts",
        "desk",
        "events",
        "intake",
        "log",
        "now",
        "post",
        "queues",
        "stray_events",
        "trace",
    )

    def __init__(
        self,
        queues: AgentQueues,
        campaigns: list[Campaign],
        carrier: Carrier,
        desk: Desk,
        admission: Admission,
        contacts: Contacts,
        log: CallLog,
        post: Post | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.queues: AgentQueues = queues
        self.campaigns: list[Campaign] = campaigns
        self.carrier: Carrier = carrier
        self.desk: Desk = desk
        self.admission: Admission = admission
        self.contacts: Contacts = contacts
        self.log: CallLog = log
        self.post: Post | None = post
        self.trace: Trace | None = trace
        self.intake: Intake | None = None
        """Set, with a post, where nothing from outside may be received before it is durable."""
        self.calls: dict[int, Call] = {}
        self.now: Instant = 0
        self.events: int = 0
        """Events received so far."""
        self.stray_events: int = 0
        """Events for calls that had ended, and those that machines refused as illegal."""
        self._inbox: Inbox = Inbox()

    def deliver(self, event: Event) -> None:
        """Have one event from outside received, and everything that follows from it at this instant."""
        if self.intake is not None:
            self.intake.take(event)
        else:
            self.receive(event)

    def receive(self, event: Event) -> None:
        """`deliver` for what need not wait: it has come by the post, or is durable."""
        is_watched = self.trace is not None or self.post is not None
        self._receive(event, self._inbox if is_watched else self)
        self._carry_out()

    def tell(self, call: Call, kind: int) -> None:
        """`deliver(CallEvent(kind, call.id))` for who has the call at hand, which has not ended.

        Nothing need be made or looked up.
        """
        if self.trace is not None or self.post is not None:
            self.deliver(CallEvent(kind, call.id))
        else:
            self.events += 1
            call.hear(kind, self.now, self)
            if self._inbox.commands:
                self._carry_out()

    def enqueue(self, event: Event) -> None:
        """Take one event from a port that is being asked to do something: it is received in its turn."""
        if self.intake is not None:
            self.intake.take(event)
        else:
            self.receive_next(event)

    def receive_next(self, event: Event) -> None:
        """`enqueue` for what need not wait."""
        self._inbox.commands.append(event if self.post is None else Arrived(event))

    def _carry_out(self) -> None:
        """Carry out what waits, and what comes of it, until nothing waits."""
        inbox = self._inbox
        waiting = inbox.commands
        is_watched = self.trace is not None or self.post is not None
        for place, command in enumerate(waiting, 1):
            if not isinstance(command, Event):
                command.carry_out(self)
            elif self.post is not None:
                self.post.send(command, self.now)
            else:
                is_last = place == len(waiting)
                self._receive(command, self if is_last and not is_watched else inbox)
        waiting.clear()

    def _receive(self, event: Event, out: Executor) -> None:
        """Let the machine that `event` is for take it in and tell its answers to `out`."""
        self.events += 1
        if self.trace is not None:
            self.trace(event, self.now)
        if isinstance(event, CallEvent):
            call = self.calls.get(event.call)
            if call is not None:
                call.answer(event, self.now, out)
            else:
                self._stray(event, out)
        elif isinstance(event, QueueEvent):
            # Not `out`: whom it assigns is not always the last thing that it tells (see `call_offered`).
            self.queues.answer(event, self.now, self._inbox)
        else:
            assert isinstance(event, CampaignEvent)
            self.campaigns[event.campaign].answer(event, self.now, out)

    def _stray(self, event: CallEvent, out: Executor) -> None:
        """An event for a call that has ended."""
        self.stray_events += 1
        if isinstance(event, AgentAssigned | TransferAccepted):
            out.agent_released(event.agent, event.call)

    def call_deadline(self, call: Call) -> None:
        """The call's deadline has come."""
        if self.intake is not None:
            self.intake.take_deadline(call)
        else:
            self.call_deadline_passed(call)

    def call_deadline_passed(self, call: Call) -> None:
        """`call_deadline` for what need not wait."""
        self._follow(call.on_deadline(self.now))

    def claims_answered(self, answer: ClaimsAnswered) -> None:
        """Admission's answer, where it took time."""
        self._begin_attempts(answer)
        self._carry_out()

    def queue_deadline(self) -> None:
        """A reservation's time is up, or an agent has been rung long enough."""
        if self.intake is not None:
            self.intake.take_queue_deadline()
        else:
            self._follow(self.queues.on_deadline(self.now))

    def queue_watched(self, campaign: int, queue: int) -> None:
        """The campaign watches the queue from now on, and hears how it stands."""
        self._follow(self.queues.watched(campaign, queue))

    def contacts_enrolled(self, campaign: Campaign) -> None:
        """There are more contacts than it was told of."""
        campaign.contacts.loaded_all = False
        self.campaign_deadline(campaign)

    def campaign_deadline(self, campaign: Campaign) -> None:
        """The campaign's deadline has come."""
        self._follow(campaign.on_deadline(self.now))

    def _follow(self, commands: list[Command]) -> None:
        self._inbox.commands.extend(commands)
        self._carry_out()

    # What the outside is asked for --------------------------------------------------------------------------------

    def place_call(self, call: Call) -> None:
        self.carrier.dial(call, self.now)

    def hang_up(self, call: Call) -> None:
        self.carrier.hang_up(call, self.now)

    def screen_answer(self, call: Call) -> None:
        self.carrier.screen_answer(call, self.now)

    def connect_agent(self, call: Call, agent: int) -> None:
        self.carrier.connect_agent(call, agent, self.now)

    def leave_message(self, call: Call) -> None:
        self.carrier.leave_message(call, self.now)

    def start_voice_session(self, call: Call, voice_agent: int) -> None:
        self.carrier.start_voice_session(call, voice_agent, self.now)

    def end_voice_session(self, call: Call) -> None:
        self.carrier.end_voice_session(call, self.now)

    def resume_voice_session(self, call: Call) -> None:
        self.carrier.resume_voice_session(call, self.now)

    def brief_agent(self, call: Call, agent: int) -> None:
        self.carrier.brief_agent(call, agent, self.now)

    def close_call(self, call: Call) -> None:
        del self.calls[call.id]
        self.stray_events += call.illegal_events
        self.log.write(call)

    def begin_wrap_up(self, agent: int, call: int) -> None:
        self.desk.begin_wrap_up(agent, call, self.now)

    def ring_agent(self, agent: int, call: int, number: int) -> None:
        self.desk.ring_agent(agent, call, number, self.now)

    def stop_ringing(self, agent: int, call: int) -> None:
        self.desk.stop_ringing(agent, call, self.now)

    def claim_attempts(self, campaign: int, leases: list[Lease]) -> None:
        answer = self.admission.claim(campaign, leases, self.now)
        if answer is not None:
            self._begin_attempts(answer)

    def _begin_attempts(self, answer: ClaimsAnswered) -> None:
        self.receive_next(answer)
        campaign = self.campaigns[answer.campaign]
        for i, lease in enumerate(answer.leases):
            call_id = answer.calls[i]
            if call_id < 0:
                continue
            call = campaign.new_call(call_id, lease, self.now)
            if self.post is None or not self.post.begin(call, self.now):
                self.calls[call.id] = call
                self.receive_next(CallEvent(ATTEMPT_ADMITTED, call.id))

    def load_contacts(self, campaign: int, count: int, at: Instant) -> None:
        loaded = self.contacts.load(campaign, count, self.now)
        if loaded is not None:
            self.receive_next(loaded)

    # What other machines hear at once -----------------------------------------------------------------------------

    def call_offered(self, queue: int, call: int, priority: int) -> None:
        """The last that a call tells. Where no campaign hears of it, what the queue answers is the last, too: then the
        one is over when the other is told, nothing waits, and all may happen at once."""
        self.events += 1
        self.queues.call_offered(queue, call, priority, self.now, self._inbox if self.campaigns else self)

    def call_withdrawn(self, queue: int, call: int) -> None:
        self.events += 1
        self.queues.call_withdrawn(queue, call, self.now, self._inbox)

    def agent_assigned(self, call: int, queue: int, agent: int) -> None:
        """Told at once by a queue to which a call is offered, and by nobody else."""
        self.events += 1
        self.calls[call].agent_assigned(agent, self.now, self)

    def agent_taken(self, agent: int, call: int) -> None:
        self.events += 1
        self.queues.agent_taken(agent, call, self.now, self._inbox)

    def agent_released(self, agent: int, call: int) -> None:
        self.events += 1
        self.queues.agent_released(agent, call, self.now, self._inbox)

    def attempt_answered(self, campaign: int, call: int) -> None:
        self.events += 1
        self.campaigns[campaign].attempt_answered(call, self.now, self._inbox)

    def attempt_connected(self, campaign: int, call: int) -> None:
        self.events += 1
        self.campaigns[campaign].attempt_connected(call, self.now, self._inbox)

    def attempt_ended(self, campaign: int, call: int, disposition: int, end_reason: int) -> None:
        self.events += 1
        self.campaigns[campaign].attempt_ended(call, disposition, end_reason, self.now, self._inbox)

    def event(self, event: Event) -> None:
        self._receive(event, self._inbox)
