"""The durable history of one owner's machines: a snapshot, and what was appended since.

Truth is here, and the process that writes it is a cache with a lease. Claiming the journal ends the lease of whoever
had it before: a process that was paused and wakes up can write nothing.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from busyhour.adapters.valkey.shards import shards_key
from busyhour.core.errors import BusyhourError

_PAGE: Final = 1_000
"""Entries read at a time when a journal is recovered."""


class FencedError(BusyhourError):
    """Somebody else has claimed the journal `name`; `reason` names the epochs. Its owner must stop."""

    name: str
    reason: str

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"the journal {self.name} has another owner: {self.reason}"


class SequenceError(BusyhourError):
    """The journal `name` does not end where its owner thought; `reason` has both numbers. A fault of Busyhour's own."""

    name: str
    reason: str

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"the journal {self.name} is out of step: {self.reason}"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a new owner starts from."""

    snapshot: bytes | None
    entries: Sequence[bytes]
    """Appended after the snapshot, oldest first."""


class Journal:
    """One owner's side of the journal `name` of `scope` (a run, a deployment). `claim` comes first.

    Whatever stands in one scope stands on one node of a cluster, so that one Function may touch several journals of it.
    `append` and `snapshot` may be repeated when their answer was lost: done twice is done once.
    """

    def __init__(self, client: "Redis", scope: str, name: str) -> None:
        self._client: Any = client
        self.scope: str = scope
        self.name: str = name
        self.epoch: int = 0
        self.head: int = 0
        """Entries ever appended."""
        stem = f"{{{scope}}}:journal:{name}:"
        self.keys: Final = (f"{stem}epoch", f"{stem}head", f"{stem}entries", f"{stem}snapshot")

    async def claim(self) -> Recovered:
        """Become the owner, and read what there is. Raises FencedError when somebody claims it meanwhile."""
        return await self._recovered(int(await self._client.fcall("busyhour_journal_claim", 1, self.keys[0])))

    async def _recovered(self, epoch: int) -> Recovered:
        """What there is for the owner of `epoch`. Raises FencedError."""
        return (await _recover_each(self._client, [(self, epoch)]))[0]

    async def read_on(self, entries: list[bytes], count: int) -> None:
        """Those after the first `entries`, until there are `count`."""
        while len(entries) < count:
            page = await self._client.lrange(self.keys[2], len(entries), len(entries) + _PAGE - 1)
            if not page:
                break
            entries += page

    async def append(self, entries: Sequence[bytes]) -> None:
        """Durable when it returns, all of them or none. Raises FencedError, SequenceError."""
        if entries:
            self.head = int(await self._call("append", 3, self.head, *entries))

    async def snapshot(self, data: bytes) -> None:
        """`data` stands for everything appended so far, which is dropped. Raises FencedError, SequenceError."""
        await self._call("snapshot", 4, self.head, data)

    async def _call(self, verb: str, keys: int, *arguments: object) -> Any:
        try:
            return await self._client.fcall(
                f"busyhour_journal_{verb}", keys, *self.keys[:keys], self.epoch, *arguments
            )
        except ResponseError as refused:
            raise refusal(self.name, refused) from refused


def refusal(name: str, refused: ResponseError) -> Exception:
    """What a Function's error reply means to the journal `name`; itself where it is none of ours."""
    word, _, reason = str(refused).partition(" ")
    if word == "FENCED":
        return FencedError(name, reason)
    if word == "SEQUENCE":
        return SequenceError(name, reason)
    return refused


async def require_owner(client: "Redis", journals: Sequence[Journal]) -> None:
    """Raises FencedError where one of them has another owner now, and RedisError and OSError where nobody knows."""
    anyhow: Any = client
    epochs = await anyhow.mget([journal.keys[0] for journal in journals])
    for journal, epoch in zip(journals, epochs, strict=True):
        if int(epoch or 0) != journal.epoch:
            raise FencedError(journal.name, f"epoch {journal.epoch} is over, {int(epoch or 0)} writes now")


async def claim_shards(
    client: "Redis", actor: str, journals: Mapping[int, Journal]
) -> dict[int, Recovered | FencedError]:
    """`claim` of the journals of virtual shards, in few requests. One that the map gives to somebody else is refused.

    Raises FencedError when somebody claims one meanwhile, RedisError, OSError.
    """
    anyhow: Any = client
    pipeline = anyhow.pipeline(transaction=False)
    for shard, journal in journals.items():
        keys = (journal.keys[0], shards_key(journal.scope))
        pipeline.fcall("busyhour_shards_claim", 2, *keys, actor, shard)
    answers = dict(zip(journals, await pipeline.execute(raise_on_error=False), strict=True))
    claimed: dict[int, Recovered | FencedError] = {}
    for shard, answer in answers.items():
        if isinstance(answer, Exception):
            refused = refusal(journals[shard].name, answer) if isinstance(answer, ResponseError) else answer
            if not isinstance(refused, FencedError):
                raise refused
            claimed[shard] = refused
    mine = [shard for shard in journals if shard not in claimed]
    recovered = await _recover_each(client, [(journals[shard], int(answers[shard])) for shard in mine])
    return claimed | dict(zip(mine, recovered, strict=True))


async def _recover_each(client: "Redis", epochs: Sequence[tuple[Journal, int]]) -> list[Recovered]:
    """What there is for the owner of each journal in its epoch. Raises FencedError where that is over."""
    anyhow: Any = client
    pipeline = anyhow.pipeline(transaction=False)
    for journal, _ in epochs:
        _, head_key, entries_key, snapshot_key = journal.keys
        pipeline.get(head_key)
        pipeline.hmget(snapshot_key, "at", "data")
        pipeline.lrange(entries_key, 0, _PAGE - 1)
    answers = await pipeline.execute() if epochs else []
    every: list[Recovered] = []
    for n, (journal, epoch) in enumerate(epochs):
        head, (at, data), entries = int(answers[3 * n] or 0), answers[3 * n + 1], answers[3 * n + 2]
        await journal.read_on(entries, head - int(at or 0))
        journal.epoch, journal.head = epoch, head
        every.append(Recovered(data, entries))
    if epochs:
        await require_owner(client, [journal for journal, _ in epochs])
    return every


async def append_each(
    client: "Redis", batches: Sequence[tuple[Journal, Sequence[bytes]]]
) -> list[Exception | None]:
    """`append` to several journals in one request, and one fsync for all of them.

    What went wrong with each, None where its entries are durable. Raises RedisError and OSError where nothing is known
    of any: all may be repeated.
    """
    anyhow: Any = client
    pipeline = anyhow.pipeline(transaction=False)
    for journal, entries in batches:
        keys = journal.keys[:3]
        pipeline.fcall("busyhour_journal_append", 3, *keys, journal.epoch, journal.head, *entries)
    failures: list[Exception | None] = []
    for (journal, _), answer in zip(batches, await pipeline.execute(raise_on_error=False), strict=True):
        if isinstance(answer, ResponseError):
            failures.append(refusal(journal.name, answer))
        elif isinstance(answer, Exception):
            failures.append(answer)
        else:
            journal.head = int(answer)
            failures.append(None)
    return failures


async def snapshot_each(client: "Redis", snapshots: Sequence[tuple[Journal, bytes]]) -> None:
    """`snapshot` of several journals in one request. One that is refused is not cut. Raises RedisError, OSError."""
    anyhow: Any = client
    pipeline = anyhow.pipeline(transaction=False)
    for journal, data in snapshots:
        pipeline.fcall("busyhour_journal_snapshot", 4, *journal.keys, journal.epoch, journal.head, data)
    await pipeline.execute(raise_on_error=False)
