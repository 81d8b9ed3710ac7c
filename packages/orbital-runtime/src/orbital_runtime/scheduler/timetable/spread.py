"""Spreads the tasks of one target over the points of the grid, so that it is not polled in bursts.

Tasks of different targets share the points of the grid (`phase.py`), since each point costs a wake-up. Of
tasks with one interval and one target, each further one that falls on the same point stands on the next one
that none of them has. Where they have all, it stands a part of the way to the next point: a half, a
quarter, three quarters. These parts are the same for all targets, so that such tasks share their wake-ups,
too.
"""

from __future__ import annotations

from typing import Final

from orbital_runtime.scheduler.timetable.phase import cell, phase, stable_hash

PARTS: Final = 32
"""Points between two of the grid. Where more tasks than that fall on one, some share."""
TRIES: Final = 64
"""Points that are looked at for a free one."""
_ORDER: Final = tuple([int(f"{number:05b}"[::-1], 2) for number in range(PARTS)])
"""0, 16, 8, 24, 4, ...: each as far from those before it as there is room."""
_POINTS: Final = (1 << 58) - 1


class TargetSpread:
    """Which points are taken by tasks of which target."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}
        """Hash of target, interval and point -> the parts behind it that are taken, as bits."""

    def take(
        self, target: str, key: str, interval: int, grain: int, *, ahead: int = 0
    ) -> tuple[int, int]:
        """A task's phase, and what to hand back when it leaves its place.

        Args:
            target: Whom it asks; empty where nobody knows.
            key: The task.
            interval: The task's, in microseconds.
            grain: The grid in use.
            ahead: Microseconds by which it stood ahead of its key's own point on another grid.
        """
        own, room = phase(key, interval, grain), cell(interval, grain)
        if not target or not room:
            return own, 0
        own = (own + ahead // room * room) % interval
        place = self._own_or_free(target, interval, own, room)
        point = _point(target, interval, place)
        taken = self._taken.get(point, 0)
        part = (~taken & (taken + 1)).bit_length() - 1  # the first that is free
        if part >= PARTS:
            chance = stable_hash(key) >> 32  # its lower bits chose the point
            return place + room * (chance % PARTS) // PARTS, 0
        self._taken[point] = taken | 1 << part
        return place + room * _ORDER[part] // PARTS, point * PARTS + part + 1

    def _own_or_free(self, target: str, interval: int, own: int, room: int) -> int:
        """Its own point, unless one task is there and none on one of the next."""
        if self._taken.get(_point(target, interval, own)) != 1:
            return own  # nobody is there; or several, since the others are full
        for step in range(1, min(interval // room, TRIES)):
            place = (own + step * room) % interval
            if _point(target, interval, place) not in self._taken:
                return place
        return own

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


def _point(target: str, interval: int, place: int) -> int:
    return hash((target, interval, place)) & _POINTS
