"""A request that is repeated under its key has its effect once, and is answered again as it was the first time.

The answer is kept in the same step as the effect, so that there is no instant at which a crash leaves the one without
the other.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from busyhour.adapters.identifiers import new_token
from busyhour.adapters.valkey.documents import Commit, packed

KEPT_MS: Final = 24 * 3_600_000
RUNNING_MS: Final = 120_000
"""After which a request that neither ended nor failed is taken for dead, and may be made again."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """This request is the first. `mark` stands in the store while it runs."""

    key: str
    mark: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answered:
    """It was answered before."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Running:
    """The first is still at it."""


class Different:
    """The key belongs to another request."""


class Once:
    """The repeated requests of the deployment `scope`."""

    def __init__(self, client: "Redis", scope: str) -> None:
        self._client: Any = client
        self._scope: Final = scope

    async def claim(self, owner: str, key: str, fingerprint: str) -> Claimed | Answered | Running | Different:
        full = f"{{{self._scope}}}:once:{owner}:{key}"
        mark = json.dumps({"fingerprint": fingerprint, "running": new_token(16)}).encode()
        raw = await self._client.set(full, mark, nx=True, get=True, px=RUNNING_MS)
        if raw is None:
            return Claimed(full, mark, fingerprint)
        found = json.loads(raw)
        if found["fingerprint"] != fingerprint:
            return Different()
        if "running" in found:
            return Running()
        return Answered(found["status"], found["body"].encode(), found["headers"])

    async def release(self, claimed: Claimed) -> None:
        """It failed and had no effect: the key is free again."""
        commit = Commit(self._client, self._scope)
        commit.when_holds("claim", claimed.key, claimed.mark)
        commit.forget(claimed.key)
        await commit.run()


class Effect(Commit):
    """A commit that keeps, in the same step, what its request is answered."""

    def __init__(self, client: "Redis", scope: str, status: int, claimed: Claimed | None = None) -> None:
        super().__init__(client, scope)
        self.status: Final = status
        self._claimed: Final = claimed
        self.done: bool = False
        self.answered: bool = False
        """Whether a repeated request finds its answer, once this is done."""
        if claimed is not None:
            self.when_holds("claim", claimed.key, claimed.mark)

    def answer(self, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        """What a repeated request gets."""
        self.answer_raw(packed(document), headers or {})

    def answer_raw(self, body: bytes, headers: Mapping[str, str]) -> None:
        claimed = self._claimed
        if claimed is not None:
            kept = {
                "fingerprint": claimed.fingerprint,
                "status": self.status,
                "body": body.decode(),
                "headers": dict(headers),
            }
            self.keep(claimed.key, KEPT_MS, packed(kept))
        self.answered = True

    async def run(self) -> None:
        await super().run()
        self.done = True
