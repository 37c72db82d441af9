"""What must hold of a flow before a call may run it. Each complaint names the node."""

from collections.abc import Iterator

from serve_app.errors import InvalidInputError
from serve_app.schemas.flows import ELSE, FAILURE, Branch, FlowBody, Transfer, edges_of, successors


def check(flow: FlowBody) -> None:
    """Raises InvalidInputError with the first complaint."""
    for complaint in complaints(flow):
        raise InvalidInputError(complaint)


def complaints(flow: FlowBody) -> Iterator[str]:
    if flow.start not in flow.nodes:
        yield f"start leads to {flow.start}, which is not a node"
    for id, node in flow.nodes.items():
        for name, to in successors(node):
            if to not in flow.nodes:
                yield f"nodes.{id}.{name} leads to {to}, which is not a node"
        if isinstance(node, Branch) and ELSE not in edges_of(node):
            yield f"nodes.{id}.edges must have an else, for any other value"
        if isinstance(node, Transfer) and FAILURE not in edges_of(node):
            yield f"nodes.{id}.edges must have a failure, for when nobody takes the call"
    reached = _reached(flow)
    for id in flow.nodes:
        if id not in reached:
            yield f"nodes.{id} can't be reached from start"


def _reached(flow: FlowBody) -> set[str]:
    waiting, reached = [flow.start], {flow.start}
    while waiting:
        node = flow.nodes.get(waiting.pop())
        for _, to in successors(node) if node is not None else ():
            if to not in reached:
                reached.add(to)
                waiting.append(to)
    return reached
