"""Writes log lines to an open file descriptor: stdout or stderr."""

from __future__ import annotations

import os
import select
from typing import Final

STDOUT: Final = 1
STDERR: Final = 2


class LogStream:
    """Writes to the descriptor itself: Python's stream has a lock, for which the interpreter waits at exit.

    Args:
        descriptor: Not closed.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, line: str) -> None:
        """Write a line, waiting for room; raises OSError."""
        left = line.encode("utf-8", "backslashreplace")
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # made non-blocking by a process that shares it
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()

    def close(self) -> None:
        """Does nothing: the descriptor is not owned."""
