"""Ages of things that outlive the process, by the wall clock, once that has been stable for a while.

A clock that is wrong for a moment, as after the start of a machine without a battery, must not delete
anything. A step back is accepted at once, since it only keeps things longer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_buffer.clock import Clock

PATIENCE: Final = 3600.0
"""Seconds for which a step forward, and the time at the start, must be stable."""
SHARE: Final = 0.01
"""Or this part of the age, if that is less."""
SLEWED: Final = 60_000
"""Milliseconds between two readings that are no step: clocks may run a little fast."""


class Ageing:
    """Decides what is too old.

    Args:
        clock: Wall and steady time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead: float | None = None
        """Accepted difference of wall and steady time in milliseconds."""
        self._since: float | None = None
        self._least = math.inf

    def before_ms(self, age: float) -> float:
        """The time `age` seconds ago in milliseconds UTC; minus infinity while the clock is not stable."""
        steady = self._clock.steady()
        self._look(steady, min(PATIENCE, SHARE * age))
        return -math.inf if self._ahead is None else (steady - age) * 1000 + self._ahead

    def _look(self, steady: float, patience: float) -> None:
        ahead = self._clock.utc_ms() - steady * 1000
        if self._ahead is not None and ahead <= self._ahead + SLEWED:
            self._ahead, self._since = ahead, None
        elif self._since is None:
            self._since, self._least = steady, ahead
        else:
            self._least = min(self._least, ahead)
            if steady - self._since >= patience:
                self._ahead, self._since = self._least, None
