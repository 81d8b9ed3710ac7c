"""Who is due when. Pure: the clock is passed in, and nothing here waits.

Every task has a fixed phase, a stable hash of its key over its interval, so that tasks are spread evenly
and a restart changes nothing. Ticks stand at `phase + n * interval` of steady time, whatever runs took.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from orbital_runtime.scheduler.lazyheap import LazyHeap

SECOND: Final = 1_000_000
"""Ticks are counted in whole microseconds: sums of floats would drift."""
GRID: Final = SECOND // 10
"""Phases stand on a 100 ms grid, so that one timer wakes many tasks: at 50 runs a second a wake-up of its
own costs a run more than the rest of it (docs/performance.md)."""
TOLERANCE: Final = SECOND
"""After a gap of more than one tick, a tick that is older than this waits for the next one instead."""


class Tick(NamedTuple):
    """A task's time has come."""

    key: str
    due: float | None
    """Steady seconds of the tick to run now; None = all that came are too old to run."""
    missed: int
    """Ticks that passed meanwhile and will not run."""
    following: float
    """Steady seconds of the next tick."""


class _Line(NamedTuple):
    interval: int
    phase: int
    due: int


class Timetable:
    """Due times of any number of tasks; every change costs O(log n)."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._heap: LazyHeap[int] = LazyHeap()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, key: str, interval: float, now: float) -> float:
        """Enter a task, or give it another interval, and return when it is due first, in steady seconds.

        Args:
            key: Its name, which decides its phase.
            interval: Seconds; a microsecond is the least.
            now: Steady seconds. The first tick is the first one of its phase from now on.
        """
        step = max(1, round(interval * SECOND))
        start = phase(key, step)
        due = start - (start - round(now * SECOND)) // step * step
        self._lines[key] = _Line(step, start, due)
        self._heap.put(key, due)
        return due / SECOND

    def remove(self, key: str) -> bool:
        """Take a task out; whether it was there."""
        self._heap.discard(key)
        return self._lines.pop(key, None) is not None

    def next(self) -> float | None:
        """Steady seconds of the earliest tick; None when there are no tasks."""
        top = self._heap.first()
        return None if top is None else top[0] / SECOND

    def pop(self, now: float, limit: int = 1 << 30) -> list[Tick]:
        """Every task that is due, at most `limit` of them, earliest first; each moves on to its next tick."""
        moment = round(now * SECOND)
        ticks: list[Tick] = []
        while len(ticks) < limit:
            top = self._heap.first()
            if top is None or top[0] > moment:
                break
            ticks.append(self._move_on(top[1], moment))
        return ticks

    def _move_on(self, key: str, moment: int) -> Tick:
        interval, start, due = self._lines[key]
        passed, age = divmod(moment - due, interval)
        latest = due + passed * interval
        following = latest + interval
        self._lines[key] = _Line(interval, start, following)
        self._heap.put(key, following)
        if passed and age > TOLERANCE:
            return Tick(key, None, passed + 1, following / SECOND)
        return Tick(key, latest / SECOND, passed, following / SECOND)


def phase(key: str, interval: int) -> int:
    """Where in its interval a task runs, in microseconds: the same on every machine and after every start.

    On the grid where the interval is a multiple of it and long enough to be spread that way.
    """
    grain = GRID if interval % GRID == 0 and interval >= 10 * GRID else 1
    return stable_hash(key) % (interval // grain) * grain


def stable_hash(text: str) -> int:
    """64 bits that depend on the text alone."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
