"""What a program prints becomes its plugin's log: levels of JSON lines, no more lines than a log can bear."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Callable

    Logger = logging.Logger | logging.LoggerAdapter[Any]

BURST: Final = 100
"""Lines at once; and"""
EVERY: Final = 0.1
"""one more after so many seconds. The others are counted."""
LONGEST: Final = 4096
"""Characters of a line; the rest is cut."""
_CHUNK: Final = 65_536
_LEVELS: Final = {
    "debug": logging.DEBUG, "trace": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING,
    "warning": logging.WARNING, "error": logging.ERROR, "critical": logging.ERROR, "fatal": logging.ERROR,
}  # fmt: skip


class Output:
    """The lines of one program.

    Args:
        log: Takes them.
        clock: Seconds.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self.last = ""
        """The last line."""
        self._log = log
        self._clock = clock
        self._room = float(BURST)
        self._then = clock()
        self._left_out = 0

    async def pump(self, stream: asyncio.StreamReader) -> None:
        """Log all that comes, until its end."""
        rest = b""
        while data := await stream.read(_CHUNK):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.say(line)
            rest = rest[:LONGEST]  # of a line without an end only its beginning is kept
            if self._left_out:  # who prints without end waits, and does not keep the agent busy
                await asyncio.sleep(EVERY)
        self.say(rest)

    def say(self, line: bytes) -> None:
        """Log one line that was printed."""
        text = line[:LONGEST].decode("utf-8", "replace").rstrip()
        if text:
            level, text = _leveled(text)
            self.last = _plain(text)
            self.log(level, text)

    def log(self, level: int, text: str, run: Logger | None = None) -> None:
        """Log this, if there is room: by the log of a run, or of the plugin."""
        if not self._has_room():
            self._left_out += 1
            return
        if self._left_out:
            self._log.warning("%d lines of its output were left out", self._left_out)
            self._left_out = 0
        (run or self._log).log(level, "%s", _plain(text))

    def _has_room(self) -> bool:
        now = self._clock()
        self._room = min(float(BURST), self._room + (now - self._then) / EVERY)
        self._then = now
        if self._room < 1:
            return False
        self._room -= 1
        return True


def _leveled(text: str) -> tuple[int, str]:
    """Level and message of a line, JSON or not. What is not JSON is worth a warning: nobody asked for it."""
    if text.startswith("{"):
        try:
            told: dict[str, Any] = json.loads(text)
        except ValueError:
            return logging.WARNING, text
        level = str(told.get("level", told.get("@level", "info"))).lower()
        message = told.get("message", told.get("msg", told.get("@message")))
        return _LEVELS.get(level, logging.INFO), text if message is None else str(message)
    return logging.WARNING, text


def _plain(text: str) -> str:
    """Without secrets, and without what a terminal would take for commands."""
    return "".join([c if c.isprintable() or c == "\n" else "\ufffd" for c in scrub(text)])
