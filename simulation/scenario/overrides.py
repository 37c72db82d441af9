"""`--set path=value`: changes to a scenario's tree before it is checked."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from simulation.scenario.errors import Problem, ScenarioError
from simulation.scenario.reading import LONGEST_KEY, Node, ReadingError, printable, read_tree
from simulation.scenario.references import SINGULAR


def apply(tree: Node, overrides: Sequence[str], name: str) -> None:
    """Sets each `path=value` in the tree, a later one over an earlier one.

    A path is dotted, with entries of a list by number from 0. A value is YAML, read as in the file. Keys that
    are not there are added; whether they may be is for the check of the whole. Raises ScenarioError, with
    every override that can't be read or leads nowhere.
    """
    problems: list[Problem] = []
    for override in overrides:
        try:
            _Override(override, name).apply(tree)
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)


class _Override:
    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.option = f"--set {printable(text)[:200]}"
        path, equals, value = text.partition("=")
        self.steps = path.strip().split(".")
        if not equals or not all(0 < len(step) <= LONGEST_KEY and step.isprintable() for step in self.steps):
            raise self._refusal((), "must be path=value, such as queues.sales.agents=40")
        if not value.strip():
            raise self._refusal(self.steps, "has no value after the =")
        try:
            self.value = read_tree(value)
        except ReadingError as error:
            raise self._refusal(self.steps, error.sentence) from None
        self._mark(self.value)

    def apply(self, tree: Node) -> None:
        self._check_name(tree)
        node = tree
        for index, step in enumerate(self.steps[:-1]):
            node = self._below(node, step, self.steps[:index])
        self._put(node, self.steps[-1], self.steps[:-1])

    def _check_name(self, tree: Node) -> None:
        """`queues.sails.agents=40` would add a queue nobody meant; `queues.sails={agents: 40}` does."""
        if len(self.steps) < 3 or tree.entries is None or self.steps[0] not in SINGULAR:
            return
        section, name = self.steps[:2]
        there = tree.entries.get(section)
        names = list(there.entries or ()) if there is not None else []
        if section == "agents" and (queues := tree.entries.get("queues")) is not None:
            names += list(queues.entries or ())  # Each has a pool of its own name, unless it names others.
        if names and name not in names:
            near = get_close_matches(name, names, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there is {', '.join(names[:10])}"
            raise self._refusal(self.steps[:2], f'there is no {SINGULAR[section]} "{name}"; {hint}')

    def _below(self, node: Node, step: str, done: Sequence[str]) -> Node:
        if node.entries is not None:
            below = node.entries.get(step)
            if below is None or (below.is_scalar() and below.value is None):
                below = Node(0, 0)
                below.entries = {}
                below.option = self.option
                node.entries[step] = below
            return below
        if node.items is not None:
            return node.items[self._index(node.items, step, done)]
        raise self._leads_nowhere(step, done)

    def _put(self, node: Node, step: str, done: Sequence[str]) -> None:
        if node.entries is not None:
            node.entries[step] = self.value
        elif node.items is not None:
            node.items[self._index(node.items, step, done)] = self.value
        else:
            raise self._leads_nowhere(step, done)

    def _index(self, items: list[Node], step: str, done: Sequence[str]) -> int:
        if step.isascii() and step.isdecimal() and len(step) < 10 and int(step) < len(items):
            return int(step)
        numbers = f"0 to {len(items) - 1}" if items else "and it is empty"
        raise self._refusal(done, f"is a list, whose entries are numbers, {numbers}, not {step}")

    def _leads_nowhere(self, step: str, done: Sequence[str]) -> ScenarioError:
        return self._refusal(done, f"holds a single value, below which there is no {step}; set it as a whole")

    def _mark(self, node: Node) -> None:
        node.option = self.option
        for below in (*(node.entries or {}).values(), *(node.items or ())):
            self._mark(below)

    def _refusal(self, path: Sequence[str], sentence: str) -> ScenarioError:
        return ScenarioError(
            [Problem(self.name, 0, 0, printable(".".join(path))[:200], printable(sentence), self.option)]
        )
