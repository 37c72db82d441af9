"""The closed form's answer for a queue that is plain enough to have one, to stand beside the simulated one.

`why_not` is the list of conditions; what fails none of them is, exactly, one of

- Erlang B: Poisson callers, no waiting. Any talk and wrap-up times, for only their means matter (Sevastyanov,
"An ergodic
  theorem for Markov processes and its application to telephone systems with refusals", 1957).
- Erlang C: Poisson callers who wait for ever, exponential talk, no wrap-up.
- Erlang A: the same with exponential patience.

Callers of one line are of one priority, so both disciplines serve them first come first served.
"""

import math
from typing import Final

from busyhour.core.erlang import ErlangC, erlang_b
from busyhour.core.erlang_a import LONGEST_PATIENCE, ErlangA
from busyhour.core.ids import SECOND
from simulation.scenario import Scenario
from simulation.scenario.distributions import Constant, Distribution, Erlang, Exponential, Gamma, Weibull
from simulation.scenario.inbound import Inbound
from simulation.scenario.queues import Queue
from simulation.scenario.trunks import Faults
from simulation.scenario.values import write_duration

PERCENTILES: Final = {"wait_p50_s": 0.50, "wait_p90_s": 0.90, "wait_p95_s": 0.95, "wait_p99_s": 0.99}

REFERENCES: Final = {
    "Erlang B": "Erlang (1917): Poisson arrivals, no waiting; the same for all talk times of one mean",
    "Erlang C": "Erlang (1917): Poisson arrivals, exponential talk, callers who wait for ever",
    "Erlang A": "Palm (1957): Poisson arrivals, exponential talk, exponential patience",
}


def analytic(scenario: Scenario, queue: str) -> dict[str, str | float] | None:
    """KPIs of the queue in its steady state, or None where `why_not` has a reason.

    `model`, `reference` and `note` are texts; every other key is a KPI of a queue, defined as the simulated
    one of that name. `queue` is a name in `scenario.queues`.
    """
    if why_not(scenario, queue) is not None:
        return None
    definition = scenario.queues[queue]
    source = _sources(scenario, queue)[0]
    threshold_s = definition.service_level.threshold / SECOND
    if _is_loss(definition, source):
        handle_us = _talk_of(source, definition).mean_us() + definition.wrap_up.mean_us()
        load = (source.rate or 0.0) * handle_us / SECOND
        model = "Erlang B"
        kpis = _loss(_agents_of(scenario, definition), load, definition.waiting_places == 0)
    else:
        line = _line(scenario, queue)
        model = "Erlang C" if isinstance(line, ErlangC) else "Erlang A"
        kpis = _endless(line, threshold_s) if isinstance(line, ErlangC) else _impatient(line, threshold_s)
    return {"model": model, "reference": REFERENCES[model], "note": _note(scenario), **kpis}


def wait_curve(scenario: Scenario, queue: str) -> list[tuple[float, float]]:
    """(seconds, share of all calls that wait longer), up to where one in a thousand does.

    Empty where nobody waits, or `why_not` has a reason.
    """
    definition = scenario.queues[queue]
    if why_not(scenario, queue) is not None or _is_loss(definition, _sources(scenario, queue)[0]):
        return []
    line = _line(scenario, queue)
    last = line.wait_percentile_s(0.999)
    return [(t, line.wait_above(t)) for t in (last * step / 100 for step in range(101))] if last else []


def _line(scenario: Scenario, queue: str) -> ErlangC | ErlangA:
    """The model of a queue in which callers wait, once `why_not` has nothing to say."""
    definition = scenario.queues[queue]
    source = _sources(scenario, queue)[0]
    agents, arrivals_per_s = _agents_of(scenario, definition), source.rate or 0.0
    talk_s = _talk_of(source, definition).mean_us() / SECOND
    if source.patience is None:
        return ErlangC(agents, arrivals_per_s, talk_s)
    return ErlangA(agents, arrivals_per_s, talk_s, source.patience.mean_us() / SECOND)


def _loss(agents: int, load: float, refused: bool) -> dict[str, float]:
    lost = erlang_b(agents, load)
    return {
        "blocking_rate" if refused else "abandonment_rate": lost,
        "service_level": 1 - lost,
        "occupancy": load * (1 - lost) / agents,
    }


def _endless(queue: ErlangC, threshold_s: float) -> dict[str, float]:
    return {
        "wait_probability": queue.wait_probability,
        "service_level": queue.service_level(threshold_s),
        "asa_s": queue.wait_mean_s,
        "wait_mean_s": queue.wait_mean_s,
        **{name: queue.wait_percentile_s(share) for name, share in PERCENTILES.items()},
        "queue_length_mean": queue.queue_length_mean,
        "occupancy": queue.occupancy,
    }


def _impatient(queue: ErlangA, threshold_s: float) -> dict[str, float]:
    return {
        "abandonment_rate": queue.abandonment,
        "wait_probability": queue.wait_probability,
        "service_level": queue.service_level(threshold_s),
        "asa_s": queue.asa_s,
        "wait_mean_s": queue.wait_mean_s,
        **{name: queue.wait_percentile_s(share) for name, share in PERCENTILES.items()},
        "queue_length_mean": queue.queue_length_mean,
        "occupancy": queue.occupancy,
    }


def _note(scenario: Scenario) -> str:
    warmup = scenario.clock.warmup
    counted = f"counts from {write_duration(warmup)} on" if warmup else "counts from its first call on"
    return f"The closed form is the steady state; the run begins with an empty queue and {counted}."


def why_not(scenario: Scenario, queue: str) -> str | None:
    """The first reason for which no closed form holds for the queue, as a sentence; None where one does."""
    definition = scenario.queues[queue]
    sources = _sources(scenario, queue)
    if len(sources) != 1:
        return (
            f"{len(sources)} inbound lines call it, and a closed form knows one."
            if sources
            else "Nobody calls it."
        )
    source = sources[0]
    return (
        _why_not_arrivals(scenario, source)
        or _why_not_only(scenario, queue)
        or _why_not_staff(scenario, queue, definition)
        or _why_not_service(scenario, source, definition)
        or _why_not_stable(scenario, source, definition)
    )


def _why_not_arrivals(scenario: Scenario, source: Inbound) -> str | None:
    if source.rate is None:
        return "Its arrival rate changes over time."
    if source.rate == 0:
        return "Nobody calls it."
    if source.process != "poisson":
        return "Its callers come evenly spaced, not at random."
    if source.busyness is not None:
        return "Its arrival rate is drawn anew in each replication."
    if source.retry is not None and source.retry.probability > 0:
        return "Callers who got nobody call again."
    if source.trunk is not None:
        trunk = scenario.trunks[source.trunk]
        if trunk.channels is not None or trunk.calls_per_second is not None:
            return "Its calls come over a trunk with a limit."
        if trunk.faults != Faults():
            return "Its calls come over a trunk with faults."
        if any(source.trunk in (entry.trunk_down, entry.trunk_up) for entry in scenario.timeline):
            return "The timeline takes its trunk down or up."
    return None


def _why_not_only(scenario: Scenario, queue: str) -> str | None:
    for name, campaign in scenario.campaigns.items():
        if campaign.queue == queue:
            return f"The campaign {name} brings it calls too."
    for name, voice_agent in scenario.voice_agents.items():
        if voice_agent.transfer is not None and voice_agent.transfer.to == queue:
            return f"The voice agent {name} transfers calls to it."
    return None


def _why_not_staff(scenario: Scenario, queue: str, definition: Queue) -> str | None:
    serving = {name for name, pool in scenario.agents.items() if queue in (pool.queues or ())}
    serving.update(definition.pools or ())
    if len(serving) != 1:
        return (
            f"{len(serving)} pools serve it, and a closed form knows one." if serving else "Nobody serves it."
        )
    (name,) = serving
    pool = scenario.agents[name]
    if definition.pools != (name,) or pool.queues != (queue,):
        return f"The pool {name} serves other queues too."
    if pool.answer is not None:
        return f"The agents of the pool {name} are rung and have to accept."
    horizon = scenario.clock.horizon
    if len(pool.staffing) != 1 or pool.staffing[0].from_ > 0:
        return f"The pool {name} works in shifts."
    if pool.staffing[0].to is not None and (horizon is None or pool.staffing[0].to < horizon):
        return f"The pool {name} works in shifts."
    if pool.staffing[0].count == 0:
        return "Nobody serves it."
    if any(entry.set_agents is not None and entry.set_agents.pool == name for entry in scenario.timeline):
        return f"The timeline changes the number of agents in the pool {name}."
    return None


def _why_not_service(scenario: Scenario, source: Inbound, definition: Queue) -> str | None:
    if not _is_zero(scenario.clock.message_delay):
        return "Messages take time (clock.message_delay)."
    if _is_loss(definition, source):
        return None
    if definition.waiting_places is not None:
        return "Its waiting places are bounded."
    if definition.max_wait is not None:
        return "Callers are sent away after max_wait."
    if source.patience is not None and not _is_exponential(source.patience):
        return f"Patience is {source.patience.kind}, not exponential."
    if not _is_exponential(_talk_of(source, definition)):
        return f"Talk times are {_talk_of(source, definition).kind}, not exponential."
    if not _is_zero(definition.wrap_up):
        return "Talk and wrap-up together are not exponential."
    return None


def _why_not_stable(scenario: Scenario, source: Inbound, definition: Queue) -> str | None:
    if _is_loss(definition, source):
        return None
    agents = _agents_of(scenario, definition)
    arrivals_per_s = source.rate or 0.0
    load = arrivals_per_s * _talk_of(source, definition).mean_us() / SECOND
    if source.patience is None:
        if load >= agents:
            return f"{load:.6g} erlangs are too many for {agents} agents; the queue grows without end."
    elif arrivals_per_s * (source.patience.mean_us() / SECOND) > LONGEST_PATIENCE:
        return "Patience is too long for Palm's series."
    return None


def _sources(scenario: Scenario, queue: str) -> list[Inbound]:
    return [line for line in scenario.inbound if line.queue == queue]


def _talk_of(source: Inbound, definition: Queue) -> Distribution:
    return source.handle_time or definition.handle_time


def _agents_of(scenario: Scenario, definition: Queue) -> int:
    """Of the first pool, which is the only one once `_why_not_staff` has nothing to say."""
    pool = next(iter(definition.pools or ()))
    return scenario.agents[pool].staffing[0].count


def _is_loss(definition: Queue, source: Inbound) -> bool:
    """Whoever finds all agents busy is lost at once: refused, or gone without waiting."""
    return definition.waiting_places == 0 or (source.patience is not None and _is_zero(source.patience))


def _is_zero(distribution: Distribution) -> bool:
    return isinstance(distribution, Constant) and distribution.value == 0


def _is_exponential(distribution: Distribution) -> bool:
    """Under whichever name: the families that hold it are known by their shape."""
    match distribution:
        case Exponential():
            return True
        case Erlang():
            return distribution.k == 1
        case Gamma() | Weibull():
            return math.isclose(distribution.shape, 1.0, rel_tol=1e-12)
        case _:
            return False
