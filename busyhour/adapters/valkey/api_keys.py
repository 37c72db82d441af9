"""API keys: who may ask, for which account, with which scopes. The store never learns a secret."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# redis-py's answers have no types.

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from redis.asyncio import Redis

from busyhour.adapters.identifiers import new_secret, new_token
from busyhour.core.ids import SECOND, Instant, Micros

FRESH: Final[Micros] = SECOND // 2
"""How long a key is trusted unread: a revocation is effective within this and a request's own time."""
ACCOUNT: Final = re.compile(r"[0-9A-Za-z_.-]{1,64}", re.ASCII)
"""What an account may be called: it is a part of keys in the store, whose parts are separated by colons."""
_SHAPE: Final = re.compile(r"bh_live_([0-9A-Za-z]{16})_([0-9A-Za-z]{43})", re.ASCII)
_CACHED: Final = 10_000
"""Keys remembered at most."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`digest` is the HMAC-SHA-256 of the secret under `salt`, both in hexadecimal."""

    id: str
    account: str
    name: str
    scopes: Sequence[str]
    created_at: Instant
    revoked_at: Instant | None
    salt: str
    digest: str

    def matches(self, secret: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(_digest(self.salt, secret), self.digest)

    def grants(self, scope: str) -> bool:
        return scope in self.scopes or "*" in self.scopes


class ApiKeys:
    """The keys of the deployment `scope`."""

    def __init__(self, client: "Redis", scope: str, clock: Callable[[], Instant]) -> None:
        self._client: Any = client
        self._key: Final = f"{{{scope}}}:api-keys"
        self._clock = clock
        self._seen: dict[str, tuple[Instant, ApiKey | None]] = {}

    async def create(self, account: str, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
        """And the key as its owner writes it, which nobody can tell again."""
        id, secret, salt = new_token(16), new_token(43), new_secret(32).hex()
        key = ApiKey(id, account, name, tuple(scopes), self._clock(), None, salt, _digest(salt, secret))
        await self._write(key)
        return key, f"bh_live_{id}_{secret}"

    async def every(self) -> list[ApiKey]:
        """Oldest first."""
        found = await self._client.hvals(self._key)
        return sorted(map(_read, found), key=lambda key: (key.created_at, key.id))

    async def revoke(self, id: str) -> ApiKey | None:
        """None where there is no such key. One that is revoked already stays as it is."""
        raw = await self._client.hget(self._key, id)
        if raw is None:
            return None
        key = _read(raw)
        if key.revoked_at is None:
            key = replace(key, revoked_at=self._clock())
            await self._write(key)
        return key

    async def authenticate(self, written: str) -> ApiKey | None:
        """None where it is malformed, unknown or revoked. Raises RedisError and OSError where the store can't tell."""
        shape = _SHAPE.fullmatch(written)
        if shape is None:
            return None
        id, secret = shape.groups()
        now = self._clock()
        read_at, key = self._seen.get(id, (None, None))
        if read_at is None or not 0 <= now - read_at < FRESH:
            raw = await self._client.hget(self._key, id)
            key = None if raw is None else _read(raw)
            if key is not None:
                if len(self._seen) >= _CACHED:
                    self._seen.clear()
                self._seen[id] = (now, key)
        return self._valid(key, secret)

    def remembered(self, written: str) -> ApiKey | None:
        """As `authenticate`, from what was last read, however long ago: for reads while the store is away."""
        shape = _SHAPE.fullmatch(written)
        if shape is None:
            return None
        id, secret = shape.groups()
        _, key = self._seen.get(id, (None, None))
        return self._valid(key, secret)

    @staticmethod
    def _valid(key: ApiKey | None, secret: str) -> ApiKey | None:
        """An unknown key takes as long as a wrong secret."""
        right = (key or _NOBODY).matches(secret)
        return key if right and key is not None and key.revoked_at is None else None

    async def _write(self, key: ApiKey) -> None:
        await self._client.hset(self._key, key.id, json.dumps(asdict(key)))


def _read(raw: bytes) -> ApiKey:
    return ApiKey(**json.loads(raw))


def _digest(salt: str, secret: str) -> str:
    return hmac.new(bytes.fromhex(salt), secret.encode(), hashlib.sha256).hexdigest()


_NOBODY: Final = ApiKey("", "", "", (), 0, None, "00" * 32, "00" * 32)
