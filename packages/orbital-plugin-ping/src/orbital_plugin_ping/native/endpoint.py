"""An open ICMP socket on Linux: what it sends, what came back, and when."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_ping.native.packet import TOKEN, Echo, echo_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_plugin_ping.address import SocketAddress
    from orbital_plugin_ping.sockets import Options

SO_TIMESTAMPNS_NEW: Final = 64
TIMESPEC: Final = struct.Struct("=qq")
IP_RECVTTL: Final = 12
HOP_LIMITS: Final = frozenset(
    {(socket.IPPROTO_IP, 2), (socket.IPPROTO_IPV6, 52)}
)  # IP_TTL, IPV6_HOPLIMIT
READ_AT_ONCE: Final = 512
"""Packets read before the loop turns to others; their times are already taken."""
HEADERS: Final = 320
"""Bytes to read: IP header, ICMP header, and as much again as an error quotes. The padding tells nothing."""
ANCILLARY_SIZE: Final = 192

AncillaryData = list[tuple[int, int, bytes]]


class Reply(NamedTuple):
    """An echo reply."""

    source: str
    echo: Echo
    read: int
    """`time.monotonic_ns()` at which it was read."""
    waited: int
    """Nanoseconds that it lay in the socket before, by the wall clock."""
    hop_limit: int | None


class Failure(NamedTuple):
    """An ICMP error about a packet of ours."""

    destination: str
    echo: Echo
    reason: str


class Endpoint:
    """Base of the two kinds. Owns the socket that it is given."""

    ident = 0
    """Identifier in our packets."""
    summed = False
    """Whether the checksum is ours to make."""

    def __init__(self, sock: socket.socket, options: Options) -> None:
        self.family = int(sock.family)
        self._sock = sock
        self._padding = bytes(options.payload - TOKEN)
        with contextlib.suppress(OSError):  # Linux before 5.1: the time of reading has to do
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        if self.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()

    def send(self, sequence: int, token: bytes, to: SocketAddress) -> int:
        """Send an echo request; returns `time.monotonic_ns()` of the moment before.

        Raises:
            BlockingIOError: The send buffer is full.
            OSError: The packet cannot leave this machine.
        """
        echo = Echo(self.ident, sequence, token)
        packet = echo_request(self.family, echo, self._padding, summed=self.summed)
        sent = time.monotonic_ns()
        self._sock.sendto(packet, to)
        return sent

    def read(self, *, failed: bool) -> Iterator[Reply | Failure]:
        """What came since the last call, up to a bound.

        Args:
            failed: Whether the socket reports an error.
        """
        raise NotImplementedError

    def _packets(self) -> Iterator[tuple[bytes, AncillaryData, str]]:
        """Packet, the ancillary data, and who sent it."""
        for _ in range(READ_AT_ONCE):
            try:
                data, ancillary, _, source = self._sock.recvmsg(HEADERS, ANCILLARY_SIZE)
            except BlockingIOError:
                return
            except OSError:  # about one host, and told by the queue of errors too
                continue
            yield data, ancillary, source[0]


def reply(source: str, echo: Echo, ancillary: Sequence[tuple[int, int, bytes]]) -> Reply:
    """The reply, with what the kernel noted."""
    read, waited, hop_limit = time.monotonic_ns(), 0, None
    for level, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS_NEW and level == socket.SOL_SOCKET:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            waited = time.time_ns() - seconds * 1_000_000_000 - nanoseconds
        elif (level, kind) in HOP_LIMITS:
            hop_limit = int.from_bytes(data, sys.byteorder)
    return Reply(source, echo, read, waited, hop_limit)
