"""When an event loop last ran, as seen by another thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Pulse:
    """Sends callbacks to an event loop, one at a time, and records when they run.

    Args:
        loop: Called by `call_soon_threadsafe`.
        clock: Seconds.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._waiting = False
        self.turned = clock()
        """When the last callback ran."""

    def ask(self, paused: float) -> None:
        """Send a callback, unless one is pending or the event loop is closed.

        Args:
            paused: Seconds that the caller intended to wait. If more passed, the machine was suspended.
        """
        if not self._waiting and not self._loop.is_closed():
            self.turned = max(self.turned, self._clock() - paused)
            self._waiting = True
            self._loop.call_soon_threadsafe(self._turn)

    def held(self) -> float:
        """Seconds since the event loop last ran, while a callback is pending; otherwise 0."""
        since = self.turned  # read first: an answer may come in between
        return self._clock() - since if self._waiting else 0.0

    def reset(self) -> None:
        """The event loop ran something else before the callback."""
        self.turned = self._clock()

    def _turn(self) -> None:
        self.turned = self._clock()
        self._waiting = False
