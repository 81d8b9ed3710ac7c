"""Backpressure: tasks run at every nth tick while the buffer is nearly full, those of low priority first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PRIORITIES: Final = 10
FULL_RATE: Final = (1,) * PRIORITIES
REFRESH: Final = 0.1
"""Seconds between two readings of the buffer's fill."""


def under_pressure(fill: float, high_water: float, slowest: float) -> tuple[int, ...]:
    """Run every nth tick, by priority 0 to 9, at this fill of the buffer (0 to 1).

    Between the high-water mark and full, each priority in turn slows from 1 to `slowest`; the next one
    begins when the one below is as slow as it may get. A fraction of `slowest` is cut off.
    """
    if not fill > high_water:
        return FULL_RATE
    most = max(0, int(slowest) - 1)
    share = (min(fill, 1.0) - high_water) / max(1.0 - high_water, 1e-9)
    steps = int(share * PRIORITIES * most + 1e-9)
    return tuple([1 + max(0, min(most, steps - p * most)) for p in range(PRIORITIES)])


class Pressure:
    """The slowdown of each priority at the buffer's current fill.

    Args:
        fill: The buffer's fill, 0 to 1; None: no backpressure.
        high_water: The fill from which tasks slow down, lowest priority first.
        slowest: Maximum slowdown: 4 = every fourth tick.
    """

    def __init__(self, fill: Callable[[], float] | None, high_water: float, slowest: float) -> None:
        self.high_water = high_water
        self.slowest = slowest
        self._fill = fill
        self._slow = FULL_RATE
        self._next = 0.0

    def slowness(self, now: float) -> tuple[int, ...]:
        """As `under_pressure`; `now` in steady seconds."""
        if self._fill is not None and now >= self._next:
            self._next = now + REFRESH
            self._slow = under_pressure(self._fill(), self.high_water, self.slowest)
        return self._slow
