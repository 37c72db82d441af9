"""What has happened, in the past tense, addressed to the machine that must know.

An event that a machine answers with is for another machine, and the driver has it received there; so every event is a
`Command` too, and the only one that is not carried out.
`kind` indexes the receiving machine's transition table and `EVENT_NAMES`.

Commands and events never take part in a reference cycle: compiled, the garbage collector need not know them
(`acyclic`), and the latest one of each class is kept for reuse (`free_list_len`).
"""

from typing import Final, final

from mypy_extensions import mypyc_attr

from busyhour.core.attempts import Contact, Lease
from busyhour.core.commands import Command
from busyhour.core.ids import ABSENT, Instant

# Kinds of call events: the columns of the call's transition table, in this order.
CALL_ARRIVED: Final = 0
ATTEMPT_ADMITTED: Final = 1
CARRIER_RINGING: Final = 2
CARRIER_ANSWERED: Final = 3
CARRIER_REFUSED: Final = 4
PARTY_HUNG_UP: Final = 5
ANSWER_SCREENED: Final = 6
AGENT_ASSIGNED: Final = 7
OFFER_REFUSED: Final = 8
AGENT_HUNG_UP: Final = 9
VOICE_STARTED: Final = 10
VOICE_REFUSED: Final = 11
VOICE_FINISHED: Final = 12
MESSAGE_LEFT: Final = 13
HANG_UP_REQUESTED: Final = 14
CARRIER_LOST: Final = 15
TRANSFER_REQUESTED: Final = 16
TRANSFER_RESERVED: Final = 17
TRANSFER_REFUSED: Final = 18
HANDOFF_QUEUED: Final = 19
TRANSFER_RINGING: Final = 20
TRANSFER_ACCEPTED: Final = 21
TRANSFER_FAILED: Final = 22
BRIEFING_FINISHED: Final = 23
CALL_EVENT_KINDS: Final = 24

# Kinds of queue events.
CALL_OFFERED: Final = 24
CALL_WITHDRAWN: Final = 25
TRANSFER_OFFERED: Final = 26
CALLBACK_TAKEN: Final = 27
CALLBACK_DONE: Final = 28
AGENT_TAKEN: Final = 29
AGENT_RELEASED: Final = 30
AGENT_READY: Final = 31
AGENT_JOINED: Final = 32
AGENT_LEAVING: Final = 33
AGENT_PAUSED: Final = 34
AGENT_RESUMED: Final = 35
AGENT_RINGING: Final = 36
AGENT_ACCEPTED: Final = 37
AGENT_DECLINED: Final = 38
AGENT_DID_NOT_ANSWER: Final = 39
AGENT_ENGAGED: Final = 40

# Kinds of campaign events.
CAMPAIGN_LAUNCHED: Final = 41
CAMPAIGN_PAUSED: Final = 42
CAMPAIGN_RESUMED: Final = 43
CAMPAIGN_STOPPED: Final = 44
CONTACTS_LOADED: Final = 45
CLAIMS_ANSWERED: Final = 46
ATTEMPT_ANSWERED: Final = 47
ATTEMPT_CONNECTED: Final = 48
ATTEMPT_ENDED: Final = 49
AGENT_CHANGED: Final = 50
WAITING_CHANGED: Final = 51

EVENT_NAMES: Final = (
    "CallArrived",
    "AttemptAdmitted",
    "CarrierRinging",
    "CarrierAnswered",
    "CarrierRefused",
    "PartyHungUp",
    "AnswerScreened",
    "AgentAssigned",
    "OfferRefused",
    "AgentHungUp",
    "VoiceStarted",
    "VoiceRefused",
    "VoiceFinished",
    "MessageLeft",
    "HangUpRequested",
    "CarrierLost",
    "TransferRequested",
    "TransferReserved",
    "TransferRefused",
    "HandoffQueued",
    "TransferRinging",
    "TransferAccepted",
    "TransferFailed",
    "BriefingFinished",
    "CallOffered",
    "CallWithdrawn",
    "TransferOffered",
    "CallbackTaken",
    "CallbackDone",
    "AgentTaken",
    "AgentReleased",
    "AgentReady",
    "AgentJoined",
    "AgentLeaving",
    "AgentPaused",
    "AgentResumed",
    "AgentRinging",
    "AgentAccepted",
    "AgentDeclined",
    "AgentDidNotAnswer",
    "AgentEngaged",
    "CampaignLaunched",
    "CampaignPaused",
    "CampaignResumed",
    "CampaignStopped",
    "ContactsLoaded",
    "ClaimsAnswered",
    "AttemptAnswered",
    "AttemptConnected",
    "AttemptEnded",
    "AgentChanged",
    "WaitingChanged",
)


@mypyc_attr(acyclic=True)
class Event(Command):
    """Something that has happened."""

    __slots__ = ("kind",)

    def __init__(self, kind: int) -> None:
        self.kind: int = kind

    def subject(self) -> int:
        """The id of the call, agent or campaign that the event is about, for traces."""
        raise NotImplementedError

    def addressee(self) -> int:
        """A number that is the same for every event to one machine, and for no other machine."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class CallEvent(Event):
    """An event for a call. Kinds without facts of their own are plain `CallEvent`s."""

    __slots__ = ("call",)

    def __init__(self, kind: int, call: int) -> None:
        self.kind: int = kind
        self.call: int = call

    def subject(self) -> int:
        return self.call

    def addressee(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CarrierRefused(CallEvent):
    """The attempt will not be answered: refused, cleared by the network, or no channel."""

    __slots__ = ("sip_code", "disposition", "end_reason")

    def __init__(self, call: int, sip_code: int, disposition: int, end_reason: int) -> None:
        self.kind: int = CARRIER_REFUSED
        self.call: int = call
        self.sip_code: int = sip_code
        self.disposition: int = disposition
        self.end_reason: int = end_reason


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AnswerScreened(CallEvent):
    """AMD has decided: `result` is AMD_HUMAN or AMD_MACHINE."""

    __slots__ = ("result",)

    def __init__(self, call: int, result: int) -> None:
        self.kind: int = ANSWER_SCREENED
        self.call: int = call
        self.result: int = result


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AgentAssigned(CallEvent):
    """A queue has reserved an agent for the call."""

    __slots__ = ("queue", "agent")

    def __init__(self, call: int, queue: int, agent: int) -> None:
        self.kind: int = AGENT_ASSIGNED
        self.call: int = call
        self.queue: int = queue
        self.agent: int = agent


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class VoiceFinished(CallEvent):
    """The voice agent has said its last word; `transfer_to` is a queue, or ABSENT when the call is over."""

    __slots__ = ("transfer_to",)

    def __init__(self, call: int, transfer_to: int) -> None:
        self.kind: int = VOICE_FINISHED
        self.call: int = call
        self.transfer_to: int = transfer_to


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HangUpRequested(CallEvent):
    """Somebody on our side ends the call: an operator, a campaign's stop, the end of a run."""

    __slots__ = ("end_reason",)

    def __init__(self, call: int, end_reason: int) -> None:
        self.kind: int = HANG_UP_REQUESTED
        self.call: int = call
        self.end_reason: int = end_reason


@mypyc_attr(acyclic=True)
class QueueEvent(Event):
    """An event for the machine that holds the queues and their agents."""

    __slots__ = ()

    def addressee(self) -> int:
        return -1


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CallOffered(QueueEvent):
    """A call asks for an agent of `queue`; lower `priority` is served first."""

    __slots__ = ("queue", "call", "priority")

    def __init__(self, queue: int, call: int, priority: int) -> None:
        self.kind: int = CALL_OFFERED
        self.queue: int = queue
        self.call: int = call
        self.priority: int = priority

    def subject(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CallWithdrawn(QueueEvent):
    """A waiting call has ended."""

    __slots__ = ("queue", "call")

    def __init__(self, queue: int, call: int) -> None:
        self.kind: int = CALL_WITHDRAWN
        self.queue: int = queue
        self.call: int = call

    def subject(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AgentEvent(QueueEvent):
    """Something about one agent. `call` is ABSENT where none is meant: joined, leaving, paused, resumed.

    Taken, engaged (for a briefing) and released come from the call; ready, ringing, accepted, declined and did not
    answer from the person's desk.
    """

    __slots__ = ("agent", "call")

    def __init__(self, kind: int, agent: int, call: int = ABSENT) -> None:
        self.kind: int = kind
        self.agent: int = agent
        self.call: int = call

    def subject(self) -> int:
        return self.agent


@mypyc_attr(acyclic=True)
class CampaignEvent(Event):
    """An event for a campaign. Launch, pause and resume have no facts of their own."""

    __slots__ = ("campaign",)

    def __init__(self, kind: int, campaign: int) -> None:
        self.kind: int = kind
        self.campaign: int = campaign

    def subject(self) -> int:
        return self.campaign

    def addressee(self) -> int:
        return -2 - self.campaign


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CampaignStopped(CampaignEvent):
    """Somebody stops the campaign; `in_flight` (a code of `campaign.IN_FLIGHT`) says what becomes of its calls."""

    __slots__ = ("in_flight",)

    def __init__(self, campaign: int, in_flight: int) -> None:
        self.kind: int = CAMPAIGN_STOPPED
        self.campaign: int = campaign
        self.in_flight: int = in_flight


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ContactsLoaded(CampaignEvent):
    """More enrolled contacts, in dialling order; `exhausted` when there are no others to load."""

    __slots__ = ("contacts", "exhausted")

    def __init__(self, campaign: int, contacts: list[Contact], exhausted: bool) -> None:
        self.kind: int = CONTACTS_LOADED
        self.campaign: int = campaign
        self.contacts: list[Contact] = contacts
        self.exhausted: bool = exhausted


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ClaimsAnswered(CampaignEvent):
    """Admission's answer to each lease of a claim, in its place: `calls[i]` is the call that `leases[i]` is dialled
    under, or says why it is not (`attempts.RETURNED`, DO_NOT_CALL, MAX_PER_DAY).

    `blocked_by` names what held those that come back (a `campaign.BLOCKED_BY` code) and `retry_at` when to ask again,
    ABSENT when an event (a call's end) will tell.
    """

    __slots__ = ("leases", "calls", "blocked_by", "retry_at")

    def __init__(
        self,
        campaign: int,
        leases: list[Lease],
        calls: list[int],
        blocked_by: int,
        retry_at: Instant,
    ) -> None:
        self.kind: int = CLAIMS_ANSWERED
        self.campaign: int = campaign
        self.leases: list[Lease] = leases
        self.calls: list[int] = calls
        self.blocked_by: int = blocked_by
        self.retry_at: Instant = retry_at


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AttemptEvent(CampaignEvent):
    """An attempt of the campaign was answered by a person (as far as AMD can tell) or connected to an agent."""

    __slots__ = ("call",)

    def __init__(self, kind: int, campaign: int, call: int) -> None:
        self.kind: int = kind
        self.campaign: int = campaign
        self.call: int = call

    def subject(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AttemptEnded(CampaignEvent):
    """An attempt is over, with its disposition and end reason (codes of `disposition`)."""

    __slots__ = ("call", "disposition", "end_reason")

    def __init__(self, campaign: int, call: int, disposition: int, end_reason: int) -> None:
        self.kind: int = ATTEMPT_ENDED
        self.campaign: int = campaign
        self.call: int = call
        self.disposition: int = disposition
        self.end_reason: int = end_reason

    def subject(self) -> int:
        return self.call


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AgentChanged(CampaignEvent):
    """An agent who can take the campaign's calls is now in `state` (a code of `agents`)."""

    __slots__ = ("agent", "state")

    def __init__(self, campaign: int, agent: int, state: int) -> None:
        self.kind: int = AGENT_CHANGED
        self.campaign: int = campaign
        self.agent: int = agent
        self.state: int = state

    def subject(self) -> int:
        return self.agent


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class WaitingChanged(CampaignEvent):
    """`waiting` calls now wait for the agents who can take the campaign's calls."""

    __slots__ = ("waiting",)

    def __init__(self, campaign: int, waiting: int) -> None:
        self.kind: int = WAITING_CHANGED
        self.campaign: int = campaign
        self.waiting: int = waiting
