"""A webhook goes to public addresses only, however its host is written."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from busyhour.adapters.webhooks.addresses import Addresses, ForbiddenAddressError, is_public, require_plain

SPECIAL = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
    "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", SPECIAL)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:2800:220:1::1", "2a00::1"]
)
def test_others_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0177.0.0.1", "0x7f.1", "0x7f000001", "127.1", "127.0.1", "1.2.3.4.5", "①②⑦.0.0.1",
     "example.0x7f", "127.0.0.1.", "", ".", "::ffff:127.0.0.1%lo%"],
)  # fmt: skip
def test_a_number_that_only_some_take_for_an_address_is_refused(host: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        require_plain(host)


@pytest.mark.parametrize("host", ["example.com", "a-b.example", "xn--bcher-kva.example", "0x7f.example"])
def test_a_name_is_a_name(host: str) -> None:
    assert require_plain(host) is None


def addresses_that(*found: str, allowed: str = "") -> Addresses:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return found

    return Addresses([ip_network(allowed)] if allowed else [], resolve)


def test_every_address_of_a_name_must_be_public() -> None:
    assert asyncio.run(addresses_that("8.8.8.8").of("example.com", 443)) == [ip_address("8.8.8.8")]
    for hidden in ("127.0.0.1", "::1", "fe80::1%eth0"):
        with pytest.raises(ForbiddenAddressError, match=r"example\.com is not at a public address"):
            asyncio.run(addresses_that("8.8.8.8", hidden).of("example.com", 443))


def test_what_is_allowed_by_name_is_allowed() -> None:
    local = addresses_that("127.0.0.1", allowed="127.0.0.1/32")
    assert asyncio.run(local.of("localhost", 80)) == [ip_address("127.0.0.1")]
    with pytest.raises(ForbiddenAddressError):
        asyncio.run(local.of("127.0.0.2", 80))
    with pytest.raises(ForbiddenAddressError):
        asyncio.run(local.of("[::ffff:127.0.0.1]", 80))
