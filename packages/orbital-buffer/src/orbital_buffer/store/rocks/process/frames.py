"""Messages between the agent and its storage process: a length of 4 bytes, then the data as `marshal`.

`marshal` is built into Python, so the small process needs no import, and it copies bytes at memory speed. Its
format depends on the version of Python, which is the same at both ends.
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
"""Bytes of one read: nearly all messages are smaller."""
OK: Final = "ok"
FAILED: Final = "failed"
"""First item of an answer: the call succeeded, or failed with an error."""


class Channel:
    """One end of a socket pair, with alternating requests and answers.

    Args:
        end: The socket. If it has a timeout, `waits` is called each time it expires.
        waits: Raises an exception to end the wait.
    """

    def __init__(self, end: socket.socket, waits: Callable[[], None] = lambda: None) -> None:
        self._end = end
        self._waits = waits
        self._usual = memoryview(bytearray(USUAL))

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            OSError: The other end is closed.
            ValueError: It has values other than None, numbers, text, bytes, lists and tuples.
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
        """Receive the next message.

        Raises:
            EOFError: The other end is closed.
            OSError: The connection failed.
        """
        room = self._usual
        there = self._fill(room, 0, LENGTH)
        whole = LENGTH + int.from_bytes(room[:LENGTH], "little")
        if whole > len(room):
            room = memoryview(bytearray(whole))
            room[:there] = self._usual[:there]
        self._fill(room[:whole], there, whole, socket.MSG_WAITALL)
        return marshal.loads(room[LENGTH:whole])  # noqa: S302 (data from our own process)

    def _fill(self, room: memoryview, there: int, needed: int, flags: int = 0) -> int:
        """Read until `needed` bytes are there; returns how many are."""
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
    """Set a timeout for each receive (socket(7), `SO_RCVTIMEO`): Python's own timeout needs two system calls
    for each message.
    """
    whole = int(seconds)
    value = struct.pack("ll", whole, int((seconds - whole) * 1e6))
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        end.setsockopt(socket.SOL_SOCKET, option, value)
