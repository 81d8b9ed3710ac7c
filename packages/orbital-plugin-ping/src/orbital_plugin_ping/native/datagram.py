"""The unprivileged kind of ICMP socket (icmp(7)).

The kernel owns identifier and checksum, hands over nothing but replies to us, and keeps ICMP errors in a
queue beside them (ip(7), `IP_RECVERR`).
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.native.endpoint import (
    ANCILLARY_SIZE,
    HEADERS,
    AncillaryData,
    Endpoint,
    Failure,
    Reply,
    reply,
)
from orbital_plugin_ping.native.packet import REPLY, read_echo
from orbital_plugin_ping.reasons import icmp_reason
from orbital_plugin_ping.sockets import RECVERR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_plugin_ping.address import SocketAddress
    from orbital_plugin_ping.sockets import Options

EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")
"""struct sock_extended_err: errno, origin, type, code, padding, info, data. The reporter follows."""
ORIGIN_ICMP: Final = frozenset({2, 3})
ATTEMPTS: Final = 3


class DatagramEndpoint(Endpoint):
    """A datagram socket."""

    def __init__(self, sock: socket.socket, options: Options) -> None:
        super().__init__(sock, options)
        sock.setsockopt(*RECVERR[self.family], 1)

    def send(self, sequence: int, token: bytes, to: SocketAddress) -> int:
        """As the base does, and again where the error was another host's: Linux reports an ICMP error that
        has come in to whoever uses the socket next, and sends nothing then.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return super().send(sequence, token, to)
            except OSError as error:
                if error.errno in {errno.EAGAIN, errno.ENOBUFS}:
                    raise
        return super().send(sequence, token, to)

    def read(self, *, failed: bool) -> Iterator[Reply | Failure]:
        if failed:
            yield from self._failures()
        for data, ancillary, source in self._packets():
            echo = read_echo(data)
            if echo is not None and data[0] == REPLY[self.family]:
                yield reply(source, echo, ancillary)

    def _failures(self) -> Iterator[Failure]:
        while True:
            try:
                data, ancillary, _, destination = self._sock.recvmsg(
                    HEADERS, ANCILLARY_SIZE, socket.MSG_ERRQUEUE
                )
            except BlockingIOError:
                return
            echo, reason = read_echo(data), self._reason(ancillary)
            if echo is not None and reason:
                yield Failure(destination[0], echo, reason)

    def _reason(self, ancillary: AncillaryData) -> str:
        """The extended error in words; empty for one of this machine's own, which `send` raised already."""
        for level, kind, data in ancillary:
            if (level, kind) == RECVERR[self.family] and len(data) >= EXTENDED_ERROR.size:
                _, origin, icmp_type, code, _, _, _ = EXTENDED_ERROR.unpack_from(data)
                if origin in ORIGIN_ICMP:
                    reporter = self._address(data[EXTENDED_ERROR.size :])
                    return icmp_reason(self.family, icmp_type, code, reporter)
        return ""

    def _address(self, sockaddr: bytes) -> str:
        """Address in a struct sockaddr_in or sockaddr_in6; empty where there is none."""
        where = slice(4, 8) if self.family == socket.AF_INET else slice(8, 24)
        if len(sockaddr) < where.stop or not any(sockaddr[:2]):
            return ""
        return socket.inet_ntop(self.family, sockaddr[where])
