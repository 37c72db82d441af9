"""Events as lists that JSON can carry, for journals and the post, and back.

An event is its name and its facts in the order of its `__init__`: `["AgentAssigned", 17, 0, 3]`. Two stay where they
are answered, because they carry leases and contacts of their campaign: `ClaimsAnswered` and `ContactsLoaded`.
"""

from typing import Final

from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    AGENT_ASSIGNED,
    AGENT_CHANGED,
    AGENT_ENGAGED,
    AGENT_TAKEN,
    ANSWER_SCREENED,
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    ATTEMPT_ENDED,
    CALL_EVENT_KINDS,
    CALL_OFFERED,
    CALL_WITHDRAWN,
    CALLBACK_DONE,
    CALLBACK_TAKEN,
    CAMPAIGN_LAUNCHED,
    CAMPAIGN_RESUMED,
    CAMPAIGN_STOPPED,
    CARRIER_REFUSED,
    EVENT_NAMES,
    HANDOFF_QUEUED,
    HANG_UP_REQUESTED,
    TRANSFER_ACCEPTED,
    TRANSFER_FAILED,
    TRANSFER_OFFERED,
    TRANSFER_REFUSED,
    TRANSFER_REQUESTED,
    TRANSFER_RESERVED,
    TRANSFER_RINGING,
    VOICE_FINISHED,
    WAITING_CHANGED,
    AgentAssigned,
    AgentChanged,
    AgentEvent,
    AnswerScreened,
    AttemptEnded,
    AttemptEvent,
    CallEvent,
    CallOffered,
    CallWithdrawn,
    CampaignEvent,
    CampaignStopped,
    CarrierRefused,
    Event,
    HangUpRequested,
    VoiceFinished,
    WaitingChanged,
)
from busyhour.core.transfer_events import (
    CallbackEvent,
    HandoffQueued,
    TransferAccepted,
    TransferEvent,
    TransferFailed,
    TransferOffered,
    TransferRequested,
    TransferReserved,
)

_MACHINE: Final = "event"
KINDS: Final = {name: kind for kind, name in enumerate(EVENT_NAMES)}


def to_plain(event: Event) -> list[object]:
    """Raises SnapshotError for the two that are not sent."""
    plain: list[object] = [EVENT_NAMES[event.kind]]
    plain.extend(_facts(event))
    return plain


def _facts(event: Event) -> list[int]:
    if isinstance(event, CallEvent):
        if isinstance(event, CarrierRefused):
            return [event.call, event.sip_code, event.disposition, event.end_reason]
        if isinstance(event, AgentAssigned):
            return [event.call, event.queue, event.agent]
        if isinstance(event, AnswerScreened):
            return [event.call, event.result]
        if isinstance(event, VoiceFinished):
            return [event.call, event.transfer_to]
        if isinstance(event, HangUpRequested):
            return [event.call, event.end_reason]
        if isinstance(event, TransferRequested):
            return [event.call, event.queue, event.way, event.fallback, event.timeout]
        if isinstance(event, TransferEvent):
            return _transfer_facts(event)
        return [event.call]
    if isinstance(event, AgentEvent):
        return [event.agent, event.call]
    if isinstance(event, CallOffered):
        return [event.queue, event.call, event.priority]
    if isinstance(event, CallWithdrawn):
        return [event.queue, event.call]
    if isinstance(event, TransferOffered):
        return [event.queue, event.call, event.number, event.fallback]
    if isinstance(event, CallbackEvent):
        return [event.callback, event.agent]
    if isinstance(event, AttemptEnded):
        return [event.campaign, event.call, event.disposition, event.end_reason]
    if isinstance(event, AttemptEvent):
        return [event.campaign, event.call]
    if isinstance(event, AgentChanged):
        return [event.campaign, event.agent, event.state]
    if isinstance(event, WaitingChanged):
        return [event.campaign, event.waiting]
    if isinstance(event, CampaignStopped):
        return [event.campaign, event.in_flight]
    if isinstance(event, CampaignEvent) and event.kind <= CAMPAIGN_RESUMED:
        return [event.campaign]
    raise SnapshotError(_MACHINE, f"{EVENT_NAMES[event.kind]} is not sent")


def _transfer_facts(event: TransferEvent) -> list[int]:
    facts = [event.call, event.number]
    if isinstance(event, TransferReserved | TransferAccepted):
        facts.append(event.agent)
    elif isinstance(event, TransferFailed):
        facts.append(event.reason)
    elif isinstance(event, HandoffQueued):
        facts.append(event.callback)
    return facts


def from_plain(plain: list[object]) -> Event:
    """The event that `to_plain` was given. Raises SnapshotError."""
    kind = KINDS.get(str(plain[0])) if plain else None
    if kind is None:
        raise SnapshotError(_MACHINE, f"{plain!r} names none")
    facts: list[int] = []
    for fact in plain[1:]:
        if not isinstance(fact, int):
            raise SnapshotError(_MACHINE, f"{plain!r} holds something else than whole numbers")
        facts.append(fact)
    try:
        return _event(kind, facts)
    except IndexError:
        raise SnapshotError(_MACHINE, f"{plain!r} has too few facts") from None


def _event(kind: int, facts: list[int]) -> Event:
    if kind < CALL_EVENT_KINDS:
        if kind == CARRIER_REFUSED:
            return CarrierRefused(facts[0], facts[1], facts[2], facts[3])
        if kind == AGENT_ASSIGNED:
            return AgentAssigned(facts[0], facts[1], facts[2])
        if kind == ANSWER_SCREENED:
            return AnswerScreened(facts[0], facts[1])
        if kind == VOICE_FINISHED:
            return VoiceFinished(facts[0], facts[1])
        if kind == HANG_UP_REQUESTED:
            return HangUpRequested(facts[0], facts[1])
        if kind == TRANSFER_REQUESTED:
            return TransferRequested(facts[0], facts[1], facts[2], facts[3], facts[4])
        if TRANSFER_RESERVED <= kind <= TRANSFER_FAILED:
            return _transfer_event(kind, facts)
        return CallEvent(kind, facts[0])
    if AGENT_TAKEN <= kind <= AGENT_ENGAGED:
        return AgentEvent(kind, facts[0], facts[1])
    if kind == CALL_OFFERED:
        return CallOffered(facts[0], facts[1], facts[2])
    if kind == CALL_WITHDRAWN:
        return CallWithdrawn(facts[0], facts[1])
    if kind == TRANSFER_OFFERED:
        return TransferOffered(facts[0], facts[1], facts[2], facts[3])
    if kind == CALLBACK_TAKEN or kind == CALLBACK_DONE:
        return CallbackEvent(kind, facts[0], facts[1])
    if kind == ATTEMPT_ENDED:
        return AttemptEnded(facts[0], facts[1], facts[2], facts[3])
    if kind == ATTEMPT_ANSWERED or kind == ATTEMPT_CONNECTED:
        return AttemptEvent(kind, facts[0], facts[1])
    if kind == AGENT_CHANGED:
        return AgentChanged(facts[0], facts[1], facts[2])
    if kind == WAITING_CHANGED:
        return WaitingChanged(facts[0], facts[1])
    if kind == CAMPAIGN_STOPPED:
        return CampaignStopped(facts[0], facts[1])
    if CAMPAIGN_LAUNCHED <= kind <= CAMPAIGN_RESUMED:
        return CampaignEvent(kind, facts[0])
    raise SnapshotError(_MACHINE, f"{EVENT_NAMES[kind]} is not sent")


def _transfer_event(kind: int, facts: list[int]) -> Event:
    call, number = facts[0], facts[1]
    if kind == TRANSFER_REFUSED or kind == TRANSFER_RINGING:
        return TransferEvent(kind, call, number)
    if kind == TRANSFER_RESERVED:
        return TransferReserved(call, number, facts[2])
    if kind == TRANSFER_ACCEPTED:
        return TransferAccepted(call, number, facts[2])
    if kind == HANDOFF_QUEUED:
        return HandoffQueued(call, number, facts[2])
    return TransferFailed(call, number, facts[2])
