"""Simulated voice agents: how many calls each holds at once, how long it talks, what it hands to people."""

from typing import Any, final

from busyhour.core.agents import IDLE, TALKING
from busyhour.core.call import Call
from busyhour.core.events import AgentChanged, Event
from busyhour.core.ids import ABSENT, Instant, Micros
from busyhour.core.transfer import NO_FALLBACK
from simulation.agenda import Occurrence
from simulation.draws import Draws


class Conversation(Occurrence):
    """One call's talk with a voice agent that does more than last for a drawn time."""

    __slots__ = ()

    def ended(self, now: Instant) -> None:
        """The voice agent has done with the call, or the call is over."""
        raise NotImplementedError

    def resumed(self, now: Instant) -> None:
        """A transfer came to nothing: the caller is back, if it was the voice agent who had asked for it."""
        raise NotImplementedError

    def briefing_us(self) -> Micros:
        """How long a person is told what it is about before the caller is put through."""
        raise NotImplementedError


class Talker:
    """What a voice agent talks by, in place of a drawn talk time."""

    __slots__ = ()

    def begin(self, call: Call, now: Instant) -> Conversation:
        """The voice agent has got the call."""
        raise NotImplementedError


@final
class VoiceAgent:
    """One AI agent. `capacity` is ABSENT when unlimited; `talk_time` is an opaque distribution."""

    __slots__ = (
        "busy",
        "busy_area",
        "busy_at",
        "busy_max",
        "campaigns",
        "capacity",
        "briefing",
        "fallback",
        "free",
        "is_warm",
        "talk_time",
        "talker",
        "transfer_share",
        "transfer_timeout",
        "transfer_to",
    )

    def __init__(self, capacity: int, talk_time: Any, transfer_share: float, transfer_to: int) -> None:
        self.capacity: int = capacity
        self.talk_time: Any = talk_time
        self.transfer_share: float = transfer_share
        self.transfer_to: int = transfer_to
        self.is_warm: bool = False
        """Stays on the line until a person whom it has briefed has taken the call; else it leaves it to the queue."""
        self.briefing: Any = None
        """How long a person is briefed: an opaque distribution."""
        self.fallback: int = NO_FALLBACK
        self.transfer_timeout: Micros = 0
        self.talker: Talker | None = None
        """None: it talks for a drawn time."""
        self.campaigns: list[int] = []
        """Campaigns whose pacing watches the sessions."""
        self.free: list[int] = []
        """Numbers of its free sessions, the next to be used last; empty when capacity is unlimited."""
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

    __slots__ = ("_conversations", "_message_time", "_serving", "agents")

    def __init__(self, agents: list[VoiceAgent], message_time: Any) -> None:
        self.agents: list[VoiceAgent] = agents
        self._message_time: Any = message_time
        """Length of the message of a campaign that does not say its own."""
        self._serving: dict[int, tuple[int, int]] = {}
        """Call → the voice agent that serves it now, and the number of the session, ABSENT where none is counted."""
        self._conversations: dict[int, Conversation] = {}

    def open_sessions(self, first: int) -> None:
        """Number the sessions of voice agents with a capacity, from `first` on: no human agent has such a number."""
        for agent in self.agents:
            if agent.capacity != ABSENT:
                agent.free = [first + i for i in range(agent.capacity - 1, -1, -1)]
                first += agent.capacity

    def has_room(self, voice_agent: int) -> bool:
        """Whether it can take a call more. The campaign's own message always can."""
        if voice_agent == ABSENT:
            return True
        agent = self.agents[voice_agent]
        return agent.capacity == ABSENT or agent.busy < agent.capacity

    def start(self, voice_agent: int, call: int, now: Instant) -> list[Event]:
        """Take a call, for which there is room; what the campaigns that pace by it must hear."""
        if voice_agent == ABSENT:
            return []
        agent = self.agents[voice_agent]
        agent.count(1, now)
        session = agent.free.pop() if agent.free else ABSENT
        self._serving[call] = (voice_agent, session)
        return self._told(agent, session, TALKING)

    def converses(self, call: Call, now: Instant) -> bool:
        """Whether the voice agent that has taken the call talks by itself, which it begins to do then."""
        talker = None if call.voice_agent == ABSENT else self.agents[call.voice_agent].talker
        if talker is None:
            return False
        self._conversations[call.id] = talker.begin(call, now)
        return True

    def conversation(self, call: int) -> Conversation | None:
        """None where the voice agent talks for a drawn time, or has done."""
        return self._conversations.get(call)

    def finish(self, call: int, now: Instant) -> list[Event]:
        """The voice agent is done with the call: the same. Harmless when it was already."""
        if call not in self._serving:
            return []
        if self._conversations:
            conversation = self._conversations.pop(call, None)
            if conversation is not None:
                conversation.ended(now)
        voice_agent, session = self._serving[call]
        del self._serving[call]
        agent = self.agents[voice_agent]
        agent.count(-1, now)
        if session != ABSENT:
            agent.free.append(session)
        return self._told(agent, session, IDLE)

    def _told(self, agent: VoiceAgent, session: int, state: int) -> list[Event]:
        told: list[Event] = []
        if session != ABSENT:
            for campaign in agent.campaigns:
                told.append(AgentChanged(campaign, session, state))
        return told

    def talk_us(self, voice_agent: int, draws: Draws, index: int) -> int:
        distribution = draws.handle_time
        if distribution is None:
            distribution = self._message_time if voice_agent == ABSENT else self.agents[voice_agent].talk_time
        return draws.duration_us("voice_talk_time", distribution, index)

    def briefing_us(self, voice_agent: int, draws: Draws, index: int) -> int:
        return draws.duration_us("briefing", self.agents[voice_agent].briefing, index)

    def transfer_to(self, voice_agent: int, draws: Draws, index: int) -> int:
        """The queue this call is handed to; ABSENT when the voice agent finishes it."""
        if voice_agent == ABSENT:
            return ABSENT
        agent = self.agents[voice_agent]
        if agent.transfer_share > 0.0 and draws.uniform("transfer", index) < agent.transfer_share:
            return agent.transfer_to
        return ABSENT
