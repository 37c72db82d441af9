"""Any scenario, written out and loaded again, is the same scenario, and editors accept what is written."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from busyhour.core.ids import DAY, HOUR
from simulation.scenario import Scenario, inputs_digest, loads, to_yaml
from simulation.scenario.callees import Callees, Detection, Outcomes, RingTime
from simulation.scenario.campaigns import (
    DAYS,
    CallingHours,
    Campaign,
    Limits,
    MachineDetection,
    Pacing,
    Retry,
    RetryRule,
)
from simulation.scenario.clock import Clock
from simulation.scenario.contacts import DETAILS, Behaviour, Contact, ContactCount
from simulation.scenario.distributions import (
    Constant,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Lognormal,
    Mixture,
    MixturePart,
    Normal,
    Shifted,
    Triangular,
    Uniform,
    Weibull,
)
from simulation.scenario.expectations import Expectation
from simulation.scenario.inbound import CallerRetry, Inbound, RateFrom, Sinusoid
from simulation.scenario.json_schema import json_schema
from simulation.scenario.kpis import KPIS
from simulation.scenario.queues import Answer, Pool, Queue, ServiceLevel, Shift, Transfer, VoiceAgent
from simulation.scenario.reading import read_tree
from simulation.scenario.timeline import SetAgents, TimelineEntry
from simulation.scenario.trunks import Faults, Late, Outage, Trunk

VALIDATOR = Draft202012Validator(json_schema())

shares = st.floats(0, 1)
times = st.integers(0, 10 * DAY)
some_time = st.integers(1, 10 * DAY)
parameters = st.floats(0, 1e12)
positive = st.floats(1e-6, 1e12)
shapes = st.floats(0.05, 100)
rates = st.floats(0, 1e5)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True)
text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


def three(values: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=3, max_size=3).map(sorted)


simple = st.one_of(
    st.builds(Constant, value=parameters),
    st.builds(Exponential, mean=positive),
    st.builds(Lognormal, mean=positive, sd=parameters),
    st.builds(Gamma, shape=shapes, scale=positive),
    st.builds(Weibull, shape=shapes, scale=positive),
    st.builds(Erlang, k=st.integers(1, 1000), mean=positive),
    three(parameters).map(lambda v: Uniform(low=v[0], high=v[2])),
    three(parameters).map(lambda v: Triangular(low=v[0], mode=v[1], high=v[2])),
    st.builds(Normal, mean=parameters, sd=parameters),
    st.lists(st.tuples(parameters, positive), min_size=1, max_size=4).map(
        lambda pairs: Empirical(values=tuple(v for v, _ in pairs), weights=tuple(w for _, w in pairs))
    ),
    st.lists(parameters, min_size=1, max_size=4).map(lambda values: Empirical(values=tuple(values))),
)
distributions: st.SearchStrategy[Distribution] = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(Shifted, by=parameters, of=inner),
        st.lists(st.builds(MixturePart, weight=positive, of=inner), min_size=1, max_size=3).map(
            lambda parts: Mixture(parts=tuple(parts))
        ),
    ),
    max_leaves=4,
)
or_infinite = st.none() | distributions
not_at_once = distributions.filter(lambda drawn: drawn != Constant(value=0))


def parted(count: int) -> st.SearchStrategy[list[float]]:
    """Shares that sum to 1."""
    return st.lists(st.integers(0, 50), min_size=count, max_size=count).map(
        lambda parts: [(part + 1) / (sum(parts) + count) for part in parts]
    )


outcomes = parted(6).map(
    lambda p: Outcomes(human=p[0], machine=p[1], no_answer=p[2], busy=p[3], invalid=p[4], failed=p[5])
)
starts = st.integers(0, 126 * 365 * DAY).map(
    lambda us: datetime(1972, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
spans = st.tuples(times, some_time)


@st.composite
def contacts(draw: st.DrawFn) -> Any:
    if draw(st.booleans()):
        zones = draw(st.lists(st.sampled_from(["UTC", "Europe/Paris", "Mars/Olympus"]), unique=True))
        parts = draw(parted(len(zones))) if zones else []
        return ContactCount(count=draw(st.integers(1, 10**6)), timezones=dict(zip(zones, parts, strict=True)))
    return tuple(draw(st.lists(contact(), max_size=3)))


@st.composite
def behaviour(draw: st.DrawFn) -> Behaviour:
    outcome = draw(st.sampled_from(sorted(DETAILS)))
    details: dict[str, Any] = {
        name: draw(st.sampled_from(["human", "machine"]) if name == "amd" else times)
        for name in DETAILS[outcome]
        if draw(st.booleans())
    }
    return Behaviour.model_validate({"outcome": outcome, **details})


def contact() -> st.SearchStrategy[Contact]:
    return st.builds(
        Contact,
        phone=st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
        external_id=st.none() | text,
        name=st.none() | text,
        timezone=st.none() | text,
        priority=st.integers(0, 9),
        behaviour=st.lists(behaviour(), max_size=3).map(tuple),
    )


def trunk() -> st.SearchStrategy[Trunk]:
    outages = st.lists(spans.map(lambda s: Outage(**{"from": s[0]}, to=s[0] + s[1])), max_size=2).map(tuple)
    faults = st.builds(
        Faults,
        late=st.none() | st.builds(Late, share=shares, by=distributions),
        duplicate=shares,
        reorder=shares,
        lost=shares,
        refuse=shares,
        outages=outages,
    )
    return st.builds(
        Trunk,
        channels=st.none() | st.integers(1, 1000),
        calls_per_second=st.none() | st.floats(1e-3, 1e3),
        post_dial_delay=distributions,
        faults=faults,
    )


def callees() -> st.SearchStrategy[Callees]:
    return st.builds(
        Callees,
        outcomes=outcomes,
        by_hour=st.dictionaries(st.integers(0, 23), outcomes, max_size=2),
        ring_time=st.builds(RingTime, human=distributions, no_answer=or_infinite, busy=distributions),
        patience=or_infinite,
        amd=st.builds(
            Detection, machine_as_human=shares, human_as_machine=shares, decision_time=distributions
        ),
    )


def queue(agents: int | None) -> st.SearchStrategy[Queue]:
    return st.builds(
        Queue,
        agents=st.just(agents),
        handle_time=distributions,
        wrap_up=distributions,
        patience=or_infinite,
        waiting_places=st.none() | st.integers(0, 100),
        ring_timeout=times,
        max_wait=st.none() | times,
        discipline=st.sampled_from(["fifo", "priority"]),
        service_level=st.builds(ServiceLevel, threshold=times, target=shares),
    )


answers = st.none() | st.builds(
    Answer, after=distributions, decline=shares, no_answer=shares, away=distributions
)


def transfers(queues: list[str]) -> st.SearchStrategy[Transfer]:
    to = st.sampled_from(queues)
    warm = st.builds(
        Transfer,
        share=shares,
        to=to,
        kind_=st.just("warm"),
        briefing=st.none() | distributions,
        timeout=st.none() | times,
        fallback=st.sampled_from([None, "none", "async_handoff"]),
    )
    return st.builds(Transfer, share=shares, to=to) | warm


@st.composite
def inbound(draw: st.DrawFn, queues: list[str], trunks: list[str]) -> Inbound:
    given_rate: dict[str, Any] = draw(
        st.one_of(
            rates.map(lambda rate: {"rate": rate}),
            st.lists(st.tuples(times, rates), min_size=1, max_size=3, unique_by=lambda step: step[0]).map(
                lambda steps: {"profile": tuple(RateFrom(**{"from": at}, rate=r) for at, r in sorted(steps))}
            ),
            st.tuples(rates, shares, some_time).map(
                lambda s: {"sinusoid": Sinusoid(mean=s[0], amplitude=s[0] * s[1], period=s[2])}
            ),
        )
    )
    return Inbound(
        **given_rate,
        queue=draw(st.sampled_from(queues)),
        process=draw(st.sampled_from(["poisson", "deterministic"])),
        patience=draw(or_infinite),
        priority=draw(st.integers(0, 9)),
        handle_time=draw(or_infinite),
        trunk=draw(st.none() | st.sampled_from(trunks)) if trunks else None,
        busyness=draw(st.none() | simple),
        retry=draw(st.none() | st.builds(CallerRetry, probability=shares, after=not_at_once)),
    )


@st.composite
def campaign(draw: st.DrawFn, scenario: dict[str, Any]) -> Campaign:
    voice = draw(st.booleans()) if scenario["voice_agents"] else False
    start, end = draw(st.lists(st.integers(0, 23), min_size=2, max_size=2, unique=True))
    hours = CallingHours(
        start=start * HOUR,
        end=end * HOUR,
        days=tuple(draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))),
        timezone=draw(st.sampled_from(["recipient", "Europe/Paris"])),
    )
    outcomes_tried = draw(st.lists(st.sampled_from(["busy", "machine", "blocked", "invalid"]), unique=True))
    rules = tuple(RetryRule.model_validate({"outcome": o, "after": draw(times)}) for o in outcomes_tried)
    return Campaign(
        contacts=draw(contacts()),
        callees=draw(st.sampled_from(list(scenario["callees"]))) if scenario["callees"] else "",
        trunk=draw(st.sampled_from(list(scenario["trunks"]))) if scenario["trunks"] else "",
        queue=None if voice else draw(st.sampled_from(list(scenario["queues"]))),
        voice_agent=draw(st.sampled_from(list(scenario["voice_agents"]))) if voice else None,
        pacing=draw(
            st.builds(
                Pacing,
                mode=st.sampled_from(["agentless", "preview", "progressive", "power", "predictive"]),
                lines_per_agent=st.floats(0.1, 100),
                max_lines_per_agent=st.floats(0.1, 100),
                abandonment_cap=shares,
                preview_time=times,
                reserve_agents=st.integers(0, 9),
            )
        ),
        limits=draw(st.builds(Limits, max_concurrency=st.none() | st.integers(1, 99))),
        dial_timeout=draw(some_time),
        calling_hours=draw(st.none() | st.just(hours)),
        retry=Retry(
            max_attempts=draw(st.integers(1, 1000)),
            max_per_day=draw(st.none() | st.integers(1, 9)),
            rules=rules,
        ),
        amd=draw(st.builds(MachineDetection, enabled=st.booleans(), message_time=distributions)),
        handle_time=draw(or_infinite),
        priority=draw(st.integers(0, 9)),
        launch_at=draw(st.integers(0, 10 * DAY)),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    queue_names = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    short = [draw(st.none() | st.integers(0, 99)) for _ in queue_names]
    parts: dict[str, Any] = {
        "queues": {name: draw(queue(agents)) for name, agents in zip(queue_names, short, strict=True)},
        "trunks": draw(st.dictionaries(names, trunk(), max_size=2)),
        "callees": draw(st.dictionaries(names, callees(), max_size=2)),
    }
    shift = spans.map(lambda s: Shift(count=3, **{"from": s[0]}, to=s[0] + s[1]))
    parts["agents"] = {
        name: Pool(count=draw(st.integers(0, 99)), queues=(name,), answer=draw(answers))
        if draw(st.booleans())
        else Pool(shifts=tuple(draw(st.lists(shift, min_size=1, max_size=3))))
        for name, agents in zip(queue_names, short, strict=True)
        if agents is None
    }
    voice = st.builds(
        VoiceAgent,
        capacity=st.none() | st.integers(1, 99),
        talk_time=distributions,
        transfer=st.none() | transfers(queue_names),
    )
    parts["voice_agents"] = draw(st.dictionaries(names, voice, max_size=1))
    lines = st.lists(inbound(queue_names, list(parts["trunks"])), min_size=1, max_size=2)
    parts["campaigns"] = draw(st.dictionaries(names, campaign(parts), max_size=2))
    pools = [
        *parts["agents"],
        *(n for n, agents in zip(queue_names, short, strict=True) if agents is not None),
    ]
    set_agents = st.builds(SetAgents, pool=st.sampled_from(pools), count=st.integers(0, 99))
    entry = st.builds(TimelineEntry, at=st.integers(0, 20 * DAY), set_agents=set_agents)
    expectation = st.tuples(
        st.sampled_from(queue_names),
        st.sampled_from(KPIS["queues"]),
        st.sampled_from(["<=", ">=", "==", "!=", "<", ">"]),
        st.integers(-9, 9),
    ).map(lambda e: Expectation.model_validate(f"queues.{e[0]}.{e[1]} {e[2]} {e[3]}"))
    offset = timezone(timedelta(minutes=draw(st.integers(-14 * 60, 14 * 60))))
    return Scenario(
        name=draw(names),
        description=draw(text),
        seed=draw(st.integers(0, 2**63 - 1)),
        replications=draw(st.integers(1, 100_000)),
        clock=Clock(
            start=draw(starts).astimezone(offset),
            horizon=20 * DAY,
            until=draw(st.sampled_from([None, "idle"])),
            warmup=draw(times),
            message_delay=draw(distributions),
        ),
        inbound=tuple(draw(lines)),
        timeline=tuple(draw(st.lists(entry, max_size=2))),
        expect=tuple(draw(st.lists(expectation, max_size=2))),
        **parts,
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scenarios())
def test_a_scenario_written_out_loads_to_an_equal_one(scenario: Scenario) -> None:
    written = to_yaml(scenario)
    again = loads(written, "again.yaml")
    assert again == scenario
    assert to_yaml(again) == written
    assert inputs_digest(again) == inputs_digest(scenario)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scenarios())
def test_editors_accept_what_is_written_out(scenario: Scenario) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read_tree(to_yaml(scenario)).plain())] == []


@given(distributions)
def test_a_distribution_has_a_mean_that_is_not_negative(distribution: Distribution) -> None:
    assert distribution.mean_us() >= 0
