"""Accepts connections from a listening socket as long as there are file descriptors.

Without descriptors, uvloop's server closes every new connection, and asyncio's logs a line per second. Here
new connections wait in the kernel, and those of the owner get descriptors that were set aside.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.server.spare_descriptors import SpareDescriptors

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

log = logging.getLogger("orbital.telemetry")

AT_ONCE: Final = 64
"""Connections accepted before the event loop gets control."""
REST: Final = 1.0
"""Pause in seconds while there are no descriptors."""
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Acceptor:
    """Gives each connection its own protocol instance.

    Args:
        sock: A listening socket; closed at stop.
        spare: Number of descriptors set aside for it.
    """

    def __init__(self, sock: socket.socket, spare: int = 0) -> None:
        self._sock = sock
        self.spare = SpareDescriptors(spare)
        """Refill it when one of its connections is closed."""
        self._short = False
        self._resting: asyncio.TimerHandle | None = None
        self._taking = set[asyncio.Task[object]]()

    def start(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Start accepting connections."""
        self._protocol = protocol
        self._sock.setblocking(False)
        self._listen()

    def stop(self) -> None:
        """Stop accepting. Safe without `start`, and idempotent."""
        if self._resting is not None:
            self._resting.cancel()
        elif self._sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._sock)
        self.spare.close()
        self._sock.close()

    def _listen(self) -> None:
        self._resting = None
        asyncio.get_running_loop().add_reader(self._sock, self._take)

    def _take(self) -> None:
        self.spare.refill()
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    continue  # the connection was already closed, accept(2)
                if not self.spare.give():
                    self._rest(error)
                    return
            else:
                self._short = False
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        serving = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
        self._taking.add(serving)
        serving.add_done_callback(self._taking.discard)

    def _rest(self, error: OSError) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._sock)
        self._resting = loop.call_later(REST, self._listen)
        if not self._short:
            message = "connections wait until there are file descriptors again: %s"
            log.warning(message, error.strerror)
        self._short = True
