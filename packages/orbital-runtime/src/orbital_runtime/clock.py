"""Clocks: steady seconds for scheduling, UTC milliseconds for timestamps."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """Source of the time."""

    def steady(self) -> float:
        """Seconds that never jump, near to UTC at the start of the process."""
        ...

    def utc_ms(self) -> int:
        """Milliseconds UTC, as the wall clock says now."""
        ...


def _elapsed() -> Callable[[], float]:
    """On Linux a clock that includes suspend, so that missed runs are noticed."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    return time.monotonic


class SystemClock:
    """The machine's clocks. `steady` starts at the wall clock's time and never jumps, so that phases are
    the same after a restart, and a step of the wall clock does not change the schedule.
    """

    def __init__(self) -> None:
        self._elapsed = _elapsed()
        self._offset = time.time() - self._elapsed()

    def steady(self) -> float:
        return self._elapsed() + self._offset

    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock for tests."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def steady(self) -> float:
        return self.now

    def utc_ms(self) -> int:
        return round(self.now * 1000)

    def advance(self, seconds: float) -> None:
        self.now += seconds
