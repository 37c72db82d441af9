"""What the library raises. An expected outcome of a call (busy, no answer) is a value, never one of these.

BusyhourError
├── InvalidValueError      a value nothing can be built from (also a ValueError)
├── UnstableQueueError     a steady state was asked of a queue that grows without bound
├── UnattainableError      no number of servers or agents within the bound reaches the target
└── SnapshotError          a snapshot that this code did not write
"""


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
