"""Spreads the tasks of one target over the points of the grid, so that it is not polled in bursts.

Tasks of different targets share points (`phase.py`), since each point costs a wake-up. Tasks with the same
target and interval get different points: one whose point is taken gets the next free one. If all are taken,
it gets a fraction of the way to the next point: a half, a quarter, three quarters. The fractions are the
same for all targets, so that such tasks share wake-ups, too.
"""

from __future__ import annotations

from typing import Final

from orbital_runtime.scheduler.timetable.phase import cell, phase, stable_hash

PARTS: Final = 32
"""Fractions between two points. If there are more tasks than that, some share."""
TRIES: Final = 64
"""Maximum of points to check for a free one."""
_ORDER: Final = tuple([int(f"{number:05b}"[::-1], 2) for number in range(PARTS)])
"""0, 16, 8, 24, 4, ...: each as far as possible from those before it."""
_POINTS: Final = (1 << 58) - 1


class TargetSpread:
    """The points taken by the tasks of each target."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}
        """Hash of target, interval and point -> fractions taken, as bits."""

    def take(
        self, target: str, key: str, interval: int, grain: int, *, ahead: int = 0
    ) -> tuple[int, int]:
        """A phase for a task, and a token to `leave` it.

        Args:
            target: Of the task; empty if unknown.
            key: Of the task.
            interval: Of the task, in microseconds.
            grain: The current grid.
            ahead: Microseconds by which it was after its own point on another grid.
        """
        own, room = phase(key, interval, grain), cell(interval, grain)
        if not target or not room:
            return own, 0
        own = (own + ahead // room * room) % interval
        place = self._own_or_free(target, interval, own, room)
        point = _point(target, interval, place)
        taken = self._taken.get(point, 0)
        part = (~taken & (taken + 1)).bit_length() - 1  # the first free one
        if part >= PARTS:
            chance = stable_hash(key) >> 32  # its lower bits chose the point
            return place + room * (chance % PARTS) // PARTS, 0
        self._taken[point] = taken | 1 << part
        return place + room * _ORDER[part] // PARTS, point * PARTS + part + 1

    def _own_or_free(self, target: str, interval: int, own: int, room: int) -> int:
        """Its own point, unless that has one task and one of the next points has none."""
        if self._taken.get(_point(target, interval, own)) != 1:
            return own  # it is free; or it has several, since all are taken
        for step in range(1, min(interval // room, TRIES)):
            place = (own + step * room) % interval
            if _point(target, interval, place) not in self._taken:
                return place
        return own

    def leave(self, token: int) -> None:
        """Free a phase. 0 is no token."""
        if not token:
            return
        point, part = divmod(token - 1, PARTS)
        left = self._taken[point] & ~(1 << part)
        if left:
            self._taken[point] = left
        else:
            del self._taken[point]


def _point(target: str, interval: int, place: int) -> int:
    return hash((target, interval, place)) & _POINTS
