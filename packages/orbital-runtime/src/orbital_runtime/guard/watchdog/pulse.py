"""When a loop last turned, asked from another thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Pulse:
    """Asks a loop for a sign of life, one at a time.

    Args:
        loop: Asked by `call_soon_threadsafe`.
        clock: Seconds.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._waiting = False
        self.turned = clock()
        """When it last gave one."""

    def ask(self, paused: float) -> None:
        """Unless an answer is due already. A loop that is closed is not asked.

        Args:
            paused: Seconds that the asker meant to let pass. If more passed, the machine was away.
        """
        if not self._waiting and not self._loop.is_closed():
            self.turned = max(self.turned, self._clock() - paused)
            self._waiting = True
            self._loop.call_soon_threadsafe(self._turn)

    def held(self) -> float:
        """Seconds since the loop last turned, while an answer is due; otherwise zero."""
        since = self.turned  # read first: an answer may come in between
        return self._clock() - since if self._waiting else 0.0

    def pass_on(self) -> None:
        """Another one's turn has come, before that of the question."""
        self.turned = self._clock()

    def _turn(self) -> None:
        self.turned = self._clock()
        self._waiting = False
