"""A clock that runs, and that a test may put forward: what is due in an hour is due now."""

from __future__ import annotations

from orbital_runtime.clock import SystemClock


class LeapClock(SystemClock):
    """The machine's clocks, and `ahead` seconds more."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0.0

    def steady(self) -> float:
        return super().steady() + self.ahead

    def utc_ms(self) -> int:
        return super().utc_ms() + round(self.ahead * 1000)
