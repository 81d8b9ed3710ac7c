"""SIGINT and SIGTERM stop, SIGHUP reloads; a second stop means now."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

ECHO: Final = 1.0
"""Seconds in which a second signal is ignored: a terminal signals the whole process group, and programs
such as `uv run` forward what we got already.
"""


class Signals:
    """Signal handlers of the running loop, within a `with` block.

    Args:
        stop: Called at the first SIGINT or SIGTERM.
        reload: Called at each SIGHUP.
        now: Steady seconds.
    """

    def __init__(
        self, *, stop: Callable[[], None], reload: Callable[[], None], now: Callable[[], float]
    ) -> None:
        self._stop = stop
        self._now = now
        self._asked: float | None = None
        self._handlers = {"SIGINT": self._end, "SIGTERM": self._end, "SIGHUP": reload}
        self.again = asyncio.Event()
        """Set by a second signal to stop."""

    def __enter__(self) -> Self:
        self._before = {name: signal.getsignal(getattr(signal, name)) for name in self._handlers}
        for name, handler in self._handlers.items():
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), handler)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._handlers:
            asyncio.get_running_loop().remove_signal_handler(getattr(signal, name))
            signal.signal(getattr(signal, name), self._before[name])

    def _end(self) -> None:
        if self._asked is None:
            self._asked = self._now()
        elif self._now() - self._asked >= ECHO:
            self.again.set()
        self._stop()
