"""What is wrong with a flow as a whole, once each of its nodes is right and every edge leads somewhere."""

from busyhour.core.flow.nodes import (
    SUCCESS,
    WAITS_FOR_CALLER,
    AskNode,
    BranchNode,
    CollectDigitsNode,
    HandOffNode,
    HangUpNode,
    HttpNode,
    Node,
    SetNode,
    TransferNode,
)


def graph_problems(start: str, nodes: dict[str, Node]) -> list[str]:
    """Sentences. `start` is one of `nodes`."""
    problems: list[str] = []
    reached = _reachable([start], nodes)
    for id in nodes:
        if id not in reached:
            problems.append(f'node "{id}": cannot be reached from start')
    circle = _circle(nodes)
    if circle:
        way = " → ".join([*circle, circle[0]])
        problems.append(
            f'node "{circle[0]}": comes round to itself ({way}) without waiting for the caller; '
            f"put {' or '.join(WAITS_FOR_CALLER)} in between"
        )
    problems.extend(_beyond_success(nodes))
    return problems


def _reachable(first: list[str], nodes: dict[str, Node]) -> set[str]:
    reached = set(first)
    due = list(first)
    while due:
        for target in nodes[due.pop()].edges.values():
            if target not in reached:
                reached.add(target)
                due.append(target)
    return reached


def _waits(node: Node) -> bool:
    return isinstance(node, (AskNode, CollectDigitsNode))


def _circle(nodes: dict[str, Node]) -> list[str]:
    """Nodes that lead round without waiting for the caller, in order; empty where there are none.

    What leads nowhere but to nodes already set aside is on no circle and set aside too; what is left at the end leads
    on for ever.
    """
    leading: dict[str, list[str]] = {}
    onward: dict[str, int] = {}
    for id, node in nodes.items():
        if not _waits(node):
            targets = {target for target in node.edges.values() if not _waits(nodes[target])}
            onward[id] = len(targets)
            for target in targets:
                leading.setdefault(target, []).append(id)
    due = [id for id, count in onward.items() if count == 0]
    while due:
        aside = due.pop()
        del onward[aside]
        for id in leading.get(aside, []):
            onward[id] -= 1
            if onward[id] == 0:
                due.append(id)
    if not onward:
        return []
    way: list[str] = []
    at = next(id for id in nodes if id in onward)
    while at not in way:
        way.append(at)
        at = next(target for target in nodes[at].edges.values() if target in onward)
    return way[way.index(at) :]


def _beyond_success(nodes: dict[str, Node]) -> list[str]:
    """Once a person has the call the voice agent has nobody to talk to."""
    problems: list[str] = []
    for node in nodes.values():
        if not isinstance(node, TransferNode) or SUCCESS not in node.edges:
            continue
        for id in _reachable([node.edges[SUCCESS]], nodes):
            beyond = nodes[id]
            if not isinstance(beyond, (SetNode, BranchNode, HttpNode, HandOffNode, HangUpNode)):
                problems.append(
                    f'node "{node.id}": the edge success leads to "{id}", and by then a person has the call; '
                    "only set, branch, http, hand_off and hang_up may follow"
                )
    return sorted(problems)
