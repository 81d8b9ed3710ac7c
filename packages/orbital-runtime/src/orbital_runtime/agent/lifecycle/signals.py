"""SIGINT and SIGTERM stop, SIGHUP reloads; a second stop means now."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
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
        loop = asyncio.get_running_loop()
        for name, handler in self._handlers.items():
            signal.signal(getattr(signal, name), partial(_pass_on, loop, handler))
        return self

    def __exit__(self, *_: object) -> None:
        for name, before in self._before.items():
            signal.signal(getattr(signal, name), before)

    def _end(self) -> None:
        if self._asked is None:
            self._asked = self._now()
        elif self._now() - self._asked >= ECHO:
            self.again.set()
        self._stop()


def _pass_on(loop: asyncio.AbstractEventLoop, handler: Callable[[], None], *_: object) -> None:
    """Run `handler` on the loop. uvloop's own handlers lose a signal that comes while the loop is between two
    runs, as after a KeyboardInterrupt of a plugin.
    """
    loop.call_soon_threadsafe(handler)
