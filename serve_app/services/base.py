"""What the services of stored objects share."""

from collections.abc import Callable
from typing import Final, Protocol, cast

from pydantic import BaseModel

from busyhour.adapters.valkey.documents import (
    Collection,
    Commit,
    CommitRefusedError,
    Document,
    Page,
    Stored,
)
from busyhour.adapters.valkey.once import Effect
from serve_app.errors import ConflictError, InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.runtime import Runtime

_WHOLE: Final = ("config", "metadata", "nodes", "skills")
_TRIES: Final = 5
"""Of a change that others were faster than."""


class Listing(Protocol):
    """What a page can be had of."""

    async def page(self, account: str, limit: int, after: str | None, matching: Document) -> Page: ...


class Deletable(Protocol):
    """What can be found and deleted."""

    async def find(self, account: str, id: str) -> Stored: ...

    async def delete(self, account: str, before: Stored, commit: Commit) -> None: ...


class StoredObjects:
    """Objects of one kind that are found, listed, changed and deleted alike. `title` begins sentences about one."""

    title: str

    def __init__(self, platform: Platform, collection: Collection) -> None:
        self.platform: Final = platform
        self.collection: Final = collection

    async def find(self, account: str, id: str) -> Stored:
        """Raises NotFoundError."""
        found = await self.collection.get(account, id)
        if found is None:
            raise NotFoundError.of(self.title)
        return found

    async def page(self, account: str, limit: int, after: str | None, matching: Document) -> Page:
        return await self.collection.page(account, limit, after, matching)

    async def change(
        self,
        account: str,
        before: Stored,
        edit: Callable[[Document], Document],
        begin: Callable[[], Commit],
        prepare: Callable[[Commit, Stored, Document], None] | None = None,
        require: Callable[[Stored], None] = lambda _: None,
    ) -> Stored:
        """`edit` makes the new document of the old, again where somebody else was faster, in a commit of `begin` each
        time. `prepare` adds to that commit, and `require` raises where the old one must not be changed.

        Raises NotFoundError when it is gone, CommitRefusedError where what `prepare` added does not hold.
        """
        id = before.document["id"]
        for _ in range(_TRIES):
            require(before)
            document = {**edit(dict(before.document)), "updated_at": self.platform.now()}
            commit = begin()
            after = self.collection.change(commit, account, before, document)
            if prepare is not None:
                prepare(commit, before, document)
            try:
                await commit.run()
            except CommitRefusedError as refused:
                if refused.condition != "unchanged":
                    raise
                before = await self.find(account, id)
                continue
            return after
        raise ConflictError(f"{self.title} is being changed by others; try again")

    async def delete(self, account: str, before: Stored, commit: Commit) -> None:
        """Raises ConflictError where it was changed meanwhile."""
        self.collection.delete(commit, account, before)
        try:
            await commit.run()
        except CommitRefusedError:
            raise ConflictError(f"{self.title} is being changed by others; try again") from None


def require_trunk(runtime: Runtime, name: str) -> None:
    """Raises InvalidInputError."""
    if name not in runtime.trunks():
        raise InvalidInputError(f"trunk must be one of {', '.join(runtime.trunks())}")


def shown(document: Document) -> Document:
    """What its account may see of it."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


def answered(effect: Commit, stored: Stored) -> None:
    """A repeated request is shown what was stored."""
    if isinstance(effect, Effect):
        effect.answer(shown(stored.document), {"ETag": f'"{stored.tag}"'})


def patched(document: Document, patch: BaseModel) -> Document:
    """With the fields that were sent. Of a setting that is an object, too, only what was sent changes; what belongs to
    the client is replaced whole.
    """
    return _merged(document, patch.model_dump(exclude_unset=True))


def _merged(document: Document, sent: Document) -> Document:
    merged = dict(document)
    for name, value in sent.items():
        before = merged.get(name)
        if name not in _WHOLE and isinstance(value, dict) and isinstance(before, dict):
            merged[name] = _merged(cast(Document, before), cast(Document, value))
        else:
            merged[name] = value
    return merged
