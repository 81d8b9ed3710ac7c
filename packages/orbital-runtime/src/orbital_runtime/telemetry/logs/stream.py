"""An open file descriptor as the place where log lines go: stdout and stderr."""

from __future__ import annotations

import os
import select
from typing import Final

STDOUT: Final = 1
STDERR: Final = 2


class LogStream:
    """Writes to the descriptor itself: Python's stream has a lock, and at the end of the process somebody
    waits for it.

    Args:
        descriptor: Stays open.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, line: str) -> None:
        """Wait for room where there is none; raises OSError."""
        left = line.encode("utf-8", "backslashreplace")
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:  # whoever shares it has made it so
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()

    def close(self) -> None:
        """It is not ours."""
