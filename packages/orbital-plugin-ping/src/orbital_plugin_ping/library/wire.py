"""ping3 without its waiting.

The library's own wait takes replies from any sender, uses `select` (no descriptor above 1023) and the wall
clock, and a global switch decides whether it tells errors (ping3 5.1). So the waiting is ours, and ping3 is
handed packets that are already here and come from the right host.
"""

from __future__ import annotations

import importlib
import struct
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket

PAST: Final = -1e6
"""A timeout that is long over, even if the wall clock is set back meanwhile."""


class NothingLeft(Exception):  # noqa: N818 (no error: ping3 wants a further packet)
    """There is no further packet."""


class Wire:
    """What ping3 takes for a socket: it sends, and receives the one packet that was put in.

    Args:
        sock: Where packets leave.
        readable: A descriptor that is always readable and low enough for `select`.
    """

    def __init__(self, sock: socket.socket, readable: int) -> None:
        self.family, self.type, self.proto = sock.family, sock.type, sock.proto
        self.getsockname = sock.getsockname
        self.sent = 0.0
        """`time.monotonic()` of the moment before sending."""
        self.packet: bytes | None = None
        self._sock = sock
        self._readable = readable

    def fileno(self) -> int:
        return self._readable

    def sendto(self, data: bytes, to: Any) -> int:
        self.sent = time.monotonic()
        return self._sock.sendto(data, to)

    def recvfrom(self, _size: int) -> tuple[bytes, None]:
        if self.packet is None:
            raise NothingLeft
        packet, self.packet = self.packet, None
        return packet, None


class Codec:
    """ping3's two halves. The library has no types; this is where they begin.

    Args:
        ident: Identifier in our packets, where the kernel does not choose it.
    """

    def __init__(self, ident: int) -> None:
        self._ping3: Any = importlib.import_module("ping3")  # here, for few agents need it
        self._errors: Any = importlib.import_module("ping3.errors")
        self._ident = ident

    def send(self, wire: Wire, host: str, sequence: int, payload: int) -> None:
        """Send an echo request.

        Raises:
            OSError: It cannot leave this machine.
        """
        self._ping3.send_one_ping(wire, host, self._ident, sequence, payload)

    def understand(self, wire: Wire, packet: bytes, sequence: int) -> bool | str:
        """Whether `packet` is the reply; words if it is an ICMP error about the request instead."""
        wire.packet = packet
        try:
            self._ping3.receive_one_ping(wire, self._ident, sequence, PAST)
        except (NothingLeft, self._errors.Timeout, struct.error):  # another's, or malformed
            return False
        except self._errors.PingError as error:
            return str(error)
        return True
