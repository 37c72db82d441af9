"""One attempt: a POST to an address that was looked at, with bounds on all that the other side may do."""

import asyncio
import email.utils
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

import httpcore

from busyhour.adapters.webhooks.addresses import Addresses, ForbiddenAddressError
from busyhour.core.ids import SECOND, Instant, Micros

LONGEST_S: Final = 15.0
"""In all: name, connection, request and response."""
LARGEST_RESPONSE: Final = 64 * 1024
"""Bytes read; what comes after is not waited for."""
GONE: Final = 410
_AGENT: Final = "Busyhour-Webhooks/1.0"
_LONGEST_RETRY_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is 0 where there was no response, and `error` says why."""

    status: int
    error: str
    retry_after: Micros = 0

    @property
    def delivered(self) -> bool:
        return 200 <= self.status < 300


class _LookedAt(httpcore.AsyncNetworkBackend):
    """Connects to an address that was looked at, and to no other: the name is resolved here, once."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._backend: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in await self._addresses.of(host, port):
            try:
                return await self._backend.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout, OSError) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class Sender:
    """Keeps no connection: each attempt is resolved and looked at anew."""

    def __init__(self, addresses: Addresses, tls: ssl.SSLContext | None = None) -> None:
        self._addresses: Final = addresses
        self._tls: Final = tls or ssl.create_default_context()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes, now: Instant) -> Outcome:
        """What came of it; it raises nothing."""
        sent = {"Content-Type": "application/json", "User-Agent": _AGENT, **headers}
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=_LookedAt(self._addresses),
        )
        try:
            async with (
                asyncio.timeout(LONGEST_S),
                pool,
                pool.stream("POST", url, headers=list(sent.items()), content=body) as response,
            ):
                await _read(response)
                return Outcome(response.status, "", _retry_after(response.headers, now))
        except TimeoutError:
            return Outcome(0, f"no response within {LONGEST_S:g} s")
        except ForbiddenAddressError as error:
            return Outcome(0, str(error))
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            return Outcome(0, f"it does not speak HTTP: {error}")
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError, ValueError) as error:
            return Outcome(0, f"no connection: {error}" if str(error) else "no connection")


async def _read(response: httpcore.Response) -> None:
    read = 0
    async for chunk in response.aiter_stream():
        read += len(chunk)
        if read > LARGEST_RESPONSE:
            return


def _retry_after(headers: Iterable[tuple[bytes, bytes]], now: Instant) -> Micros:
    """Of seconds or an HTTP date; 0 where there is none."""
    for name, value in headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            if text.isdigit():
                return int(text[:_LONGEST_RETRY_DIGITS]) * SECOND
            try:
                at = email.utils.parsedate_to_datetime(text)
            except ValueError:
                return 0
            seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
            return max(0, int(seconds * SECOND) - now)
    return 0
