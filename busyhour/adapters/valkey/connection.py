"""A connection to the store, made only where the store keeps what it acknowledges."""

# pyright: reportUnknownMemberType=false
# redis-py leaves the types of its keyword arguments out.

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from busyhour.adapters.valkey.errors import StoreRefusedError

FUNCTIONS: Final = tuple(
    Path(__file__).with_name(name)
    for name in (
        "functions.lua",
        "admission.lua",
        "shards.lua",
        "contacts.lua",
        "directory.lua",
        "platform.lua",
    )
)
"""One library: loaded together, in this order."""
OLDEST: Final = (7, 2)
"""Of Redis and of Valkey: from here on Functions and their flags are what the library of Functions relies on."""

CONNECTIONS: Final = 100
"""Of one client at once. Whoever asks when all are busy waits for one, as long as for an answer."""
ANSWER_S: Final = 10.0

LIBRARY: Final = "busyhour"
RUNS: Final = "busyhour:runs"
"""The hash in the store that has what runs over it now, by scope: whose actors call the Functions that are there."""


async def connect(url: str, functions: bool = True) -> "Redis":
    """A client of the store at `url` (redis://, rediss:// or unix://), whose settings have been looked at and which has
    our Functions, unless the caller needs none.

    It repeats nothing by itself: what was asked and not answered may have been done.

    Raises StoreRefusedError where it can't be reached, is too old, would forget what it has acknowledged, or runs
    something with the Functions of another version.
    """
    shown = without_password(url)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=ANSWER_S,
            protocol=3,
            socket_connect_timeout=5,
            socket_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as wrong:
        raise StoreRefusedError(shown, str(wrong)) from wrong
    client = Redis.from_pool(pool)
    try:
        require_durable(shown, await client.info())
        await _require_fsync(shown, client)
        if functions:
            await _require_functions(shown, client)
    except StoreRefusedError:
        await client.aclose()
        raise
    except (RedisError, OSError) as failure:
        await client.aclose()
        raise StoreRefusedError(shown, f"it does not answer ({failure})") from failure
    return client


async def _require_fsync(url: str, client: Any) -> None:
    """INFO does not tell it. Raises StoreRefusedError."""
    try:
        policy = (await client.config_get("appendfsync")).get("appendfsync", "")
    except ResponseError as unwilling:
        raise StoreRefusedError(
            url, f"it does not tell its `appendfsync` ({unwilling}); let this user ask with CONFIG GET"
        ) from unwilling
    if policy != "always":
        raise StoreRefusedError(
            url,
            f"with `appendfsync {policy}` it acknowledges calls that a crash of its machine makes it forget, and they "
            "would be dialled again; set `appendfsync always`",
        )


async def _require_functions(url: str, client: Any) -> None:
    """Have our Functions there, and those of no other version under a run's feet. Raises StoreRefusedError."""
    wanted = "".join(part.read_text(encoding="utf-8") for part in FUNCTIONS)
    there = await _loaded(client)
    if there == "":
        try:
            await client.function_load(wanted)
        except ResponseError:  # somebody else has, meanwhile
            there = await _loaded(client)
    if there not in ("", wanted):
        runs = int(await client.hlen(RUNS))
        if runs:
            raise StoreRefusedError(
                url,
                f"another version of Busyhour has {runs} run{'s' if runs > 1 else ''} over it, and its Functions can't "
                "be replaced under them; end them first, or clear away what ended badly with busyhour doctor --clear",
            )
        await client.function_load(wanted, replace=True)


async def _loaded(client: Any) -> str:
    """The library that is there; empty where there is none."""
    found = await client.function_list(library=LIBRARY, withcode=True)
    for library in found:
        plain = {_text(key): value for key, value in library.items()}
        return _text(plain["library_code"])
    return ""


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


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
