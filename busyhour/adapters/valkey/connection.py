"""A connection to the store, made only where the store keeps what it acknowledges."""

# pyright: reportUnknownMemberType=false
# redis-py leaves the types of its keyword arguments out.

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from busyhour.adapters.valkey.errors import StoreRefusedError

FUNCTIONS: Final = tuple(
    Path(__file__).with_name(name)
    for name in ("functions.lua", "admission.lua", "directory.lua", "platform.lua")
)
"""One library: loaded together, in this order."""
OLDEST: Final = (7, 2)
"""Of Redis and of Valkey: from here on Functions and their flags are what the library of Functions relies on."""


async def connect(url: str) -> "Redis":
    """A client of the store at `url` (redis://, rediss:// or unix://), whose settings have been looked at and which has
    our Functions.

    It repeats nothing by itself: what was asked and not answered may have been done.

    Raises StoreRefusedError where it can't be reached, is too old, or would forget what it has acknowledged.
    """
    shown = without_password(url)
    try:
        client = Redis.from_url(
            url, protocol=3, socket_connect_timeout=5, socket_timeout=10, retry=Retry(NoBackoff(), 0)
        )
    except ValueError as wrong:
        raise StoreRefusedError(shown, str(wrong)) from wrong
    try:
        require_durable(shown, await client.info())
        functions = "".join(part.read_text(encoding="utf-8") for part in FUNCTIONS)
        await client.function_load(functions, replace=True)
    except StoreRefusedError:
        await client.aclose()
        raise
    except (RedisError, OSError) as failure:
        await client.aclose()
        raise StoreRefusedError(shown, f"it does not answer ({failure})") from failure
    return client


def require_durable(url: str, info: Mapping[str, Any]) -> None:
    """`info` is what INFO answers. Raises StoreRefusedError."""
    name = "Valkey" if info.get("server_name") == "valkey" else "Redis"
    version = str(info.get("valkey_version" if name == "Valkey" else "redis_version", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        raise StoreRefusedError(url, f"it is {name} {version}, and Busyhour needs {name} 7.2 or newer")
    if int(info.get("aof_enabled", 0)) != 1:
        raise StoreRefusedError(
            url,
            "it keeps no append-only file, so that a crash would make it forget calls it has acknowledged, and they "
            "would be dialled again; set `appendonly yes` and `appendfsync always`",
        )
    policy = str(info.get("maxmemory_policy", ""))
    if policy != "noeviction":
        raise StoreRefusedError(
            url,
            f"with `maxmemory-policy {policy}` it drops keys when memory is short; set `maxmemory-policy noeviction`",
        )


def without_password(url: str) -> str:
    """For messages and logs."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[1]))
