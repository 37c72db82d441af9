"""Simulated human agents: who is on shift when, who answers the phone, and how long each call is written up."""

from typing import Any, Final, final

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import OFFLINE, ON_PAUSE, RINGING, Agent
from busyhour.core.events import (
    AGENT_ACCEPTED,
    AGENT_DECLINED,
    AGENT_JOINED,
    AGENT_LEAVING,
    AGENT_READY,
    AGENT_RESUMED,
    AGENT_RINGING,
    AgentEvent,
)
from busyhour.core.ids import ABSENT, SECOND, Instant
from busyhour.driver import Driver
from busyhour.ports import Desk
from simulation.agenda import DEADLINES, ENDINGS, Agenda, Occurrence
from simulation.draws import Draws

SOONEST_DECLINE: Final = SECOND
"""Nobody looks at who is calling and declines in less; so that an agent who declines every call takes his time."""

# Stages of a phone.
ACCEPTS: Final = 0
DECLINES: Final = 1
RINGS_OUT: Final = 2
IS_BACK: Final = 3


@final
class Answering:
    """How one agent answers the phone, drawn anew each time it rings; the distributions are opaque."""

    __slots__ = ("after", "away", "decline_share", "draws", "no_answer_share")

    def __init__(
        self, draws: Draws, after: Any, decline_share: float, no_answer_share: float, away: Any
    ) -> None:
        self.draws: Draws = draws
        self.after: Any = after
        self.decline_share: float = decline_share
        self.no_answer_share: float = no_answer_share
        self.away: Any = away
        """From the last ring of a call that nobody answered to the agent's return."""

    def after_us(self, ring: int) -> int:
        """How long the agent lets it ring; ABSENT: does not answer."""
        if self.draws.uniform("no_answer", ring) < self.no_answer_share:
            return ABSENT
        return self.draws.duration_us("answer_after", self.after, ring)

    def declines(self, ring: int) -> bool:
        return self.draws.uniform("decline", ring) < self.decline_share

    def away_us(self, ring: int) -> int:
        return self.draws.duration_us("away", self.away, ring)


@final
class Phone(Occurrence):
    """What an agent does about ring number `ring`. It matters only while that is the latest one."""

    __slots__ = ("agent", "desk", "ring")

    def __init__(self, desk: "SimulatedDesk", agent: Agent, ring: int) -> None:
        self.desk: SimulatedDesk = desk
        self.agent: Agent = agent
        self.ring: int = ring

    def happen(self, stage: int, now: Instant) -> None:
        agent = self.agent
        if agent.rings != self.ring:
            return
        driver = self.desk.driver
        if stage == IS_BACK:
            if agent.state == ON_PAUSE:
                driver.deliver(AgentEvent(AGENT_RESUMED, agent.id))
        elif agent.state == RINGING:
            if stage == RINGS_OUT:
                driver.queue_deadline()
            else:
                kind = AGENT_ACCEPTED if stage == ACCEPTS else AGENT_DECLINED
                driver.deliver(AgentEvent(kind, agent.id, agent.call))


@final
class AgentAtDesk(Occurrence):
    """An agent who is writing up a call."""

    __slots__ = ("agent", "desk")

    def __init__(self, desk: "SimulatedDesk", agent: int) -> None:
        self.desk: SimulatedDesk = desk
        self.agent: int = agent

    def happen(self, stage: int, now: Instant) -> None:
        self.desk.driver.deliver(AgentEvent(AGENT_READY, self.agent, self.desk.writing_up[self.agent]))


@final
class SimulatedDesk(Desk):
    """The people. A call's wrap-up is settled when the call is closed, and spent when the agent is released."""

    __slots__ = ("_at_desk", "agenda", "answering", "driver", "wrap_up_us", "writing_up")

    driver: Driver

    def __init__(self, agenda: Agenda, agents: int) -> None:
        self.agenda: Agenda = agenda
        self.wrap_up_us: list[int] = [0] * agents
        """By agent: the wrap-up of the call just closed."""
        self.writing_up: list[int] = [ABSENT] * agents
        """By agent: the call being written up."""
        self.answering: list[Answering | None] = [None] * agents
        """By agent: how the phone is answered; None for those who are put through at once."""
        self._at_desk: list[AgentAtDesk] = [AgentAtDesk(self, agent) for agent in range(agents)]

    def add_agent(self) -> None:
        self._at_desk.append(AgentAtDesk(self, len(self._at_desk)))
        self.wrap_up_us.append(0)
        self.writing_up.append(ABSENT)

    def begin_wrap_up(self, agent: int, call: int, now: Instant) -> None:
        self.writing_up[agent] = call
        wrap_up_us = self.wrap_up_us[agent]
        if wrap_up_us == 0:
            self.driver.enqueue(AgentEvent(AGENT_READY, agent, call))
        else:
            self.agenda.at(now + wrap_up_us, ENDINGS, self._at_desk[agent])

    def ring_agent(self, agent: int, call: int, number: int, now: Instant) -> None:
        self.driver.enqueue(AgentEvent(AGENT_RINGING, agent, call))
        self._let_ring(self.driver.queues.agents[agent], now)

    def stop_ringing(self, agent: int, call: int, now: Instant) -> None:
        """Whoever is on the way to the phone finds that it is silent."""

    def resume(self) -> None:
        """After a replay: phones that rang ring on, and who was away comes back."""
        for agent in self.driver.queues.agents:
            if agent.state == RINGING:
                self._let_ring(agent, agent.since)
            elif agent.state == ON_PAUSE:
                self._expect_back(agent, agent.since)

    def _let_ring(self, agent: Agent, rung_at: Instant) -> None:
        """The agent's latest ring began at `rung_at`: settle what comes of it."""
        answering = self.answering[agent.id]
        if answering is None:
            return
        phone = Phone(self, agent, agent.rings)
        ring_timeout = self.driver.queues.queues[agent.queue].ring_timeout
        after_us = answering.after_us(agent.rings)
        stage = DECLINES if answering.declines(agent.rings) else ACCEPTS
        if stage == DECLINES and after_us != ABSENT and after_us < SOONEST_DECLINE:
            after_us = SOONEST_DECLINE
        if after_us == ABSENT or after_us > ring_timeout:
            self.agenda.at(rung_at + ring_timeout, DEADLINES, phone, RINGS_OUT)
            self._expect_back(agent, rung_at + ring_timeout)
        else:
            self.agenda.at(rung_at + after_us, ENDINGS, phone, stage)

    def _expect_back(self, agent: Agent, gone_at: Instant) -> None:
        answering = self.answering[agent.id]
        if answering is not None:
            back_at = gone_at + answering.away_us(agent.rings)
            self.agenda.at(back_at, ENDINGS, Phone(self, agent, agent.rings), IS_BACK)


@final
class Roster:
    """Who of a pool is at work. Agents are `first` to `first + most - 1`; the lowest numbers come first and go last."""

    __slots__ = ("first", "most", "queues")

    def __init__(self, queues: AgentQueues, first: int, most: int) -> None:
        self.queues: AgentQueues = queues
        self.first: int = first
        self.most: int = most

    def at_work(self) -> int:
        """Agents who are staffed and not about to leave."""
        count = 0
        for number in range(self.first, self.first + self.most):
            agent = self.queues.agents[number]
            if agent.state != OFFLINE and agent.after_call != OFFLINE:
                count += 1
        return count

    def set(self, count: int, driver: Driver) -> None:
        """Have `count` agents at work: others join, or those in excess leave when their call is done."""
        change = count - self.at_work()
        if change > 0:
            for number in range(self.first, self.first + self.most):
                agent = self.queues.agents[number]
                if change > 0 and (agent.state == OFFLINE or agent.after_call == OFFLINE):
                    change -= 1
                    driver.deliver(AgentEvent(AGENT_JOINED, number))
            return
        for number in range(self.first + self.most - 1, self.first - 1, -1):
            agent = self.queues.agents[number]
            if change < 0 and agent.state != OFFLINE and agent.after_call != OFFLINE:
                change += 1
                driver.deliver(AgentEvent(AGENT_LEAVING, number))
