"""What a driver needs from outside, as the core sees it. Simulated and live adapters implement these.

They are classes to inherit from and not Protocols, because a call through one is then a native call once compiled,
and because a method that an adapter forgets fails by name.
"""

from collections.abc import Callable

from busyhour.core.attempts import Lease
from busyhour.core.call import Call
from busyhour.core.events import CampaignEvent, ClaimsAnswered, Event
from busyhour.core.ids import Instant


class Carrier:
    """Places calls and reports what becomes of them by call events."""

    __slots__ = ()

    def dial(self, call: Call, now: Instant) -> None:
        raise NotImplementedError

    def hang_up(self, call: Call, now: Instant) -> None:
        """Clear the line. Harmless when it is clear already."""
        raise NotImplementedError

    def screen_answer(self, call: Call, now: Instant) -> None:
        """Run answering machine detection; an `AnswerScreened` follows."""
        raise NotImplementedError

    def connect_agent(self, call: Call, agent: int, now: Instant) -> None:
        """Bridge the call to a human agent; a `PARTY_HUNG_UP` or `AGENT_HUNG_UP` follows one day."""
        raise NotImplementedError

    def leave_message(self, call: Call, now: Instant) -> None:
        """Speak the message to an answering machine; a `MESSAGE_LEFT` follows."""
        raise NotImplementedError

    def start_voice_session(self, call: Call, voice_agent: int, now: Instant) -> None:
        """Bridge to a voice agent, or play a message when ABSENT; `VOICE_STARTED` or `VOICE_REFUSED` follows."""
        raise NotImplementedError

    def end_voice_session(self, call: Call, now: Instant) -> None:
        """The voice agent has no more to do with the call."""
        raise NotImplementedError

    def resume_voice_session(self, call: Call, now: Instant) -> None:
        """The transfer came to nothing: the voice agent goes on, and a `VoiceFinished` follows."""
        raise NotImplementedError

    def brief_agent(self, call: Call, agent: int, now: Instant) -> None:
        """Tell the agent, unheard by the caller, what it is about; `BRIEFING_FINISHED` or `AGENT_HUNG_UP` follows."""
        raise NotImplementedError


class Desk:
    """The human agents' side: what a person does that no machine can know."""

    __slots__ = ()

    def begin_wrap_up(self, agent: int, call: int, now: Instant) -> None:
        """The agent writes the call up; an `AGENT_READY` follows."""
        raise NotImplementedError

    def ring_agent(self, agent: int, call: int, number: int, now: Instant) -> None:
        """Ring the agent, for the `number`th time, who may accept or decline, or not answer."""
        raise NotImplementedError

    def stop_ringing(self, agent: int, call: int, now: Instant) -> None:
        """Harmless when nothing rings any more."""
        raise NotImplementedError


class Admission:
    """The limits shared by everything that dials: do-not-call, calls per second, concurrency, channels."""

    __slots__ = ()

    def claim(self, campaign: int, leases: list[Lease], now: Instant) -> ClaimsAnswered | None:
        """Answer each of `leases`: granted, rejected, or to come back, with the reason and the instant to ask again.

        None where that takes time: `Driver.claims_answered` is told the answer then.
        """
        raise NotImplementedError


class Contacts:
    """Where a campaign's enrolled contacts come from."""

    __slots__ = ()

    def load(self, campaign: int, count: int, now: Instant) -> CampaignEvent | None:
        """The next `count` contacts in dialling order, as a `ContactsLoaded`.

        None where that takes time: it is received like anything from outside then.
        """
        raise NotImplementedError


class CallLog:
    """Where the records of ended calls go."""

    __slots__ = ()

    def write(self, call: Call) -> None:
        raise NotImplementedError


class Post:
    """Carries events between machines when that takes time."""

    __slots__ = ()

    def send(self, event: Event, now: Instant) -> None:
        """Deliver `event` later, by `Driver.receive`; one sender's events to one machine keep their order."""
        raise NotImplementedError

    def begin(self, call: Call, now: Instant) -> bool:
        """Have the call of an admitted attempt begun where calls are; False when that is here."""
        return False


class Intake:
    """Where what comes from outside waits until it is durable; live only.

    `Driver.receive` and `call_deadline_passed` are how it comes back.
    """

    __slots__ = ()

    def take(self, event: Event) -> None:
        raise NotImplementedError

    def take_deadline(self, call: Call) -> None:
        """The call's deadline has come."""
        raise NotImplementedError

    def take_queue_deadline(self) -> None:
        """The queues' deadline has come."""
        raise NotImplementedError


Trace = Callable[[Event, Instant], None]
"""Sees every event as it is received."""
