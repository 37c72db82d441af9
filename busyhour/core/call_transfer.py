"""What a call does while it is being transferred: it acts on the states that its `Transfer` comes to."""

from typing import TYPE_CHECKING

from busyhour.core.call_states import CONNECTED, TRANSFERRING, WITH_VOICE
from busyhour.core.commands import Executor
from busyhour.core.events import AGENT_ENGAGED, AgentEvent
from busyhour.core.ids import Instant
from busyhour.core.transfer import BRIDGED, BRIEFING, Transfer
from busyhour.core.transfer_events import (
    TransferAccepted,
    TransferEvent,
    TransferOffered,
    TransferRequested,
)

if TYPE_CHECKING:
    from busyhour.core.call import Call


def transfer_of(call: "Call") -> Transfer:
    """Of a call in TRANSFERRING."""
    transfer = call.transfer
    assert transfer is not None, "somebody asked for it"
    return transfer


def begin_transfer(call: "Call", event: TransferRequested, now: Instant, out: Executor) -> None:
    number = 1 if call.transfer is None else call.transfer.number + 1
    call.transfer = Transfer(number, event.queue, event.way, now, now + event.timeout)
    call.state = TRANSFERRING
    out.event(TransferOffered(event.queue, call.id, number, event.fallback))


def transfer_answered(call: "Call", event: TransferEvent, now: Instant, out: Executor) -> None:
    """The queue has answered. An agent who comes too late is let go."""
    transfer = transfer_of(call)
    if not transfer.answered(event):
        call.illegal_events += 1
        if isinstance(event, TransferAccepted) and not transfer.holds(event.agent):
            out.agent_released(event.agent, call.id)
    elif transfer.state == BRIEFING:
        out.event(AgentEvent(AGENT_ENGAGED, transfer.agent, call.id))
        out.brief_agent(call, transfer.agent)
    elif transfer.state == BRIDGED:
        _bridge(call, transfer, now, out)
    elif transfer.is_over():
        back_to_voice(call, out)


def briefed(call: "Call", kind: int, now: Instant, out: Executor) -> None:
    """The agent knows what it is about, or has hung up on the voice agent."""
    transfer = transfer_of(call)
    if not transfer.heard(kind):
        call.illegal_events += 1
    elif transfer.state == BRIDGED:
        _bridge(call, transfer, now, out)
    else:
        out.agent_released(transfer.agent, call.id)
        back_to_voice(call, out)


def give_up_transfer(call: "Call", reason: int, out: Executor) -> None:
    """Let go of whoever is being got. What becomes of the call is not said here."""
    transfer = transfer_of(call)
    if transfer.state == BRIEFING:
        out.agent_released(transfer.agent, call.id)
    else:
        out.call_withdrawn(transfer.queue, call.id)
    transfer.fail(reason)


def back_to_voice(call: "Call", out: Executor) -> None:
    call.state = WITH_VOICE
    out.resume_voice_session(call)


def _bridge(call: "Call", transfer: Transfer, now: Instant, out: Executor) -> None:
    """Caller and agent hear each other. The caller has not waited: until now the voice agent talked."""
    call.state = CONNECTED
    call.agent = transfer.agent
    call.queue = transfer.queue
    call.queued_at = now
    call.connected_at = now
    out.agent_taken(transfer.agent, call.id)
    out.end_voice_session(call)
    out.connect_agent(call, transfer.agent)
