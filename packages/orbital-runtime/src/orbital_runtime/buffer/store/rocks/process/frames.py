"""Messages between an agent and its storage process: `length | marshal`, 4 bytes and so many.

`marshal` belongs to Python itself, so it costs the small process no import, and copies bytes at the speed of
memory. It is made for one version of Python, and both ends are the same one.
"""

from __future__ import annotations

import marshal
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LENGTH: Final = 4
USUAL: Final = 64 << 10
"""Bytes that are taken from the system at once: nearly all messages are smaller."""
OK: Final = "ok"
FAILED: Final = "failed"
"""What an answer begins with: it did what was asked, or it met an error."""


class Channel:
    """One end of a pair of sockets, on which both ends speak in turn.

    Args:
        end: The socket. If the system has a time-out for it, `waits` is asked each time that it is over.
        waits: Raises what ends the wait.
    """

    def __init__(self, end: socket.socket, waits: Callable[[], None] = lambda: None) -> None:
        self._end = end
        self._waits = waits
        self._usual = memoryview(bytearray(USUAL))

    def send(self, message: Any) -> None:
        """Give it to the system.

        Raises:
            OSError: The other end is gone.
            ValueError: It is something else than None, numbers, text, bytes, lists and tuples.
        """
        data = memoryview(marshal.dumps(message))
        head = len(data).to_bytes(LENGTH, "little")
        while head or data:
            try:
                sent = self._end.sendmsg((head, data))
            except BlockingIOError:
                self._waits()
            else:
                head, data = head[sent:], data[max(0, sent - len(head)) :]

    def receive(self) -> Any:
        """The next message.

        Raises:
            EOFError: The other end is gone.
            OSError: Likewise.
        """
        room = self._usual
        there = self._fill(room, 0, LENGTH)
        whole = LENGTH + int.from_bytes(room[:LENGTH], "little")
        if whole > len(room):
            room = memoryview(bytearray(whole))
            room[:there] = self._usual[:there]
        self._fill(room[:whole], there, whole, socket.MSG_WAITALL)
        return marshal.loads(room[LENGTH:whole])  # noqa: S302 (it comes from our own process)

    def _fill(self, room: memoryview, there: int, needed: int, flags: int = 0) -> int:
        """Return when so many bytes are there; gives how many are."""
        while there < needed:
            try:
                count = self._end.recv_into(room[there:], 0, flags)
            except BlockingIOError:
                self._waits()
                continue
            if not count:
                raise EOFError("the other end is gone")
            there += count
        return there


def time_out(end: socket.socket, seconds: float) -> None:
    """Let the system end each wait for the other end after so long (socket(7), `SO_RCVTIMEO`): Python's own
    time-out asks the system twice for each message.
    """
    whole = int(seconds)
    value = struct.pack("ll", whole, int((seconds - whole) * 1e6))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        end.setsockopt(socket.SOL_SOCKET, option, value)
