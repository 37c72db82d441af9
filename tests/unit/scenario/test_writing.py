"""The file as resolved."""

import pytest
import yaml

from simulation.scenario import Scenario, inputs_digest, loads, to_yaml

TEXT = """\
clock: {start: "2026-03-02T17:00:00-05:00", horizon: 4h}
queues: {sales: {agents: 5, patience: {exponential: {mean: 2m}}}}
inbound: [{rate: 48/min}]
"""


def test_the_resolved_file_has_every_default_written_out() -> None:
    assert to_yaml(loads(TEXT, "evening.yaml")) == (
        "schema: busyhour.scenario/v1\n"
        "name: evening\n"
        'description: ""\n'
        "seed: 1\n"
        "replications: 1\n"
        'clock: {start: "2026-03-02T17:00:00-05:00", horizon: 4h, warmup: 0s, message_delay: 0s}\n'
        "trunks: {}\n"
        "callees: {}\n"
        "queues:\n"
        "  sales:\n"
        "    pools: [sales]\n"
        "    handle_time: {exponential: {mean: 3m}}\n"
        "    wrap_up: 0s\n"
        "    patience: {exponential: {mean: 2m}}\n"
        "    waiting_places: unlimited\n"
        "    ring_timeout: 20s\n"
        "    max_wait: unlimited\n"
        "    discipline: fifo\n"
        "    service_level: {threshold: 20s, target: 0.8}\n"
        "agents:\n"
        "  sales: {count: 5, queues: [sales]}\n"
        "voice_agents: {}\n"
        "inbound:\n"
        "  - queue: sales\n"
        "    rate: 48/min\n"
        "    process: poisson\n"
        "    patience: {exponential: {mean: 2m}}\n"
        "    priority: 0\n"
        "    handle_time: {exponential: {mean: 3m}}\n"
        "campaigns: {}\n"
        "timeline: []\n"
        "expect: []\n"
    )


def test_the_resolved_file_loads_to_an_equal_scenario() -> None:
    scenario = loads(TEXT, "evening.yaml")
    again = loads(to_yaml(scenario), "other.yaml")
    assert (again, to_yaml(again), inputs_digest(again)) == (
        scenario,
        to_yaml(scenario),
        inputs_digest(scenario),
    )


@pytest.mark.parametrize(
    "text",
    [
        "yes", "No", "ON", "null", "~", "", " ", "true", "5", "1.5", "1e3", "0x1f", "0o17", "12:30", "+14155550123",
        "2026-03-02", "a: b", "a #b", "#a", "- a", "-", "?", "{a}", "[a]", "a, b", "'a'", '"a"', "a\\b", "%a", "@a",
        "`a`", "*a", "&a", "!a", "|", ">", "<<", "=", "---", "...", " a", "a ", "a\nb", "a\tb", "\x07",
        "\x85", "\u2028",
        "\ufeff", "grüße", "☎", "📞", "\x7f", "1h30m", "90s", "0b1", ".5", "NaN", ".nan", "1_000", "x" * 500, "y", "n",
    ],
)  # fmt: skip
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    scenario = loads(TEXT).model_copy(update={"description": text})
    written = to_yaml(scenario)
    assert loads(written).description == text
    assert yaml.safe_load(written)["description"] == text


def test_the_digest_does_not_follow_the_writing() -> None:
    short = loads(TEXT, "evening.yaml")
    long = loads(
        "inbound:\n- rate: 2880/h\n  queue: sales\n"
        "agents: {sales: {count: 5}}\nqueues: {sales: {patience: {exponential: {mean: 120}}}}\nname: evening\n"
        "clock: {horizon: 14400, start: 2026-03-02T17:00:00-05:00}\n"
    )
    assert (long, inputs_digest(long)) == (short, inputs_digest(short))


@pytest.mark.parametrize("override", ["seed=2", "clock.horizon=5h", "inbound.0.rate=49/min", "name=other"])
def test_the_digest_follows_what_decides_a_run(override: str) -> None:
    assert inputs_digest(loads(TEXT, overrides=[override])) != inputs_digest(loads(TEXT))


def test_numbers_are_written_exactly() -> None:
    scenario: Scenario = loads(TEXT.replace("48/min", "0.3333333333333333/s"))
    rate = scenario.inbound[0].rate
    assert rate is not None
    third = scenario.model_copy(update={"inbound": (scenario.inbound[0].model_copy(update={"rate": 1 / 3}),)})
    assert loads(to_yaml(third)).inbound[0].rate == 1 / 3
