"""What the library raises. An expected outcome of a call (busy, no answer) is a value, never one of these.

BusyhourError
├── InvalidValueError      a value nothing can be built from (also a ValueError)
├── UnstableQueueError     a steady state was asked of a queue that grows without bound
├── UnattainableError      no number of servers or agents within the bound reaches the target
├── SnapshotError          a snapshot that this code did not write
└── InvalidFlowError       a flow that cannot be run

The `require_` functions raise InvalidValueError unless `value` is what their name says; NaN never is.
"""

import math


class BusyhourError(Exception):
    """Root of every exception Busyhour raises on purpose."""


class InvalidValueError(BusyhourError, ValueError):
    """`name` was given `value`, where `wanted` says what would be right."""

    name: str
    value: object
    wanted: str

    def __init__(self, name: str, value: object, wanted: str) -> None:
        super().__init__(name, value, wanted)
        self.name = name
        self.value = value
        self.wanted = wanted

    def __str__(self) -> str:
        return f"{self.name} is {self.value!r}, must be {self.wanted}"


class UnstableQueueError(BusyhourError):
    """`load` erlangs were offered to `agents` that never refuse, so waits grow without bound."""

    agents: int
    load: float

    def __init__(self, agents: int, load: float) -> None:
        super().__init__(agents, load)
        self.agents = agents
        self.load = load

    def __str__(self) -> str:
        return f"{self.load:g} erlangs need more than {self.agents} agents"


class UnattainableError(BusyhourError):
    """`target` is not reached by any number up to `bound`."""

    target: str
    bound: int

    def __init__(self, target: str, bound: int) -> None:
        super().__init__(target, bound)
        self.target = target
        self.bound = bound

    def __str__(self) -> str:
        return f"{self.target} is not reached by any number up to {self.bound}"


class SnapshotError(BusyhourError):
    """A snapshot of `machine` cannot be read, because of `reason`."""

    machine: str
    reason: str

    def __init__(self, machine: str, reason: str) -> None:
        super().__init__(machine, reason)
        self.machine = machine
        self.reason = reason

    def __str__(self) -> str:
        return f"the snapshot of a {self.machine} cannot be read: {self.reason}"


class InvalidFlowError(BusyhourError):
    """A flow cannot be run; `problems` are sentences, each of which names the node it is about."""

    problems: list[str]

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)


def require_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidValueError(name, value, f"at least {least}")


def require_positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise InvalidValueError(name, value, "a finite number above 0")


def require_not_negative(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise InvalidValueError(name, value, "a finite number from 0 up")


def require_share_below_one(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise InvalidValueError(name, value, "from 0 to below 1")
