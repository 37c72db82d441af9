"""Whatever a file holds, it is a scenario or a ScenarioError with a place and a sentence; nothing else is raised."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulation.scenario import ScenarioError, load, loads
from simulation.scenario.json_schema import json_schema

RETAIL = """\
schema: busyhour.scenario/v1
seed: 42
clock: {start: "2026-03-02T17:00:00-05:00", horizon: 4h, warmup: 0s, message_delay: 0s}
trunks:
  main: {channels: 240, calls_per_second: 10, post_dial_delay: {lognormal: {mean: 2s, sd: 800ms}}}
callees:
  consumer:
    outcomes: {human: 0.28, machine: 0.22, no_answer: 0.40, busy: 0.06, invalid: 0.02, failed: 0.02}
    by_hour: {"19": {human: 1}}
    patience: 2s
queues:
  sales: {agents: 40, wrap_up: {exponential: {mean: 20s}}, patience: infinite, service_level: {threshold: 20s}}
agents:
  seniors: {count: 8, queues: [sales]}
inbound:
  - {queue: sales, rate: "48/min", patience: {exponential: {mean: 2m}}, priority: 0}
campaigns:
  retail:
    contacts: [{phone: "+14155550123", behaviour: [busy, {human: {after: 6s, patience: 30s, talk: 40s}}]}]
    pacing: {mode: predictive, abandonment_cap: 3%, max_lines_per_agent: 3}
    calling_hours: {start: "08:00", end: "21:00", days: [mon, tue], timezone: recipient}
    retry: {max_attempts: 3, rules: [{outcome: busy, after: 10m}]}
timeline:
  - {at: 1h, set_agents: {pool: sales, count: 30}}
expect:
  - campaigns.retail.abandonment_rate <= 3%
"""
LINE = re.compile(r"(?:f\.yaml(?::[1-9][0-9]*:[1-9][0-9]*)?|--set .*?): .{8,}|… and [0-9]+ more")
JARGON = re.compile(r"pydantic|Traceback|validation error|union|~|\bNone\b|\bdict\b|\btuple\b|input_|loc=")

keys = sorted(
    {
        key
        for model in [json_schema(), *json_schema()["$defs"].values()]
        for key in model.get("properties", {})
    }
)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            "90s", "-1s", "infinite", "unlimited", "3%", "5/min", "busy", "human", "idle", "predictive", "sales",
            "2026-03-02T17:00:00-05:00", "08:00", "recipient", "+14155550123", "queues.sales.asa_s > 0", "leads.csv",
        ]
    ),
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(keys) | st.text(max_size=6), inner, max_size=5),
    ),
    max_leaves=25,
)


def error_of(text: str, overrides: tuple[str, ...] = ()) -> ScenarioError | None:
    try:
        loads(text, "f.yaml", overrides=overrides)
    except ScenarioError as error:
        return error
    return None


def check(text: str, overrides: tuple[str, ...] = ()) -> None:
    """Loads the text, and looks at what is told if it is refused."""
    error = error_of(text, overrides)
    if error is None:
        return
    told = str(error)
    assert 1 <= len(error.problems) <= 20
    assert all(LINE.fullmatch(line) for line in told.split("\n")), told
    assert told.replace("\n", "").isprintable()
    # What a sentence quotes of the file comes after "not".
    assert not any(JARGON.search(problem.sentence.partition(", not ")[0]) for problem in error.problems), told


def test_the_file_that_is_changed_below_is_right() -> None:
    assert error_of(RETAIL) is None


@given(st.text())
@example("\x00")
@example("\ud800")
@example("a: \x85b")
@example("%TAG ! tag:x,2000:\n--- !a b")
@example("a: 1\n...\n%YAML 1.1\n---\nb: 2")
def test_any_text(text: str) -> None:
    check(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary())
@example(content=b"\xff\xfea\x00")
@example(content=b"\xef\xbb\xbfa: 1")
def test_any_bytes(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(keys), trees, max_size=8))
def test_any_tree(tree: dict[str, Any]) -> None:
    check(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=500)
@given(st.data())
def test_one_value_replaced_anywhere(data: st.DataObject) -> None:
    root: Any = yaml.load(RETAIL, yaml.BaseLoader)
    node = root
    while True:
        steps: list[Any] = sorted(node) if isinstance(node, dict) else list(range(len(node)))
        step = data.draw(st.sampled_from(steps))
        below = node[step]
        if not isinstance(below, dict | list) or not below or data.draw(st.booleans()):
            break
        node = below
    if data.draw(st.booleans()):
        node[step] = data.draw(trees)
    elif isinstance(node, dict):
        node[data.draw(st.sampled_from(keys))] = node.pop(step)
    else:
        del node[step]
    check(yaml.safe_dump(root, allow_unicode=True))


@settings(max_examples=500)
@given(st.data())
def test_one_stretch_of_text_replaced_anywhere(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(RETAIL)))
    end = min(len(RETAIL), start + data.draw(st.integers(0, 5)))
    put = data.draw(
        st.text(max_size=3)
        | st.sampled_from(["&a ", "*a", "!!int ", "<<: ", "- ", "\n", "{", "}", "[", "\t", "---\n"])
    )
    check(RETAIL[:start] + put + RETAIL[end:])


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from([*keys, "sales", "retail", "main", "0", "1"]) | st.text(max_size=4),
                max_size=5,
            ),
            st.text(max_size=12)
            | st.sampled_from(["5", "90s", "[1, 2]", "{a: 1}", "infinite", "*a", "null"]),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_override(overrides: list[tuple[list[str], str]]) -> None:
    check(RETAIL, tuple(f"{'.'.join(path)}={value}" for path, value in overrides))
