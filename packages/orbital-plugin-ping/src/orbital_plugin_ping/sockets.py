"""ICMP sockets: the unprivileged kind first (Linux: `net.ipv4.ping_group_range`, icmp(7)), raw second."""

from __future__ import annotations

import contextlib
import socket
import sys
from dataclasses import dataclass
from typing import Final

from orbital_plugin_ping.address import families_of

SO_SNDBUFFORCE: Final = 32
SO_RCVBUFFORCE: Final = 33
IP_MTU_DISCOVER: Final = 10
IPV6_MTU_DISCOVER: Final = 23
PMTUDISC_DO: Final = 2
RECVERR: Final[dict[int, tuple[int, int]]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
"""From linux/in.h, linux/in6.h and asm-generic/socket.h, where Python does not name them."""

BUFFER: Final = 4 * 1024 * 1024
"""Bytes asked for in each direction. A packet to a silent neighbour stays in the send buffer for seconds, and
the replies to a burst arrive at once."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all packets of an engine have in common."""

    families: frozenset[int] = families_of("auto")
    """Address families to open, where the machine has them."""
    source: str = ""
    """Address to send from; empty = as the system routes."""
    ttl: int | None = None
    dont_fragment: bool = False
    payload: int = 56
    """Bytes behind the ICMP header, 8 at least."""


def open_icmp(family: int, options: Options) -> socket.socket:
    """A non-blocking ICMP socket; its `type` tells which kind.

    Raises:
        PermissionError: Neither kind is allowed.
        OSError: No such address family here, or `options` do not fit it.
    """
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except OSError:
        sock = socket.socket(family, socket.SOCK_RAW, protocol)
    try:
        sock.setblocking(False)
        _apply(sock, options)
    except BaseException:
        sock.close()
        raise
    return sock


def open_each(options: Options) -> dict[int, socket.socket]:
    """One socket for each address family that this machine and `options` allow.

    Raises:
        OSError: None at all; the first family's reason (`PermissionError` where that is it).
    """
    opened: dict[int, socket.socket] = {}
    failures: list[OSError] = []
    for family in sorted(options.families):
        try:
            opened[family] = open_icmp(family, options)
        except OSError as error:
            failures.append(error)
    if not opened:
        raise failures[0]
    return opened


def _apply(sock: socket.socket, options: Options) -> None:
    v4 = sock.family == socket.AF_INET
    if options.source:
        sock.bind((options.source, 0))
    if options.ttl is not None:
        level, name = (
            (socket.IPPROTO_IP, socket.IP_TTL)
            if v4
            else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
        )
        sock.setsockopt(level, name, options.ttl)
    if options.dont_fragment and sys.platform == "linux":
        level, name = (
            (socket.IPPROTO_IP, IP_MTU_DISCOVER) if v4 else (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER)
        )
        sock.setsockopt(level, name, PMTUDISC_DO)
    for forced, polite in ((SO_RCVBUFFORCE, socket.SO_RCVBUF), (SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        _widen(sock, forced, polite)


def _widen(sock: socket.socket, forced: int, polite: int) -> None:
    """As wide as root may make it, else as wide as the system lets anyone."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
    except OSError:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, polite, BUFFER)
