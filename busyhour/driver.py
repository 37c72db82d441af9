"""The only loop: events in, commands out, one deadline.

A driver holds machines, delivers events to them in order, and carries their commands out through the ports. In the
simulator one driver holds every machine; live, each actor's driver holds its own and a `Post` carries the rest.
"""

from typing import final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.call import ENDED, Call, unwanted_agent
from busyhour.core.campaign import Campaign
from busyhour.core.commands import (
    BeginWrapUp,
    ClaimAttempts,
    CloseCall,
    Command,
    ConnectAgent,
    Executor,
    HangUp,
    LeaveMessage,
    LoadContacts,
    PlaceCall,
    ScreenAnswer,
    StartVoiceSession,
)
from busyhour.core.events import (
    ATTEMPT_ADMITTED,
    AgentAssigned,
    CallEvent,
    CampaignEvent,
    Event,
    QueueEvent,
)
from busyhour.core.ids import Instant
from busyhour.ports import Admission, CallLog, Carrier, Contacts, Desk, Post, Trace


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
        self.calls: dict[int, Call] = {}
        self.now: Instant = 0
        self.events: int = 0
        """Events received so far."""
        self.stray_events: int = 0
        """Events for calls that had ended, and those that machines refused as illegal."""
        self._inbox: list[Command] = []

    def deliver(self, event: Event) -> None:
        """Have one event from outside received, and everything that follows from it at this instant."""
        if self.post is None:
            self._inbox.append(event)
        else:
            self._inbox.append(Arrived(event))
        self.run()

    def deliver_to(self, call: Call, event: CallEvent) -> None:
        """`deliver` for who has the call at hand and need not have it looked up."""
        if self.trace is not None or self.post is not None or call.state == ENDED:
            self.deliver(event)
            return
        self.events += 1
        self._inbox += call.receive(event, self.now)
        self.run()

    def enqueue(self, event: Event) -> None:
        """Take one event from a port that is being asked to do something: it is received in its turn."""
        if self.post is None:
            self._inbox.append(event)
        else:
            self._inbox.append(Arrived(event))

    def run(self) -> None:
        """Carry out until nothing is left to carry out."""
        inbox = self._inbox
        now = self.now
        place = 0
        if self.trace is None and self.post is None:
            queues = self.queues
            calls = self.calls
            outward = 0
            for command in inbox:  # which grows meanwhile
                if isinstance(command, QueueEvent):
                    inbox += queues.receive(command, now)
                elif isinstance(command, CallEvent):
                    call = calls.get(command.call)
                    if call is not None:
                        inbox += call.receive(command, now)
                    else:
                        inbox += self._stray(command)
                elif isinstance(command, CampaignEvent):
                    inbox += self.campaigns[command.campaign].receive(command, now)
                else:
                    outward += 1
                    command.carry_out(self)
            self.events += len(inbox) - outward
        else:
            while place < len(inbox):
                command = inbox[place]
                place += 1
                if isinstance(command, Arrived):
                    self._receive(command.event)
                elif not isinstance(command, Event):
                    command.carry_out(self)
                elif self.post is not None:
                    self.post.send(command, self.now)
                else:
                    self._receive(command)
        inbox.clear()

    def _receive(self, event: Event) -> None:
        """The same as in `run`, watched."""
        self.events += 1
        if self.trace is not None:
            self.trace(event, self.now)
        if isinstance(event, QueueEvent):
            self._inbox.extend(self.queues.receive(event, self.now))
        elif isinstance(event, CallEvent):
            call = self.calls.get(event.call)
            self._inbox.extend(self._stray(event) if call is None else call.receive(event, self.now))
        else:
            assert isinstance(event, CampaignEvent)
            self._inbox.extend(self.campaigns[event.campaign].receive(event, self.now))

    def _stray(self, event: CallEvent) -> list[Command]:
        """An event for a call that has ended."""
        self.stray_events += 1
        if isinstance(event, AgentAssigned):
            return unwanted_agent(event)
        return []

    def call_deadline(self, call: Call) -> None:
        """The call's deadline has come."""
        self._inbox.extend(call.on_deadline(self.now))
        self.run()

    def queue_deadline(self) -> None:
        """A reservation's time is up."""
        self._inbox.extend(self.queues.on_deadline(self.now))
        self.run()

    def campaign_deadline(self, campaign: Campaign) -> None:
        """The campaign's deadline has come."""
        self._inbox.extend(campaign.on_deadline(self.now))
        self.run()

    # Commands ---------------------------------------------------------------------------------------------------

    def place_call(self, command: PlaceCall) -> None:
        self.carrier.dial(self.calls[command.call], self.now)

    def hang_up(self, command: HangUp) -> None:
        self.carrier.hang_up(self.calls[command.call], self.now)

    def screen_answer(self, command: ScreenAnswer) -> None:
        self.carrier.screen_answer(self.calls[command.call], self.now)

    def connect_agent(self, command: ConnectAgent) -> None:
        self.carrier.connect_agent(self.calls[command.call], command.agent, self.now)

    def leave_message(self, command: LeaveMessage) -> None:
        self.carrier.leave_message(self.calls[command.call], self.now)

    def start_voice_session(self, command: StartVoiceSession) -> None:
        self.carrier.start_voice_session(self.calls[command.call], command.voice_agent, self.now)

    def close_call(self, command: CloseCall) -> None:
        call = self.calls.pop(command.call)
        self.stray_events += call.illegal_events
        self.log.write(call)

    def begin_wrap_up(self, command: BeginWrapUp) -> None:
        self.desk.begin_wrap_up(command.agent, command.call, self.now)

    def claim_attempts(self, command: ClaimAttempts) -> None:
        answer = self.admission.claim(command.campaign, command.leases, self.now)
        self.enqueue(answer)
        campaign = self.campaigns[command.campaign]
        for i, lease in enumerate(answer.granted):
            call_id = answer.calls[i]
            self.calls[call_id] = campaign.new_call(call_id, lease, self.now)
            self.enqueue(CallEvent(ATTEMPT_ADMITTED, call_id))

    def load_contacts(self, command: LoadContacts) -> None:
        self.enqueue(self.contacts.load(command.campaign, command.count, self.now))
