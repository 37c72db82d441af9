"""The only loop: events in, commands out, one deadline.

A driver holds machines, delivers events to them in order, and carries their commands out through the ports. In the
simulator one driver holds every machine; live, each actor's driver holds its own and a `Post` carries the rest.
"""

from collections import deque
from typing import cast, final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.call import Call, unwanted_agent
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
    AGENT_ASSIGNED,
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
class Driver(Executor):
    """Machines and the ports they act through.

    `now` is set by whoever turns the loop, before every delivery. Events for machines wait in `_inbox` and are taken
    in the order they were emitted, so that no machine is entered while it is still answering.
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
        """Events delivered so far."""
        self.stray_events: int = 0
        """Events for calls that had ended, and those that machines refused as illegal."""
        self._inbox: deque[Event] = deque()

    def deliver(self, event: Event) -> None:
        """Take one event from outside, and everything that follows from it at this instant."""
        self._inbox.append(event)
        self.run()

    def enqueue(self, event: Event) -> None:
        """Take one event from a port that is being asked to do something: it is delivered after what stands before."""
        self._inbox.append(event)

    def run(self) -> None:
        """Deliver until nothing is left to deliver."""
        inbox = self._inbox
        while inbox:
            event = inbox.popleft()
            self.events += 1
            if self.trace is not None:
                self.trace.saw(event, self.now)
            if isinstance(event, CallEvent):
                self._deliver_to_call(event)
            elif isinstance(event, QueueEvent):
                self._carry_out(self.queues.receive(event, self.now))
            else:
                campaign_event = cast(CampaignEvent, event)
                campaign = self.campaigns[campaign_event.campaign]
                self._carry_out(campaign.receive(campaign_event, self.now))

    def call_deadline(self, call: Call) -> None:
        """The call's deadline has come."""
        self._carry_out(call.on_deadline(self.now))
        self.run()

    def queue_deadline(self) -> None:
        self._carry_out(self.queues.on_deadline(self.now))
        self.run()

    def campaign_deadline(self, campaign: Campaign) -> None:
        self._carry_out(campaign.on_deadline(self.now))
        self.run()

    def _deliver_to_call(self, event: CallEvent) -> None:
        call = self.calls.get(event.call)
        if call is None:
            self.stray_events += 1
            if event.kind == AGENT_ASSIGNED:
                self._carry_out(unwanted_agent(cast(AgentAssigned, event)))
            return
        self._carry_out(call.receive(event, self.now))

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            command.carry_out(self)

    # Commands ---------------------------------------------------------------------------------------------------

    def tell_call(self, event: CallEvent) -> None:
        if self.post is None:
            self._inbox.append(event)
        else:
            self.post.send(event, self.now)

    def tell_queue(self, event: QueueEvent) -> None:
        if self.post is None:
            self._inbox.append(event)
        else:
            self.post.send(event, self.now)

    def tell_campaign(self, event: CampaignEvent) -> None:
        if self.post is None:
            self._inbox.append(event)
        else:
            self.post.send(event, self.now)

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
        self._inbox.append(answer)
        campaign = self.campaigns[command.campaign]
        for i, lease in enumerate(answer.granted):
            call_id = answer.calls[i]
            self.calls[call_id] = campaign.new_call(call_id, lease, self.now)
            self._inbox.append(CallEvent(ATTEMPT_ADMITTED, call_id))

    def load_contacts(self, command: LoadContacts) -> None:
        self._inbox.append(self.contacts.load(command.campaign, command.count, self.now))
