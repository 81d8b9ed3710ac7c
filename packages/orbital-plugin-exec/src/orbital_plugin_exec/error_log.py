"""A program's standard error, in the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from orbital_plugin_exec.lines import Lines
from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from orbital_plugin_exec.pipe import Pipe

    Log = logging.Logger | logging.LoggerAdapter[logging.Logger]

MOST: Final = 10
"""Lines that are logged in"""
WINDOW: Final = 60.0
"""so many seconds; further ones are counted."""
LONGEST: Final = 1000
"""Bytes of a line."""


class ErrorLog:
    """Logs lines, not too many.

    Args:
        name: Of the program.
        clock: Steady seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.last = ""
        """The last line of the run."""
        self._name = name
        self._clock = clock
        self._since = -WINDOW
        self._logged = 0
        self._passed_over = 0

    async def follow(self, pipe: Pipe, log: Log) -> None:
        """Log what comes, until it ends."""
        self.last, lines = "", Lines(LONGEST)
        while data := await pipe.read():
            for line in lines.feed(data):
                self._take(line, log)
        for line in lines.end():
            self._take(line, log)

    def _take(self, line: str, log: Log) -> None:
        text = scrub("".join(c if c.isprintable() else " " for c in line).strip())
        if not text:
            return
        self.last = text
        now = self._clock()
        if now - self._since >= WINDOW:
            if self._passed_over:
                log.warning("%s: %d further lines on standard error", self._name, self._passed_over)
            self._since, self._logged, self._passed_over = now, 0, 0
        if self._logged >= MOST:
            self._passed_over += 1
            return
        self._logged += 1
        log.warning("%s: %s", self._name, text)
