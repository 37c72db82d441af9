"""Looks at a live run from outside and names what is broken: the invariants that must hold at every moment.

Actors are asked one after another while they go on, so that one may have heard already what another has not. What is
wrong is therefore only what was wrong in several looks, `SETTLE_S` apart, in the same way.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

from actors.plan import has_calls
from actors.runs import actors_of
from busyhour.adapters.valkey.shards import VIRTUAL_SHARDS
from busyhour.adapters.wall_clock import elapsed_s
from busyhour.core.agents import AGENT_STATES, BRIEFING, RESERVED, RINGING, TALKING

ENOUGH: Final = 3
"""Looks that name what is broken: a call may begin in one and end in another, and seem to be nobody's in both."""
SETTLE_S: Final = 3.0
"""Between two looks: longer than a message takes to an actor that answers."""
ANSWER_EVERY_S: Final = 1.0
"""How often actors look whether they are looked at."""
ANSWERS_S: Final = 5.0
"""How long they may take."""
STUCK_S: Final = 30.0
"""An agent may wait so long for a call that does not come."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one actor says of itself, as `Runner.facts`; plain data."""

    actor: str
    answers: bool = True
    store_answers: bool = True
    trouble: str = ""
    """What keeps it from its work; empty where nothing does."""
    calls: Sequence[Sequence[int]] = ()
    """(call, campaign, contact, attempt, agent) of those that are alive; -1 where there is none."""
    agents: Sequence[Sequence[int]] = ()
    """(agent, state, call, microseconds of the run in that state)."""
    campaigns: Mapping[int, Mapping[str, Any]] = field(default_factory=dict[int, Mapping[str, Any]])
    """By number: `state`, `blocked_by` (empty: nothing holds it), `attempts`, its contacts `total`, `remaining`,
    `leased`, `completed`, `exhausted`, `skipped`, and `in_flight`: calls."""
    unacknowledged: int = 0
    shards: Sequence[int] = ()
    """Virtual shards of calls that it hosts."""


def findings(looks: Sequence[Sequence[Facts]], most_unacknowledged: int = 100_000) -> list[str]:
    """A sentence for each thing that every look finds broken."""
    every = [set(_wrong(look, most_unacknowledged)) for look in looks]
    return sorted(set.intersection(*every)) if every else []


def _wrong(look: Sequence[Facts], most_unacknowledged: int) -> list[str]:
    wrong: list[str] = []
    calls: dict[int, Sequence[int]] = {}
    for facts in look:
        if not facts.answers:
            wrong.append(f"{facts.actor} does not answer")
        elif not facts.store_answers:
            wrong.append(f"{facts.actor} can't reach the store, so that nothing new is dialled")
        if facts.trouble:
            wrong.append(f"{facts.actor}: {facts.trouble}")
        if facts.unacknowledged > most_unacknowledged:
            wrong.append(f"{facts.actor} has over {most_unacknowledged:,} messages that nobody acknowledges")
        for call in facts.calls:
            if call[0] in calls:
                wrong.append(f"call {call[0]} lives in two places")
            calls[call[0]] = call
    if all(facts.answers for facts in look):
        wrong += _of_calls(list(calls.values()))
        wrong += _of_shards(look)
        for facts in look:
            wrong += _of_agents(facts, calls)
            for number, campaign in facts.campaigns.items():
                wrong += _of_campaign(number, campaign, calls)
    return wrong


def _of_shards(look: Sequence[Facts]) -> list[str]:
    hosts: dict[int, list[str]] = {}
    for facts in look:
        for shard in facts.shards:
            hosts.setdefault(shard, []).append(facts.actor)
    wrong = [
        f"virtual shard {shard} is hosted by {' and '.join(sorted(actors))}"
        for shard, actors in hosts.items()
        if len(actors) > 1
    ]
    if any(has_calls(facts.actor) for facts in look):
        wrong += [f"nobody hosts virtual shard {n}" for n in range(VIRTUAL_SHARDS) if n not in hosts]
    return wrong


def _of_calls(calls: Sequence[Sequence[int]]) -> list[str]:
    wrong: list[str] = []
    contacts = Counter((call[1], call[2]) for call in calls if call[1] >= 0)
    wrong += [
        f"contact {n} of campaign {c} has {count} calls at once"
        for (c, n), count in contacts.items()
        if count > 1
    ]
    agents = Counter(call[4] for call in calls if call[4] >= 0)
    wrong += [f"agent {agent} talks on {count} calls at once" for agent, count in agents.items() if count > 1]
    return wrong


def _of_agents(facts: Facts, calls: Mapping[int, Sequence[int]]) -> list[str]:
    return [
        f"agent {agent} has been {AGENT_STATES[state]} for over {STUCK_S:g} s without a call that is alive"
        for agent, state, call, since_us in facts.agents
        if state in (RINGING, RESERVED, BRIEFING, TALKING)
        and call not in calls
        and since_us > STUCK_S * 1_000_000
    ]


def _of_campaign(number: int, campaign: Mapping[str, Any], calls: Mapping[int, Sequence[int]]) -> list[str]:
    wrong: list[str] = []
    states = ("remaining", "leased", "completed", "exhausted", "skipped")
    counted = sum(cast("int", campaign[state]) for state in states)
    if counted != campaign["total"]:
        wrong.append(f"campaign {number} has {campaign['total']} contacts and {counted} in some state")
    wrong += [
        f"campaign {number} takes call {call} for alive, and nobody has it"
        for call in campaign["in_flight"]
        if call not in calls
    ]
    mine = {call for call, facts in calls.items() if facts[1] == number}
    wrong += [f"campaign {number} knows nothing of call {call}" for call in mine - set(campaign["in_flight"])]
    return wrong


# How actors are asked: through the store, which whoever examines a run can reach, where Ray would want its token.


def _look_key(scope: str) -> str:
    return f"{{{scope}}}:look"


def _facts_key(scope: str, look: int) -> str:
    return f"{{{scope}}}:facts:{look}"


class Patient:
    """An actor's side: answers when somebody looks."""

    def __init__(self, client: Any, scope: str, facts: Callable[[], Facts]) -> None:
        self._client = client
        self._scope = scope
        self._facts = facts
        self._answered = 0
        self._next_s = 0.0

    async def answer(self) -> None:
        """Now and then. Raises RedisError."""
        now_s = elapsed_s()
        if now_s < self._next_s:
            return
        self._next_s = now_s + ANSWER_EVERY_S
        look = int(await self._client.get(_look_key(self._scope)) or 0)
        if look > self._answered:
            self._answered = look
            facts = self._facts()
            await self._client.hset(_facts_key(self._scope, look), facts.actor, json.dumps(asdict(facts)))


async def look(client: Any, scope: str) -> list[Facts]:
    """What every actor says of itself within ANSWERS_S."""
    actors = await actors_of(client, scope)
    number = int(await client.incr(_look_key(scope)))
    key = _facts_key(scope, number)
    until_s = elapsed_s() + ANSWERS_S
    while int(await client.hlen(key)) < len(actors) and elapsed_s() < until_s:
        await asyncio.sleep(0.1)
    answers = {actor.decode(): _facts_of(text) for actor, text in (await client.hgetall(key)).items()}
    await client.delete(key)
    return [answers.get(actor, Facts(actor, answers=False)) for actor in actors]


def _facts_of(text: bytes) -> Facts:
    plain = json.loads(text)
    plain["campaigns"] = {int(number): facts for number, facts in plain["campaigns"].items()}
    return Facts(**plain)
