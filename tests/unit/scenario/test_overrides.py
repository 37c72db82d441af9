"""`--set path=value`."""

from collections.abc import Callable

import pytest

from simulation.scenario import Problem, loads

Refusal = Callable[..., list[Problem]]


def test_a_value_is_replaced_before_anything_is_checked(smallest: str) -> None:
    scenario = loads(smallest.replace("5/min", "wrong"), overrides=["inbound.0.rate=60/min"])
    assert scenario.inbound[0].rate == 1.0


def test_the_short_form_of_a_pool_is_replaced(smallest: str) -> None:
    assert loads(smallest, overrides=["queues.sales.agents=7"]).agents["sales"].count == 7


def test_a_key_that_is_not_there_is_added_with_those_above_it(smallest: str) -> None:
    scenario = loads(smallest, overrides=["queues.sales.service_level.target=90%", "seed=7"])
    assert (scenario.queues["sales"].service_level.target, scenario.seed) == (0.9, 7)


def test_a_value_may_be_a_list_or_mapping(smallest: str) -> None:
    overrides = ["queues.sales.wrap_up={exponential: {mean: 20s}}", "inbound=[{rate: 1/s}, {rate: 2/s}]"]
    scenario = loads(smallest, overrides=overrides)
    assert scenario.queues["sales"].wrap_up.mean_us() == 20_000_000
    assert [line.rate for line in scenario.inbound] == [1.0, 2.0]


def test_a_value_may_hold_an_equals_sign(smallest: str) -> None:
    scenario = loads(smallest, overrides=["expect=[queues.sales.occupancy >= 0.5]"])
    assert scenario.expect[0].operator == ">="


def test_of_two_for_one_path_the_later_wins(smallest: str) -> None:
    assert loads(smallest, overrides=["seed=7", "seed=8"]).seed == 8


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("seed", "--set seed: must be path=value, such as queues.sales.agents=40"),
        ("=5", "--set =5: must be path=value, such as queues.sales.agents=40"),
        ("a\0=5", "--set a�=5: must be path=value, such as queues.sales.agents=40"),
        ("a\ud800=5", "--set a�=5: must be path=value, such as queues.sales.agents=40"),
        ("a..b=5", "--set a..b=5: must be path=value, such as queues.sales.agents=40"),
        ("seed=", "--set seed=: seed: has no value after the ="),
        ("seed=[1", "--set seed=[1: seed: is not YAML: did not find expected ',' or ']'"),
        ("seed=*x", "--set seed=*x: seed: anchors and aliases (& and *) are not read; write the value out"),
        (
            "inbound.1.rate=1/s",
            "--set inbound.1.rate=1/s: inbound: is a list, whose entries are numbers, 0 to 0, not 1",
        ),
        (
            "inbound.first.rate=1/s",
            "--set inbound.first.rate=1/s: inbound: is a list, whose entries are numbers, 0 to 0, not first",
        ),
        (
            "clock.horizon.hours=3",
            "--set clock.horizon.hours=3: clock.horizon: holds a single value, "
            "below which there is no hours; set it as a whole",
        ),
        ("seed=-1", "--set seed=-1: seed: must be at least 0, and is -1"),
        (
            "clock.horizn=3h",
            "--set clock.horizn=3h: clock.horizn: unknown key; did you mean horizon? "
            "Keys here: start, horizon, until, warmup, message_delay",
        ),
        (
            "inbound.0.queue=sale",
            '--set inbound.0.queue=sale: inbound.0.queue: there is no queue "sale"; did you mean sales? '
            "There is: sales",
        ),
        (
            "inbound.0.retry.probability=0.5",
            "--set inbound.0.retry.probability=0.5: inbound.0.retry.after: is missing",
        ),
    ],
)
def test_what_is_wrong_with_an_override_names_the_option(
    refusal: Refusal, smallest: str, override: str, told: str
) -> None:
    (problem,) = refusal(smallest, [override])
    assert str(problem).startswith(told)


@pytest.mark.parametrize("key", ["~", "~count", "[key]", "kind", "schema_", "from_"])
def test_no_key_is_mistaken_for_something_of_the_machinery(refusal: Refusal, smallest: str, key: str) -> None:
    (problem,) = refusal(smallest, [f"{key}=0"])
    assert (problem.path, problem.sentence[:11]) == (key, "unknown key")


def test_several_wrong_overrides_are_told_together(refusal: Refusal, smallest: str) -> None:
    problems = refusal(smallest, ["seed", "clock.horizon.x=1"])
    assert [problem.option for problem in problems] == ["--set seed", "--set clock.horizon.x=1"]


def test_what_an_override_leaves_wrong_in_the_file_is_told_there(refusal: Refusal, smallest: str) -> None:
    (problem,) = refusal(
        smallest + "timeline: [{at: 2h, set_agents: {pool: sales, count: 3}}]", ["clock.horizon=1h"]
    )
    assert str(problem) == (
        "evening.yaml:4:17: timeline.0.at: must not be after the end of the run, clock.horizon"
    )
