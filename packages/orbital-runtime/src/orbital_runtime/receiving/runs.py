"""Runs of series: emissions cut where their content says so, so that the same series make the same layouts.

Senders cut what they have into requests, and the borders shift from one to the next. A hash gives each series
a rank: one in 8 has rank 1 or more, one in 32 rank 2, and so on. A run of some rank begins behind a series of
that rank and ends with the next one. So a request falls into a few large runs, and smaller ones towards its
borders, most of which came before; only the first and the last few series are cut as never before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from orbital_sdk import Series

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.engine.batching.planner import BatchPlan

SMALLEST: Final = 8
"""One series in so many has a rank."""
GROWTH: Final = 4
"""One in so many of these has the next rank, too."""
RANKS: Final = 4
SMALL: Final = 64
"""An emission of so many series at most is one run."""
LONGEST: Final = 2048
"""Series of a run at most."""
LEAST: Final = 4096
"""Rows of runs that are kept at least, and for each series one of each rank; both once more for the older
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
        self._from: list[dict[Series, Run]] = []
        """For each rank, the run that began last with a series: most of the time it is the one that comes."""
        self._ranks: dict[Series, int] = {}
        self._rows = 0
        """Of the younger generation."""
        self._since = 0
        self.clear()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def turn(self, ts: int, series: int) -> None:
        """It is so late, in milliseconds UTC, and there are so many series: forget what was long unused."""
        if self._rows > max(LEAST, RANKS * series) or not 0 <= ts - self._since < FORGET:
            young = self._young
            self.clear()
            self._old, self._since = young, ts

    def clear(self) -> None:
        """Begin anew."""
        self._young, self._old, self._ranks, self._rows = {}, {}, {}, 0
        self._from = [{} for _ in range(RANKS + 1)]

    def at(self, series: tuple[Series, ...], start: int) -> Run:
        """The run that begins here: the largest that comes to its end."""
        first, room = series[start], len(series) - start
        highest = self._highest(series, start)
        for rank in range(highest, 0, -1):
            run = self._from[rank].get(first)
            if run is None:
                break
            end = len(run.series)
            if end <= room:
                if series[start : start + end] == run.series:
                    return run
                break
        end, rank = self._end(series, start, highest)
        run = self._find(series[start:end])
        if rank:
            self._from[rank][first] = run
        return run

    def _highest(self, series: tuple[Series, ...], start: int) -> int:
        """The rank of the largest run that may begin here; 0 where all that is left is one."""
        if len(series) <= SMALL:
            return 0
        return max(1, self._rank(series[start - 1])) if start else 1

    def _end(self, series: tuple[Series, ...], start: int, highest: int) -> tuple[int, int]:
        """Where the largest run ends that begins here, up to this rank, and its rank: 0 where nothing but the
        emission ends there, or a series comes that stands in it already.
        """
        seen: set[Series] = set()
        end, rank = min(len(series), start + LONGEST), 0
        for at in range(start, end):
            if series[at] in seen:
                return (end, rank) if rank else (at, 0)
            seen.add(series[at])
            found = min(highest, self._rank(series[at]))
            if found > rank:
                end, rank = at + 1, found
            if rank and rank == highest:
                break
        return end, rank

    def _rank(self, series: Series) -> int:
        """Of the runs that end with it; 0 where none does."""
        rank = self._ranks.get(series)
        if rank is None:
            rank = self._ranks[series] = _ranked(series)
        return rank

    def _find(self, series: tuple[Series, ...]) -> Run:
        run = self._young.get(series)
        if run is None:
            run = self._old.pop(series, None) or Run(series, self._plan(series))
            if run.plan.course is None:
                return run  # to be tried again
            self._young[series] = run
            self._rows += len(series)
        return run


def _ranked(series: object) -> int:
    if not isinstance(series, Series):
        return 0
    text = "\xff".join((series.metric.name, *series.values))
    number, rank = crc32(text.encode("utf-8", "surrogatepass")), 0
    size = SMALLEST
    while rank < RANKS and number % size == 0:
        rank, size = rank + 1, size * GROWTH
    return rank
