"""The scenarios that express the rows of the validation table, and the exact KPIs each must reproduce.

KPIs are named `section.name.kpi` as in `summary.json`. What no KPI says (the mean wait of one priority, the
mean number of calls at an hour) is read off the rows of `calls/`: `of_rows` says how and gives its exact
value.

Every scenario counts from a warm-up on, by which its queue has long forgotten that it began empty, except for
the days of row 6 and the list of row 14, which are what they are from their first call to their last. Each
has a seed of its own, for under common random numbers one unlucky stream would fail them all. Sizes are such
that intervals have half-widths of at most 2% of the exact value; `wider` names what would need too many calls
for that, and `because` says how many.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from busyhour.core.erlang import ErlangC, erlang_b
from busyhour.core.erlang_a import ErlangA
from tests.support.closed_forms import (
    Retrials,
    busy_under_sinusoid,
    crommelin_wait,
    day,
    detection,
    pollaczek_khinchine_wait,
    priority_waits,
    progressive_occupancy,
    redial,
    retrials,
    trunk_holding,
)
from tests.support.validation_readings import AnsweredWithin, CallsAt, MeanWait, Orbit, Reading, ShareOfTime
from tests.support.validation_texts import (
    A_DAY,
    A_DAY_IMPATIENT,
    CONSTANT_SERVICE,
    DETECTION,
    FIFTY,
    HALF_HOUR,
    LOGNORMAL_SERVICE,
    LOSS,
    LOSS_LOGNORMAL,
    LOSS_OF_ONE_PERCENT,
    ONE_TO_ONE,
    ONE_TO_ONE_SLOW_NO,
    OVERLOAD,
    PATIENCE,
    PRIORITIES,
    REDIAL,
    RETRIALS_FIVE,
    RETRIALS_ONE,
    SINUSOID,
    THREE_PRIORITIES,
    TRUNK,
)

NARROW: Final = 0.02
"""Half-width of the 95% interval, as a share of the exact value, that tells something."""


def nothing() -> Mapping[str, float]:
    return {}


def no_readings() -> Mapping[Reading, float]:
    return {}


@dataclass(frozen=True)
class Validation:
    """One scenario of one row."""

    row: int
    text: str
    """The scenario file."""
    kpis: Callable[[], Mapping[str, float]]
    """Exact values by `section.name.kpi`."""
    of_rows: Callable[[], Mapping[Reading, float]] = field(default=no_readings)
    """Exact values of what is read off the rows of `calls/`."""
    zero: tuple[str, ...] = ()
    """KPIs that must be 0 in every replication."""
    wider: Mapping[str, float] = field(default_factory=dict)
    """Half-widths, as shares of the exact value, of intervals that 2% would make too dear, by KPI or reading."""
    because: str = ""
    """What 2% would take."""


def loss() -> Mapping[str, float]:
    lost = erlang_b(30, 25.0)
    return {"queues.line.blocking_rate": lost, "queues.line.occupancy": 25 * (1 - lost) / 30}


def one_percent_lost(servers: int, erlangs: str, hours: int) -> tuple[str, Callable[[], Mapping[str, float]]]:
    """The scenario file, and its KPIs."""
    text = LOSS_OF_ONE_PERCENT.replace("SERVERS", str(servers)).replace("ERLANGS", erlangs)
    exact = {"queues.line.blocking_rate": erlang_b(servers, float(erlangs))}
    return text.replace("HOURS", str(hours)), lambda: exact


def half_hour() -> Mapping[str, float]:
    exact = ErlangC(14, 100 / 1800, 180.0)
    return {
        "queues.line.wait_probability": exact.wait_probability,
        "queues.line.service_level": exact.service_level(20.0),
        "queues.line.asa_s": exact.wait_mean_s,
        "queues.line.occupancy": exact.occupancy,
    }


def fifty() -> Mapping[str, float]:
    exact = ErlangC(50, 45 / 60, 60.0)
    return {
        "queues.line.wait_probability": exact.wait_probability,
        "queues.line.wait_mean_s": exact.wait_mean_s,
        "queues.line.queue_length_mean": exact.queue_length_mean,
        "queues.line.wait_p95_s": exact.wait_percentile_s(0.95),
    }


def patience() -> Mapping[str, float]:
    exact = ErlangA(50, 48 / 60, 60.0, 120.0)
    return {
        "queues.line.abandonment_rate": exact.abandonment,
        "queues.line.wait_mean_s": exact.wait_mean_s,
        "queues.line.wait_probability": exact.wait_probability,
        "queues.line.queue_length_mean": exact.queue_length_mean,
        "queues.line.occupancy": exact.occupancy,
        "queues.line.service_level": exact.service_level(20.0),
    }


def overload() -> Mapping[str, float]:
    exact = ErlangA(100, 2.0, 60.0, 75.0)
    return {
        "queues.line.abandonment_rate": exact.abandonment,
        "queues.line.wait_mean_s": exact.wait_mean_s,
        "queues.line.occupancy": exact.occupancy,
    }


def a_day(hang_ups_per_min: float) -> Mapping[str, float]:
    exact = day(12, 4.2, 0.5, hang_ups_per_min, 480.0, 1 / 3)
    kpis = {
        "queues.line.service_level": exact.within / exact.arrivals,
        "queues.line.occupancy": exact.occupancy,
        "queues.line.offered": exact.arrivals,
    }
    return {**kpis, "queues.line.abandoned": exact.abandons} if hang_ups_per_min else kpis


def in_target(hang_ups_per_min: float) -> Mapping[Reading, float]:
    return {AnsweredWithin(20.0): day(12, 4.2, 0.5, hang_ups_per_min, 480.0, 1 / 3).within}


def waits_by_trunk(agents: int, arrivals: list[float]) -> Mapping[Reading, float]:
    names = ("first", "second", "third")
    waits_s = (60 * wait for wait in priority_waits(agents, arrivals, 1.0))
    return {MeanWait(name): wait for name, wait in zip(names, waits_s, strict=False)}


def busy_at() -> Mapping[Reading, float]:
    hours = (0.0, 2.0, 2.083215)
    return {CallsAt(hour, 8.0): busy_under_sinusoid(hour, 100.0, 60.0, 8.0, 12.0) for hour in hours}


def tried_again(exact: Retrials, arrivals: float, retry_rate: float, minutes: float) -> Mapping[str, float]:
    """Calls offered are first calls and those of the callers in orbit, and all first calls are served in the
    end.
    """
    offered = arrivals + retry_rate * exact.orbit_mean
    return {"queues.line.offered": offered * minutes, "queues.line.blocking_rate": 1 - arrivals / offered}


def in_orbit(exact: Retrials, servers: int, until_retry_s: float) -> Mapping[Reading, float]:
    """The share of time with all servers busy is what first calls find, since Poisson arrivals see time
    averages: rows do not tell them from repeated calls.
    """
    return {ShareOfTime(servers): exact.first_blocked, Orbit(until_retry_s): exact.orbit_mean}


def one_to_one(answer_rate: float, unanswered_s: float) -> Mapping[str, float]:
    return {"queues.sales.occupancy": progressive_occupancy(answer_rate, 12.0, unanswered_s, 120.0)}


def trunk(channels: int) -> Mapping[str, float]:
    load = 5 * trunk_holding(0.25, 12.0, 90.0, 25.0)
    lost = erlang_b(channels, load)
    return {"trunks.main.blocking_rate": lost, "trunks.main.channels_mean": load * (1 - lost)}


def amd() -> Mapping[str, float]:
    exact = detection(2.0, 0.20, 0.05, 0.40, 0.08, 120.0, 10.0, 60)
    return {"queues.sales.abandonment_rate": exact.dropped, "queues.sales.occupancy": exact.occupancy}


def redialled() -> Mapping[str, float]:
    reached, tries = redial(0.28, 5)
    return {
        "campaigns.reminders.contacts_completed": 5_000 * reached,
        "campaigns.reminders.attempts_per_contact": tries,
    }


LINE: Final = "queues.line."

_VALIDATIONS: Final[dict[str, Validation]] = {
    "loss": Validation(1, LOSS, loss),
    "loss, lognormal": Validation(1, LOSS_LOGNORMAL, loss),
    "loss of 1%, 10 servers": Validation(1, *one_percent_lost(10, "4.461177", 125)),
    "loss of 1%, 20 servers": Validation(1, *one_percent_lost(20, "12.030615", 75)),
    "loss of 1%, 100 servers": Validation(
        1,
        *one_percent_lost(100, "84.064159", 10),
        wider={LINE + "blocking_rate": 0.045},
        because="15 million calls, of which every hundredth is lost and few alone",
    ),
    "hundred calls in half an hour": Validation(2, HALF_HOUR, half_hour),
    "fifty agents": Validation(3, FIFTY, fifty),
    "patience": Validation(4, PATIENCE, patience),
    "overload": Validation(5, OVERLOAD, overload),
    "a day": Validation(6, A_DAY, lambda: a_day(0.0), lambda: in_target(0.0)),
    "a day, impatient": Validation(
        6,
        A_DAY_IMPATIENT,
        lambda: a_day(1.0),
        lambda: in_target(1.0),
    ),
    "two priorities": Validation(7, PRIORITIES, nothing, lambda: waits_by_trunk(10, [3.0, 5.0])),
    "three priorities": Validation(
        7,
        THREE_PRIORITIES,
        nothing,
        lambda: waits_by_trunk(50, [20.0, 15.0, 8.0]),
        wider={"mean wait_s over second": 0.03, "mean wait_s over third": 0.06},
        because="40 million calls: nobody waits longer, or more dependently, than the last of three classes",
    ),
    "lognormal service": Validation(
        8, LOGNORMAL_SERVICE, lambda: {LINE + "wait_mean_s": pollaczek_khinchine_wait(12 / 3600, 180.0, 1.2)}
    ),
    "constant service": Validation(
        8,
        CONSTANT_SERVICE,
        lambda: {LINE + "wait_mean_s": 60 * crommelin_wait(10, 9.0, 1.0)},
    ),
    "sinusoid": Validation(9, SINUSOID, nothing, busy_at),
    "retrials, one server": Validation(
        10,
        RETRIALS_ONE,
        lambda: tried_again(retrials(1, 0.7, 1.0, 2.0, 400), 0.7, 2.0, 12_000),
        lambda: in_orbit(retrials(1, 0.7, 1.0, 2.0, 400), 1, 30.0),
    ),
    "retrials, five servers": Validation(
        10,
        RETRIALS_FIVE,
        lambda: tried_again(retrials(5, 4.0, 1.0, 1.0, 400), 4.0, 1.0, 4_800),
        lambda: in_orbit(retrials(5, 4.0, 1.0, 1.0, 400), 5, 60.0),
    ),
    "one line for each agent": Validation(
        11, ONE_TO_ONE, lambda: one_to_one(0.25, 12.0), zero=("campaigns.leads.abandoned",)
    ),
    "one line for each agent, slow no": Validation(
        11, ONE_TO_ONE_SLOW_NO, lambda: one_to_one(0.30, 24.0), zero=("campaigns.leads.abandoned",)
    ),
    "trunk of 240": Validation(
        12,
        TRUNK.replace("CHANNELS", "240"),
        lambda: trunk(240),
        wider={"trunks.main.blocking_rate": 0.04},
        because="20 million calls, of which every 75th is lost, in bursts",
    ),
    "trunk of 261": Validation(
        12,
        TRUNK.replace("CHANNELS", "261"),
        lambda: trunk(261),
        wider={"trunks.main.blocking_rate": 0.15},
        because="200 million calls, of which every 1,200th is lost, in bursts",
    ),
    "detection": Validation(
        13,
        DETECTION,
        amd,
        wider={"queues.sales.abandonment_rate": 0.16},
        because="60 million dials, of which every 500th is dropped, in bursts",
    ),
    "redial": Validation(14, REDIAL, redialled),
}

VALIDATIONS: Final[dict[str, Validation]] = {
    name: replace(validation, text=f"{validation.text}seed: {seed}\n")
    for seed, (name, validation) in enumerate(_VALIDATIONS.items(), start=1)
}
