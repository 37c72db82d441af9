"""Flows to run, and random ones that are legal."""

from typing import Any

from hypothesis import strategies as st

from busyhour.core.flow.reading import check

REMINDER: dict[str, Any] = {
    "name": "reminder",
    "start": "greet",
    "nodes": {
        "greet": {"type": "say", "text": "Hello {{contact.name}}.", "next": "come"},
        "come": {
            "type": "ask",
            "text": "Will you come?",
            "reprompt": "Yes or no?",
            "expect": {"yes": ["yes", "sure"], "no": ["no"], "person": ["a person"]},
            "save_as": "answer",
            "timeout_s": 4,
            "edges": {
                "yes": "thanks",
                "no": "number",
                "person": "desk",
                "no_input": "bye",
                "no_match": "desk",
            },
        },
        "number": {
            "type": "collect_digits",
            "text": "Which day?",
            "min_digits": 2,
            "max_digits": 4,
            "save_as": "day",
            "timeout_s": 3,
            "retries": 0,
            "edges": {"collected": "move", "no_input": "bye", "no_match": "desk"},
        },
        "move": {
            "type": "http",
            "url": "https://example.com/move/{{day}}",
            "body": {"who": "{{contact.name}}"},
            "save": {"slot": "slot.at"},
            "timeout_s": 2,
            "edges": {"success": "moved", "failure": "callback"},
        },
        "moved": {"type": "say", "text": "It is {{slot}} now.", "next": "bye"},
        "desk": {
            "type": "transfer",
            "queue": "desk",
            "briefing": "{{contact.name}} said {{answer}}",
            "timeout_s": 20,
            "edges": {"failure": "callback"},
        },
        "callback": {"type": "hand_off", "queue": "desk", "note": "call {{contact.name}}", "next": "bye"},
        "thanks": {"type": "set", "variables": {"confirmed": "{{answer}}"}, "next": "which"},
        "which": {
            "type": "branch",
            "conditions": [{"variable": "confirmed", "is": "contains", "value": "sure", "edge": "sure"}],
            "edges": {"sure": "bye", "else": "say_thanks"},
        },
        "say_thanks": {"type": "say", "text": "Thank you.", "next": "bye"},
        "bye": {"type": "hang_up", "reason": "done"},
    },
}


def _node(
    kind: str, targets: list[str], texts: st.SearchStrategy[str], queues: list[str]
) -> st.SearchStrategy[dict[str, Any]]:
    to = st.sampled_from(targets)
    few = st.integers(0, 2)
    if kind == "say":
        return st.fixed_dictionaries({"type": st.just(kind), "text": texts, "next": to})
    if kind == "ask":
        return st.fixed_dictionaries(
            {"type": st.just(kind), "text": texts, "next": to, "retries": few},
            optional={
                "edges": st.fixed_dictionaries({"yes": to, "no_input": to}),
                "save_as": st.just("heard"),
            },
        )
    if kind == "collect_digits":
        return st.fixed_dictionaries(
            {
                "type": st.just(kind),
                "text": texts,
                "next": to,
                "retries": few,
                "max_digits": st.integers(1, 3),
            },
            optional={
                "edges": st.fixed_dictionaries({"no_match": to}),
                "finish_key": st.sampled_from(["", "*"]),
            },
        )
    if kind == "branch":
        condition = st.fixed_dictionaries(
            {
                "variable": st.sampled_from(["heard", "contact.name", "n"]),
                "is": st.sampled_from(["equals", "contains", "not_equals"]),
                "value": st.sampled_from(["yes", "Ada", 1]),
                "edge": st.just("then"),
            }
        )
        return st.fixed_dictionaries(
            {
                "type": st.just(kind),
                "conditions": st.lists(condition, min_size=1, max_size=2),
                "edges": st.fixed_dictionaries({"then": to, "else": to}),
            }
        )
    if kind == "set":
        variables = st.dictionaries(st.sampled_from(["n", "heard"]), texts, min_size=1)
        return st.fixed_dictionaries({"type": st.just(kind), "variables": variables, "next": to})
    if kind == "http":
        return st.fixed_dictionaries(
            {
                "type": st.just(kind),
                "url": st.just("https://example.com/{{heard}}"),
                "save": st.just({"n": "a.0"}),
                "edges": st.fixed_dictionaries({"success": to, "failure": to}),
            }
        )
    if kind == "transfer":
        return st.fixed_dictionaries(
            {
                "type": st.just(kind),
                "queue": st.sampled_from(queues),
                "edges": st.fixed_dictionaries({"failure": to}),
            }
        )
    return st.fixed_dictionaries({"type": st.just("hand_off"), "queue": st.sampled_from(queues), "next": to})


@st.composite
def legal_flows(draw: st.DrawFn, queues: list[str], circles: bool = True) -> dict[str, Any]:
    """Any nodes, joined at random; those nobody reaches are left out, and those that come round without waiting for the
    caller lead to the end instead."""
    ids = [f"n{i}" for i in range(draw(st.integers(1, 7)))]
    texts = st.sampled_from(
        ["Hello.", "{{heard}}", "Is it {{contact.name}}? {{n}}", "One two three four five."]
    )
    kinds = st.sampled_from(["say", "ask", "collect_digits", "branch", "set", "http", "transfer", "hand_off"])
    nodes: dict[str, Any] = {id: draw(_node(draw(kinds), [*ids, "end"], texts, queues)) for id in ids}
    nodes["end"] = {"type": "hang_up"}
    _straighten(ids, nodes, circles)
    reached = {"n0"}
    due = ["n0"]
    while due:
        for target in _targets(nodes[due.pop()]):
            if target not in reached:
                reached.add(target)
                due.append(target)
    plain = {"name": "random", "start": "n0", "nodes": {id: nodes[id] for id in nodes if id in reached}}
    assert check(plain) == []
    return plain


def _targets(node: dict[str, Any]) -> list[str]:
    ways = [*node.get("edges", {}).values()]
    return [*ways, node["next"]] if "next" in node else ways


def _straighten(ids: list[str], nodes: dict[str, Any], circles: bool) -> None:
    """Have what does not wait for the caller lead forwards only; without circles everything."""
    for place, id in enumerate(ids):
        node = nodes[id]
        if circles and node["type"] in ("ask", "collect_digits"):
            continue
        for ways in (node, node.get("edges", {})):
            for key in [key for key in ways if ways is not node or key == "next"]:
                if ways[key] in ids[: place + 1]:
                    ways[key] = "end"
