"""Where a webhook may go: nowhere but the public Internet, whatever its URL pretends.

Names say nothing; what counts is the address that is connected to. So a name is resolved once, every address it has is
looked at, and the connection is made to one of those. The tables are IANA's special-purpose registries, because
`ipaddress.is_global` is true of some special addresses on Python 3.11 (64:ff9b::/96, 2002::/16, 224.0.0.0/4).
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

from busyhour.core.errors import BusyhourError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host's name. Raises OSError."""

_SPECIAL_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_UNICAST_6: Final = IPv6Network("2000::/3")
"""All that is given out; what lies outside is mapped, translated, local or multicast."""
_SPECIAL_6: Final = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


class ForbiddenAddressError(BusyhourError):
    """`host` is none that a webhook may go to, for `reason`, the rest of a sentence."""

    host: str
    reason: str

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(host, reason)
        self.host = host
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.host} {self.reason}"


class Addresses:
    """Which addresses may be connected to: public ones, and those in `allowed`."""

    def __init__(self, allowed: Sequence[Network] = (), resolve: Resolve | None = None) -> None:
        self._allowed: Final = tuple(allowed)
        self._resolve: Final = resolve or _resolve

    def is_allowed(self, address: Address) -> bool:
        """By name, although it need not be public."""
        return any(address in network for network in self._allowed if network.version == address.version)

    async def of(self, host: str, port: int) -> list[Address]:
        """Every one that `host` has. Raises ForbiddenAddressError where one of them is not public, OSError where it has
        none.
        """
        literal = require_plain(host)
        if literal is not None:
            found = [literal]
        else:
            found = [ip_address(text.partition("%")[0]) for text in await self._resolve(host, port)]
        for address in found:
            if not (self.is_allowed(address) or is_public(address)):
                raise ForbiddenAddressError(host, "is not at a public address")
        return found


def require_plain(host: str) -> Address | None:
    """The address that `host` is; None where it is a name. Raises ForbiddenAddressError for numbers that only some
    readers take for an address: `2130706433`, `0177.0.0.1`, `0x7f.1`.
    """
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return ip_address(bare)
    except ValueError:
        pass
    last = bare.rstrip(".").rpartition(".")[2].lower()
    if not last or _NUMBER.fullmatch(last) or ":" in bare or not bare.isascii():
        raise ForbiddenAddressError(host, "is neither a host's name nor a plain address")
    return None


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_4)
    return address in _UNICAST_6 and not any(address in network for network in _SPECIAL_6)


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]
