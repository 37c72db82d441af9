"""What happened, event by event, in words: lines for golden traces, and the `events/` dataset of `event_file`.

A line says when (since the start of the run), to whom, what, and the facts:

    +0:00:12.345678 call 17 CarrierRefused sip_code=486 disposition=busy end_reason=busy
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from busyhour.core.agents import AGENT_STATES
from busyhour.core.attempts import RETURNED
from busyhour.core.campaign import BLOCKED_BY, IN_FLIGHT
from busyhour.core.disposition import AMD_RESULTS, DISPOSITIONS, END_REASONS
from busyhour.core.events import (
    AGENT_ACCEPTED,
    AGENT_ASSIGNED,
    AGENT_CHANGED,
    AGENT_DECLINED,
    AGENT_DID_NOT_ANSWER,
    AGENT_ENGAGED,
    AGENT_READY,
    AGENT_RELEASED,
    AGENT_RINGING,
    AGENT_TAKEN,
    ANSWER_SCREENED,
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    ATTEMPT_ENDED,
    CALL_OFFERED,
    CALL_WITHDRAWN,
    CALLBACK_DONE,
    CALLBACK_TAKEN,
    CAMPAIGN_STOPPED,
    CARRIER_REFUSED,
    CONTACTS_LOADED,
    EVENT_NAMES,
    HANDOFF_QUEUED,
    HANG_UP_REQUESTED,
    TRANSFER_ACCEPTED,
    TRANSFER_FAILED,
    TRANSFER_OFFERED,
    TRANSFER_REQUESTED,
    TRANSFER_RESERVED,
    VOICE_FINISHED,
    WAITING_CHANGED,
    AgentChanged,
    AgentEvent,
    CallEvent,
    ClaimsAnswered,
    Event,
    QueueEvent,
)
from busyhour.core.flow.events import (
    CALLER_SPOKE,
    DIGIT_PRESSED,
    FLOW_EVENT_NAMES,
    HTTP_ANSWERED,
    FlowEvent,
)
from busyhour.core.flow.events import TRANSFER_FAILED as FLOW_TRANSFER_FAILED
from busyhour.core.ids import ABSENT, HOUR, MINUTE, SECOND, Instant
from busyhour.core.transfer import FAILURES, FALLBACKS, WAYS
from busyhour.results.rows import Names

_EVENT_FACTS: Final[dict[int, tuple[str, ...]]] = {
    CARRIER_REFUSED: ("sip_code", "disposition", "end_reason"),
    ANSWER_SCREENED: ("result",),
    AGENT_ASSIGNED: ("queue", "agent"),
    VOICE_FINISHED: ("transfer_to",),
    HANG_UP_REQUESTED: ("end_reason",),
    TRANSFER_REQUESTED: ("queue", "way", "fallback"),
    TRANSFER_RESERVED: ("agent",),
    TRANSFER_ACCEPTED: ("agent",),
    TRANSFER_FAILED: ("reason",),
    HANDOFF_QUEUED: ("callback",),
    CALL_OFFERED: ("queue", "priority"),
    CALL_WITHDRAWN: ("queue",),
    TRANSFER_OFFERED: ("queue",),
    CALLBACK_TAKEN: ("agent",),
    CALLBACK_DONE: ("agent",),
    AGENT_TAKEN: ("call",),
    AGENT_RELEASED: ("call",),
    AGENT_READY: ("call",),
    AGENT_RINGING: ("call",),
    AGENT_ACCEPTED: ("call",),
    AGENT_DECLINED: ("call",),
    AGENT_DID_NOT_ANSWER: ("call",),
    AGENT_ENGAGED: ("call",),
    CAMPAIGN_STOPPED: ("in_flight",),
    CONTACTS_LOADED: ("contacts", "exhausted"),
    ATTEMPT_ANSWERED: ("campaign",),
    ATTEMPT_CONNECTED: ("campaign",),
    ATTEMPT_ENDED: ("campaign", "disposition", "end_reason"),
    AGENT_CHANGED: ("campaign", "state"),
    WAITING_CHANGED: ("waiting",),
    CALLER_SPOKE: ("text",),
    DIGIT_PRESSED: ("digit",),
    HTTP_ANSWERED: ("status",),
    FLOW_TRANSFER_FAILED: ("reason",),
}
"""Which attributes of an event, beside its subject, a trace shows."""

_CODES: Final[dict[str, Sequence[str]]] = {
    "disposition": DISPOSITIONS,
    "end_reason": END_REASONS,
    "result": AMD_RESULTS,
    "state": AGENT_STATES,
    "in_flight": IN_FLIGHT,
    "way": WAYS,
    "fallback": FALLBACKS,
    "reason": FAILURES,
}


class Narrator:
    """Puts events into words. Subclasses decide where the words go."""

    names: Names
    """Set once the world is assembled, before its first event."""

    def told(self, event: Event) -> tuple[str, str, str, str]:
        """(machine, subject, event, facts)."""
        if isinstance(event, FlowEvent):
            name = FLOW_EVENT_NAMES[event.kind]
        else:
            name = EVENT_NAMES[event.kind]
        return self._machine(event), self._subject(event), name, self._facts(event)

    def _machine(self, event: Event) -> str:
        if isinstance(event, CallEvent | FlowEvent):
            return "call"
        if isinstance(event, QueueEvent):
            return "agent" if isinstance(event, AgentEvent) else "queue"
        return "campaign"

    def _subject(self, event: Event) -> str:
        if isinstance(event, AgentEvent | AgentChanged):
            return _name(self.names.agents, event.agent)
        if self._machine(event) == "campaign" and "campaign" not in _EVENT_FACTS.get(event.kind, ()):
            return _name(self.names.campaigns, event.subject())
        return str(event.subject())

    def _facts(self, event: Event) -> str:
        if isinstance(event, ClaimsAnswered):
            return _claims(event)
        facts = _EVENT_FACTS.get(event.kind, ())
        return " ".join(f"{fact}={self._fact(fact, getattr(event, fact))}" for fact in facts)

    def _fact(self, fact: str, value: Any) -> str:
        if fact in _CODES and isinstance(value, int):
            return _name(_CODES[fact], value)
        if isinstance(value, list):
            return str(len(value))  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, bool):
            return "yes" if value else "no"
        if value == ABSENT:
            return "-"
        if fact == "text":
            return json.dumps(value, ensure_ascii=False)
        if fact in ("queue", "transfer_to"):
            return _name(self.names.queues, value)
        if fact == "campaign":
            return _name(self.names.campaigns, value)
        if fact == "agent":
            return _name(self.names.agents, value)
        return str(value)


def _claims(answer: ClaimsAnswered) -> str:
    """How many leases became calls, how many come back and, where there are any, how many were rejected."""
    returned = answer.calls.count(RETURNED)
    granted = sum(call >= 0 for call in answer.calls)
    rejected = len(answer.calls) - granted - returned
    facts = [f"calls={granted}", f"returned={returned}"]
    if rejected:
        facts.append(f"rejected={rejected}")
    return " ".join([*facts, f"blocked_by={_name(BLOCKED_BY, answer.blocked_by)}"])


class TraceLines(Narrator):
    """Keeps the lines in memory: for traces that people read."""

    def __init__(self, start: Instant) -> None:
        self._start = start
        self.lines: list[str] = []

    def saw(self, event: Event, now: Instant) -> None:
        machine, subject, name, facts = self.told(event)
        self.lines.append(f"{since(now - self._start)} {machine} {subject} {name} {facts}".rstrip())


def _name(names: Sequence[str], number: int) -> str:
    """Sessions of voice agents are numbered after the human agents."""
    return names[number] if number < len(names) else f"session-{number - len(names) + 1}"


def since(us: int) -> str:
    """A duration from the start of the run, to the microsecond."""
    return f"+{us // HOUR}:{us // MINUTE % 60:02d}:{us // SECOND % 60:02d}.{us % SECOND:06d}"
