"""Texts with variables, expected answers, conditions, and JSON."""

import pytest

from busyhour.core.flow.conditions import holds
from busyhour.core.flow.json_values import filled_body, found_in
from busyhour.core.flow.matching import matched, words_of
from busyhour.core.flow.nodes import Condition
from busyhour.core.flow.templates import LONGEST_VALUE, Template, Variables, variables_of
from busyhour.core.flow.values import read_body, read_phrases


def variables(**facts: object) -> Variables:
    return Variables(variables_of(facts))


def test_a_variable_is_filled_in_and_an_unknown_one_left_out() -> None:
    known = variables(contact={"name": "Ada", "tags": ["vip"]}, call={"attempt": 2})
    text = Template("Hi {{contact.name}}, {{ contact.tags.0 }}, call {{call.attempt}}{{nothing}}!")
    assert text.filled(known) == "Hi Ada, vip, call 2!"


def test_a_bare_name_is_looked_for_in_the_metadata_of_the_contact_then_of_the_call() -> None:
    known = variables(contact={"metadata": {"plan": "gold"}}, call={"metadata": {"plan": "iron", "shop": 7}})
    assert Template("{{plan}} {{shop}}").filled(known) == "gold 7"
    known.set("plan", "silver")
    assert Template("{{plan}}").filled(known) == "silver"


def test_what_a_variable_holds_is_never_filled_in_again() -> None:
    known = variables(contact={"name": "{{call.secret}}"}, call={"secret": "1234"})
    assert Template("{{contact.name}}").filled(known) == "{{call.secret}}"


def test_a_variable_in_an_address_cannot_lead_elsewhere() -> None:
    known = variables(id="../x?y=1&z@evil.example/#")
    assert (
        Template("https://h/{{id}}").filled_for_url(known)
        == "https://h/..%2Fx%3Fy%3D1%26z%40evil.example%2F%23"
    )


def test_a_variable_that_doubles_itself_does_not_grow_for_ever() -> None:
    known = variables(a="0123456789")
    doubling = Template("{{a}}{{a}}")
    for _ in range(100):
        known.set("a", doubling.filled(known))
    assert len(known.get("a")) == LONGEST_VALUE


def test_scalars_are_said_as_people_do() -> None:
    assert variables_of({"a": True, "b": None, "c": 2.0, "d": 2.5, "e": [1, {"f": "x"}]}) == {
        "a": "true",
        "c": "2",
        "d": "2.5",
        "e.0": "1",
        "e.1.f": "x",
    }


@pytest.mark.parametrize(
    ("said", "edge"),
    [
        ("Yes!", "yes"),
        ("well, YES please", "yes"),
        ("No, not today.", "not_today"),
        ("no", "no"),
        ("I can\u2019t come", "no"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_an_answer_goes_to_the_edge_of_the_longest_phrase_that_occurs_in_it(said: str, edge: str) -> None:
    choices = read_phrases({"yes": "yes", "no": ["no", "can't come"], "not_today": ["not today"]})
    assert matched(choices, said) == edge


def test_words_are_without_case_and_punctuation() -> None:
    assert words_of("I'm SORRY -- what? 10:30, Straße_x") == [
        "i'm",
        "sorry",
        "what",
        "10",
        "30",
        "strasse",
        "x",
    ]


@pytest.mark.parametrize(
    ("comparison", "value", "is_true"),
    [
        ("equals", "gold", True),
        ("equals", "golden", False),
        ("not_equals", "gold", False),
        ("contains", "OL", True),
        ("one_of", "", True),
        ("at_least", "3", False),
        ("set", "", True),
        ("not_set", "", False),
    ],
)
def test_a_condition_compares_text_without_case(comparison: str, value: str, is_true: bool) -> None:
    condition = Condition("x", "plan", comparison, value, ["iron", "gold"])
    assert holds(condition, variables(plan=" Gold ")) is is_true


@pytest.mark.parametrize(
    ("held", "at_least_10"),
    [("9", False), ("10", True), ("10.5", True), ("1e400", False), ("nan", False), ("", False)],
)
def test_a_condition_compares_numbers_as_numbers(held: str, at_least_10: bool) -> None:
    assert holds(Condition("x", "n", "at_least", "10", []), variables(n=held)) is at_least_10


def test_nothing_is_known_of_a_variable_that_nobody_set() -> None:
    assert holds(Condition("x", "n", "not_set", "", []), variables())
    assert not holds(Condition("x", "n", "at_most", "10", []), variables())


def test_a_body_stays_json_whatever_its_variables_hold() -> None:
    body = read_body({"who": "{{name}}", "list": [1, "{{n}}", True], "none": None})
    assert filled_body(body, variables(name='"},{"', n=5)) == {
        "who": '"},{"',
        "list": [1, "5", True],
        "none": None,
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 7),
        ("list.1", "y"),
        ("list.9", None),
        ("a", None),
        ("a.b.c", None),
        ("x", None),
        ("list.\u0661", None),
    ],
)
def test_a_value_is_found_in_an_answer_by_its_path(path: str, value: object) -> None:
    assert found_in({"a": {"b": 7}, "list": ["x", "y"]}, path) == value
