"""The sessions of voice agents with a capacity, divided among the virtual shards: together they have no more."""

from typing import final

from busyhour.core.agents import IDLE
from busyhour.core.events import AgentChanged, Event
from busyhour.core.ids import ABSENT
from simulation.voice import VoiceAgent


@final
class ShardSessions:
    """Those of one process: a session is where a call of its number would be."""

    def __init__(self, agents: list[VoiceAgent], call_hosts: int) -> None:
        """None yet: `add` those of each shard. `agents` have all of theirs."""
        self._agents = [agent for agent in agents if agent.capacity != ABSENT]
        self._of: dict[int, list[tuple[VoiceAgent, int]]] = {}
        """Shard → its sessions."""
        self._withdrawn: set[int] = set()
        for agent in self._agents:
            for session in agent.free:
                self._of.setdefault(session % call_hosts, []).append((agent, session))
            agent.free = []
            agent.capacity = 0

    def add(self, shard: int) -> None:
        """They are free."""
        for agent, session in self._of.get(shard, ()):
            self._withdrawn.discard(session)
            agent.free.append(session)
            agent.free.sort(reverse=True)
            agent.capacity += 1

    def free(self, shard: int) -> list[Event]:
        """What campaigns must hear that would take them for busy."""
        return [
            AgentChanged(campaign, session, IDLE)
            for agent, session in self._of.get(shard, ())
            for campaign in agent.campaigns
        ]

    def withdraw(self, shard: int) -> bool:
        """From now on no call begins with one of them; whether no call goes on with one either. May be repeated."""
        in_use = False
        for agent, session in self._of.get(shard, ()):
            if session in agent.free:
                agent.free.remove(session)
                agent.capacity -= 1
                self._withdrawn.add(session)
            elif session not in self._withdrawn:
                in_use = True
        return not in_use
