"""How old things are that outlive a process: by the wall clock, once that has stood for a while.

A clock that is wrong for a moment, as that of a machine without a battery after a start, must not throw away
what people have not seen yet. A step back is believed at once: it only keeps things longer.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orbital_buffer.clock import Clock

PATIENCE: Final = 3600.0
"""Seconds for which a step ahead, and the time at the start, have to stand."""
SHARE: Final = 0.01
"""Of the age, where that is less."""
SLEWED: Final = 60_000
"""Milliseconds between two looks that are no step: a clock may run a little faster."""


class Ageing:
    """Tells what is too old.

    Args:
        clock: Wall and steady time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead: float | None = None
        """Milliseconds from steady to wall time, as believed."""
        self._since: float | None = None
        self._least = math.inf

    def before_ms(self, age: float) -> float:
        """The moment before which things are older than so many seconds, milliseconds UTC; minus infinity
        while the clock is not believed yet.
        """
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
