"""From a scenario to machines, people and trunks that are ready to run: one replication's world.

Everything is numbered in the order of the file; names come back in `Names`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from busyhour.core.agent_queue import AgentQueues
from busyhour.core.agents import Agent, Pool
from busyhour.core.campaign import Campaign
from busyhour.core.ids import ABSENT, SECOND, Instant
from busyhour.core.token_bucket import TokenBucket
from busyhour.core.transfer import FALLBACKS
from busyhour.core.waiting_line import UNLIMITED, Queue
from busyhour.driver import Driver
from busyhour.ports import Trace
from busyhour.results.rows import Names
from simulation.admission import PhoneLimits, SimulatedAdmission
from simulation.agenda import CHANGES, Agenda
from simulation.arrivals import arrivals_of
from simulation.carrier import SimulatedCarrier
from simulation.contact_supply import SimulatedContacts
from simulation.desk import Answering, Roster, SimulatedDesk
from simulation.distributions import constant_of
from simulation.draws import Draws, QueueTimes
from simulation.engine import DelayedPost, Engine
from simulation.faults import Faults
from simulation.flow_assembly import give_flows
from simulation.inbound import InboundSource
from simulation.outbound_assembly import OutboundAssembly
from simulation.recording import SimulatedCallLog
from simulation.scenario import Scenario
from simulation.scenario.contacts import ContactCount
from simulation.scenario.distributions import Constant
from simulation.scenario.filling import MESSAGE
from simulation.scenario.queues import Queue as QueuePlan
from simulation.scenario.queues import Transfer
from simulation.scenario.queues import VoiceAgent as VoiceAgentPlan
from simulation.scenario.trunks import Trunk
from simulation.substreams import Substreams
from simulation.timeline import LAUNCH, PAUSE, RESUME, STOP, CampaignChange, StaffChange, TrunkChange
from simulation.trunks import FaultShares, SimulatedTrunk
from simulation.voice import VoiceAgent, VoiceBank

_TRANSFER_TIMEOUT = 30 * SECOND
_IN_FLIGHT = {"drain": 0, "cancel_unanswered": 1, "hang_up": 2}


@dataclass(frozen=True, slots=True)
class World:
    """One replication, assembled and not yet begun."""

    names: Names
    engine: Engine
    driver: Driver
    carrier: SimulatedCarrier
    log: SimulatedCallLog


def assemble(
    scenario: Scenario, replication: int, sink: Any, trace: Trace | None = None, transcripts: Any = None
) -> World:
    """Build replication number `replication`; packed rows of ended calls go to `sink.add(chunk)`, and what was said in
    conversations that follow a flow to `transcripts.add(call, turns)`, unless that is None.

    Raises ScenarioError when a contact file turns out to be wrong.
    """
    world = Assembly(scenario, replication).world(sink, trace)
    give_flows(scenario, world.carrier, transcripts)
    return world


class Assembly:
    """What `world` is made of; whoever adds to that world later makes it of the same."""

    def __init__(self, scenario: Scenario, replication: int) -> None:
        self.scenario = scenario
        self.substreams = Substreams(scenario.seed, replication)
        self.start: Instant = scenario.clock.start_us
        self.agenda = Agenda()
        self.queue_no = {name: number for number, name in enumerate(scenario.queues)}
        self.pool_no = {name: number for number, name in enumerate(scenario.agents)}
        self.trunk_no = {name: number for number, name in enumerate(scenario.trunks)}
        self.voice_no = {name: number for number, name in enumerate(scenario.voice_agents)}
        self.campaign_no = {name: number for number, name in enumerate(scenario.campaigns)}
        self.queue_times = [queue_times(queue) for queue in scenario.queues.values()]
        self.trunks = [_trunk(trunk, self.start) for trunk in scenario.trunks.values()]
        self.outbound = OutboundAssembly(
            scenario, self.substreams, self.queue_times, self.queue_no, self.trunk_no, self.voice_no
        )

    def world(self, sink: Any, trace: Trace | None) -> World:
        scenario = self.scenario
        queues, sizes = self._queues()
        outbound = self.outbound
        campaigns = [outbound.campaign(number, name) for number, name in enumerate(scenario.campaigns)]
        for number, plan in enumerate(scenario.campaigns.values()):
            if plan.queue is not None:
                queues.watch(number, self.queue_no[plan.queue])
        carrier = SimulatedCarrier(
            self.agenda, self.trunks, outbound.callees, self._voice(), Faults(self.agenda)
        )
        self._watch_sessions(carrier.voice, campaigns, len(queues.agents))
        desk = SimulatedDesk(self.agenda, len(queues.agents))
        names = self._names(sizes)
        desk.answering = self._answering(queues, names.agents)
        admission = SimulatedAdmission(
            self.trunks,
            [self.trunk_no[plan.trunk] for plan in scenario.campaigns.values()],
            [bucket_of(plan.limits.calls_per_second) for plan in scenario.campaigns.values()],
        )
        if any(
            plan.retry.max_per_day is not None and not isinstance(plan.contacts, ContactCount)
            for plan in scenario.campaigns.values()
        ):
            admission.phones = PhoneLimits([campaign.contacts for campaign in campaigns])
        log = SimulatedCallLog(sink)
        post = self._post()
        driver = Driver(
            queues,
            campaigns,
            carrier,
            desk,
            admission,
            SimulatedContacts(outbound.supplies),
            log,
            post,
            trace,
        )
        driver.now = self.start
        carrier.driver = driver
        desk.driver = driver
        if post is not None:
            post.driver = driver
        sources = self._inbound(carrier, admission)
        log.carrier = carrier
        log.desk = desk
        log.sources = sources
        log.wraps_up = [queue.wraps_up for queue in queues.queues]
        self._changes(driver, queues, sizes)
        for source in sources:
            source.open()
        engine = Engine(self.agenda, driver, sources, self._last_launches())
        return World(names, engine, driver, carrier, log)

    def _names(self, sizes: list[int]) -> Names:
        scenario = self.scenario
        pools = list(scenario.agents)
        return Names(
            campaigns=list(scenario.campaigns),
            queues=list(scenario.queues),
            trunks=list(scenario.trunks),
            voice_agents=list(scenario.voice_agents),
            pools=pools,
            agents=[f"{pool}/{n + 1}" for pool, size in zip(pools, sizes, strict=True) for n in range(size)],
            agent_pool=[number for number, size in enumerate(sizes) for _ in range(size)],
            queue_pools=[
                [self.pool_no[pool] for pool in queue.pools or ()] for queue in scenario.queues.values()
            ],
            service_thresholds=[queue.service_level.threshold for queue in scenario.queues.values()],
            contact_labels=self.outbound.labels,
        )

    def _queues(self) -> tuple[AgentQueues, list[int]]:
        """The machine, and how many agents each pool has at most."""
        scenario = self.scenario
        queues = [
            queue_machine(number, queue, [self.pool_no[pool] for pool in queue.pools or ()])
            for number, queue in enumerate(scenario.queues.values())
        ]
        pools: list[Pool] = []
        agents: list[Agent] = []
        sizes: list[int] = []
        for number, (name, pool) in enumerate(scenario.agents.items()):
            pools.append(Pool(number, [self.queue_no[queue] for queue in pool.queues or ()]))
            pools[-1].steps = []
            changes = [entry.set_agents for entry in scenario.timeline if entry.set_agents is not None]
            counts = [change.count for change in changes if change.pool == name]
            # A shift that starts after the timeline has set a number adds to it.
            size = sum(shift.count for shift in pool.staffing) + max(counts, default=0)
            sizes.append(size)
            first = len(agents)
            agents.extend([Agent(first + i, number) for i in range(size)])
            for agent in agents[first:]:
                agent.accepts = pool.answer is not None
        return AgentQueues(queues, pools, agents), sizes

    def _answering(self, queues: AgentQueues, names: Sequence[str]) -> list[Answering | None]:
        answers = [pool.answer for pool in self.scenario.agents.values()]
        answering: list[Answering | None] = []
        for agent in queues.agents:
            answer = answers[agent.pool]
            if answer is None:
                answering.append(None)
                continue
            draws = Draws(self.substreams, "agents/" + names[agent.id], [], None)
            answering.append(Answering(draws, answer.after, answer.decline, answer.no_answer, answer.away))
        return answering

    def _voice(self) -> VoiceBank:
        return VoiceBank([self.voice_agent(agent) for agent in self.scenario.voice_agents.values()], MESSAGE)

    def voice_agent(self, plan: VoiceAgentPlan) -> VoiceAgent:
        share, to = 0.0, ABSENT
        if plan.transfer is not None:
            share, to = plan.transfer.share, self.queue_no[plan.transfer.to]
        capacity = ABSENT if plan.capacity is None else plan.capacity
        agent = VoiceAgent(capacity, plan.talk_time, share, to)
        if plan.transfer is not None and plan.transfer.kind_ == "warm":
            _make_warm(agent, plan.transfer)
        return agent

    def _watch_sessions(self, voice: VoiceBank, campaigns: list[Campaign], first: int) -> None:
        """A voice agent's sessions, all free at first, are to its campaigns what idle agents are to others."""
        voice.open_sessions(first)
        for number, plan in enumerate(self.scenario.campaigns.values()):
            if plan.voice_agent is not None:
                agent = voice.agents[self.voice_no[plan.voice_agent]]
                agent.campaigns.append(number)
                for session in agent.free[::-1]:
                    campaigns[number].pacer.agent_idle(session, self.start)

    def _post(self) -> DelayedPost | None:
        delay = self.scenario.clock.message_delay
        if constant_of(delay) == 0:
            return None
        return DelayedPost(self.agenda, self.substreams.durations("clock", "message_delay", delay))

    def _inbound(self, carrier: SimulatedCarrier, admission: SimulatedAdmission) -> list[InboundSource]:
        sources: list[InboundSource] = []
        end = self.scenario.clock.end_us
        for number, line in enumerate(self.scenario.inbound):
            arrivals = arrivals_of(
                self.substreams, f"inbound/{number}", line, self.start, ABSENT if end is None else end
            )
            queue = self.queue_no[line.queue]
            source = InboundSource(
                number, queue, arrivals, carrier, admission, self.substreams, self.queue_times
            )
            source.trunk = ABSENT if line.trunk is None else self.trunk_no[line.trunk]
            source.priority = line.priority
            source.max_wait = self.scenario.queues[line.queue].max_wait_us
            source.handle_time = line.handle_time
            source.patience = line.patience if line.patience is not None else self.queue_times[queue].patience
            if line.retry is not None:
                source.retry_probability = line.retry.probability
                source.retry_after = line.retry.after
            sources.append(source)
        return sources

    def _last_launches(self) -> list[Instant]:
        last = [self.start + plan.launch_at for plan in self.scenario.campaigns.values()]
        for entry in self.scenario.timeline:
            if entry.launch is not None:
                number = self.campaign_no[entry.launch]
                last[number] = max(last[number], self.start + entry.at)
        return last

    def _changes(self, driver: Driver, queues: AgentQueues, sizes: list[int]) -> None:
        """Shifts, launches, outages and the timeline, onto the agenda; those of one instant in this order."""
        scenario = self.scenario
        agenda = self.agenda
        rosters: dict[str, Roster] = {}
        first = 0
        for (name, pool), size in zip(scenario.agents.items(), sizes, strict=True):
            roster = Roster(queues, first, size)
            rosters[name] = roster
            first += size
            # Ends first: who goes at an instant at which others come makes room for them.
            for shift in pool.staffing:
                if shift.to is not None:
                    agenda.at(self.start + shift.to, CHANGES, StaffChange(driver, roster, 0, -shift.count))
            for shift in pool.staffing:
                agenda.at(self.start + shift.from_, CHANGES, StaffChange(driver, roster, 0, shift.count))
        for name, trunk in scenario.trunks.items():
            change = TrunkChange(self.trunks[self.trunk_no[name]])
            for outage in trunk.faults.outages:
                agenda.at(self.start + outage.from_, CHANGES, change, 1)
                agenda.at(self.start + outage.to, CHANGES, change, 0)
        launched = {entry.launch for entry in scenario.timeline}
        for name, plan in scenario.campaigns.items():
            if name not in launched:
                change_of = CampaignChange(driver, self.campaign_no[name], 0)
                agenda.at(self.start + plan.launch_at, CHANGES, change_of, LAUNCH)
        for entry in scenario.timeline:
            at = self.start + entry.at
            if entry.set_agents is not None:
                roster = rosters[entry.set_agents.pool]
                agenda.at(at, CHANGES, StaffChange(driver, roster, entry.set_agents.count, 0))
            elif entry.trunk_down is not None:
                agenda.at(at, CHANGES, TrunkChange(self.trunks[self.trunk_no[entry.trunk_down]]), 1)
            elif entry.trunk_up is not None:
                agenda.at(at, CHANGES, TrunkChange(self.trunks[self.trunk_no[entry.trunk_up]]), 0)
            else:
                verbs = (
                    (entry.launch, LAUNCH),
                    (entry.pause, PAUSE),
                    (entry.resume, RESUME),
                    (entry.stop, STOP),
                )
                for campaign, stage in verbs:
                    if campaign is not None:
                        in_flight = _IN_FLIGHT[entry.in_flight or "drain"]
                        occurrence = CampaignChange(driver, self.campaign_no[campaign], in_flight)
                        agenda.at(at, CHANGES, occurrence, stage)


def queue_machine(number: int, plan: QueuePlan, pools: list[int]) -> Queue:
    queue = Queue(
        number,
        pools,
        UNLIMITED if plan.waiting_places is None else plan.waiting_places,
        plan.discipline == "priority",
        constant_of(plan.wrap_up) != 0,
    )
    queue.ring_timeout = plan.ring_timeout
    return queue


def queue_times(plan: QueuePlan) -> QueueTimes:
    return QueueTimes(plan.handle_time, plan.wrap_up, plan.patience)


def _make_warm(agent: VoiceAgent, transfer: Transfer) -> None:
    agent.is_warm = True
    agent.briefing = transfer.briefing if transfer.briefing is not None else Constant(value=0)
    agent.transfer_timeout = _TRANSFER_TIMEOUT if transfer.timeout is None else transfer.timeout
    agent.fallback = FALLBACKS.index(transfer.fallback or "none")


def bucket_of(calls_per_second: float | None) -> TokenBucket | None:
    return None if calls_per_second is None else TokenBucket.from_rate(calls_per_second)


def _trunk(trunk: Trunk, begins_at: Instant) -> SimulatedTrunk:
    faults = trunk.faults
    shares = None
    if faults.late or faults.duplicate or faults.reorder or faults.lost or faults.refuse:
        shares = FaultShares(
            faults.late.share if faults.late else 0.0,
            faults.late.by if faults.late else None,
            faults.duplicate,
            faults.reorder,
            faults.lost,
            faults.refuse,
        )
    channels = ABSENT if trunk.channels is None else trunk.channels
    return SimulatedTrunk(
        channels, bucket_of(trunk.calls_per_second), trunk.post_dial_delay, shares, begins_at
    )
