"""Time, handed in: steady seconds for deciding when, UTC milliseconds for stamping samples."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """What everything that waits or stamps asks for the time."""

    def steady(self) -> float:
        """Seconds that never jump, near to UTC at the start of the process."""
        ...

    def utc_ms(self) -> int:
        """Milliseconds UTC, as the wall clock says now."""
        ...


def _elapsed() -> Callable[[], float]:
    """On Linux a clock that goes on while the machine sleeps: what was missed meanwhile is to be seen."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    return time.monotonic


class SystemClock:
    """The machine's clocks. `steady` is a clock that never jumps, set by the wall clock once, so that phases
    are the same after a restart and a step of the wall clock disturbs no schedule.
    """

    def __init__(self) -> None:
        self._elapsed = _elapsed()
        self._offset = time.time() - self._elapsed()

    def steady(self) -> float:
        return self._elapsed() + self._offset

    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that tests turn by hand."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def steady(self) -> float:
        return self.now

    def utc_ms(self) -> int:
        return round(self.now * 1000)

    def advance(self, seconds: float) -> None:
        self.now += seconds
