"""From a scenario's flows, personas and scripts to voice agents that converse."""

from collections.abc import Callable
from typing import Any, Final

from busyhour.core.flow.reading import load
from busyhour.core.ids import ABSENT
from simulation.carrier import SimulatedCarrier
from simulation.flow_sessions import FlowTalker
from simulation.respondents import (
    OBLIGING_WORDS_PER_MINUTE,
    Intent,
    Obliging,
    Persona,
    Reply,
    Respondent,
    Scripted,
)
from simulation.scenario import Scenario
from simulation.scenario.callees import Callees
from simulation.scenario.contact_files import contact_rows
from simulation.scenario.contacts import Contact, ContactCount
from simulation.scenario.conversations import HttpService, ScriptedReply
from simulation.scenario.conversations import Persona as PersonaTable

AGENT_WORDS_PER_MINUTE: Final = 170.0
"""Of synthesised speech at its usual rate."""

Facts = Callable[[int], dict[str, object]]
"""What is known of a contact, by its number."""


def give_flows(scenario: Scenario, carrier: SimulatedCarrier, transcripts: Any) -> None:
    """Have the carrier's voice agents follow their flows. `transcripts`: see `FlowTalker`.

    Raises ScenarioError for a wrong row of a contact file.
    """
    talking = [
        (number, agent)
        for number, agent in enumerate(scenario.voice_agents.values())
        if agent.flow is not None
    ]
    if not talking:
        return
    plans = list(scenario.campaigns.items())
    names = [name for name, _ in plans]
    respondents = [respondent_of(scenario.callees[plan.callees]) for _, plan in plans]
    contacts = [
        _facts(scenario, name)
        if plan.voice_agent is not None and scenario.voice_agents[plan.voice_agent].flow is not None
        else _nothing
        for name, plan in plans
    ]
    queue_no = {name: number for number, name in enumerate(scenario.queues)}
    for number, agent in talking:
        talker = FlowTalker(
            carrier,
            load(agent.flow),
            agent.words_per_minute or AGENT_WORDS_PER_MINUTE,
            names,
            respondents,
            contacts,
            queue_no,
            transcripts,
        )
        service = agent.http if agent.http is not None else HttpService()
        talker.http_after = service.after
        talker.http_fails = service.fails
        talker.http_answers = service.answers
        carrier.voice.agents[number].talker = talker


def respondent_of(callees: Callees) -> Respondent:
    """The people as the scenario has them."""
    if callees.persona is not None:
        return _persona(callees.persona)
    if callees.script is not None:
        return Scripted(OBLIGING_WORDS_PER_MINUTE, [_reply(entry) for entry in callees.script])
    return Obliging(OBLIGING_WORDS_PER_MINUTE)


def _persona(table: PersonaTable) -> Persona:
    everywhere: list[Intent] = []
    at: dict[str, list[Intent]] = {}
    for intent in table.intents.values():
        meant = Intent(intent.share, list(intent.says), intent.press or "")
        for node in intent.at:
            at.setdefault(node, []).append(meant)
        if not intent.at:
            everywhere.append(meant)
    return Persona(
        table.words_per_minute,
        everywhere,
        at,
        table.thinks,
        table.machine_patience,
        table.hangs_up,
        table.presses_keys,
        table.talkativeness,
        list(table.small_talk),
    )


def _reply(entry: ScriptedReply) -> Reply:
    after_us = ABSENT if entry.silent else entry.after
    return Reply(after_us, entry.say or "", entry.press or "", entry.hang_up)


def _nothing(number: int) -> dict[str, object]:
    """Of contacts whom no flow will ask for."""
    return {}


def _facts(scenario: Scenario, campaign: str) -> Facts:
    if isinstance(scenario.campaigns[campaign].contacts, ContactCount):
        return lambda number: {"external_id": f"{campaign}-{number}"}
    rows = list(contact_rows(scenario, campaign))
    return lambda number: _known(rows[number])


def _known(contact: Contact) -> dict[str, object]:
    return {
        "phone": contact.phone,
        "external_id": contact.external_id or contact.phone,
        "name": contact.name,
        "timezone": contact.timezone,
    }
