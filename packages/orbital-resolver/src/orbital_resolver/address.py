"""Addresses as sockets take them."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""Family, kind, protocol, an empty string, socket address: as `socket.getaddrinfo` gives it."""


class NumericAddress(NamedTuple):
    """An address without what is asked of it."""

    family: socket.AddressFamily
    text: str
    zone: int = 0

    def address(self, port: int, kind: socket.SocketKind) -> Address:
        protocol = socket.IPPROTO_UDP if kind == socket.SOCK_DGRAM else socket.IPPROTO_TCP
        if self.family == socket.AF_INET:
            return self.family, kind, protocol, "", (self.text, port)
        return self.family, kind, protocol, "", (self.text, port, 0, self.zone)


def numeric_address(address: Address) -> NumericAddress:
    """The inverse of `NumericAddress.address`."""
    family, *_, sockaddr = address
    return NumericAddress(family, sockaddr[0], *sockaddr[3:])


def literal(
    host: str, port: int = 0, kind: socket.SocketKind = socket.SOCK_STREAM
) -> list[Address] | None:
    """The address that `host` spells out, an IPv6 zone included; None where it is a name. Never waits."""
    try:
        return socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError, ValueError):
        return None
