"""Which tasks are due when. Pure: the time is an argument.

Every task has a fixed phase (`phase.py`), so that tasks are spread evenly and a restart changes nothing.
Ticks are at `phase + n * interval` of steady time, however long runs take.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orbital_runtime.scheduler.lazyheap import LazyHeap
from orbital_runtime.scheduler.timetable.phase import GRAINS, SECOND, grain_for, phase
from orbital_runtime.scheduler.timetable.spread import TargetSpread

TOLERANCE: Final = SECOND
"""After a gap of more than one tick, ticks older than this are missed."""


class Tick(NamedTuple):
    """A task is due."""

    key: str
    due: float | None
    """Steady seconds of the tick to run now; None: it is too old."""
    missed: int
    """Earlier ticks that will not run."""
    following: float
    """Steady seconds of the next tick."""


class _Line(NamedTuple):
    interval: int
    phase: int
    due: int
    grain: int
    target: str
    place: int
    """Token of `TargetSpread`."""


class Timetable:
    """Due times of tasks. Every change costs O(log n)."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._heap: LazyHeap[int] = LazyHeap()
        self._grain = GRAINS[0]
        self._spread = TargetSpread()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, key: str, interval: float, now: float, target: str = "") -> float:
        """Add a task, or change its interval. Returns when it is due first, in steady seconds.

        Args:
            key: Of the task; its phase depends on it.
            interval: Seconds, at least a microsecond.
            now: Steady seconds.
            target: Of the task: tasks of one target get different points.
        """
        self.remove(key)
        step = max(1, round(interval * SECOND))
        start, place = self._spread.take(target, key, step, self._grain)
        due = start - (start - round(now * SECOND)) // step * step
        self._lines[key] = _Line(step, start, due, self._grain, target, place)
        self._heap.put(key, due)
        return due / SECOND

    def remove(self, key: str) -> bool:
        """Remove a task. Returns whether it was there."""
        line = self._lines.pop(key, None)
        if line is None:
            return False
        self._heap.discard(key)
        self._spread.leave(line.place)
        return True

    def set_rate(self, rate: float) -> None:
        """Use the grid for this number of runs per second. Each task moves to it at its next tick, since
        moving many at once would block the event loop.
        """
        self._grain = grain_for(rate)

    def next(self) -> float | None:
        """Steady seconds of the earliest tick; None without tasks."""
        top = self._heap.first()
        return None if top is None else top[0] / SECOND

    def pop(self, now: float, limit: int = 1 << 30) -> list[Tick]:
        """The tasks that are due, at most `limit`, earliest first. Each advances to its next tick."""
        moment = round(now * SECOND)
        ticks: list[Tick] = []
        while len(ticks) < limit:
            top = self._heap.first()
            if top is None or top[0] > moment:
                break
            ticks.append(self._move_on(top[1], moment))
        return ticks

    def _move_on(self, key: str, moment: int) -> Tick:
        line = self._lines[key]
        passed, age = divmod(moment - line.due, line.interval)
        latest = line.due + passed * line.interval
        following = latest + line.interval
        if line.grain == self._grain:
            _, start, _, grain, target, place = line
            self._lines[key] = _Line(line.interval, start, following, grain, target, place)
        else:
            self._lines[key], following = self._change_phase(key, line, following, moment)
        self._heap.put(key, following)
        if passed and age > TOLERANCE:
            return Tick(key, None, passed + 1, following / SECOND)
        return Tick(key, latest / SECOND, passed, following / SECOND)

    def _change_phase(
        self, key: str, line: _Line, following: int, moment: int
    ) -> tuple[_Line, int]:
        """Move to the current grid, unless that tick is in the past: then at the next one."""
        ahead = (line.phase - phase(key, line.interval, line.grain)) % line.interval
        start, place = self._spread.take(line.target, key, line.interval, self._grain, ahead=ahead)
        half = line.interval // 2  # the shorter way round, over the interval's end
        due = following + (start - line.phase + half) % line.interval - half
        if due <= moment:
            self._spread.leave(place)
            return line._replace(due=following), following
        self._spread.leave(line.place)
        return line._replace(phase=start, due=due, grain=self._grain, place=place), due
