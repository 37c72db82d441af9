"""Contacts as documents, with what they are looked up by: phone, external id, tags."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from redis.asyncio import Redis

from busyhour.adapters.valkey.documents import Collection, Commit, CommitRefusedError, Document, Page, Stored

DUPLICATE: Final = "A contact with this external_id already exists"
_ROWS: Final = 250
"""Rows written in one commit."""
_TRIES: Final = 3
_DEFAULTS: Final[Document] = {
    "external_id": None,
    "name": None,
    "timezone": None,
    "priority": 0,
    "tags": [],
    "metadata": {},
    "do_not_call": False,
}


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one row. `detail` is a sentence where it failed."""

    status: Literal["created", "updated", "skipped", "failed"]
    id: str | None
    detail: str | None = None


class ContactDocuments:
    """Contacts of every account of the deployment `scope`.

    A document is indexed by its phone and by each of its tags; `external_id` is unique.
    """

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        self._scope: Final = scope
        self._collection: Final = Collection(client, scope, "contacts")

    async def get(self, account: str, id: str) -> Stored | None:
        return await self._collection.get(account, id)

    async def page(self, account: str, limit: int, after: str | None, matching: Mapping[str, object]) -> Page:
        wanted = dict(matching)
        external_id = wanted.pop("external_id", None)
        if external_id is not None:
            return await self._lone(account, str(external_id), after, wanted)
        for field in ("phone", "tag"):
            if field in wanted:
                key = self._collection.index_key(account, field, wanted[field])
                return await self._collection.page_of(
                    account, key, limit, after, lambda document: _matches(document, wanted)
                )
        return await self._collection.page(account, limit, after)

    async def _lone(
        self, account: str, external_id: str, after: str | None, matching: Mapping[str, object]
    ) -> Page:
        id = await self._collection.id_of(account, "external_id", external_id)
        found = None if id is None else await self.get(account, id)
        if (
            found is None
            or not _matches(found.document, matching)
            or (after and found.document["id"] >= after)
        ):
            return Page([], None)
        return Page([found], None)

    # Writes

    def create(self, commit: Commit, account: str, contact: Document) -> Stored:
        stored = self._collection.create(commit, account, contact)
        for field, value in _indexed(contact):
            commit.rank(self._collection.index_key(account, field, value), 0, contact["id"])
        if contact["external_id"] is not None:
            self._collection.claim_unique(
                commit, account, "external_id", contact["external_id"], contact["id"]
            )
        return stored

    def change(self, commit: Commit, account: str, before: Stored, contact: Document) -> Stored:
        after = self._collection.change(commit, account, before, contact)
        was, becomes = set(_indexed(before.document)), set(_indexed(contact))
        for field, value in was - becomes:
            commit.unrank(self._collection.index_key(account, field, value), contact["id"])
        for field, value in becomes - was:
            commit.rank(self._collection.index_key(account, field, value), 0, contact["id"])
        old, new = before.document["external_id"], contact["external_id"]
        if old != new:
            if old is not None:
                self._collection.release_unique(commit, account, "external_id", old)
            if new is not None:
                self._collection.claim_unique(commit, account, "external_id", new, contact["id"])
        return after

    def delete(self, commit: Commit, account: str, before: Stored) -> None:
        self._collection.delete(commit, account, before)
        for field, value in _indexed(before.document):
            commit.unrank(self._collection.index_key(account, field, value), before.document["id"])
        if before.document["external_id"] is not None:
            self._collection.release_unique(commit, account, "external_id", before.document["external_id"])

    # Many rows

    async def write_rows(
        self,
        account: str,
        rows: Sequence[Document],
        mode: Literal["upsert", "insert", "skip"],
        match: Literal["external_id", "phone"],
        now: str,
        ids: Sequence[str],
    ) -> list[Written]:
        """Each row alone: what one holds twice in a page of them is written one after the other."""
        outcomes: list[Written] = []
        for first in range(0, len(rows), _ROWS):
            page = list(zip(rows[first : first + _ROWS], ids[first : first + _ROWS], strict=True))
            keys = [row.get(name) for row, _ in page for name in ("phone", "external_id") if row.get(name)]
            apart = [[one] for one in page] if len(set(keys)) != len(keys) else [page]
            for part in apart:
                outcomes += await self._write_part(account, part, mode, match, now)
        return outcomes

    async def _write_part(
        self, account: str, part: list[tuple[Document, str]], mode: str, match: str, now: str
    ) -> list[Written]:
        for _ in range(_TRIES):
            commit = Commit(self._client, self._scope)
            outcomes = [
                self._write_row(commit, account, row, id, before, taken, mode, now)
                for (row, id), (before, taken) in zip(
                    part, await self._found(account, part, match), strict=True
                )
            ]
            try:
                await commit.run()
            except CommitRefusedError:
                continue  # somebody else was faster with one of them
            return outcomes
        if len(part) == 1:
            return [Written("failed", None, "The contact is being changed by others; try again")]
        return [
            outcome for one in part for outcome in await self._write_part(account, [one], mode, match, now)
        ]

    def _write_row(
        self,
        commit: Commit,
        account: str,
        row: Document,
        id: str,
        before: Stored | None,
        taken: bool,
        mode: str,
        now: str,
    ) -> Written:
        """`taken`: another contact than `before` has the row's external id."""
        if before is not None and mode == "skip":
            return Written("skipped", before.document["id"])
        if before is not None and mode == "insert":
            return Written("failed", before.document["id"], "The contact exists already")
        if taken:
            return Written("failed", None, DUPLICATE)
        if before is None:
            contact = {"id": id, **_DEFAULTS, **row, "created_at": now, "updated_at": now}
            self.create(commit, account, contact)
            return Written("created", id)
        contact = {**before.document, **row, "updated_at": now}
        self.change(commit, account, before, contact)
        return Written("updated", before.document["id"])

    async def _found(
        self, account: str, part: list[tuple[Document, str]], match: str
    ) -> list[tuple[Stored | None, bool]]:
        """Of each row: the contact it matches (the newest of that phone), and whether another has its external id."""
        unique = self._collection.unique_key(account, "external_id")
        pipeline = self._client.pipeline(transaction=False)
        for row, _ in part:
            pipeline.hget(unique, row.get("external_id") or "")
            key = self._collection.index_key(account, "phone", row["phone"])
            pipeline.zrange(key, "+", "-", bylex=True, desc=True, offset=0, num=1)
        answers: list[Any] = await pipeline.execute()
        owners = [None if id is None else id.decode() for id in answers[::2]]
        phones = [ids[0].decode() if ids else None for ids in answers[1::2]]
        matched = owners if match == "external_id" else phones
        wanted = [id for id in matched if id is not None]
        found = {stored.document["id"]: stored for stored in await self._collection.get_many(account, wanted)}
        return [
            (found.get(id) if id is not None else None, owner is not None and owner != id)
            for id, owner in zip(matched, owners, strict=True)
        ]


def _indexed(contact: Document) -> Iterable[tuple[str, str]]:
    return (("phone", contact["phone"]), *(("tag", tag) for tag in contact["tags"]))


def _matches(document: Document, matching: Mapping[str, object]) -> bool:
    if "tag" in matching and matching["tag"] not in document["tags"]:
        return False
    return "phone" not in matching or document["phone"] == matching["phone"]
