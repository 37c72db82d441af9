"""Flows: every change is a new version, and old versions stay for whom they were launched with."""

from collections.abc import Callable

from busyhour.adapters.valkey.documents import Commit, Document, Stored, packed
from busyhour.adapters.valkey.once import Effect
from busyhour.core.flow.reading import check
from serve_app.errors import InvalidInputError, NotFoundError
from serve_app.platform import Platform
from serve_app.schemas.flows import FlowBody
from serve_app.services.base import StoredObjects, answered


class Flows(StoredObjects):
    title = "Flow"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform, platform.collection("flows", ("name",)))
        self._versions = platform.collection("flow-versions")

    async def create(self, account: str, flow: FlowBody, effect: Effect) -> Stored:
        """Raises InvalidInputError."""
        _require_whole(flow)
        now = self.platform.now()
        document = {
            "id": self.platform.new_id(),
            "version": 1,
            **flow.model_dump(),
            "created_at": now,
            "updated_at": now,
        }
        stored = self.collection.create(effect, account, document)
        self._keep_version(effect, account, document)
        answered(effect, stored)
        await effect.run()
        return stored

    async def replace(
        self,
        account: str,
        before: Stored,
        flow: FlowBody,
        begin: Callable[[], Commit],
        require: Callable[[Stored], None],
    ) -> Stored:
        """A new version. Raises InvalidInputError."""
        _require_whole(flow)

        def edit(document: Document) -> Document:
            return {**document, "version": document["version"] + 1, **flow.model_dump()}

        def keep(commit: Commit, _: Stored, document: Document) -> None:
            self._keep_version(commit, account, document)

        return await self.change(account, before, edit, begin, keep, require)

    async def version(self, account: str, id: str, version: str) -> Stored:
        """As it was. Raises NotFoundError."""
        if version.isascii() and version.isdigit() and len(version) <= 9:
            found = await self._versions.get(account, _version_id(id, int(version)))
            if found is not None:
                return found
        raise NotFoundError.of(self.title)

    def _keep_version(self, commit: Commit, account: str, document: Document) -> None:
        key = self._versions.documents_key(account)
        commit.put(key, _version_id(document["id"], document["version"]), packed(document))


def _require_whole(flow: FlowBody) -> None:
    """Raises InvalidInputError with the first reason why no call could be taken through it."""
    for problem in check(flow.model_dump()):
        raise InvalidInputError(problem)


def _version_id(id: str, version: int) -> str:
    return f"{id}:{version}"
