"""The last lines of the log."""

from __future__ import annotations

import logging
from collections import deque
from itertools import islice
from typing import Final

import msgspec

from orbital_runtime.telemetry.logs.setup import TextFormatter

LINE_BYTES: Final = 300
"""Memory of a line beside its text. An estimate."""
WORDS: Final = 4000
"""Characters kept of a line."""


class Line(msgspec.Struct, frozen=True):
    """One record of the log."""

    at: int
    """Milliseconds UTC."""
    level: str
    text: str
    """As in a text log, with its time and level; secrets are masked."""


class LogTail(logging.Handler):
    """A handler of the root logger that keeps lines.

    Args:
        memory: Bytes at most; the oldest lines go first.
    """

    def __init__(self, memory: int) -> None:
        super().__init__()
        self.setFormatter(TextFormatter(full_time=True))
        self._memory = memory
        self._lines: deque[Line] = deque()
        self._bytes = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)[:WORDS]
        except Exception:  # noqa: BLE001 (a failing log line must not fail the work it reports on)
            return
        line = Line(round(record.created * 1000), record.levelname.lower(), text)
        self._lines.append(line)
        self._bytes += _size(line)
        while self._bytes > self._memory:
            self._bytes -= _size(self._lines.popleft())

    def lines(self, least: int = 0, most: int = 1000) -> list[Line]:
        """The newest first.

        Args:
            least: Level that they have at least, as in `logging`.
            most: Number of lines.
        """
        levels = logging.getLevelNamesMapping()
        self.acquire()  # other threads log, too
        try:
            newest = reversed([*self._lines])
        finally:
            self.release()
        known = (line for line in newest if levels.get(line.level.upper(), least) >= least)
        return list(islice(known, most))


def _size(line: Line) -> int:
    return LINE_BYTES + 2 * len(line.text)
