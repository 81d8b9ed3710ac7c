"""Runs of series: emissions cut where their content says so, so that the same series make the same layouts.

Senders cut what they have into requests, and the borders shift from one to the next. A run ends behind a
series of which a hash says so, wherever it stands in its request; so all runs but the first and the last of
a request are those of the request before. What the borders leave of these two is cut again in the same way,
into pieces of a few series, and only one piece at each end is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from orbital_sdk import Series

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.engine.batching.planner import BatchPlan

ENDS: Final = 64
"""One series in so many ends its run, ..."""
PIECE: Final = 8
"""... and one in so many a piece of it."""
LONGEST: Final = 512
"""Series of a run at most."""
LEAST: Final = 4096
"""Rows of runs that are kept at least, and twice as many as there are series; both once more for the older
generation."""
AHEAD: Final = 1000
"""Milliseconds by which our times may be ahead of the clock."""
FORGET: Final = 300_000
"""Milliseconds: a run that was not used for so long may be forgotten, for twice as long it is."""


class Run:
    """Series in this order, and their plan."""

    __slots__ = ("_last", "plan", "series")

    def __init__(self, series: tuple[Series, ...], plan: BatchPlan) -> None:
        self.series = series
        self.plan = plan
        self._last = -1

    def stamp(self, ts: int) -> int:
        """A time for its samples, in milliseconds UTC: none has the time of the last ones, unless they come
        more often than that for long.
        """
        if 0 <= self._last - ts < AHEAD:
            ts = self._last + 1
        self._last = ts
        return ts


class Runs:
    """The runs of one receiver.

    Args:
        plan: Plans for the series of a new run.
    """

    def __init__(self, plan: Callable[[tuple[Series, ...]], BatchPlan]) -> None:
        self._plan = plan
        self._young: dict[tuple[Series, ...], Run] = {}
        self._old: dict[tuple[Series, ...], Run] = {}
        self._first: dict[Series, Run] = {}
        """The whole run that began last with this series: most of the time it is the one that comes."""
        self._marks: dict[Series, int] = {}
        """Which of the series end something."""
        self._rows = 0
        """Of the younger generation."""
        self._since = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def turn(self, ts: int, series: int) -> None:
        """It is so late, in milliseconds UTC, and there are so many series: forget what was long unused."""
        if self._rows > max(LEAST, 2 * series) or not 0 <= ts - self._since < FORGET:
            self._young, self._old, self._first, self._marks = {}, self._young, {}, {}
            self._rows, self._since = 0, ts

    def clear(self) -> None:
        """Begin anew."""
        self._young, self._old, self._first, self._marks, self._rows = {}, {}, {}, {}, 0

    def at(self, series: tuple[Series, ...], start: int) -> Run:
        """The run that begins here."""
        run = self._first.get(series[start])
        if run is None or series[start : start + len(run.series)] != run.series:
            end, whole = self._end(series, start)
            run = self._find(series[start:end], whole=whole)
        return run

    def _end(self, series: tuple[Series, ...], start: int) -> tuple[int, bool]:
        """Where the run ends that begins here, in which no series stands twice; and whether it is whole, and
        no piece that a border left.
        """
        whole = len(series) <= ENDS or (start > 0 and self._mark(series[start - 1]) == ENDS)
        seen: set[Series] = set()
        piece, last = 0, min(len(series), start + LONGEST)
        for at in range(start, last):
            if series[at] in seen:
                return at, whole
            seen.add(series[at])
            mark = self._mark(series[at])
            if mark == ENDS or (mark and not whole):
                return at + 1, whole
            piece = piece or (at + 1 if mark else 0)
        if len(series) <= ENDS or last < len(series):
            return last, whole
        return piece or last, False

    def _mark(self, series: Series) -> int:
        """`ENDS` where it ends a run, `PIECE` where it ends a piece of one, 0 where it ends nothing."""
        mark = self._marks.get(series)
        if mark is None:
            mark = self._marks[series] = _marked(series)
        return mark

    def _find(self, series: tuple[Series, ...], *, whole: bool) -> Run:
        run = self._young.get(series)
        if run is None:
            run = self._old.pop(series, None) or Run(series, self._plan(series))
            if run.plan.course is None:
                return run  # to be tried again
            self._young[series] = run
            self._rows += len(series)
        if whole:
            self._first[series[0]] = run
        return run


def _marked(series: object) -> int:
    if not isinstance(series, Series):
        return 0
    text = "\xff".join((series.metric.name, *series.values))
    number = crc32(text.encode("utf-8", "surrogatepass"))
    return 0 if number % PIECE else PIECE if number % ENDS else ENDS
