"""The timer of the scheduler."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from orbital_runtime.scheduler.totals import LATENESS_BUCKETS, Histogram

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.clock import Clock

LONGEST_SLEEP: Final = 1.0
"""Maximum seconds between two calls: how soon a gap is noticed."""


class Timer:
    """Calls back at the time it is set to, or after `LONGEST_SLEEP` if that is sooner.

    Args:
        clock: The time.
        call: The callback.
    """

    def __init__(self, clock: Clock, call: Callable[[], None]) -> None:
        self._clock = clock
        self._call = call
        self.lag = Histogram(LATENESS_BUCKETS)
        """Seconds by which calls were late: how long other work blocked the event loop."""
        self._handle: asyncio.Handle | None = None
        self._wakes = math.inf

    @property
    def overdue(self) -> float:
        """Seconds by which the next call is late; negative if it is not due."""
        return self._clock.steady() - self._wakes

    def set(self, due: float | None) -> None:
        """Call at this time in steady seconds, rounded up to milliseconds, the resolution of timers."""
        if self._handle is not None:
            self._handle.cancel()
        loop, now = asyncio.get_running_loop(), self._clock.steady()
        self._wakes = now + LONGEST_SLEEP if due is None else min(due, now + LONGEST_SLEEP)
        sleep = self._wakes - now
        if sleep > 0:
            self._handle = loop.call_later(math.ceil(sleep * 1000) / 1000, self._fire)
        else:
            self._handle = loop.call_soon(self._call)

    def _fire(self) -> None:
        self.lag.observe(max(0.0, self.overdue))
        self._call()

    def stop(self) -> None:
        """Stop calling."""
        self._wakes = math.inf
        if self._handle is not None:
            self._handle.cancel()
