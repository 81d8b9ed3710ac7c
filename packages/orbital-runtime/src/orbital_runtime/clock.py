"""Time, handed in: steady seconds for deciding when, UTC milliseconds for stamping samples."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What everything that waits or stamps asks for the time."""

    def steady(self) -> float:
        """Seconds that never jump, near to UTC at the start of the process."""
        ...

    def utc_ms(self) -> int:
        """Milliseconds UTC, as the wall clock says now."""
        ...


class SystemClock:
    """The machine's clocks. `steady` is the monotonic clock, set by the wall clock once, so that phases
    are the same after a restart and a step of the wall clock disturbs no schedule.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def steady(self) -> float:
        return time.monotonic() + self._offset

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
