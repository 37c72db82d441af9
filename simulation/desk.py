"""Simulated human agents: who is on shift when, and how long each call is written up."""

from typing import final

from busyhour.core.agent_queue import OFFLINE, AgentQueues
from busyhour.core.events import AGENT_JOINED, AGENT_LEAVING, AGENT_READY, AgentEvent
from busyhour.core.ids import ABSENT, Instant
from busyhour.driver import Driver
from busyhour.ports import Desk
from simulation.agenda import ENDINGS, Agenda, Occurrence


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

    __slots__ = ("_at_desk", "agenda", "driver", "wrap_up_us", "writing_up")

    driver: Driver

    def __init__(self, agenda: Agenda, agents: int) -> None:
        self.agenda: Agenda = agenda
        self.wrap_up_us: list[int] = [0] * agents
        """By agent: the wrap-up of the call just closed."""
        self.writing_up: list[int] = [ABSENT] * agents
        """By agent: the call being written up."""
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
            if agent.state != OFFLINE and not agent.leaving:
                count += 1
        return count

    def set(self, count: int, driver: Driver) -> None:
        """Have `count` agents at work: others join, or those in excess leave when their call is done."""
        change = count - self.at_work()
        if change > 0:
            for number in range(self.first, self.first + self.most):
                agent = self.queues.agents[number]
                if change > 0 and (agent.state == OFFLINE or agent.leaving):
                    change -= 1
                    driver.deliver(AgentEvent(AGENT_JOINED, number))
            return
        for number in range(self.first + self.most - 1, self.first - 1, -1):
            agent = self.queues.agents[number]
            if change < 0 and agent.state != OFFLINE and not agent.leaving:
                change += 1
                driver.deliver(AgentEvent(AGENT_LEAVING, number))
