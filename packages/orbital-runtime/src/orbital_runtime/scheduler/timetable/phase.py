"""The phase of a task in its interval: a stable hash of its key, rounded to a grid.

Tasks at one point of the grid start in one wake-up of the process. At low rates a wake-up costs more than the
runs that share it (docs/performance.md), but runs that start together wait for each other. So the grid is
coarser when there are fewer runs per second, and about the same number of runs shares each point.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

SECOND: Final = 1_000_000
"""Times are whole microseconds here: sums of floats would drift."""
GRAINS: Final = (SECOND, SECOND // 2, SECOND // 4, SECOND // 8, SECOND // 16)
"""Grids; each is a multiple of the next, so a change moves no task by more than the coarsest one."""
TOGETHER: Final = 25
"""Maximum of runs at one point, unless there is no finer grid."""
SLOTS: Final = 2
"""Minimum of points in an interval; a shorter interval uses a finer grid, or none."""


def grain_for(rate: float) -> int:
    """The grid for this number of runs per second."""
    return next((g for g in GRAINS if rate * g / SECOND <= TOGETHER), GRAINS[-1])


def phase(key: str, interval: int, grain: int) -> int:
    """The phase of a task, the same on every machine and after every start.

    Args:
        key: Of the task.
        interval: Of the task.
        grain: One of `GRAINS`, the coarsest to use.
    """
    step = cell(interval, grain)
    if not step:
        return stable_hash(key) % interval
    finest = GRAINS[-1]
    place = stable_hash(key) % (interval // finest) * finest
    return place // step * step


def cell(interval: int, grain: int) -> int:
    """Distance between points of the grid for this interval; 0 if no grid fits."""
    fits = (g for g in GRAINS if g <= grain and interval % g == 0 and interval >= SLOTS * g)
    return next(fits, 0)


def stable_hash(text: str) -> int:
    """A 64-bit hash of the text, the same in every process."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
