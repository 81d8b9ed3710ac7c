"""All sockets of one address family: one, and more only while its send buffer is full."""

from __future__ import annotations

import errno
import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from orbital_plugin_ping.native.datagram import DatagramEndpoint
from orbital_plugin_ping.native.raw import RawEndpoint
from orbital_plugin_ping.sockets import Options, open_icmp

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_ping.address import SocketAddress
    from orbital_plugin_ping.native.endpoint import Endpoint

MOST: Final = 16
FULL: Final = frozenset({errno.EAGAIN, errno.ENOBUFS})


class SocketPool:
    """Sends through whichever socket has room.

    A packet to a neighbour that is switched off stays in the send buffer until the kernel gives up looking
    for it, some three seconds. A few hundred such hosts fill a socket, and must not hold up the others.

    Args:
        first: An open socket; the pool owns it from now on.
        options: For further ones.
        opened: Told of each endpoint.
    """

    def __init__(
        self, first: socket.socket, options: Options, opened: Callable[[Endpoint], None]
    ) -> None:
        self._family = int(first.family)
        self._options = options
        self._opened = opened
        self._endpoints: deque[Endpoint] = deque()
        self._take(first)

    def send(self, sequence: int, token: bytes, to: SocketAddress) -> int:
        """As `Endpoint.send`.

        Raises:
            OSError: With an `errno` in `FULL` no socket has room now; otherwise the packet cannot leave.
        """
        for _ in range(len(self._endpoints)):
            try:
                return self._endpoints[0].send(sequence, token, to)
            except OSError as error:
                if error.errno not in FULL:
                    raise
            self._endpoints.rotate(-1)
        self._take(self._another())
        return self._endpoints[0].send(sequence, token, to)

    def close(self) -> None:
        while self._endpoints:
            self._endpoints.pop().close()

    def _another(self) -> socket.socket:
        if len(self._endpoints) >= MOST:
            raise BlockingIOError(errno.EAGAIN, "all send buffers are full")
        try:
            return open_icmp(self._family, self._options)
        except OSError as error:
            raise BlockingIOError(errno.EAGAIN, "the send buffer is full") from error

    def _take(self, sock: socket.socket) -> None:
        kind = RawEndpoint if sock.type == socket.SOCK_RAW else DatagramEndpoint
        try:
            endpoint = kind(sock, self._options)
        except BaseException:
            sock.close()
            raise
        self._endpoints.appendleft(endpoint)
        self._opened(endpoint)
