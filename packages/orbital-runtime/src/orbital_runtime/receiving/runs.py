"""Runs of series: splits emissions at boundaries defined by their content, so that layouts are reused.

Senders split their series into requests, and the boundaries shift from one request to the next. A hash gives
each series a rank: one in 8 has rank 1 or more, one in 16 rank 2, and so on. A run of a rank begins after a
series of that rank and ends with the next one. So a request consists of a few large runs, and smaller ones
towards its boundaries, most of which are known; only the first and last few series may form new runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from orbital_sdk import Series

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.engine.batching.planner import BatchPlan

SMALLEST: Final = 8
"""One in this many series has a rank."""
GROWTH: Final = 2
"""One in this many of these has the next rank, too."""
RANKS: Final = 7
SMALL: Final = 64
"""An emission with at most this many series is one run."""
LONGEST: Final = 2048
"""Maximum series of a run."""
LEAST: Final = 4096
"""Minimum of the limit of rows in cached runs, which is one row for each series and rank. The older
generation may have as many again."""
AHEAD: Final = 1000
"""Milliseconds by which assigned times may be ahead of the clock."""
FORGET: Final = 300_000
"""Milliseconds without use after which a run may be evicted; after twice as long it is evicted."""


class Run:
    """A sequence of series, and the plan for their batches."""

    __slots__ = ("_last", "plan", "series")

    def __init__(self, series: tuple[Series, ...], plan: BatchPlan) -> None:
        self.series = series
        self.plan = plan
        self._last = -1

    def stamp(self, ts: int) -> int:
        """A time for its samples, in milliseconds UTC: later than the previous one, unless emissions come too
        often for long (see `AHEAD`).
        """
        if 0 <= self._last - ts < AHEAD:
            ts = self._last + 1
        self._last = ts
        return ts


class Runs:
    """The runs of one receiver.

    Args:
        plan: Makes the plan for the series of a new run.
    """

    def __init__(self, plan: Callable[[tuple[Series, ...]], BatchPlan]) -> None:
        self._plan = plan
        self._young: dict[tuple[Series, ...], Run] = {}
        self._old: dict[tuple[Series, ...], Run] = {}
        self._from: list[dict[Series, Run]] = []
        """For each rank, by first series: the run used last, which is usually the right one."""
        self._ranks: dict[Series, int] = {}
        self._rows = 0
        """Rows of the younger generation."""
        self._since = 0
        self.clear()

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def turn(self, ts: int, series: int) -> None:
        """Evict runs unused for long, given the time in milliseconds UTC and the number of series."""
        if self._rows > max(LEAST, RANKS * series) or not 0 <= ts - self._since < FORGET:
            young = self._young
            self.clear()
            self._old, self._since = young, ts

    def clear(self) -> None:
        """Evict all runs."""
        self._young, self._old, self._ranks, self._rows = {}, {}, {}, 0
        self._from = [{} for _ in range(RANKS + 1)]

    def at(self, series: tuple[Series, ...], start: int) -> Run:
        """The largest complete run that begins at this index."""
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
        """The rank of the largest run that may begin here; 0 if all the rest is one run."""
        if len(series) <= SMALL:
            return 0
        return max(1, self._rank(series[start - 1])) if start else 1

    def _end(self, series: tuple[Series, ...], start: int, highest: int) -> tuple[int, int]:
        """End and rank of the largest run that begins here, up to this rank. Rank 0: it ends with the
        emission, or before a repeated series.
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
        """The rank of runs that end with this series; 0 if none does."""
        rank = self._ranks.get(series)
        if rank is None:
            rank = self._ranks[series] = _ranked(series)
        return rank

    def _find(self, series: tuple[Series, ...]) -> Run:
        run = self._young.get(series)
        if run is None:
            run = self._old.pop(series, None) or Run(series, self._plan(series))
            if run.plan.course is None:
                return run  # not cached: planned again next time
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
