"""What machines tell, and the commands it is kept as: imperative, carried out by a driver.

`Command` is the root of everything a machine returns. A command for the outside (a carrier, a store, a person's
desktop) stands here; an event that one machine emits for another is the command to have it received (see `events`).
A command about a call carries the call itself, for it is carried out where the call is and never sent; an event carries
its number. `carry_out` is double dispatch: one native call, where a chain of isinstance tests would cost more than the
work.
"""

from typing import TYPE_CHECKING, final

from mypy_extensions import mypyc_attr

from busyhour.core.ids import Instant

if TYPE_CHECKING:
    from busyhour.core.attempts import Lease
    from busyhour.core.call import Call
    from busyhour.core.events import Event


class Executor:
    """What machines tell their answers to: a method for each, asked of the outside or heard by another machine.

    An `Inbox` keeps them as commands; a driver carries them out. Either way they are carried out in the order in which
    they are told, so a machine is in its new state before it tells anything, and tells in the order that shall hold.
    """

    __slots__ = ()

    # Of the outside ---------------------------------------------------------------------------------------------

    def place_call(self, call: "Call") -> None:
        raise NotImplementedError

    def hang_up(self, call: "Call") -> None:
        raise NotImplementedError

    def screen_answer(self, call: "Call") -> None:
        raise NotImplementedError

    def leave_message(self, call: "Call") -> None:
        raise NotImplementedError

    def connect_agent(self, call: "Call", agent: int) -> None:
        raise NotImplementedError

    def start_voice_session(self, call: "Call", voice_agent: int) -> None:
        raise NotImplementedError

    def end_voice_session(self, call: "Call") -> None:
        raise NotImplementedError

    def resume_voice_session(self, call: "Call") -> None:
        raise NotImplementedError

    def brief_agent(self, call: "Call", agent: int) -> None:
        raise NotImplementedError

    def close_call(self, call: "Call") -> None:
        raise NotImplementedError

    def begin_wrap_up(self, agent: int, call: int) -> None:
        raise NotImplementedError

    def ring_agent(self, agent: int, call: int, number: int) -> None:
        raise NotImplementedError

    def stop_ringing(self, agent: int, call: int) -> None:
        raise NotImplementedError

    def claim_attempts(self, campaign: int, leases: "list[Lease]") -> None:
        raise NotImplementedError

    def load_contacts(self, campaign: int, count: int, at: Instant) -> None:
        raise NotImplementedError

    # For other machines: what calls and agents go through by the million, and `event` for whatever else ------------

    def call_offered(self, queue: int, call: int, priority: int) -> None:
        raise NotImplementedError

    def call_withdrawn(self, queue: int, call: int) -> None:
        raise NotImplementedError

    def agent_assigned(self, call: int, queue: int, agent: int) -> None:
        raise NotImplementedError

    def agent_taken(self, agent: int, call: int) -> None:
        raise NotImplementedError

    def agent_released(self, agent: int, call: int) -> None:
        raise NotImplementedError

    def attempt_answered(self, campaign: int, call: int) -> None:
        raise NotImplementedError

    def attempt_connected(self, campaign: int, call: int) -> None:
        raise NotImplementedError

    def attempt_ended(self, campaign: int, call: int, disposition: int, end_reason: int) -> None:
        raise NotImplementedError

    def event(self, event: "Event") -> None:
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Command:
    """Something a machine asks for."""

    __slots__ = ()

    def carry_out(self, executor: Executor) -> None:
        raise NotImplementedError


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class PlaceCall(Command):
    """Dial the call's destination on its trunk. Carrier events answer it."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.place_call(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HangUp(Command):
    """Clear the call's line: cancels an unanswered attempt, ends an answered one."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.hang_up(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ScreenAnswer(Command):
    """Tell a person from an answering machine (AMD); `AnswerScreened` answers it."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.screen_answer(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class LeaveMessage(Command):
    """Speak the message to the answering machine; `MESSAGE_LEFT` answers it."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.leave_message(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ConnectAgent(Command):
    """Bridge the call to a human agent."""

    __slots__ = ("call", "agent")

    def __init__(self, call: "Call", agent: int) -> None:
        self.call: Call = call
        self.agent: int = agent

    def carry_out(self, executor: Executor) -> None:
        executor.connect_agent(self.call, self.agent)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class StartVoiceSession(Command):
    """Give the call to a voice agent, or play the campaign's message when `voice_agent` is ABSENT.

    `VOICE_STARTED` or `VOICE_REFUSED` answers it.
    """

    __slots__ = ("call", "voice_agent")

    def __init__(self, call: "Call", voice_agent: int) -> None:
        self.call: Call = call
        self.voice_agent: int = voice_agent

    def carry_out(self, executor: Executor) -> None:
        executor.start_voice_session(self.call, self.voice_agent)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class EndVoiceSession(Command):
    """A person has the call now: the voice agent is free again."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.end_voice_session(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ResumeVoiceSession(Command):
    """No person came (the call's `transfer` says why): the voice agent goes on. `VoiceFinished` follows one day."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.resume_voice_session(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class BriefAgent(Command):
    """Tell the agent what the call is about, while the voice agent keeps the caller company.

    `BRIEFING_FINISHED` or `AGENT_HUNG_UP` answers it.
    """

    __slots__ = ("call", "agent")

    def __init__(self, call: "Call", agent: int) -> None:
        self.call: Call = call
        self.agent: int = agent

    def carry_out(self, executor: Executor) -> None:
        executor.brief_agent(self.call, self.agent)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CloseCall(Command):
    """The call has ended: write its record and forget it."""

    __slots__ = ("call",)

    def __init__(self, call: "Call") -> None:
        self.call: Call = call

    def carry_out(self, executor: Executor) -> None:
        executor.close_call(self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class BeginWrapUp(Command):
    """The agent's call has ended and the agent writes it up; `AgentReady` answers it."""

    __slots__ = ("agent", "call")

    def __init__(self, agent: int, call: int) -> None:
        self.agent: int = agent
        self.call: int = call

    def carry_out(self, executor: Executor) -> None:
        executor.begin_wrap_up(self.agent, self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class RingAgent(Command):
    """Ring the agent for the call; `number` counts the times this agent has been rung.

    `AGENT_RINGING`, then `AGENT_ACCEPTED`, `AGENT_DECLINED` or `AGENT_DID_NOT_ANSWER` answers it.
    """

    __slots__ = ("agent", "call", "number")

    def __init__(self, agent: int, call: int, number: int) -> None:
        self.agent: int = agent
        self.call: int = call
        self.number: int = number

    def carry_out(self, executor: Executor) -> None:
        executor.ring_agent(self.agent, self.call, self.number)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class StopRinging(Command):
    """The agent need not accept the call any more."""

    __slots__ = ("agent", "call")

    def __init__(self, agent: int, call: int) -> None:
        self.agent: int = agent
        self.call: int = call

    def carry_out(self, executor: Executor) -> None:
        executor.stop_ringing(self.agent, self.call)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ClaimAttempts(Command):
    """Ask admission for leave to dial these leases; `ClaimsAnswered` answers it."""

    __slots__ = ("campaign", "leases")

    def __init__(self, campaign: int, leases: "list[Lease]") -> None:
        self.campaign: int = campaign
        self.leases: list[Lease] = leases

    def carry_out(self, executor: Executor) -> None:
        executor.claim_attempts(self.campaign, self.leases)


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class LoadContacts(Command):
    """Ask for up to `count` more enrolled contacts; `ContactsLoaded` answers it."""

    __slots__ = ("campaign", "count", "at")

    def __init__(self, campaign: int, count: int, at: Instant) -> None:
        self.campaign: int = campaign
        self.count: int = count
        self.at: Instant = at

    def carry_out(self, executor: Executor) -> None:
        executor.load_contacts(self.campaign, self.count, self.at)
