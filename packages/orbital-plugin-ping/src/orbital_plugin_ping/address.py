"""Where packets go: an IP address as the socket wants it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Final

from orbital_resolver import literal, lookup

if TYPE_CHECKING:
    import orbital_resolver as resolver

FAMILIES: Final = {4: int(socket.AF_INET), 6: int(socket.AF_INET6)}
SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""As `socket` has it; the last number of an IPv6 address is its zone."""


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 or IPv6 address."""

    family: int
    """`socket.AF_INET` or `socket.AF_INET6`."""
    text: str
    """Canonical, without a zone: as the kernel names the sender of a reply."""
    sockaddr: SocketAddress
    fingerprint: float = field(init=False, compare=False)
    """FNV-1a (32 bits) over the address's bytes, as blackbox_exporter's `probe_ip_addr_hash`."""

    def __post_init__(self) -> None:
        packed = socket.inet_pton(self.family, self.text)
        object.__setattr__(self, "fingerprint", float(reduce(_fnv1a, packed, 0x811C9DC5)))

    @property
    def version(self) -> int:
        """4 or 6."""
        return version_of(self.family)


def version_of(family: int) -> int:
    """4 or 6."""
    return 4 if family == socket.AF_INET else 6


def families_of(version: int | str, source: str = "") -> frozenset[int]:
    """Address families that remain.

    Args:
        version: 4, 6 or `auto`.
        source: Address to send from, if it is fixed.
    """
    of_version = {FAMILIES[version]} if isinstance(version, int) else set(FAMILIES.values())
    of_source = {FAMILIES[6 if ":" in source else 4]} if source else of_version
    return frozenset(of_version & of_source)


def _fnv1a(state: int, byte: int) -> int:
    return (state ^ byte) * 0x01000193 & 0xFFFFFFFF


def numeric(host: str) -> Address | None:
    """The address that `host` spells out, zone included (`fe80::1%eth0`); None for a name."""
    found = literal(host, kind=socket.SOCK_DGRAM)
    return _address(found[0]) if found else None


async def look_up(host: str, *, family: int = 0) -> list[Address]:
    """All addresses of a name, the best first.

    Raises:
        Unresolved: It has none.
    """
    found = await lookup(host, family=family, kind=socket.SOCK_DGRAM)
    return [_address(address) for address in found]


def _address(found: resolver.Address) -> Address:
    family, _, _, _, sockaddr = found
    text = sockaddr[0].partition("%")[0]
    if text.startswith("::ffff:") and "." in text:  # an IPv4 host written the IPv6 way
        text = text.removeprefix("::ffff:")
        return Address(socket.AF_INET, text, (text, 0))
    if len(sockaddr) == 2:
        return Address(int(family), text, (text, 0))
    return Address(int(family), text, (text, 0, 0, sockaddr[3]))
