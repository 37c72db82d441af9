"""A world that grew entry by entry behaves as one that was assembled whole."""

from collections.abc import Callable

from busyhour.core.events import AGENT_JOINED, CAMPAIGN_LAUNCHED, AgentEvent, CampaignEvent
from busyhour.core.ids import MINUTE
from simulation.assembly import Assembly, World
from simulation.growth import Growth, bare_scenario
from simulation.scenario import Scenario, loads
from simulation.tracing import TraceLines

WHOLE = """
clock: {start: "1971-01-01T00:00:00Z", horizon: 1h}
trunks: {main: {channels: 9, calls_per_second: 2}}
callees: {people: {outcomes: {human: 50%, machine: 20%, no_answer: 30%}}}
queues:
  sales: {handle_time: 40s, wrap_up: 5s, agents: 3}
  care: {handle_time: 50s, patience: 20s, discipline: priority, pools: [both]}
agents:
  both: {count: 2, queues: [care]}
voice_agents: {ida: {talk_time: 20s, transfer: {share: 40%, to: care}}}
campaigns:
  retail: {contacts: {count: 80}, queue: sales, pacing: {mode: power}, limits: {calls_per_second: 1}}
  alerts: {contacts: {count: 90}, pacing: {mode: agentless}, handle_time: 10s}
  survey: {contacts: {count: 70}, voice_agent: ida}
"""


class Nowhere:
    """Where rows go."""

    def add(self, chunk: bytes) -> None:
        """Nobody looks at them."""


def told_to_work(world: World, trace: TraceLines) -> list[str]:
    """What happens when everybody comes at the beginning, and every campaign is launched."""
    world.engine.agenda.clear()
    driver = world.driver
    for agent in driver.queues.agents:
        driver.deliver(AgentEvent(AGENT_JOINED, agent.id))
    for campaign in driver.campaigns:
        driver.deliver(CampaignEvent(CAMPAIGN_LAUNCHED, campaign.id))
    run_until(world, driver.now + 10 * MINUTE)
    return trace.lines


def run_until(world: World, end: int) -> None:
    driver, agenda = world.driver, world.engine.agenda
    while True:
        due = [at for at in (campaign.deadline() for campaign in driver.campaigns) if at >= driver.now]
        at = agenda.next_at()
        if due and (at < 0 or min(due) < at):
            driver.now = at = min(due)
            for campaign in driver.campaigns:
                if campaign.deadline() == at:
                    driver.campaign_deadline(campaign)
        elif 0 <= at < end:
            agenda.turn(driver, at + 1, 1, None)
        else:
            return


def assembled(scenario: Scenario, grow: Callable[[Growth, World], None] | None = None) -> list[str]:
    assembly = Assembly(scenario, 0)
    trace = TraceLines(scenario.clock.start_us)
    world = assembly.world(Nowhere(), trace.saw)
    if grow is not None:
        grow(Growth(assembly, world), world)
    trace.names = Assembly(loads(WHOLE), 0).world(Nowhere(), None).names
    return told_to_work(world, trace)


def test_a_world_that_grew_from_nothing_lives_as_one_that_was_assembled_whole() -> None:
    whole = loads(WHOLE)

    def grow(growth: Growth, world: World) -> None:
        for name in whole.queues:
            growth.add_queue(name, whole.queues[name])
        for pool in whole.agents.values():
            for _ in range(pool.count or 0):
                growth.add_agent([list(whole.queues).index(name) for name in pool.queues or ()])
        growth.add_voice_agent("ida", whole.voice_agents["ida"])
        for number, (name, plan) in enumerate(whole.campaigns.items()):
            growth.add_campaign(name, plan)
            if plan.queue is not None:
                world.driver.queues.watch(number, list(whole.queues).index(plan.queue))

    lines = assembled(whole)
    assert len(lines) > 1_000
    assert assembled(bare_scenario(dict(whole.trunks), dict(whole.callees)), grow) == lines


def test_a_call_talks_in_a_queue_that_was_added_after_its_campaign_had_called() -> None:
    whole = loads(WHOLE)
    assembly = Assembly(bare_scenario(dict(whole.trunks), dict(whole.callees)), 0)
    world = assembly.world(Nowhere(), None)
    growth = Growth(assembly, world)
    growth.add_campaign("alerts", whole.campaigns["alerts"])
    draws = world.carrier.callees[0].draws(1)
    growth.add_queue("sales", whole.queues["sales"])
    assert draws.talk[0].at(5) == world.carrier.callees[0].draws(2).talk[0].at(5) == 10_000_000


def test_agents_of_the_same_queues_are_one_pool_and_others_another() -> None:
    whole = loads(WHOLE)
    assembly = Assembly(bare_scenario(dict(whole.trunks), dict(whole.callees)), 0)
    world = assembly.world(Nowhere(), None)
    growth = Growth(assembly, world)
    growth.add_queue("sales", whole.queues["sales"])
    growth.add_queue("care", whole.queues["care"])
    for queues in ([0], [0, 1], [0], [1]):
        growth.add_agent(queues)
    machine = world.driver.queues
    assert [agent.pool for agent in machine.agents] == [0, 1, 0, 2]
    assert [queue.pools for queue in machine.queues] == [[0, 1], [1, 2]]
