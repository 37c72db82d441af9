"""The only loop: events in, commands out, one deadline.

A driver holds machines, delivers events to them in order, and carries their commands out through the ports. In the
simulator one driver holds every machine; live, each actor's driver holds its own and a `Post` carries the rest.
"""

from typing import final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.call import Call
from busyhour.core.call_states import ENDED
from busyhour.core.campaign import Campaign
from busyhour.core.commands import (
    BeginWrapUp,
    BriefAgent,
    ClaimAttempts,
    CloseCall,
    Command,
    ConnectAgent,
    EndVoiceSession,
    Executor,
    HangUp,
    LeaveMessage,
    LoadContacts,
    PlaceCall,
    ResumeVoiceSession,
    RingAgent,
    ScreenAnswer,
    StartVoiceSession,
    StopRinging,
)
from busyhour.core.events import (
    ATTEMPT_ADMITTED,
    AgentAssigned,
    AgentEvent,
    CallEvent,
    CallOffered,
    CampaignEvent,
    ClaimsAnswered,
    Event,
    QueueEvent,
)
from busyhour.core.ids import Instant
from busyhour.core.transfer_events import TransferAccepted
from busyhour.ports import Admission, CallLog, Carrier, Contacts, Desk, Intake, Post, Trace


@final
class Arrived(Command):
    """An event that need not take the post: it comes from outside, or has come by the post."""

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event: Event = event


@final
class Driver(Executor):
    """Machines and the ports they act through.

    `now` is set by whoever turns the loop, before every delivery. What machines answer waits in `_inbox` and is carried
    out in the order it was answered, so that no machine is entered while it is still answering.
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
        self._inbox: list[Command] = []

    def deliver(self, event: Event) -> None:
        """Have one event from outside received, and everything that follows from it at this instant."""
        if self.intake is not None:
            self.intake.take(event)
        else:
            self.receive(event)

    def receive(self, event: Event) -> None:
        """`deliver` for what need not wait: it has come by the post, or is durable."""
        self._carry_out([event] if self.post is None else [Arrived(event)])

    def tell(self, call: Call, kind: int) -> None:
        """`deliver(CallEvent(kind, call.id))` for who has the call at hand: nothing need be made or looked up."""
        if self.trace is not None or self.post is not None or call.state == ENDED:
            self.deliver(CallEvent(kind, call.id))
        else:
            self.events += 1
            inbox: list[Command] = []
            call.hear(kind, self.now, inbox)
            self._carry_out_unwatched(inbox)

    def enqueue(self, event: Event) -> None:
        """Take one event from a port that is being asked to do something: it is received in its turn."""
        if self.intake is not None:
            self.intake.take(event)
        else:
            self.receive_next(event)

    def receive_next(self, event: Event) -> None:
        """`enqueue` for what need not wait."""
        self._inbox.append(event if self.post is None else Arrived(event))

    def _carry_out(self, inbox: list[Command]) -> None:
        """Carry out until nothing is left to carry out. The list is the driver's own from now on, and grows."""
        if self.trace is not None or self.post is not None:
            self._carry_out_watched(inbox)
        else:
            self._carry_out_unwatched(inbox)

    def _carry_out_unwatched(self, inbox: list[Command]) -> None:
        """What every call goes through is told by its very class: an `isinstance` that says no is ten times as dear
        to the interpreter, for it asks the object what it claims to be."""
        self._inbox = inbox
        now = self.now
        queues = self.queues
        calls = self.calls
        outward = 0
        for command in inbox:
            if type(command) is AgentEvent:
                queues.agent_event(command, now, inbox)
            elif type(command) is AgentAssigned:
                call = calls.get(command.call)
                if call is not None:
                    call.answer(command, now, inbox)
                else:
                    self._stray(command)
            elif type(command) is ConnectAgent:
                outward += 1
                self.carrier.connect_agent(command.call, command.agent, now)
            elif type(command) is CloseCall:
                outward += 1
                self.close_call(command)
            elif type(command) is CallOffered:
                queues.offered(command, now, inbox)
            elif isinstance(command, CampaignEvent):
                self.campaigns[command.campaign].answer(command, now, inbox)
            elif isinstance(command, CallEvent):
                call = calls.get(command.call)
                if call is not None:
                    call.answer(command, now, inbox)
                else:
                    self._stray(command)
            elif isinstance(command, QueueEvent):
                queues.answer(command, now, inbox)
            else:
                outward += 1
                command.carry_out(self)
        self.events += len(inbox) - outward

    def _carry_out_watched(self, inbox: list[Command]) -> None:
        """The same where a trace looks on, or machines elsewhere have their events by post."""
        self._inbox = inbox
        for command in inbox:
            if isinstance(command, Arrived):
                self._receive(command.event)
            elif not isinstance(command, Event):
                command.carry_out(self)
            elif self.post is not None:
                self.post.send(command, self.now)
            else:
                self._receive(command)

    def _receive(self, event: Event) -> None:
        """The same as unwatched."""
        self.events += 1
        if self.trace is not None:
            self.trace(event, self.now)
        if isinstance(event, QueueEvent):
            self.queues.answer(event, self.now, self._inbox)
        elif isinstance(event, CallEvent):
            call = self.calls.get(event.call)
            if call is not None:
                call.answer(event, self.now, self._inbox)
            else:
                self._stray(event)
        else:
            assert isinstance(event, CampaignEvent)
            self.campaigns[event.campaign].answer(event, self.now, self._inbox)

    def _stray(self, event: CallEvent) -> None:
        """An event for a call that has ended."""
        self.stray_events += 1
        if isinstance(event, AgentAssigned | TransferAccepted):
            self._inbox.append(event.declined())

    def call_deadline(self, call: Call) -> None:
        """The call's deadline has come."""
        if self.intake is not None:
            self.intake.take_deadline(call)
        else:
            self.call_deadline_passed(call)

    def call_deadline_passed(self, call: Call) -> None:
        """`call_deadline` for what need not wait."""
        self._carry_out(call.on_deadline(self.now))

    def claims_answered(self, answer: ClaimsAnswered) -> None:
        """Admission's answer, where it took time."""
        self._inbox = []
        self._begin_attempts(answer)
        self._carry_out(self._inbox)

    def queue_deadline(self) -> None:
        """A reservation's time is up, or an agent has been rung long enough."""
        if self.intake is not None:
            self.intake.take_queue_deadline()
        else:
            self._carry_out(self.queues.on_deadline(self.now))

    def queue_watched(self, campaign: int, queue: int) -> None:
        """The campaign watches the queue from now on, and hears how it stands."""
        self._carry_out(self.queues.watched(campaign, queue))

    def contacts_enrolled(self, campaign: Campaign) -> None:
        """There are more contacts than it was told of."""
        campaign.contacts.loaded_all = False
        self.campaign_deadline(campaign)

    def campaign_deadline(self, campaign: Campaign) -> None:
        """The campaign's deadline has come."""
        self._carry_out(campaign.on_deadline(self.now))

    # Commands ---------------------------------------------------------------------------------------------------

    def place_call(self, command: PlaceCall) -> None:
        self.carrier.dial(command.call, self.now)

    def hang_up(self, command: HangUp) -> None:
        self.carrier.hang_up(command.call, self.now)

    def screen_answer(self, command: ScreenAnswer) -> None:
        self.carrier.screen_answer(command.call, self.now)

    def connect_agent(self, command: ConnectAgent) -> None:
        self.carrier.connect_agent(command.call, command.agent, self.now)

    def leave_message(self, command: LeaveMessage) -> None:
        self.carrier.leave_message(command.call, self.now)

    def start_voice_session(self, command: StartVoiceSession) -> None:
        self.carrier.start_voice_session(command.call, command.voice_agent, self.now)

    def end_voice_session(self, command: EndVoiceSession) -> None:
        self.carrier.end_voice_session(command.call, self.now)

    def resume_voice_session(self, command: ResumeVoiceSession) -> None:
        self.carrier.resume_voice_session(command.call, self.now)

    def brief_agent(self, command: BriefAgent) -> None:
        self.carrier.brief_agent(command.call, command.agent, self.now)

    def close_call(self, command: CloseCall) -> None:
        call = command.call
        del self.calls[call.id]
        self.stray_events += call.illegal_events
        self.log.write(call)

    def begin_wrap_up(self, command: BeginWrapUp) -> None:
        self.desk.begin_wrap_up(command.agent, command.call, self.now)

    def ring_agent(self, command: RingAgent) -> None:
        self.desk.ring_agent(command.agent, command.call, command.number, self.now)

    def stop_ringing(self, command: StopRinging) -> None:
        self.desk.stop_ringing(command.agent, command.call, self.now)

    def claim_attempts(self, command: ClaimAttempts) -> None:
        answer = self.admission.claim(command.campaign, command.leases, self.now)
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

    def load_contacts(self, command: LoadContacts) -> None:
        loaded = self.contacts.load(command.campaign, command.count, self.now)
        if loaded is not None:
            self.receive_next(loaded)
