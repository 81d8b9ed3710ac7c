"""Where the tasks of one target stand: each on a point of its own, so that the target is not asked in bursts.

Tasks of different targets share the points of the grid (`phase.py`). Of tasks with one interval and one
target that fall on the same point, each further one stands a part of the way to the next point behind it: a
half, a quarter, three quarters. These parts are the same for all targets, so that such tasks share their
wake-ups, too.
"""

from __future__ import annotations

from typing import Final

from orbital_runtime.scheduler.phase import cell, phase, stable_hash

PARTS: Final = 32
"""Points between two of the grid. Where more tasks than that fall on one, some share."""
_ORDER: Final = tuple([int(f"{number:05b}"[::-1], 2) for number in range(PARTS)])
"""0, 16, 8, 24, 4, ...: each as far from those before it as there is room."""
_POINTS: Final = (1 << 58) - 1


class Places:
    """What is taken."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}
        """Hash of target, interval and point -> the parts behind it that are taken, as bits."""

    def take(self, target: str, key: str, interval: int, grain: int) -> tuple[int, int]:
        """A task's phase, and what to hand back when it leaves its place.

        Args:
            target: Whom it asks; empty where nobody knows.
            key: The task.
            interval: The task's, in microseconds.
            grain: The grid in use.
        """
        place, room = phase(key, interval, grain), cell(interval, grain)
        if not target or not room:
            return place, 0
        point = hash((target, interval, place)) & _POINTS
        taken = self._taken.get(point, 0)
        part = (~taken & (taken + 1)).bit_length() - 1  # the first that is free
        if part >= PARTS:
            chance = stable_hash(key) >> 32  # its lower bits chose the point
            return place + room * (chance % PARTS) // PARTS, 0
        self._taken[point] = taken | 1 << part
        return place + room * _ORDER[part] // PARTS, point * PARTS + part + 1

    def leave(self, token: int) -> None:
        """The place is free again. 0 is nobody's."""
        if not token:
            return
        point, part = divmod(token - 1, PARTS)
        left = self._taken[point] & ~(1 << part)
        if left:
            self._taken[point] = left
        else:
            del self._taken[point]
