"""Where in its interval a task runs: a stable hash of its key, on a grid.

Tasks on one point of the grid start in one wake-up of the process. At low rates a wake-up costs more than
the runs that share it (docs/performance.md); but what starts together also waits for each other. So the
fewer runs a second there are, the coarser the grid, and about as many of them share each point.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

SECOND: Final = 1_000_000
"""Everything here is in whole microseconds: sums of floats would drift."""
GRAINS: Final = (SECOND, SECOND // 2, SECOND // 4, SECOND // 8, SECOND // 16)
"""Each a multiple of the next, so that from one to another no task moves by more than the coarsest."""
TOGETHER: Final = 25
"""Runs that may share a point of the grid, as long as there is a finer one."""
SLOTS: Final = 2
"""Points that an interval has at least; a shorter one takes a finer grid, or none."""


def grain_for(rate: float) -> int:
    """The grid for so many runs a second."""
    return next((g for g in GRAINS if rate * g / SECOND <= TOGETHER), GRAINS[-1])


def phase(key: str, interval: int, grain: int) -> int:
    """The same on every machine and after every start.

    Args:
        key: The task.
        interval: The task's.
        grain: One of `GRAINS`, the coarsest to be used.
    """
    step = cell(interval, grain)
    if not step:
        return stable_hash(key) % interval
    finest = GRAINS[-1]
    place = stable_hash(key) % (interval // finest) * finest
    return place // step * step


def cell(interval: int, grain: int) -> int:
    """From one point of the grid to the next, for this interval; 0 where it has none."""
    fits = (g for g in GRAINS if g <= grain and interval % g == 0 and interval >= SLOTS * g)
    return next(fits, 0)


def stable_hash(text: str) -> int:
    """64 bits that depend on the text alone."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
