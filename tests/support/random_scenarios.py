"""Hypothesis strategies for small whole scenarios, built to collide: whole seconds, few agents, few channels.

Everything is a plain mapping in the models' own units (microseconds, per second), so that a failing example can be
read and pasted; `scenarios` makes the `Scenario`.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from busyhour.core.ids import DAY, HOUR, MINUTE, SECOND
from simulation.scenario import Scenario
from tests.support.flows import legal_flows
from tests.support.random_people import personas, scripts

Plain = dict[str, Any]
ZONES = ("America/New_York", "Europe/Paris", "Asia/Kolkata", "America/St_Johns")
STARTS = (
    "2026-01-05T09:00:00Z",
    "2026-03-08T01:30:00-05:00",  # half an hour before New York's clock skips an hour
    "2026-11-01T01:30:00-04:00",  # half an hour before it shows an hour twice
    "2026-06-30T23:55:00+02:00",
    "2026-10-24T20:45:00Z",
)
MODES = ("agentless", "preview", "progressive", "power", "predictive")

seconds = st.sampled_from([0, 1, 2, 3, 5, 10, 20, 30, 60, 120])
shares = st.sampled_from([0.0, 0.0, 0.1, 0.5])


def constant(value: int) -> Plain:
    return {"kind": "constant", "value": value}


constants = seconds.map(lambda s: constant(s * SECOND))
times = st.one_of(
    constants,
    st.sampled_from([2, 10, 45]).map(lambda s: {"kind": "exponential", "mean": s * SECOND}),
    st.just({"kind": "lognormal", "mean": 20 * SECOND, "sd": 10 * SECOND}),
    st.just({"kind": "uniform", "low": 0, "high": 3 * SECOND}),
)
patiences = st.one_of(st.none(), times)
redials = st.sampled_from([constant(20 * SECOND), {"kind": "exponential", "mean": 60 * SECOND}])
"""Not at once: a caller who is turned away for ever would call for ever."""


def some(draw: DrawFn, **strategies: st.SearchStrategy[Any]) -> Plain:
    """Each key or not, at Hypothesis's choice."""
    return {key: draw(strategy) for key, strategy in strategies.items() if draw(st.booleans())}


@st.composite
def outcome_shares(draw: DrawFn) -> Plain:
    return draw(
        st.sampled_from(
            [
                {"human": 1.0},
                {"human": 0.3, "machine": 0.2, "no_answer": 0.2, "busy": 0.1, "invalid": 0.1, "failed": 0.1},
                {"human": 0.5, "machine": 0.5},
                {"no_answer": 0.5, "busy": 0.5},
                {"human": 0.6, "busy": 0.4},
            ]
        )
    )


@st.composite
def trunks(draw: DrawFn, faults: bool) -> Plain:
    trunk = some(
        draw,
        channels=st.sampled_from([1, 2, 3, 5, 8]),
        calls_per_second=st.sampled_from([0.4, 1.0, 1.5, 2.0, 3.0]),
        post_dial_delay=times,
    )
    if faults:
        trunk["faults"] = some(
            draw,
            late=st.fixed_dictionaries({"share": st.sampled_from([0.2, 1.0]), "by": times}),
            duplicate=st.sampled_from([0.3, 1.0]),
            reorder=st.sampled_from([0.3, 1.0]),
            lost=st.sampled_from([0.1, 0.4, 1.0]),
            refuse=st.sampled_from([0.1, 0.6]),
            outages=outages(),
        )
    return trunk


@st.composite
def outages(draw: DrawFn) -> list[Plain]:
    starts = draw(st.lists(st.sampled_from([0, 20, 60, 61, 300]), min_size=1, max_size=2))
    return [
        {"from": s * SECOND, "to": (s + draw(st.sampled_from([1, 30, 90]))) * SECOND} for s in sorted(starts)
    ]


@st.composite
def callees(draw: DrawFn) -> Plain:
    people: Plain = {"outcomes": draw(outcome_shares())}
    people |= some(
        draw,
        ring_time=st.fixed_dictionaries(
            {"human": times, "machine": times, "no_answer": patiences, "busy": times}
        ),
        patience=patiences,
        amd=st.fixed_dictionaries(
            {
                "machine_as_human": shares,
                "human_as_machine": shares,
                "decision_time": constants,
                "machine_talk_time": constants,
            }
        ),
    )
    talk = draw(st.sampled_from(["", "persona", "script"]))
    if talk:
        people[talk] = draw(personas(times, patiences, shares) if talk == "persona" else scripts)
    return people


def queues() -> st.SearchStrategy[Plain]:
    return st.fixed_dictionaries(
        {"handle_time": times, "wrap_up": times, "patience": patiences},
        optional={
            "waiting_places": st.sampled_from([0, 1, 3]),
            "max_wait": st.sampled_from([5 * SECOND, 30 * SECOND]),
            "discipline": st.just("priority"),
            "ring_timeout": st.sampled_from([3 * SECOND, 20 * SECOND]),
        },
    )


answers = st.fixed_dictionaries(
    {
        "after": times,
        "decline": st.sampled_from([0.0, 0.3]),
        "no_answer": st.sampled_from([0.0, 0.3]),
        "away": times,
    }
)
"""How people answer who are rung."""


@st.composite
def pools(draw: DrawFn, queue_names: list[str], most: int) -> dict[str, Plain]:
    """A pool for each queue, perhaps one for all of them, some in shifts."""
    found: dict[str, Plain] = {}
    for name in queue_names:
        found[name] = {"queues": (name,), **draw(staffing(most))}
        if draw(st.integers(0, 3)) == 0:
            found[name]["answer"] = draw(answers)
    if len(queue_names) > 1 and draw(st.booleans()):
        found["all"] = {"queues": tuple(draw(st.permutations(queue_names))), **draw(staffing(most))}
    return found


@st.composite
def staffing(draw: DrawFn, most: int) -> Plain:
    if draw(st.integers(0, 3)):
        return {"count": draw(st.integers(1, most))}
    shifts: list[Plain] = []
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.sampled_from([0, 30, 60, 300]))
        shift: Plain = {"count": draw(st.integers(1, most)), "from": start * SECOND}
        if draw(st.booleans()):
            shift["to"] = (start + draw(st.sampled_from([30, 60, 600]))) * SECOND
        shifts.append(shift)
    return {"shifts": tuple(shifts)}


@st.composite
def inbound_lines(draw: DrawFn, queue_names: list[str]) -> list[Plain]:
    lines: list[Plain] = []
    for _ in range(draw(st.integers(0, 2))):
        line: Plain = {
            "queue": draw(st.sampled_from(queue_names)),
            "rate": draw(st.sampled_from([0.02, 0.05, 0.2])),
            "process": draw(st.sampled_from(["poisson", "deterministic"])),
        }
        line |= some(
            draw,
            patience=patiences,
            priority=st.integers(0, 2),
            trunk=st.just("main"),
            retry=st.fixed_dictionaries({"probability": st.sampled_from([0.5, 1.0]), "after": redials}),
        )
        lines.append(line)
    return lines


@st.composite
def contacts(draw: DrawFn, most: int) -> Any:
    count = draw(st.integers(1, 3).flatmap(lambda tenths: st.integers(1, most * tenths // 3)))
    if draw(st.booleans()):
        plain: Plain = {"count": count}
        if draw(st.booleans()):
            plain["timezones"] = {draw(st.sampled_from(ZONES)): 1.0}
        return plain
    listed: list[Plain] = []
    for number in range(min(count, 8)):
        contact: Plain = {"phone": f"+1415555{number:04d}"}
        contact |= some(
            draw,
            timezone=st.sampled_from([*ZONES, "Nowhere/At_All"]),
            priority=st.integers(0, 2),
            behaviour=st.lists(
                st.sampled_from(
                    [
                        {"outcome": "busy"},
                        {"outcome": "no_answer"},
                        {"outcome": "failed", "after": 3 * SECOND},
                        {"outcome": "machine", "after": 2 * SECOND},
                        {
                            "outcome": "human",
                            "after": 6 * SECOND,
                            "patience": 2 * SECOND,
                            "talk": 40 * SECOND,
                        },
                        {"outcome": "human", "talk": 0},
                    ]
                ),
                max_size=3,
            ),
        )
        listed.append(contact)
    return listed


def calling_hours() -> st.SearchStrategy[Plain]:
    edges = st.sampled_from([0, 1, 2, 3, 8, 9, 12, 21, 22, 23])
    return (
        st.tuples(edges, edges)
        .filter(lambda pair: pair[0] != pair[1])
        .flatmap(
            lambda pair: st.fixed_dictionaries(
                {"start": st.just(pair[0] * HOUR), "end": st.just(pair[1] * HOUR)},
                optional={
                    "days": st.sampled_from(
                        [("mon", "sun"), ("mon", "tue", "wed", "thu", "fri"), ("sat", "sun", "mon")]
                    ),
                    "timezone": st.sampled_from(ZONES),
                },
            )
        )
    )


def retries() -> st.SearchStrategy[Plain]:
    rule = st.fixed_dictionaries(
        {
            "outcome": st.sampled_from(["busy", "no_answer", "machine", "failed", "abandoned", "blocked"]),
            "after": st.sampled_from([0, 10 * SECOND, 10 * MINUTE, 5 * HOUR]),
        }
    )
    return st.fixed_dictionaries(
        {
            "max_attempts": st.integers(1, 4),
            "rules": st.lists(rule, max_size=4, unique_by=lambda r: r["outcome"]).map(tuple),
        },
        optional={"max_per_day": st.integers(1, 2)},
    )


@st.composite
def campaigns(draw: DrawFn, queue_names: list[str], voice: bool, most: int, mode: str) -> Plain:
    campaign: Plain = {"contacts": draw(contacts(most)), "trunk": "main", "callees": "people"}
    pacing: Plain = {"mode": mode} | some(
        draw,
        lines_per_agent=st.sampled_from([0.5, 1.5, 3.0]),
        max_lines_per_agent=st.sampled_from([1.0, 3.0]),
        abandonment_cap=st.sampled_from([0.0, 0.03, 0.5]),
        reserve_agents=st.integers(0, 1),
        preview_time=st.sampled_from([0, SECOND, 20 * SECOND]),
    )
    campaign["pacing"] = pacing
    if voice and draw(st.booleans()):
        campaign["voice_agent"] = "robot"
    elif mode != "agentless" or draw(st.booleans()):
        campaign["queue"] = draw(st.sampled_from(queue_names))
    campaign |= some(
        draw,
        limits=st.fixed_dictionaries(
            {},
            optional={
                "max_concurrency": st.integers(1, 6),
                "calls_per_second": st.sampled_from([0.5, 1.0, 2.5]),
            },
        ),
        dial_timeout=st.sampled_from([1 * SECOND, 15 * SECOND, 30 * SECOND]),
        calling_hours=calling_hours(),
        retry=retries(),
        amd=st.fixed_dictionaries(
            {"enabled": st.booleans(), "on_machine": st.sampled_from(["hang_up", "leave_message"])},
            optional={"message_time": times},
        ),
        handle_time=times,
        priority=st.integers(0, 2),
        launch_at=seconds.map(lambda s: s * SECOND),
    )
    return campaign


@st.composite
def timelines(draw: DrawFn, pool_names: list[str], campaign_names: list[str], most: int) -> list[Plain]:
    entries: list[Plain] = []
    for _ in range(draw(st.integers(0, 4))):
        entry: Plain = {"at": draw(st.sampled_from([0, 5, 30, 31, 60, 200, 600])) * SECOND}
        verb = draw(
            st.sampled_from(["set_agents", "trunk_down", "trunk_up", "pause", "resume", "stop", "launch"])
        )
        if verb == "set_agents":
            entry[verb] = {"pool": draw(st.sampled_from(pool_names)), "count": draw(st.integers(0, most))}
        elif verb.startswith("trunk"):
            entry[verb] = "main"
        elif campaign_names:
            entry[verb] = draw(st.sampled_from(campaign_names))
            if verb == "stop":
                entry["in_flight"] = draw(st.sampled_from(["drain", "cancel_unanswered", "hang_up"]))
        else:
            continue
        entries.append(entry)
    return entries


@st.composite
def plain_scenarios(
    draw: DrawFn,
    *,
    faults: bool = True,
    delays: bool = True,
    changes: bool = True,
    inbound: bool = True,
    modes: tuple[str, ...] = MODES,
    most_agents: int = 4,
    most_contacts: int = 30,
) -> Plain:
    """A scenario as a mapping. With `inbound` it ends at a horizon, without it when nothing is left to do."""
    queue_names = draw(st.sampled_from([["sales"], ["sales", "care"]]))
    voice = draw(st.booleans())
    staff = draw(pools(queue_names, most_agents))
    chosen = draw(st.lists(st.sampled_from(modes), min_size=1, max_size=2))
    if inbound and draw(st.integers(0, 4)) == 0:
        chosen = []
    named = {
        f"campaign-{number}": draw(campaigns(queue_names, voice, most_contacts, mode))
        for number, mode in enumerate(chosen)
    }
    lines = draw(inbound_lines(queue_names)) if inbound else []
    if not named and not lines:
        lines = [{"queue": "sales", "rate": 0.1}]
    longest = 10 * MINUTE if "predictive" in chosen or lines else 5 * DAY
    plain: Plain = {
        "seed": draw(st.integers(0, 2**32)),
        "clock": {"start": draw(st.sampled_from(STARTS)), "horizon": longest},
        "trunks": {"main": draw(trunks(faults))},
        "callees": {"people": draw(callees())},
        "queues": {name: draw(queues()) for name in queue_names},
        "agents": staff,
        "inbound": lines,
        "campaigns": named,
    }
    if named and draw(st.booleans()):
        plain["clock"]["until"] = "idle"
    if delays and draw(st.booleans()):
        plain["clock"]["message_delay"] = draw(
            st.sampled_from(
                [
                    constant(100_000),
                    constant(SECOND),
                    {"kind": "exponential", "mean": 400_000},
                    {"kind": "uniform", "low": 0, "high": 3 * SECOND},
                ]
            )
        )
    if voice:
        plain["voice_agents"] = {"robot": draw(voice_agents(queue_names))}
    if changes:
        plain["timeline"] = draw(timelines(list(staff), list(named), most_agents))
    return plain


@st.composite
def voice_agents(draw: DrawFn, queue_names: list[str]) -> Plain:
    if draw(st.booleans()):
        return {"flow": draw(legal_flows(queue_names, circles=False))} | some(
            draw,
            capacity=st.integers(1, 3),
            words_per_minute=st.sampled_from([60.0, 200.0]),
            http=st.fixed_dictionaries({"fails": st.sampled_from([0.0, 0.5])}),
        )
    agent: Plain = {"talk_time": draw(times)}
    agent |= some(
        draw,
        capacity=st.integers(1, 3),
        transfer=st.fixed_dictionaries(
            {"share": st.sampled_from([0.3, 1.0]), "to": st.sampled_from(queue_names)}
        )
        | st.fixed_dictionaries(
            {
                "share": st.sampled_from([0.3, 1.0]),
                "to": st.sampled_from(queue_names),
                "kind": st.just("warm"),
                "briefing": times,
                "timeout": st.sampled_from([2_000_000, 30_000_000]),
                "fallback": st.sampled_from(["none", "async_handoff"]),
            }
        ),
    )
    return agent


def scenarios(**limits: Any) -> st.SearchStrategy[Scenario]:
    """`plain_scenarios`, validated."""
    return plain_scenarios(**limits).map(Scenario.model_validate)
