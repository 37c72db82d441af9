"""Events as lists: every kind comes back as it was, and nothing else is taken for one."""

import json
from typing import Any

import pytest

from busyhour.core.errors import SnapshotError
from busyhour.core.events import (
    AGENT_ENGAGED,
    AGENT_TAKEN,
    ATTEMPT_ANSWERED,
    CALL_ARRIVED,
    CALL_EVENT_KINDS,
    CALLBACK_DONE,
    CALLBACK_TAKEN,
    CAMPAIGN_LAUNCHED,
    CARRIER_LOST,
    EVENT_NAMES,
    TRANSFER_REFUSED,
    TRANSFER_RINGING,
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
    ContactsLoaded,
    Event,
    HangUpRequested,
    VoiceFinished,
    WaitingChanged,
)
from busyhour.core.ids import ABSENT
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
from busyhour.core.wire import KINDS, from_plain, to_plain

WITH_FACTS: list[Event] = [
    CarrierRefused(7, 503, 5, 8),
    AnswerScreened(7, 1),
    AgentAssigned(7, 2, 40),
    VoiceFinished(7, ABSENT),
    HangUpRequested(7, 14),
    CallOffered(2, 7, 1),
    CallWithdrawn(2, 7),
    CampaignStopped(3, 2),
    AttemptEnded(3, 7, 0, 1),
    AgentChanged(3, 40, 1),
    WaitingChanged(3, 12),
    TransferRequested(7, 2, 1, 1, 30_000_000),
    TransferReserved(7, 1, 40),
    TransferAccepted(7, 1, 40),
    TransferFailed(7, 1, 5),
    HandoffQueued(7, 1, 9),
    TransferOffered(2, 7, 1, 1),
]
EVENTS: list[Event] = [
    *WITH_FACTS,
    *(CallEvent(kind, 7) for kind in (CALL_ARRIVED, CARRIER_LOST)),
    *(AgentEvent(kind, 40, 7) for kind in range(AGENT_TAKEN, AGENT_ENGAGED + 1)),
    *(TransferEvent(kind, 7, 1) for kind in (TRANSFER_REFUSED, TRANSFER_RINGING)),
    *(CallbackEvent(kind, 9, 40) for kind in (CALLBACK_TAKEN, CALLBACK_DONE)),
    *(CampaignEvent(CAMPAIGN_LAUNCHED + i, 3) for i in range(3)),
    *(AttemptEvent(ATTEMPT_ANSWERED + i, 3, 7) for i in range(2)),
]


def facts(event: Event) -> dict[str, Any]:
    names = {name for base in type(event).__mro__ for name in getattr(base, "__slots__", ())}
    return {name: getattr(event, name) for name in names}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: EVENT_NAMES[event.kind])
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    again = from_plain(json.loads(json.dumps(to_plain(event))))
    assert type(again) is type(event)
    assert facts(again) == facts(event)


def test_every_kind_but_two_is_sent() -> None:
    sent = {event.kind for event in EVENTS} | set(range(CALL_EVENT_KINDS))
    assert set(KINDS.values()) - sent == {KINDS["ContactsLoaded"], KINDS["ClaimsAnswered"]}
    with pytest.raises(SnapshotError, match="ContactsLoaded is not sent"):
        to_plain(ContactsLoaded(0, [], True))
    with pytest.raises(SnapshotError, match="ContactsLoaded is not sent"):
        from_plain(["ContactsLoaded", 0])


@pytest.mark.parametrize(
    "plain", [[], ["Nothing", 1], ["AgentTaken", 1], ["TransferFailed", 1, 2], ["CallArrived", "7"], [7]]
)
def test_what_is_no_event_is_refused(plain: list[object]) -> None:
    with pytest.raises(SnapshotError):
        from_plain(plain)
