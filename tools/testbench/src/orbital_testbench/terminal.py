"""A terminal of a given size: what a command prints there, as a person would see it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
from contextlib import suppress


class Terminal:
    """The end of a terminal at which a person sits.

    Args:
        columns: Its width.
        lines: Its height.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._ours, self.stream = pty.openpty()
        """`stream`: the descriptor for the standard streams of a command."""
        fcntl.ioctl(self.stream, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def shown(self) -> str:
        """What was printed until now, with escape sequences."""
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def end(self) -> str:
        """What was printed, with escape sequences; the command has ended."""
        os.close(self.stream)
        self._reader.join()
        os.close(self._ours)
        return self.shown

    def _read(self) -> None:
        with suppress(OSError):  # EIO: nobody has the other end any more
            while data := os.read(self._ours, 65536):
                self._shown += data
