"""A bounded queue of log lines and a writing thread, so that a full pipe does not block callers."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from typing import ClassVar, Final, Protocol

ROOM: Final = 2_000_000
"""Maximum characters in the queue."""
PATIENCE: Final = 1.0
"""Seconds without a written line after which a flush gives up."""
ROUNDS: Final = 10
"""Maximum number of such waits in a flush."""


class Sink(Protocol):
    """Destination of lines. Called by one thread only, which it may block."""

    def write(self, line: str) -> None:
        """Write a line, which ends with a newline; raises OSError."""
        ...

    def close(self) -> None: ...


class LogQueue(logging.Handler):
    """A handler that never blocks. Lines that find no room or cannot be written are counted and reported.

    Args:
        sink: Destination of lines; closed with the handler.
        formatter: Formats records, in the thread of the logging call.
    """

    lost: ClassVar[int] = 0
    """Lines lost in this process."""

    def __init__(self, sink: Sink, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._sink = sink
        self._lines = deque[str]()
        self._held = 0
        self._written = 0
        self._given_up = -1
        self._left_out = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n"
        except Exception as error:  # noqa: BLE001 (a failing log line must not fail the work it reports on)
            _count_lost(1, error)
            return
        with self._changed:
            self._put(line)

    def flush(self) -> None:
        """Wait until all lines are written, as long as there is progress."""
        with self._changed:
            for _ in range(ROUNDS):
                if not self._lines or self._given_up == self._written:
                    return
                before = self._written
                self._changed.wait_for(lambda: not self._lines, PATIENCE)
                self._given_up = before

    def close(self) -> None:
        """Write the waiting lines, and stop. A thread that hangs in the sink is abandoned."""
        self.flush()
        with self._changed:
            self._closed = True
            hangs = bool(self._lines)
            _count_lost(len(self._lines))
            self._lines.clear()
            self._changed.notify_all()
        if not hangs:
            self._thread.join()
        super().close()

    def _put(self, line: str) -> None:
        """Queue a line; after an overflow only when half of the room is free, for one report per gap."""
        room = ROOM // 2 if self._left_out else ROOM
        if self._closed or self._held + len(line) > room:
            self._left_out += 1
            _count_lost(1)
            return
        if self._left_out:
            line = f"{self.format(_gap(self._left_out))}\n{line}"
            self._left_out = 0
        self._lines.append(line)
        self._held += len(line)
        self._changed.notify_all()

    def _run(self) -> None:
        while (line := self._next()) is not None:
            try:
                self._sink.write(line)
            except Exception as error:  # noqa: BLE001 (as above)
                _count_lost(1, error)
            self._done(line)
        with contextlib.suppress(OSError):
            self._sink.close()

    def _next(self) -> str | None:
        """The oldest line, which stays in the queue until it is written; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closed)
            return self._lines[0] if self._lines else None

    def _done(self, line: str) -> None:
        with self._changed:
            if self._lines:  # otherwise it was discarded meanwhile
                self._lines.popleft()
            self._held -= len(line)
            self._written += 1
            if not self._lines:
                self._changed.notify_all()


def _gap(lines: int) -> logging.LogRecord:
    message = "%d log lines were left out: they came faster than they could be written"
    return logging.LogRecord("log", logging.WARNING, __file__, 0, message, (lines,), None)


_counting: Final = threading.Lock()


def _count_lost(lines: int, why: Exception | None = None) -> None:
    with _counting:
        LogQueue.lost += lines
        first = LogQueue.lost == lines and why is not None
    if first:
        message = f"a log line could not be written: {why}; further ones are only counted\n"
        with contextlib.suppress(
            OSError
        ):  # to the descriptor: the stream's lock may be held for ever
            os.write(2, message.encode("utf-8", "backslashreplace"))
