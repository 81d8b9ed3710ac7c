"""The deadlines of all current runs, on one timer."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from orbital_runtime.guard.calls.work import Work

TICK: Final = 0.001
"""Resolution of timers in seconds."""


class Deadlines:
    """Interrupts runs at their deadline. Nearly every run ends long before it, so `set` and `clear` must be
    cheap: the timer is not moved by `clear`.
    """

    def __init__(self) -> None:
        self._going: dict[Work[Any], tuple[float, asyncio.Task[Any]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = math.inf

    def set(self, work: Work[Any], deadline: float, task: asyncio.Task[Any]) -> None:
        """Interrupt this work, and cancel the task that awaits it, at `deadline` (`time.monotonic()`)."""
        self._going[work] = deadline, task
        if deadline < self._wakes:
            self._wake(deadline)

    def clear(self, work: Work[Any]) -> None:
        """The work ended."""
        self._going.pop(work, None)

    def _wake(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wakes = at
        delay = max(TICK, at - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._look)

    def _look(self) -> None:
        self._timer, self._wakes = None, math.inf
        now = time.monotonic() + TICK / 2
        for work, (deadline, task) in [*self._going.items()]:
            if deadline <= now:
                del self._going[work]
                work.cut = True
                task.cancel()
        if self._going:
            self._wake(min([deadline for deadline, _ in self._going.values()]))
