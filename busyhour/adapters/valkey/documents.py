"""Objects of the HTTP API as the store keeps them: JSON documents of an account, and commits of several at once.

A reader decides in Python and commits with what it has read as a condition: nothing is written where somebody else
was faster. All keys of one deployment share its tag, so a commit may touch any of them.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from redis.asyncio import Redis

from busyhour.core.errors import BusyhourError

Document: TypeAlias = dict[str, Any]

_SCAN: Final = 200
"""Documents read at a time while those that match are looked for."""


class CommitRefusedError(BusyhourError):
    """The condition called `condition` does not hold any more; nothing was written."""

    condition: str

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition

    def __str__(self) -> str:
        return f"nothing was written, for {self.condition} no longer holds"


@dataclass(frozen=True, slots=True)
class Stored:
    """A document, and the bytes that stand for it in the store."""

    raw: bytes
    document: Document

    @property
    def tag(self) -> str:
        """Differs for every other content."""
        return hashlib.sha256(self.raw).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Page:
    documents: Sequence[Stored]
    after: str | None
    """The id to go on after; None when there are no more."""


class Commit:
    """Conditions and writes that are one step. Conditions are checked first, in order."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        self.scope: Final = scope
        self._keys: dict[str, int] = {}
        self._arguments: list[str | bytes | float] = []
        self._conditions: dict[int, str] = {}

    def key(self, *parts: str) -> str:
        """A key of the deployment."""
        return f"{{{self.scope}}}:" + ":".join(parts)

    # Conditions: each has a name, by which `CommitRefusedError` tells which did not hold.

    def when_absent(self, name: str, key: str, field: str) -> None:
        self._check(name, "absent", key, field, "")

    def when_same(self, name: str, key: str, field: str, value: bytes) -> None:
        self._check(name, "same", key, field, value)

    def when_fewer(self, name: str, key: str, count: int) -> None:
        """Than `count` fields."""
        self._check(name, "fewer", key, "", str(count))

    def when_holds(self, name: str, key: str, value: bytes) -> None:
        self._check(name, "holds", key, "", value)

    # Writes

    def put(self, key: str, field: str, value: bytes) -> None:
        self._add("put", key, field, value)

    def drop(self, key: str, field: str) -> None:
        self._add("drop", key, field, "")

    def rank(self, key: str, score: float, member: str) -> None:
        self._add("rank", key, repr(score), member)

    def rank_no_later(self, key: str, score: float, member: str) -> None:
        """Where it is ranked lower already, it stays there."""
        self._add("rank_no_later", key, repr(score), member)

    def unrank(self, key: str, member: str) -> None:
        self._add("unrank", key, member, "")

    def append(self, key: str, entry: bytes) -> None:
        self._add("append", key, entry, "")

    def log(self, key: str, most: int, type: str, body: str) -> None:
        """An entry of a stream, which keeps about `most`."""
        self._add("log", key, f"{most} {type}", body)

    def remove(self, key: str, entry: bytes) -> None:
        """The first such entry of a list."""
        self._add("remove", key, entry, "")

    def keep(self, key: str, milliseconds: int, value: bytes) -> None:
        """For so long."""
        self._add("keep", key, str(milliseconds), value)

    def forget(self, key: str) -> None:
        self._add("forget", key, "", "")

    async def run(self) -> None:
        """Durable when it returns. Raises CommitRefusedError."""
        failed = int(
            await self._client.fcall("busyhour_commit", len(self._keys), *self._keys, *self._arguments)
        )
        if failed:
            raise CommitRefusedError(self._conditions[failed])

    def _check(self, name: str, verb: str, key: str, a: str, b: str | bytes) -> None:
        self._add(verb, key, a, b)
        self._conditions[len(self._arguments) // 4] = name

    def _add(self, verb: str, key: str, a: str | bytes, b: str | bytes) -> None:
        self._arguments += (verb, str(self._keys.setdefault(key, len(self._keys) + 1)), a, b)


class Collection:
    """The documents of one kind, of every account. Each has an `id` that sorts by age.

    `indexed` are fields that a list may be filtered by at no cost in the number of documents that do not match.
    `parented` by another object, they are kept and listed by it instead of by the account alone.
    """

    def __init__(self, client: "Redis", scope: str, kind: str, indexed: Sequence[str] = ()) -> None:
        self._client: Any = client
        self._stem: Final = f"{{{scope}}}:"
        self.kind: Final = kind
        self.indexed: Final = tuple(indexed)

    def documents_key(self, owner: str) -> str:
        return f"{self._stem}{self.kind}:{owner}"

    def ids_key(self, owner: str) -> str:
        return f"{self._stem}{self.kind}:{owner}:ids"

    def index_key(self, owner: str, field: str, value: object) -> str:
        return f"{self._stem}{self.kind}:{owner}:by:{field}:{value}"

    def unique_key(self, owner: str, field: str) -> str:
        """A hash of a field's values to ids, where no two documents may have the same."""
        return f"{self._stem}{self.kind}:{owner}:unique:{field}"

    async def get(self, owner: str, id: str) -> Stored | None:
        raw = await self._client.hget(self.documents_key(owner), id)
        return None if raw is None else Stored(raw, json.loads(raw))

    async def get_many(self, owner: str, ids: Sequence[str]) -> list[Stored]:
        """Those that there are, in the order of `ids`."""
        if not ids:
            return []
        found = await self._client.hmget(self.documents_key(owner), list(ids))
        return [Stored(raw, json.loads(raw)) for raw in found if raw is not None]

    async def count(self, owner: str) -> int:
        return int(await self._client.hlen(self.documents_key(owner)))

    async def id_of(self, owner: str, field: str, value: str) -> str | None:
        """Of the document whose unique `field` has that value."""
        found = await self._client.hget(self.unique_key(owner, field), value)
        return None if found is None else found.decode()

    async def page(
        self, owner: str, limit: int, after: str | None = None, matching: Mapping[str, object] | None = None
    ) -> Page:
        """Newest first, those older than `after`."""
        wanted = dict(matching or {})
        key = self.ids_key(owner)
        for field in self.indexed:
            if field in wanted:
                key = self.index_key(owner, field, wanted.pop(field))
                break
        if not wanted:
            return await self.page_of(owner, key, limit, after)
        return await self.page_of(
            owner,
            key,
            limit,
            after,
            lambda document: all(document.get(field) == value for field, value in wanted.items()),
        )

    async def page_of(
        self,
        owner: str,
        key: str,
        limit: int,
        after: str | None = None,
        matches: Callable[[Document], bool] | None = None,
    ) -> Page:
        """Of the ids in an index, newest first, the documents that match."""
        found: list[Stored] = []
        while len(found) <= limit:
            step = limit + 1 - len(found) if matches is None else _SCAN
            start = "+" if after is None else f"({after}"
            ids = await self._client.zrange(key, start, "-", bylex=True, desc=True, offset=0, num=step)
            every = await self.get_many(owner, [id.decode() for id in ids])
            found += [one for one in every if matches is None or matches(one.document)]
            if len(ids) < step:
                break
            after = ids[-1].decode()
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].document["id"])
        return Page(found, None)

    # Writes

    def create(self, commit: Commit, owner: str, document: Document) -> Stored:
        """In `commit`; on its own it is refused as `id` where there is one of this id."""
        raw = packed(document)
        id = document["id"]
        commit.when_absent("id", self.documents_key(owner), id)
        commit.put(self.documents_key(owner), id, raw)
        commit.rank(self.ids_key(owner), 0, id)
        for field in self.indexed:
            commit.rank(self.index_key(owner, field, document.get(field)), 0, id)
        return Stored(raw, document)

    def change(self, commit: Commit, owner: str, before: Stored, document: Document) -> Stored:
        """Refused as `unchanged` where it is not what it was."""
        raw = packed(document)
        id = document["id"]
        commit.when_same("unchanged", self.documents_key(owner), id, before.raw)
        commit.put(self.documents_key(owner), id, raw)
        for field in self.indexed:
            was, becomes = before.document.get(field), document.get(field)
            if was != becomes:
                commit.unrank(self.index_key(owner, field, was), id)
                commit.rank(self.index_key(owner, field, becomes), 0, id)
        return Stored(raw, document)

    def delete(self, commit: Commit, owner: str, before: Stored) -> None:
        """Refused as `unchanged` where it is not what it was."""
        id = before.document["id"]
        commit.when_same("unchanged", self.documents_key(owner), id, before.raw)
        commit.drop(self.documents_key(owner), id)
        commit.unrank(self.ids_key(owner), id)
        for field in self.indexed:
            commit.unrank(self.index_key(owner, field, before.document.get(field)), id)

    def claim_unique(self, commit: Commit, owner: str, field: str, value: str, id: str) -> None:
        """Refused as the field's name where another document has the value."""
        commit.when_absent(field, self.unique_key(owner, field), value)
        commit.put(self.unique_key(owner, field), value, id.encode())

    def release_unique(self, commit: Commit, owner: str, field: str, value: str) -> None:
        commit.drop(self.unique_key(owner, field), value)


def packed(document: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """As it stands in the store and in a response."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
