"""Checks across a scenario: names that lead nowhere, and parts that contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

from simulation.scenario.base import Finding, Path
from simulation.scenario.expectations import nearest
from simulation.scenario.timeline import VERBS

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario
    from simulation.scenario.queues import VoiceAgent


SINGULAR: Final = {
    "campaigns": "campaign",
    "queues": "queue",
    "agents": "pool of agents",
    "trunks": "trunk",
    "voice_agents": "voice agent",
}


def findings(scenario: Scenario) -> list[Finding]:
    """Everything that is wrong between the parts of a scenario whose parts are right in themselves."""
    return [
        *_queues(scenario),
        *_pools(scenario),
        *_callees(scenario),
        *_voice_agents(scenario),
        *_inbound(scenario),
        *_campaigns(scenario),
        *_timeline(scenario),
        *_expectations(scenario),
        *_work(scenario),
    ]


def pool_names(scenario: Scenario) -> list[str]:
    """Pools in the order of the file, those of `queues.x.agents` after those of `agents`."""
    short = [name for name, queue in scenario.queues.items() if queue.agents is not None]
    return [*scenario.agents, *(name for name in short if name not in scenario.agents)]


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f'there is no {kind} "{name}"; {nearest(name, known) if known else "none is defined"}'


def _named(path: Path, kind: str, name: str | None, known: Collection[str]) -> Iterator[Finding]:
    if name is not None and name not in known:
        yield Finding(path, _unknown(kind, name, known))


def _only(path: Path, kind: str, key: str, name: str | None, known: Collection[str]) -> Iterator[Finding]:
    """`name` may be left out where there is but one."""
    if name:
        yield from _named((*path, key), kind, name, known)
    elif len(known) > 1:
        yield Finding(path, f"must name its {kind}, {key}: …, one of {', '.join(known)}")


def _queues(scenario: Scenario) -> Iterator[Finding]:
    pools = pool_names(scenario)
    for name, queue in scenario.queues.items():
        at: Path = ("queues", name)
        if queue.agents is not None and name in scenario.agents:
            yield Finding(
                (*at, "agents"), f'the pool "{name}" is also defined under agents; keep one of them'
            )
        for index, pool in enumerate(queue.pools or ()):
            yield from _named((*at, "pools", index), "pool", pool, pools)
            if pool in (queue.pools or ())[:index]:
                yield Finding((*at, "pools", index), f'names "{pool}" twice')
            own = scenario.agents.get(pool)
            if own is not None and own.queues is not None and name not in own.queues:
                yield Finding(
                    (*at, "pools", index),
                    f'agents.{pool}.queues does not list "{name}"; add it there, or drop it here',
                )
            if own is None and pool in pools and pool != name:
                yield Finding(
                    (*at, "pools", index),
                    f"serves queues.{pool} alone; define agents.{pool} with queues: [{pool}, {name}] instead",
                )
        if queue.agents is not None and queue.pools is not None and name not in queue.pools:
            yield Finding(
                (*at, "pools"), f'must list "{name}" too, the pool that queues.{name}.agents stands for'
            )
        serving = [
            pool for pool, own in scenario.agents.items() if own.queues is not None and name in own.queues
        ]
        for pool in serving:
            if queue.pools is not None and pool not in queue.pools:
                yield Finding(
                    (*at, "pools"), f'must list "{pool}" too, for agents.{pool}.queues lists {name}'
                )
        if queue.agents is None and not queue.pools and not serving:
            own = scenario.agents.get(name)
            if own is None or own.queues is not None:
                yield Finding(
                    at, "has no agents; add agents: 10, or a pool under agents: that lists it in its queues"
                )


def _pools(scenario: Scenario) -> Iterator[Finding]:
    for name, pool in scenario.agents.items():
        at: Path = ("agents", name)
        for index, queue in enumerate(pool.queues or ()):
            yield from _named((*at, "queues", index), "queue", queue, scenario.queues)
            if queue in (pool.queues or ())[:index]:
                yield Finding((*at, "queues", index), f'names "{queue}" twice')
        if pool.queues is None and name not in scenario.queues:
            if not any(name in (queue.pools or ()) for queue in scenario.queues.values()):
                yield Finding(at, f"serves no queue; add queues: [{', '.join(scenario.queues) or '…'}]")
        if pool.queues is not None and not pool.queues:
            yield Finding((*at, "queues"), "must not be empty")


def _voice_agents(scenario: Scenario) -> Iterator[Finding]:
    for name, agent in scenario.voice_agents.items():
        if agent.transfer is not None:
            yield from _named(
                ("voice_agents", name, "transfer", "to"), "queue", agent.transfer.to, scenario.queues
            )
        if agent.flow is not None:
            yield from _flow(scenario, ("voice_agents", name), agent)


def _flow(scenario: Scenario, at: Path, agent: VoiceAgent) -> Iterator[Finding]:
    nodes: dict[str, dict[str, Any]] = (agent.flow or {})["nodes"]
    for id, node in nodes.items():
        for key in ("queue", "queue_id"):
            yield from _named((*at, "flow", "nodes", id, key), "queue", node.get(key), scenario.queues)
    for id in agent.http.answers if agent.http is not None else ():
        if nodes.get(id, {}).get("type") != "http":
            yield Finding((*at, "http", "answers", id), f'there is no http node "{id}" in the flow')


def _callees(scenario: Scenario) -> Iterator[Finding]:
    flows = [agent.flow for agent in scenario.voice_agents.values() if agent.flow is not None]
    nodes = list(dict.fromkeys(id for flow in flows for id in flow["nodes"]))
    for name, callees in scenario.callees.items():
        for intent, meant in (callees.persona.intents if callees.persona is not None else {}).items():
            for index, id in enumerate(meant.at):
                at: Path = ("callees", name, "persona", "intents", intent, "at", index)
                yield from _named(at, "node", id, nodes)


def _inbound(scenario: Scenario) -> Iterator[Finding]:
    for index, line in enumerate(scenario.inbound):
        at: Path = ("inbound", index)
        if not scenario.queues:
            yield Finding(at, "needs a queue; there is none: add queues: {sales: {agents: 10}}")
            continue
        yield from _only(at, "queue", "queue", line.queue, scenario.queues)
        yield from _named((*at, "trunk"), "trunk", line.trunk, scenario.trunks)


def _campaigns(scenario: Scenario) -> Iterator[Finding]:
    for name, campaign in scenario.campaigns.items():
        at: Path = ("campaigns", name)
        yield from _only(at, "callees", "callees", campaign.callees, scenario.callees)
        yield from _only(at, "trunk", "trunk", campaign.trunk, scenario.trunks)
        if campaign.queue is not None and campaign.voice_agent is not None:
            yield Finding((*at, "voice_agent"), "stands beside queue; keep one of them")
        yield from _named((*at, "queue"), "queue", campaign.queue, scenario.queues)
        yield from _named((*at, "voice_agent"), "voice agent", campaign.voice_agent, scenario.voice_agents)
        if campaign.queue is None and campaign.voice_agent is None and campaign.pacing.mode != "agentless":
            if len(scenario.queues) != 1 or scenario.voice_agents:
                there = ", ".join([*scenario.queues, *scenario.voice_agents])
                yield Finding(
                    at,
                    f"must say who talks to live answers, queue: … or voice_agent: …"
                    f"{f', one of {there}' if there else ''}; or pacing: {{mode: agentless}}",
                )
        horizon = scenario.clock.horizon
        if horizon is not None and campaign.launch_at >= horizon:
            yield Finding((*at, "launch_at"), "must be before the end of the run, clock.horizon")


def _timeline(scenario: Scenario) -> Iterator[Finding]:
    known: dict[str, tuple[str, Collection[str]]] = {
        **dict.fromkeys(("launch", "pause", "resume", "stop"), ("campaign", scenario.campaigns)),
        **dict.fromkeys(("trunk_down", "trunk_up"), ("trunk", scenario.trunks)),
    }
    for index, entry in enumerate(scenario.timeline):
        at: Path = ("timeline", index)
        if scenario.clock.horizon is not None and entry.at > scenario.clock.horizon:
            yield Finding((*at, "at"), "must not be after the end of the run, clock.horizon")
        for verb in VERBS:
            target = getattr(entry, verb)
            if verb == "set_agents":
                if entry.set_agents is not None:
                    pool = entry.set_agents.pool
                    yield from _named((*at, verb, "pool"), "pool", pool, pool_names(scenario))
            else:
                yield from _named((*at, verb), known[verb][0], target, known[verb][1])


def _expectations(scenario: Scenario) -> Iterator[Finding]:
    known: dict[str, Collection[str]] = {
        "campaigns": scenario.campaigns,
        "queues": scenario.queues,
        "agents": pool_names(scenario),
        "trunks": scenario.trunks,
        "voice_agents": scenario.voice_agents,
    }
    for index, expectation in enumerate(scenario.expect):
        kind = SINGULAR[expectation.section]
        yield from _named(("expect", index), kind, expectation.name, known[expectation.section])


def _work(scenario: Scenario) -> Iterator[Finding]:
    if not scenario.inbound and not scenario.campaigns:
        yield Finding((), "nobody calls and nobody is called; add an inbound line or a campaign")
    elif not scenario.campaigns and scenario.clock.horizon is None:
        yield Finding(
            ("clock", "until"), "idle would never come, for inbound callers don't end; give a horizon: 4h"
        )
