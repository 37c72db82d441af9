"""The random numbers of one replication, each a pure function of what it is for.

A stream is named by (seed, replication, entity, purpose) and read by index: `at(i)` is the same number
whatever was drawn before, from this stream or any other, by whichever worker. Changing one part of a
scenario therefore leaves every other draw as it was (common random numbers).

Numbers are made in vectorised blocks with fixed boundaries (0, 64, 512, 4096, 8192, …: small first, so that a
small run starts at once) and kept as Python lists, which is what both the interpreter and compiled code index
fastest. This file is compiled with the engine; NumPy stays behind the block functions of `distributions`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from busyhour.core.ids import ABSENT
from simulation.distributions import constant_of, duration_blocks, uniform_blocks
from simulation.philox import Words, stream_key

if TYPE_CHECKING:
    from simulation.scenario.distributions import Distribution

BLOCK: Final = 4096
KEPT_BLOCKS: Final = 8
"""Blocks a stream keeps for readers that are behind its front (retries, callers who waited)."""


def block_start(index: int) -> int:
    """The first index of the block that holds this one."""
    if index >= BLOCK:
        return index - index % BLOCK
    if index >= 512:
        return 512
    return 64 if index >= 64 else 0


def block_end(start: int) -> int:
    """One past the last index of the block that begins at start."""
    if start >= BLOCK:
        return start + BLOCK
    if start >= 512:
        return BLOCK
    return 512 if start >= 64 else 64


@final
class DurationStream:
    """Durations of one entity for one purpose: microseconds, >= 0, or ABSENT where they never end."""

    _start: int
    _size: int
    _block: list[int]
    _constant: int
    _kept: dict[int, list[int]]
    _source: Callable[[int, int], list[int]] | None

    __slots__ = ("_block", "_constant", "_kept", "_size", "_source", "_start")

    def __init__(self, source: Callable[[int, int], list[int]] | None, constant: int) -> None:
        """source(start, count) makes a block; without one every draw is the constant."""
        self._start = 0
        self._size = 0
        self._block = []
        self._constant = constant
        self._kept = {}
        self._source = source

    def at(self, index: int) -> int:
        """The index-th draw (index >= 0), microseconds."""
        offset = index - self._start
        if 0 <= offset < self._size:
            return self._block[offset]
        return self._turn(index)

    def _turn(self, index: int) -> int:
        source = self._source
        if source is None:
            return self._constant
        if index < 0:
            raise IndexError("a draw's index is not negative", index)
        start = block_start(index)
        block = self._kept.pop(start, None)
        if block is None:
            block = source(start, block_end(start) - start)
            if len(self._kept) >= KEPT_BLOCKS:
                del self._kept[next(iter(self._kept))]
        self._kept[start] = block
        self._start = start
        self._size = len(block)
        self._block = block
        return block[index - start]


@final
class UniformStream:
    """Uniform numbers on [0, 1) of one entity for one purpose."""

    _start: int
    _size: int
    _block: list[float]
    _kept: dict[int, list[float]]
    _source: Callable[[int, int], list[float]]

    __slots__ = ("_block", "_kept", "_size", "_source", "_start")

    def __init__(self, source: Callable[[int, int], list[float]]) -> None:
        self._start = 0
        self._size = 0
        self._block = []
        self._kept = {}
        self._source = source

    def at(self, index: int) -> float:
        """The index-th draw (index >= 0)."""
        offset = index - self._start
        if 0 <= offset < self._size:
            return self._block[offset]
        return self._turn(index)

    def _turn(self, index: int) -> float:
        if index < 0:
            raise IndexError("a draw's index is not negative", index)
        start = block_start(index)
        block = self._kept.pop(start, None)
        if block is None:
            block = self._source(start, block_end(start) - start)
            if len(self._kept) >= KEPT_BLOCKS:
                del self._kept[next(iter(self._kept))]
        self._kept[start] = block
        self._start = start
        self._size = len(block)
        self._block = block
        return block[index - start]


@final
class Substreams:
    """One replication's source of randomness."""

    seed: int
    replication: int

    __slots__ = ("replication", "seed")

    def __init__(self, seed: int, replication: int) -> None:
        self.seed = seed
        self.replication = replication

    def durations(self, entity: str, purpose: str, distribution: "Distribution | None") -> DurationStream:
        """Draws of a distribution, whole microseconds; None is infinite: every draw is ABSENT."""
        if distribution is None:
            return DurationStream(None, ABSENT)
        constant = constant_of(distribution)
        if constant >= 0:
            return DurationStream(None, constant)
        return DurationStream(duration_blocks(self.words(entity, purpose), distribution), 0)

    def uniforms(self, entity: str, purpose: str) -> UniformStream:
        """Uniform numbers, for shares and choices."""
        return UniformStream(uniform_blocks(self.words(entity, purpose)))

    def words(self, entity: str, purpose: str) -> Words:
        """The vectorised side of a stream, for readers that take whole blocks (arrivals)."""
        return Words(stream_key(self.seed, self.replication, entity, purpose))
