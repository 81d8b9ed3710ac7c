"""ICMP messages as bytes: RFC 792, RFC 4443. Pure, and never failing on what the network sends."""

from __future__ import annotations

import socket
import struct
from typing import Final, NamedTuple

ECHO: Final = struct.Struct("!BBHHH8s")
"""Type, code, checksum, identifier, sequence number; then our token, the first bytes of the payload."""
IDENTITY: Final = struct.Struct("!HH")
TOKEN: Final = 8
REQUEST: Final[dict[int, int]] = {socket.AF_INET: 8, socket.AF_INET6: 128}
REPLY: Final[dict[int, int]] = {socket.AF_INET: 0, socket.AF_INET6: 129}
ERRORS: Final[dict[int, frozenset[int]]] = {
    socket.AF_INET: frozenset({3, 11, 12}),
    socket.AF_INET6: frozenset({1, 2, 3, 4}),
}
_V6_HEADER: Final = 40


class Echo(NamedTuple):
    """What tells one echo from another."""

    ident: int
    sequence: int
    token: bytes
    """Shorter than 8 bytes where a router quoted less."""


class Refusal(NamedTuple):
    """An ICMP error about a packet of ours."""

    destination: str
    """Where that packet went."""
    echo: Echo
    kind: int
    code: int


def echo_request(family: int, echo: Echo, padding: bytes, *, summed: bool) -> bytes:
    """An echo request; with its checksum where the kernel does not put it in (raw IPv4)."""
    kind = REQUEST[family]
    packet = ECHO.pack(kind, 0, 0, *echo) + padding
    if not summed:
        return packet
    return ECHO.pack(kind, 0, checksum(packet), *echo) + padding


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071). A ones' complement sum of 16-bit words is the number modulo 65535."""
    return ~(int.from_bytes(data + b"\0" * (len(data) % 2)) % 0xFFFF) & 0xFFFF


def header_length(packet: bytes) -> int:
    """Bytes of the IPv4 header in front; beyond the packet's end where it has none."""
    return (packet[0] & 15) * 4 if packet else 1


def read_echo(data: bytes, start: int = 0) -> Echo | None:
    """The echo message that begins at `start`, of whichever type; None if it is too short for one."""
    if len(data) < start + 8:
        return None
    ident, sequence = IDENTITY.unpack_from(data, start + 4)
    return Echo(ident, sequence, data[start + 8 : start + 8 + TOKEN])


def read_refusal(family: int, data: bytes, start: int = 0) -> Refusal | None:
    """The ICMP error that begins at `start`, if it is about an echo request; else None."""
    if len(data) < start + 8 or data[start] not in ERRORS[family]:
        return None
    quoted = data[start + 8 :]
    if family == socket.AF_INET:
        inner, carries, where = header_length(quoted), quoted[9:10] == b"\x01", slice(16, 20)
    else:
        inner, carries, where = _V6_HEADER, quoted[6:7] == b"\x3a", slice(24, 40)
    echo = read_echo(quoted, inner)
    if not carries or echo is None or inner < where.stop or quoted[inner] != REQUEST[family]:
        return None
    return Refusal(socket.inet_ntop(family, quoted[where]), echo, data[start], data[start + 1])
