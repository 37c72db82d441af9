"""Events and commands: their kinds, names and facts fit each other, and each finds its executor."""

import inspect
from typing import Any

import pytest

from busyhour.core import commands, events, transfer_events
from busyhour.core.attempts import Contact, Lease
from busyhour.core.call import Call
from busyhour.core.call_states import TRANSITIONS
from busyhour.core.campaign import CAMPAIGN_TRANSITIONS
from busyhour.core.commands import Command, Executor
from busyhour.core.disposition import OUTBOUND
from busyhour.core.events import (
    AGENT_RELEASED,
    AGENT_TAKEN,
    ATTEMPT_ANSWERED,
    ATTEMPT_CONNECTED,
    CALL_EVENT_KINDS,
    EVENT_NAMES,
    AgentAssigned,
    AgentEvent,
    AttemptEnded,
    AttemptEvent,
    CallEvent,
    CallOffered,
    CallWithdrawn,
    CampaignEvent,
    Event,
    QueueEvent,
)
from busyhour.core.inbox import Inbox
from busyhour.driver import Driver

KINDS = {name: value for name, value in vars(events).items() if name.isupper() and isinstance(value, int)}
LEASE = Lease(Contact(11, 0, 0), 1)
CALL = Call(5, OUTBOUND, 0, 0, 0, 0)
ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(("call", "agent", "queue", "campaign", "priority", "kind", "sip_code", "waiting"), 5),
    **dict.fromkeys(("number", "way", "fallback", "timeout", "reason", "callback"), 1),
    **dict.fromkeys(("disposition", "end_reason", "result", "state", "in_flight", "blocked_by", "count"), 1),
    **dict.fromkeys(("transfer_to", "retry_at", "at", "voice_agent"), 7),
    "contacts": [LEASE.contact],
    "exhausted": True,
    "leases": [LEASE],
    "granted": [LEASE],
    "calls": [5],
    "returned": [],
}


def made(kind_of: type) -> list[Any]:
    """One of every class of a module, with the constructor's names filled in."""
    found: list[Any] = []
    for module in (events, transfer_events, commands):
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, kind_of) and value.__module__ == module.__name__:
                if name in ("Event", "Command", "QueueEvent", "CallEvent", "CampaignEvent"):
                    continue
                to_a_desk = (commands.BeginWrapUp, commands.RingAgent, commands.StopRinging)
                about_a_call = module is commands and value not in to_a_desk
                known = {**ARGUMENTS, "call": CALL} if about_a_call else ARGUMENTS
                found.append(value(*(known[argument] for argument in arguments_of(value))))
    return found


def arguments_of(made: type) -> list[str]:
    return [name for name in inspect.signature(made).parameters if name != "self"]


def test_kinds_are_numbered_in_the_order_of_their_names() -> None:
    kinds = {name: value for name, value in KINDS.items() if name != "CALL_EVENT_KINDS" and value >= 0}
    kinds = {name: value for name, value in kinds.items() if name != "ABSENT"}
    assert sorted(kinds.values()) == list(range(len(EVENT_NAMES)))
    for name, value in kinds.items():
        assert EVENT_NAMES[value].lower() == name.replace("_", "").lower()


def test_each_machine_s_table_is_of_its_own_kinds() -> None:
    assert {kind for _, kind in TRANSITIONS} == set(range(CALL_EVENT_KINDS))
    assert {EVENT_NAMES[kind] for _, kind in CAMPAIGN_TRANSITIONS} == {
        "CampaignLaunched",
        "CampaignPaused",
        "CampaignResumed",
        "CampaignStopped",
    }


@pytest.mark.parametrize("event", made(Event), ids=lambda event: type(event).__name__)
def test_every_event_has_a_subject_and_one_addressee(event: Event) -> None:
    assert event.subject() >= 0
    same_machine = {CallEvent: 5, QueueEvent: -1, CampaignEvent: -2 - 5}
    (address,) = (address for base, address in same_machine.items() if isinstance(event, base))
    assert event.addressee() == address


@pytest.mark.parametrize("command", made(Command), ids=lambda command: type(command).__name__)
def test_every_command_asks_its_own_method_of_the_executor(command: Command) -> None:
    """Of one that implements nothing, so that the method says so. Events are received, never carried out."""
    with pytest.raises(NotImplementedError) as raised:
        command.carry_out(Executor())
    asked = raised.traceback[-1].name.replace("_", "")
    assert asked == ("carryout" if isinstance(command, Event) else type(command).__name__.lower())


def facts(command: Command) -> dict[str, Any]:
    names = arguments_of(type(command)) + (["kind"] if isinstance(command, Event) else [])
    return {name: getattr(command, name) for name in names}


@pytest.mark.parametrize("command", made(Command), ids=lambda command: type(command).__name__)
def test_an_inbox_keeps_what_it_is_told_as_the_command_that_says_so(command: Command) -> None:
    inbox = Inbox()
    if isinstance(command, Event):
        inbox.event(command)
    else:
        command.carry_out(inbox)
    (kept,) = inbox.commands
    assert type(kept) is type(command)
    assert facts(kept) == facts(command)


TOLD: dict[str, tuple[tuple[int, ...], Event]] = {
    "call_offered": ((1, 2, 3), CallOffered(1, 2, 3)),
    "call_withdrawn": ((1, 2), CallWithdrawn(1, 2)),
    "agent_assigned": ((1, 2, 3), AgentAssigned(1, 2, 3)),
    "agent_taken": ((1, 2), AgentEvent(AGENT_TAKEN, 1, 2)),
    "agent_released": ((1, 2), AgentEvent(AGENT_RELEASED, 1, 2)),
    "attempt_answered": ((1, 2), AttemptEvent(ATTEMPT_ANSWERED, 1, 2)),
    "attempt_connected": ((1, 2), AttemptEvent(ATTEMPT_CONNECTED, 1, 2)),
    "attempt_ended": ((1, 2, 3, 4), AttemptEnded(1, 2, 3, 4)),
}


@pytest.mark.parametrize("name", TOLD)
def test_an_inbox_keeps_what_another_machine_is_to_hear_as_its_event(name: str) -> None:
    arguments, event = TOLD[name]
    inbox = Inbox()
    getattr(inbox, name)(*arguments)
    (kept,) = inbox.commands
    assert type(kept) is type(event)
    assert facts(kept) == facts(event)


@pytest.mark.parametrize("kind_of", [Inbox, Driver])
def test_who_is_told_hears_everything(kind_of: type[Executor]) -> None:
    methods = {name for name in vars(Executor) if not name.startswith("_")}
    assert len(methods) == 24
    assert methods <= vars(kind_of).keys()


def test_the_roots_carry_nothing_out() -> None:
    with pytest.raises(NotImplementedError):
        Command().carry_out(Executor())
    with pytest.raises(NotImplementedError):
        Event(0).subject()
    with pytest.raises(NotImplementedError):
        Event(0).addressee()
