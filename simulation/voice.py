"""Simulated voice agents: how many calls each holds at once, how long it talks, what it hands to people."""

from typing import Any, final

from busyhour.core.ids import ABSENT, Instant
from simulation.draws import Draws


@final
class VoiceAgent:
    """One AI agent. `capacity` is ABSENT when unlimited; `talk_time` is an opaque distribution."""

    __slots__ = (
        "busy",
        "busy_area",
        "busy_at",
        "busy_max",
        "capacity",
        "talk_time",
        "transfer_share",
        "transfer_to",
    )

    def __init__(self, capacity: int, talk_time: Any, transfer_share: float, transfer_to: int) -> None:
        self.capacity: int = capacity
        self.talk_time: Any = talk_time
        self.transfer_share: float = transfer_share
        self.transfer_to: int = transfer_to
        self.busy: int = 0
        self.busy_max: int = 0
        self.busy_area: int = 0
        """Integral of `busy` up to `busy_at`, call-microseconds."""
        self.busy_at: Instant = 0

    def count(self, change: int, now: Instant) -> None:
        self.busy_area += self.busy * (now - self.busy_at)
        self.busy_at = now
        self.busy += change
        if self.busy > self.busy_max:
            self.busy_max = self.busy


@final
class VoiceBank:
    """Every voice agent of a scenario, and the campaigns' own messages where a call has voice agent ABSENT."""

    __slots__ = ("_message_time", "_serving", "agents")

    def __init__(self, agents: list[VoiceAgent], message_time: Any) -> None:
        self.agents: list[VoiceAgent] = agents
        self._message_time: Any = message_time
        """Length of the message of a campaign that does not say its own."""
        self._serving: dict[int, int] = {}
        """Call → the voice agent that serves it now."""

    def start(self, voice_agent: int, call: int, now: Instant) -> bool:
        """Take a call; False when the voice agent holds as many as it can."""
        if voice_agent == ABSENT:
            return True
        agent = self.agents[voice_agent]
        if agent.capacity != ABSENT and agent.busy >= agent.capacity:
            return False
        agent.count(1, now)
        self._serving[call] = voice_agent
        return True

    def finish(self, call: int, now: Instant) -> None:
        """The voice agent is done with the call. Harmless when it was already."""
        voice_agent = self._serving.pop(call, ABSENT)
        if voice_agent != ABSENT:
            self.agents[voice_agent].count(-1, now)

    def talk_us(self, voice_agent: int, draws: Draws, index: int) -> int:
        distribution = draws.handle_time
        if distribution is None:
            distribution = self._message_time if voice_agent == ABSENT else self.agents[voice_agent].talk_time
        return draws.duration_us("voice_talk_time", distribution, index)

    def transfer_to(self, voice_agent: int, draws: Draws, index: int) -> int:
        """The queue this call is handed to; ABSENT when the voice agent finishes it."""
        if voice_agent == ABSENT:
            return ABSENT
        agent = self.agents[voice_agent]
        if agent.transfer_share > 0.0 and draws.uniform("transfer", index) < agent.transfer_share:
            return agent.transfer_to
        return ABSENT
