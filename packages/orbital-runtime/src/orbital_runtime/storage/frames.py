"""Messages between an agent and its storage process: `length | marshal`, 4 bytes and so many.

`marshal` belongs to Python itself, so it costs the small process no import, and copies bytes at the speed of
memory. It is made for one version of Python, and both ends are the same one.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

LENGTH: Final = 4
OK: Final = "ok"
DAMAGED: Final = "damaged"
FAILED: Final = "failed"
"""What an answer begins with: it did what was asked, or which error it met."""


class Channel:
    """One end of a pair of sockets.

    Args:
        end: The socket. If it has a time-out, `waits` is asked each time that it is over.
        waits: Raises what ends the wait.
    """

    def __init__(self, end: socket.socket, waits: Callable[[], None] = lambda: None) -> None:
        self._end = end
        self._waits = waits

    def send(self, message: Any) -> None:
        """Give it to the system.

        Raises:
            OSError: The other end is gone.
            ValueError: It is something else than None, numbers, text, bytes, lists and tuples.
        """
        data = marshal.dumps(message)
        rest = memoryview(len(data).to_bytes(LENGTH, "little") + data)
        while rest:
            try:
                rest = rest[self._end.send(rest) :]
            except TimeoutError:
                self._waits()

    def receive(self) -> Any:
        """The next message.

        Raises:
            EOFError: The other end is gone.
            OSError: Likewise.
        """
        length = int.from_bytes(self._exactly(LENGTH), "little")
        return marshal.loads(self._exactly(length))  # noqa: S302 (it comes from our own process)

    def _exactly(self, length: int) -> bytearray:
        data = bytearray(length)
        rest = memoryview(data)
        while rest:
            try:
                count = self._end.recv_into(rest)
            except TimeoutError:
                self._waits()
                continue
            if not count:
                raise EOFError("the other end is gone")
            rest = rest[count:]
        return data
