"""Keeps the garbage collector from looking at the same living objects again and again.

What an agent remembers of its devices grows with every device that is polled for the first time, and so do
full collections: with thousands of devices each one stops the loop for seconds, again and again. But what a
full collection leaves has come to stay, so later ones leave it out. Now and then all of it is looked at after
all, for tasks that are gone meanwhile.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

YOUNG: Final = 5_000
"""Objects that have to be new before the collector looks at them: more than the polls under way hold, so that
most are gone by then without its help."""
SHARE: Final = 0.001
"""Of the time, at most, goes into looking at everything."""
LEAST: Final = 60.0
"""Seconds between two such looks, at least."""
MOST: Final = 6 * 3600.0
"""Seconds to which that grows, while they find little."""
WORTH: Final = 10_000
"""Objects that were worth a look: a megabyte or so."""


def settle() -> Survivors:
    """From now on, what survives a full collection is left out of the next ones."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    survivors = Survivors()
    gc.callbacks.append(survivors)
    return survivors


class Survivors:
    """Hears of each collection (`gc.callbacks`).

    Args:
        clock: Steady seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = 0.0
        self._everything = False
        self._rest = LEAST
        self._next = clock() + LEAST

    def __call__(self, phase: Literal["start", "stop"], info: Mapping[str, int]) -> None:
        if info["generation"] < 2:
            return
        now = self._clock()
        if phase == "start":
            self._began, self._everything = now, now >= self._next
            if self._everything:
                gc.unfreeze()
            return
        if self._everything:
            self._rest = LEAST if info["collected"] >= WORTH else min(2 * self._rest, MOST)
            self._next = now + max(self._rest, (now - self._began) / SHARE)
        gc.freeze()
