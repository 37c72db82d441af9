"""The YAML that a scenario is written in, and what of YAML it is not."""

from collections.abc import Callable

import pytest

from simulation.scenario import Problem, loads
from simulation.scenario.reading import Node, ReadingError, read_tree, scalar_value

Refusal = Callable[..., list[Problem]]


@pytest.mark.parametrize(
    ("text", "path", "told"),
    [
        ("a: &x 1\nb: *x", "1:4 a", "anchors and aliases (& and *) are not read; write the value out"),
        ("a: *x", "1:4 a", "anchors and aliases (& and *) are not read; write the value out"),
        ("a: &x [1]", "1:4 a", "anchors and aliases (& and *) are not read; write the value out"),
        ("&x a: 1", "1:1 ", "anchors and aliases (& and *) are not read; write the value out"),
        ("a: {<<: {b: 1}}", "1:5 a", "merge keys (<<) are not read; write the values out"),
        (
            "a: !!python/object/apply:os.system [id]",
            "1:4 a",
            "tags are not read; remove !!python/object/apply:os.system",
        ),
        ("a: !!str 5", "1:4 a", "tags are not read; remove !!str"),
        ("a: !secret 5", "1:4 a", "tags are not read; remove !secret"),
        ("a: ! 5", "1:4 a", "tags are not read; remove !"),
        ("a: 1\nb: 2\na: 3", "3:1 a", "is given twice, first at 1:1; keep one of them"),
        ("a:\n  b: {c: 1, 'c': 2}", "2:13 a.b.c", "is given twice, first at 2:7; keep one of them"),
        ("a: 1\n---\nb: 1", "2:1 ", "a second document starts here; a file holds one scenario"),
        ("a: [1, .inf]", "1:8 a.1", "must be a finite number, not .inf"),
        ("a: -.INF", "1:4 a", "must be a finite number, not -.INF"),
        ("a: .nan", "1:4 a", "must be a finite number, not .nan"),
        ("a: 1e999", "1:4 a", "must be a finite number, and 1e999 is too large"),
        ("a: " + "9" * 41, "1:4 a", "is a number of 41 characters; at most 40 are read"),
        ("a: 0x" + "f" * 41, "1:4 a", "is a number of 43 characters; at most 40 are read"),
        (
            "a: +14155550123",
            "1:4 a",
            'is a number to YAML, which drops the +; write it in quotes: "+14155550123"',
        ),
        ('a: "\\0"', "1:4 a", "holds a NUL character"),
        ("a: 1\nb: \0", "2:4 ", "holds a NUL character; a scenario is plain text"),
        ("a: \ud800", "1:4 ", "holds half a character, a lone surrogate"),
        ("? [a, b]\n: 1", "1:3 ", "holds a key that is a list or a mapping; a key must be a name"),
        (f"{'k' * 201}: 1", "1:1 ", "holds a key that is not a name of at most 200 characters"),
        ('"\\0": 1', "1:1 ", "holds a key that is not a name of at most 200 characters"),
        ("[" * 33, "1:33 " + ".".join("0" * 32), "is nested more than 32 deep; a scenario never is"),
        ("a: [1\nb: 2", "2:2 ", "is not YAML: did not find expected ',' or ']'"),
        ("", "0:0 ", "is empty; the smallest scenario has a clock, a queue and an inbound line"),
        ("\n \n", "0:0 ", "is empty; the smallest scenario has a clock, a queue and an inbound line"),
        ("# nothing\n", "0:0 ", "is empty; the smallest scenario has a clock, a queue and an inbound line"),
    ],
)
def test_what_no_scenario_needs_is_refused_where_it_stands(text: str, path: str, told: str) -> None:
    with pytest.raises(ReadingError) as caught:
        read_tree(text)
    error = caught.value
    assert (f"{error.line}:{error.column} {'.'.join(map(str, error.path))}", error.sentence) == (path, told)


def test_a_tab_as_indentation_gets_a_hint() -> None:
    with pytest.raises(ReadingError, match="indent with spaces"):
        read_tree("clock:\n\thorizon: 4h")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("2026-03-02", "2026-03-02"),
        ("0b101", "0b101"),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("3%", "3%"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("Null", None),
        ("007", 7),
        ("-12", -12),
        ("+12", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    read = scalar_value(text)
    assert read == value
    assert type(read) is type(value)


def test_quoted_scalars_are_text() -> None:
    assert read_tree("a: ['5', \"true\", '~', \"+14155550123\"]").plain() == {
        "a": ["5", "true", "~", "+14155550123"]
    }


def test_every_value_knows_its_line_and_column() -> None:
    tree = read_tree("clock:\n  horizon: 4h\ninbound:\n  - {queue: sales, rate: 5/min}\n")
    assert tree.entries is not None
    horizon = _below(tree.entries["clock"], "horizon")
    assert (horizon.key_line, horizon.key_column, horizon.line, horizon.column) == (2, 3, 2, 12)
    assert tree.entries["inbound"].items is not None
    rate = _below(tree.entries["inbound"].items[0], "rate")
    assert (rate.line, rate.column) == (4, 26)


def test_columns_count_characters() -> None:
    with pytest.raises(ReadingError) as caught:
        read_tree("a: {grüße: 1, naïve☎: .inf}")
    assert (caught.value.line, caught.value.column) == (1, 23)


def test_a_byte_order_mark_is_no_part_of_the_text(smallest: str) -> None:
    assert loads("\ufeff" + smallest) == loads(smallest)


def test_too_many_values_are_refused_before_they_are_built() -> None:
    with pytest.raises(
        ReadingError, match="past the 500000 values read of one file; keep long lists of contacts in CSV"
    ):
        read_tree("a: [" + "1," * 600_000 + "]")


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(ReadingError, match="holds more than 10000 keys"):
        read_tree("\n".join(f"k{index}: 1" for index in range(10_001)))


def test_words_of_yaml_1_1_are_no_booleans(refusal: Refusal, smallest: str) -> None:
    (problem,) = refusal(smallest + "campaigns: {c: {contacts: {count: 5}, amd: {enabled: yes}}}")
    assert str(problem) == 'evening.yaml:4:54: campaigns.c.amd.enabled: must be true or false, not "yes"'


def _below(node: Node, key: str) -> Node:
    assert node.entries is not None
    return node.entries[key]
