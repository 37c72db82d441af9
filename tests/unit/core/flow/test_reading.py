"""What is a flow, and what is told about what is none."""

from typing import Any

import pytest

from busyhour.core.errors import InvalidFlowError
from busyhour.core.flow.fields import FORMS, MOST_NODES
from busyhour.core.flow.nodes import NODE_TYPES, AskNode, CollectDigitsNode, HttpNode
from busyhour.core.flow.reading import MOST_PROBLEMS, check, load
from busyhour.core.ids import SECOND

BYE: dict[str, Any] = {"type": "hang_up"}


def flow(**nodes: dict[str, Any]) -> dict[str, Any]:
    """Starting at the first."""
    return {"name": "made", "start": next(iter(nodes)), "nodes": nodes}


def say(next: str = "bye", text: str = "Hello.") -> dict[str, Any]:
    return {"type": "say", "text": text, "next": next}


def ask(**edges: str) -> dict[str, Any]:
    return {"type": "ask", "text": "Well?", "edges": edges}


def test_a_node_of_each_type_makes_a_flow() -> None:
    plain = flow(
        greet=say("ask", "Hello {{ contact.name }}."),
        ask=ask(yes="pin", no="later", no_input="later", no_match="later"),
        pin={
            "type": "collect_digits",
            "text": "Your number?",
            "max_digits": 6,
            "save_as": "pin",
            "edges": {"collected": "look", "no_input": "later", "no_match": "later"},
        },
        look={
            "type": "http",
            "url": "https://example.com/people/{{pin}}",
            "save": {"plan": "person.plan"},
            "edges": {"success": "which", "failure": "later"},
        },
        which={
            "type": "branch",
            "conditions": [{"variable": "plan", "is": "equals", "value": "gold", "edge": "gold"}],
            "edges": {"gold": "mark", "else": "bye"},
        },
        mark={"type": "set", "variables": {"vip": True}, "next": "people"},
        people={"type": "transfer", "queue": "desk", "edges": {"failure": "later"}},
        later={"type": "hand_off", "queue": "desk", "next": "bye"},
        bye=BYE,
    )
    assert check(plain) == []
    loaded = load(plain)
    assert list(loaded.nodes) == list(plain["nodes"])
    assert loaded.queues() == ["desk"]


def test_what_is_left_out_has_its_default() -> None:
    nodes = load(
        flow(
            a={"type": "ask", "text": "Well?", "next": "b"},
            b={"type": "collect_digits", "text": "Number?", "next": "c"},
            c={"type": "http", "url": "https://example.com", "next": "bye"},
            bye=BYE,
        )
    ).nodes
    question, digits, request = nodes["a"], nodes["b"], nodes["c"]
    assert isinstance(question, AskNode)
    assert isinstance(digits, CollectDigitsNode)
    assert isinstance(request, HttpNode)
    assert (question.timeout, question.retries, question.reprompt.text) == (5 * SECOND, 1, "Well?")
    assert (digits.min_digits, digits.max_digits, digits.finish_key) == (1, 32, "#")
    assert (request.method, request.body, request.timeout) == ("POST", None, 5 * SECOND)


def test_next_leads_on_from_every_outcome_without_an_edge_of_its_own() -> None:
    node = load(flow(a={**ask(yes="bye"), "next": "a2"}, a2=say(), bye=BYE)).nodes["a"]
    assert node.edges == {"yes": "bye", "no_input": "a2", "no_match": "a2"}


def test_an_edge_without_phrases_is_expected_by_its_name() -> None:
    plain = flow(
        a={**ask(not_today="bye", yes="bye"), "expect": {"yes": ["yes", "of course"]}, "next": "bye"}, bye=BYE
    )
    node = load(plain).nodes["a"]
    assert isinstance(node, AskNode)
    assert node.choices == {"not_today": [["not", "today"]], "yes": [["yes"], ["of", "course"]]}


def test_a_queue_may_be_named_by_its_id() -> None:
    plain = flow(a={"type": "transfer", "queue_id": "q-1", "edges": {"failure": "bye"}}, bye=BYE)
    assert load(plain).queues() == ["q-1"]


REFUSED: list[tuple[Any, str]] = [
    (None, "a flow must be a mapping with name, start and nodes, not nothing"),
    ([], "a flow must be a mapping with name, start and nodes, not a list"),
    ({}, "nodes must be a mapping of ids to nodes, with at least one"),
    ({**flow(bye=BYE), "version": 3}, 'unknown key "version"; keys of a flow: name, start, nodes'),
    ({**flow(bye=BYE), "start": "x"}, 'start leads to the node "x", which is not there'),
    ({**flow(bye=BYE), "name": " "}, 'name must be text of 1 to 200 characters, not " "'),
    (flow(a="say"), 'node "a": must be a mapping with a type, not "say"'),  # type: ignore[arg-type]
    (flow(a={"type": "sing"}), f'node "a": type must be one of {", ".join(NODE_TYPES)}, not "sing"'),
    (flow(a={"type": "say", "next": "bye"}, bye=BYE), 'node "a": text is missing'),
    (flow(a={**say(), "txt": "x"}, bye=BYE), 'node "a": unknown key "txt"; did you mean text?'),
    (flow(a={**BYE, "colour": "red"}), 'node "a": unknown key "colour"; keys of hang_up: type, reason'),
    (flow(a={**say(), "text": 7}, bye=BYE), 'node "a": text must be text, not 7'),
    (flow(a={**say(), "text": " "}, bye=BYE), 'node "a": text must not be empty'),
    (flow(a=say(text="Hi {{name"), bye=BYE), 'node "a": text has "{{", which must be closed by }}'),
    (
        flow(a=say(text="Hi {{1+1}}"), bye=BYE),
        'node "a": text has "{{1+1}}", which must be a variable, such as {{contact.name}}',
    ),
    (flow(a=say("nowhere")), 'node "a": next leads to "nowhere", which is not there'),
    (flow(a={"type": "say", "text": "Hello."}), 'node "a": a say has no way on; add next'),
    (flow(a={**say(), "next": 3}, bye=BYE), 'node "a": next must be the id of a node, not 3'),
    (flow(a=say(), b=BYE, bye=BYE), 'node "b": cannot be reached from start'),
    (
        flow(a=ask(yes="bye", no_input="bye"), bye=BYE),
        'node "a": an ask must have an edge no_match, or next for what has no edge of its own',
    ),
    (
        flow(a=ask(no_input="bye"), bye=BYE),
        'node "a": an ask must have an edge answered, or next for what has no edge of its own',
    ),
    (
        flow(a={**ask(yes="bye"), "next": "bye", "expect": {"answered": ["x"]}}, bye=BYE),
        'node "a": expect must not name answered, which has a meaning of its own',
    ),
    (
        flow(a={**ask(), "next": "bye", "expect": {"yes": ["?!"]}}, bye=BYE),
        'node "a": expect has "?!" for "yes", where a phrase of words belongs',
    ),
    (
        flow(a={**ask(), "next": "bye", "timeout_s": 0}, bye=BYE),
        'node "a": timeout_s must be from 0.5 to 120 seconds, and is 0',
    ),
    (
        flow(a={**ask(), "next": "bye", "timeout_s": float("nan")}, bye=BYE),
        'node "a": timeout_s must be from 0.5 to 120 seconds, and is nan',
    ),
    (
        flow(a={**ask(), "next": "bye", "retries": True}, bye=BYE),
        'node "a": retries must be a whole number, not true',
    ),
    (
        flow(a={**ask(), "next": "bye", "save_as": "contact.name"}, bye=BYE),
        'node "a": save_as must not be "contact.name": what begins with contact. or call. is known and stays',
    ),
    (
        flow(
            a={"type": "collect_digits", "text": "?", "min_digits": 5, "max_digits": 4, "next": "bye"},
            bye=BYE,
        ),
        'node "a": min_digits must be at most max_digits, 4, and is 5',
    ),
    (
        flow(a={"type": "collect_digits", "text": "?", "finish_key": "##", "next": "bye"}, bye=BYE),
        'node "a": finish_key must be one of 0123456789*#, or "" for none, not "##"',
    ),
    (
        flow(
            a={
                "type": "branch",
                "conditions": [{"variable": "x", "value": 1, "edge": "one"}],
                "edges": {"one": "bye"},
            },
            bye=BYE,
        ),
        'node "a": a branch must have an edge else',
    ),
    (
        flow(a={"type": "branch", "edges": {"else": "bye"}}, bye=BYE),
        'node "a": conditions is missing',
    ),
    (
        flow(
            a={
                "type": "branch",
                "conditions": [{"variable": "x", "is": "at_least", "value": "many", "edge": "else"}],
            },
            bye=BYE,
        ),
        'node "a": conditions needs a number in its entry 1, not "many"',
    ),
    (
        flow(
            a={
                "type": "branch",
                "conditions": [{"variable": "x", "is": "set", "edge": "else"}],
                "edges": {"else": "bye", "other": "bye"},
            },
            bye=BYE,
        ),
        'node "a": unknown edge "other"; edges here: else',
    ),
    (
        flow(a={"type": "transfer", "queue": "desk", "edges": {"success": "bye"}}, bye=BYE),
        'node "a": a transfer must have an edge failure',
    ),
    (
        flow(
            a={"type": "transfer", "queue": "d", "queue_id": "d", "edges": {"failure": "bye"}},
            bye=BYE,
        ),
        'node "a": queue and queue_id stand beside each other; keep one of them',
    ),
    (
        flow(a={"type": "transfer", "queue": "desk", "kind": "hot", "edges": {"failure": "bye"}}, bye=BYE),
        'node "a": kind must be warm or cold, not "hot"',
    ),
    (
        flow(
            a={"type": "transfer", "queue": "desk", "edges": {"failure": "bye", "success": "b"}},
            b=say(),
            bye=BYE,
        ),
        'node "a": the edge success leads to "b", and by then a person has the call; '
        "only set, branch, http, hand_off and hang_up may follow",
    ),
    (
        flow(a={"type": "http", "url": "https://{{host}}/x", "next": "bye"}, bye=BYE),
        'node "a": url must begin with https:// or http:// and a host without {{variables}}, '
        'and have neither spaces nor a #, and is "https://{{host}}/x"',
    ),
    (
        flow(a={"type": "http", "url": "https://h/", "save": {"x": "a..b"}, "next": "bye"}, bye=BYE),
        'node "a": save has "a..b", where a path such as order.status belongs',
    ),
    (
        flow(a={"type": "set", "variables": {}, "next": "bye"}, bye=BYE),
        'node "a": variables must set at least one variable',
    ),
    (
        flow(a=say("b"), b={"type": "set", "variables": {"n": 1}, "next": "a"}),
        'node "a": comes round to itself (a → b → a) without waiting for the caller; '
        "put ask or collect_digits in between",
    ),
    (
        flow(a={"type": "transfer", "queue": "desk", "edges": {"failure": "a"}}),
        'node "a": comes round to itself (a → a) without waiting for the caller; put ask or collect_digits in between',
    ),
    (
        flow(**{"a b": BYE}),
        'node "a b": an id must be letters, digits, - and _, at most 64, the first no - or _',
    ),
]


@pytest.mark.parametrize(("plain", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_is_no_flow_is_told_by_a_sentence(plain: Any, sentence: str) -> None:
    assert sentence in check(plain)
    with pytest.raises(InvalidFlowError) as refusal:
        load(plain)
    assert sentence in refusal.value.problems
    assert sentence in str(refusal.value)


def test_every_problem_is_told_at_once() -> None:
    told = check(flow(a={"type": "say"}, b={"type": "transfer"}))
    assert told == [
        'node "a": text is missing',
        'node "b": queue is missing',
    ]


def test_a_circle_through_a_question_is_no_problem() -> None:
    assert check(flow(a=say("b"), b=ask(answered="a", no_input="bye"), bye=BYE)) == []


def test_far_too_much_is_told_in_few_sentences() -> None:
    assert check(flow(**{f"n{i}": {"type": "say"} for i in range(MOST_NODES)})) != []
    assert len(check(flow(**{f"n{i}": {"type": "say"} for i in range(MOST_NODES)}))) == MOST_PROBLEMS
    assert check(flow(**{f"n{i}": BYE for i in range(MOST_NODES + 1)})) == [
        f"a flow has at most {MOST_NODES} nodes, and this one {MOST_NODES + 1}"
    ]


def test_a_hostile_id_is_shown_cut_and_without_what_a_terminal_would_act_on() -> None:
    (told,) = check(flow(**{"\x1b[31m" + "x" * 5000: BYE}))
    assert told.startswith('node "\ufffd[31mxxx')
    assert len(told) < 200


def test_a_body_may_not_be_nested_without_end() -> None:
    body: Any = {}
    for _ in range(100):
        body = [body]
    plain = flow(a={"type": "http", "url": "https://h/", "body": body, "next": "bye"}, bye=BYE)
    assert check(plain) == ['node "a": body is nested more than 16 deep']


def test_a_body_holds_only_what_json_has() -> None:
    plain = flow(a={"type": "http", "url": "https://h/", "body": {"x": float("inf")}, "next": "bye"}, bye=BYE)
    assert check(plain) == ['node "a": body must not hold inf, which JSON does not have']


def test_a_long_chain_of_nodes_is_no_problem() -> None:
    nodes = {f"n{i}": say(f"n{i + 1}") for i in range(MOST_NODES - 1)}
    assert check(flow(**nodes, **{f"n{MOST_NODES - 1}": BYE})) == []


def test_the_table_of_forms_has_every_type() -> None:
    assert tuple(FORMS) == NODE_TYPES
