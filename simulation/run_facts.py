"""What a summary and a report need to know of a scenario, in the plain form that `busyhour.results` takes."""

from importlib.metadata import PackageNotFoundError, version

from busyhour.interpreted import runtime
from busyhour.results.rows import Names
from busyhour.results.run_facts import ClosedForm, RunFacts
from busyhour.results.window import Window
from simulation.analytic import analytic, wait_curve
from simulation.scenario import Scenario
from simulation.scenario.trunks import Faults
from simulation.scenario.writing import to_yaml


def facts_of(scenario: Scenario, wall_s: float = 0.0, workers: int = 1) -> RunFacts:
    """`wall_s`: how long the user has waited; `workers`: replications that ran side by side."""
    clock = scenario.clock
    return RunFacts(
        scenario=scenario.name,
        seed=scenario.seed,
        replications=scenario.replications,
        names=names_of(scenario),
        window=Window(clock.start_us, clock.end_us, clock.warmup),
        wall_s=wall_s,
        description=scenario.description,
        resolved=to_yaml(scenario),
        expectations=scenario.expect,
        analytic=closed_forms(scenario),
        wait_curves={name: wait_curve(scenario, name) for name in scenario.queues},
        abandonment_caps={
            name: campaign.pacing.abandonment_cap
            for name, campaign in scenario.campaigns.items()
            if campaign.pacing.mode == "predictive"
        },
        channel_limits={
            name: trunk.channels for name, trunk in scenario.trunks.items() if trunk.channels is not None
        },
        service_targets={name: queue.service_level.target for name, queue in scenario.queues.items()},
        steady_state=is_steady(scenario),
        time_zone=clock.start.isoformat()[-6:],
        version=own_version(),
        runtime=runtime(),
        workers=workers,
    )


def names_of(scenario: Scenario) -> Names:
    """The names in the order of the file. Those of single agents and contacts are left out: only rows need them."""
    pools = list(scenario.agents)
    return Names(
        campaigns=tuple(scenario.campaigns),
        queues=tuple(scenario.queues),
        trunks=tuple(scenario.trunks),
        voice_agents=tuple(scenario.voice_agents),
        pools=tuple(pools),
        queue_pools=[[pools.index(name) for name in queue.pools or ()] for queue in scenario.queues.values()],
        service_thresholds=[queue.service_level.threshold for queue in scenario.queues.values()],
    )


def closed_forms(scenario: Scenario) -> dict[str, ClosedForm]:
    found = {name: analytic(scenario, name) for name in scenario.queues}
    return {name: kpis for name, kpis in found.items() if kpis is not None}


def is_steady(scenario: Scenario) -> bool:
    """Whether rates, staff and rules are the same throughout, so that the run stands for the long run.

    A campaign works its list off and is never steady.
    """
    if scenario.campaigns or scenario.timeline or scenario.clock.horizon is None:
        return False
    if any(line.rate is None or line.busyness is not None for line in scenario.inbound):
        return False
    if any(trunk.faults != Faults() for trunk in scenario.trunks.values()):
        return False
    horizon = scenario.clock.horizon
    return all(
        shift.from_ == 0 and (shift.to is None or shift.to >= horizon)
        for pool in scenario.agents.values()
        for shift in pool.staffing
    )


def own_version() -> str:
    """Empty where Busyhour runs from a folder without being installed."""
    try:
        return version("busyhour")
    except PackageNotFoundError:
        return ""
