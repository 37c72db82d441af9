"""Working days of four hours from a cold start, that try a pacer where the benchmark does not."""

from collections.abc import Callable

from bench.pacing.campaign import Setting

HOUR_S = 3600.0
DAY_S = 4 * HOUR_S


def consumer(agents: int) -> Setting:
    """A sales list: machines and their detection, wrap-up, refusals, 25 s of ringing at most."""
    setting = Setting(agents)
    setting.answer = 0.28
    setting.machine = 0.22
    setting.machine_as_human = 0.08
    setting.human_as_machine = 0.05
    setting.amd = 1.5
    setting.refused = 0.08
    setting.ring = 9.0
    setting.ring_cv = 4 / 9
    setting.no_answer = 25.0
    setting.handle = 180.0
    setting.handle_cv = 120 / 180
    setting.wrap = 20.0
    setting.patience = 2.0
    return setting


def steady() -> Setting:
    return consumer(40)


def by_the_hour() -> Setting:
    setting = consumer(40)
    setting.answer_by_time = [(HOUR_S, 0.34), (2 * HOUR_S, 0.22), (3 * HOUR_S, 0.30)]
    return setting


def answer_rate_jumps() -> Setting:
    setting = consumer(40)
    setting.answer_by_time = [(HOUR_S, 0.50), (2 * HOUR_S, 0.28), (3 * HOUR_S, 0.50)]
    return setting


def shifts() -> Setting:
    setting = consumer(20)
    setting.shifts = [(HOUR_S, 40), (2 * HOUR_S, 10), (3 * HOUR_S, 25)]
    return setting


def refusal_storm() -> Setting:
    setting = consumer(40)
    setting.refused_after = 2.0
    setting.refused_by_time = [
        (HOUR_S, 0.95),
        (HOUR_S + 300, 0.08),
        (2 * HOUR_S, 1.0),
        (2 * HOUR_S + 300, 0.08),
    ]
    return setting


def held_back_by_rate() -> Setting:
    setting = consumer(40)
    setting.calls_per_second = 0.6
    return setting


def held_back_by_channels() -> Setting:
    setting = consumer(40)
    setting.max_concurrency = 50
    return setting


def inbound_shares() -> Setting:
    setting = consumer(40)
    setting.inbound = 0.05
    return setting


def inbound_dominates() -> Setting:
    setting = consumer(40)
    setting.inbound = 0.16
    return setting


def five_agents() -> Setting:
    return consumer(5)


def three_hundred_agents() -> Setting:
    return consumer(300)


def short_talks() -> Setting:
    setting = consumer(20)
    setting.handle = 25.0
    setting.wrap = 5.0
    return setting


def long_talks() -> Setting:
    setting = consumer(20)
    setting.handle = 600.0
    setting.wrap = 60.0
    return setting


def eager_list() -> Setting:
    setting = consumer(20)
    setting.answer = 0.8
    setting.machine = 0.05
    return setting


def weary_list() -> Setting:
    setting = consumer(20)
    setting.answer = 0.04
    setting.machine = 0.3
    setting.machine_as_human = 0.0
    return setting


DAYS = [
    steady,
    by_the_hour,
    answer_rate_jumps,
    shifts,
    refusal_storm,
    held_back_by_rate,
    held_back_by_channels,
    inbound_shares,
    inbound_dominates,
    five_agents,
    three_hundred_agents,
    short_talks,
    long_talks,
    eager_list,
    weary_list,
]


def lines_allowed(day: Callable[[], Setting]) -> float:
    """`max_lines_per_agent`: the default, but where hardly anybody answers a planner must allow more."""
    return 30.0 if day is weary_list else 3.0
