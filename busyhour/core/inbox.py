"""What machines have told, kept as commands until somebody carries it out."""

from typing import TYPE_CHECKING, final

from busyhour.core.attempts import Lease
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
    AGENT_RELEASED,
    AGENT_TAKEN,
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    AgentAssigned,
    AgentEvent,
    AttemptEnded,
    AttemptEvent,
    CallOffered,
    CallWithdrawn,
    Event,
)
from busyhour.core.ids import Instant

if TYPE_CHECKING:
    from busyhour.core.call import Call


@final
class Inbox(Executor):
    """Keeps what it is told, in that order."""

    __slots__ = ("commands",)

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def place_call(self, call: "Call") -> None:
        self.commands.append(PlaceCall(call))

    def hang_up(self, call: "Call") -> None:
        self.commands.append(HangUp(call))

    def screen_answer(self, call: "Call") -> None:
        self.commands.append(ScreenAnswer(call))

    def leave_message(self, call: "Call") -> None:
        self.commands.append(LeaveMessage(call))

    def connect_agent(self, call: "Call", agent: int) -> None:
        self.commands.append(ConnectAgent(call, agent))

    def start_voice_session(self, call: "Call", voice_agent: int) -> None:
        self.commands.append(StartVoiceSession(call, voice_agent))

    def end_voice_session(self, call: "Call") -> None:
        self.commands.append(EndVoiceSession(call))

    def resume_voice_session(self, call: "Call") -> None:
        self.commands.append(ResumeVoiceSession(call))

    def brief_agent(self, call: "Call", agent: int) -> None:
        self.commands.append(BriefAgent(call, agent))

    def close_call(self, call: "Call") -> None:
        self.commands.append(CloseCall(call))

    def begin_wrap_up(self, agent: int, call: int) -> None:
        self.commands.append(BeginWrapUp(agent, call))

    def ring_agent(self, agent: int, call: int, number: int) -> None:
        self.commands.append(RingAgent(agent, call, number))

    def stop_ringing(self, agent: int, call: int) -> None:
        self.commands.append(StopRinging(agent, call))

    def claim_attempts(self, campaign: int, leases: list[Lease]) -> None:
        self.commands.append(ClaimAttempts(campaign, leases))

    def load_contacts(self, campaign: int, count: int, at: Instant) -> None:
        self.commands.append(LoadContacts(campaign, count, at))

    def call_offered(self, queue: int, call: int, priority: int) -> None:
        self.commands.append(CallOffered(queue, call, priority))

    def call_withdrawn(self, queue: int, call: int) -> None:
        self.commands.append(CallWithdrawn(queue, call))

    def agent_assigned(self, call: int, queue: int, agent: int) -> None:
        self.commands.append(AgentAssigned(call, queue, agent))

    def agent_taken(self, agent: int, call: int) -> None:
        self.commands.append(AgentEvent(AGENT_TAKEN, agent, call))

    def agent_released(self, agent: int, call: int) -> None:
        self.commands.append(AgentEvent(AGENT_RELEASED, agent, call))

    def attempt_answered(self, campaign: int, call: int) -> None:
        self.commands.append(AttemptEvent(ATTEMPT_ANSWERED, campaign, call))

    def attempt_connected(self, campaign: int, call: int) -> None:
        self.commands.append(AttemptEvent(ATTEMPT_CONNECTED, campaign, call))

    def attempt_ended(self, campaign: int, call: int, disposition: int, end_reason: int) -> None:
        self.commands.append(AttemptEnded(campaign, call, disposition, end_reason))

    def event(self, event: Event) -> None:
        self.commands.append(event)
