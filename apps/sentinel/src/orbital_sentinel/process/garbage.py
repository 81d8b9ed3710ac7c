"""Keeps the garbage collector from traversing the same live objects in every full collection.

The state of an agent grows with each device that is polled for the first time, and with it the duration of
full collections: with thousands of devices each one blocks the event loop for seconds. Objects that survive a
full collection are usually permanent, so they are frozen (`gc.freeze`), and later collections skip them. From
time to time everything is collected, for tasks removed meanwhile.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

YOUNG: Final = 5_000
"""New objects that trigger a collection of the youngest generation: more than the polls in progress hold, so
that most are freed by reference counts before."""
SHARE: Final = 0.001
"""Maximum share of the time spent on collecting everything."""
LEAST: Final = 60.0
"""Minimum seconds between two collections of everything."""
MOST: Final = 6 * 3600.0
"""Maximum seconds between them, while they free little."""
WORTH: Final = 10_000
"""Freed objects that make such a collection worthwhile: about a megabyte."""


def settle() -> Survivors:
    """From now on, skip objects that survived a full collection in the next ones."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    survivors = Survivors()
    gc.callbacks.append(survivors)
    return survivors


class Survivors:
    """Callback for each collection (`gc.callbacks`).

    Args:
        clock: Monotonic seconds.
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
