"""When runs are to be looked at again: one timer for all of them."""

from __future__ import annotations

import time
from math import ceil, inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from orbital_plugin_ping.native.run import Run

GRID: Final = 0.01
"""Seconds. Packets and ends of runs fall on multiples of it, so that many of them share one wake-up."""


class Agenda:
    """Calls for each run at its time. Nearly every run is over long before its end, so to add and to cancel
    one must cost next to nothing; the timer stays where it is, and may find nobody.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[float, dict[Run, Callable[[Run], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = inf

    def enter(self, run: Run, when: float, call: Callable[[Run], None]) -> None:
        """Call `call(run)` at `when` (`time.monotonic()`), or at the run's end if that is earlier. A run has
        one entry at a time.
        """
        run.due = when = min(ceil(when / GRID) * GRID, run.request.end)
        self._due.setdefault(when, {})[run] = call
        if when < self._wakes:
            self._wake(when)

    def cancel(self, run: Run) -> None:
        """Forget its entry, if it has one."""
        calls = self._due.get(run.due)
        if calls is not None and calls.pop(run, None) is not None and not calls:
            del self._due[run.due]

    def close(self) -> None:
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wakes = when
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer, self._wakes = None, inf
        now = time.monotonic() + GRID / 20  # timers have whole milliseconds
        for when in sorted([when for when in self._due if when <= now]):
            for run, call in self._due.pop(when).items():
                self._loop.call_soon(call, run)  # one that breaks does so for itself
        if self._due:
            self._wake(min(self._due))
