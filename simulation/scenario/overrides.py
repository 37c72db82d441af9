"""`--set path=value`: changes to a scenario's tree before it is checked."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.scenario.base import Path
from simulation.scenario.errors import Problem, ScenarioError
from simulation.scenario.reading import Node, ReadingError, read_tree


def apply(tree: Node, overrides: Sequence[str], name: str) -> Node:
    """The tree with each `path=value` set, later ones last. Changes the tree. Raises ScenarioError."""
    for override in overrides:
        _set(tree, override, name)
    return tree


def _set(tree: Node, override: str, name: str) -> None:
    option = f"--set {override}"

    def refuse(path: str, sentence: str) -> ScenarioError:
        return ScenarioError([Problem(name, 0, 0, path, sentence, option)])

    path_text, equals, value_text = override.partition("=")
    steps = path_text.strip().split(".")
    if not equals or not all(steps):
        raise refuse("", "must be path=value, such as queues.sales.agents=40")
    try:
        value = read_tree(value_text)
    except ReadingError as error:
        raise refuse(path_text, error.sentence) from None
    _mark(value, option)
    node = tree
    done: list[str | int] = []
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        inner = node.value
        if isinstance(inner, dict) and node.keys is not None:
            if last:
                inner[step] = value
                node.keys[step] = (value.line, value.column)
            elif step not in inner or inner[step].value is None:
                inner[step] = Node({}, 0, 0, {}, option)
                node.keys[step] = (0, 0)
            node = inner[step]
        elif isinstance(inner, list):
            if not step.isdecimal() or int(step) >= len(inner):
                raise refuse(
                    _text((*done, step)),
                    f"{_text(tuple(done))} is a list of {len(inner)}; name an entry by number, from 0",
                )
            if last:
                inner[int(step)] = value
            node = inner[int(step)]
        else:
            raise refuse(
                _text((*done, step)),
                f"{_text(tuple(done))} holds a single value, nothing below it can be set",
            )
        done.append(step)


def _mark(node: Node, option: str) -> None:
    node.option = option
    inner = node.value
    if isinstance(inner, dict):
        for below in inner.values():
            _mark(below, option)
    elif isinstance(inner, list):
        for below in inner:
            _mark(below, option)


def _text(path: Path) -> str:
    return ".".join(str(step) for step in path)
