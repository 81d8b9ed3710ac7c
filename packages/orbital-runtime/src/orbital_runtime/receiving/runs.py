"""Runs of series: splits emissions at boundaries defined by their content, so that layouts are reused.

Senders split their series into requests, and the boundaries shift from one request to the next. A run of a
rank (see `ranks`) begins after a series of that rank and ends with the next one. So a request consists of a
few large runs, and smaller ones towards its boundaries, most of which are known; only the first and last few
series may form new runs.

Where no processor changes its batches, a run may also be cut anywhere: a boundary takes a stretch of a large
run, which needs no layout of its own. Then a request consists of large runs and at most two stretches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_runtime.receiving.ranks import GROWTH, RANKS, SMALLEST, Ranks

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_runtime.engine.batching.planner import BatchPlan
    from orbital_sdk import Series

SMALL: Final = 64
"""An emission with at most this many series is one run."""
LONGEST: Final = 2048
"""Maximum series of a run."""
FURTHER: Final = 4
"""How many times as far the end of a run is looked for where it was not found."""
LEAST: Final = 4096
"""Minimum of the limit of rows in cached runs, which is one row for each series and rank. The older
generation may have as many again."""
AHEAD: Final = 1000
"""Milliseconds by which assigned times may be ahead of the clock."""
FORGET: Final = 300_000
"""Milliseconds without use after which a run may be evicted; after twice as long it is evicted."""


class Run:
    """A sequence of series, and the plan for their batches.

    Args:
        series: In order, none twice.
        plan: For all of them.
        rank: That of its last series, or less; 0 if it ended with its emission.
    """

    __slots__ = ("_last", "plan", "rank", "series")

    def __init__(self, series: tuple[Series, ...], plan: BatchPlan, rank: int) -> None:
        self.series = series
        self.plan = plan
        self.rank = rank
        self._last = -1

    def stamp(self, ts: int) -> int:
        """A time for its samples, in milliseconds UTC: later than the previous one, unless emissions come too
        often for long (see `AHEAD`).
        """
        if 0 <= self._last - ts < AHEAD:
            ts = self._last + 1
        self._last = ts
        return ts


class Stretch(NamedTuple):
    """Consecutive series of a run."""

    run: Run
    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many."""
        return self.stop - self.start

    @property
    def ends(self) -> bool:
        """Whether the run ends with them."""
        return self.stop == len(self.run.series)


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
        self._places: dict[Series, tuple[Run, int]] = {}
        """The run that may be cut and has this series, the one made last, and where it has it."""
        self._rank = Ranks()
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
        self._young, self._old, self._rank, self._rows = {}, {}, Ranks(), 0
        self._from = [{} for _ in range(RANKS + 1)]
        self._places = {}

    def at(self, series: tuple[Series, ...], start: int) -> Stretch:
        """The series from this index on that become one batch."""
        highest, known = self._highest(series, start), self._stretch(series, start)
        if known is None:
            run = self._run(series, start, highest)
            return Stretch(run, 0, len(run.series))
        largest = known.ends and known.run.rank >= highest > 0
        if largest or start + known.size == len(series):
            return known
        end, rank = self._end(series, start, highest)
        if end - start <= known.size:
            return known
        return Stretch(self._find(series[start:end], rank), 0, end - start)

    def _stretch(self, series: tuple[Series, ...], start: int) -> Stretch | None:
        """The series from this index on that stand so in a run that may be cut."""
        run, begin = self._places.get(series[start], (None, 0))
        if run is None:
            return None
        size = min(len(run.series) - begin, len(series) - start)
        here, there = series[start : start + size], run.series[begin : begin + size]
        if here != there:
            size = next(at for at in range(size) if here[at] is not there[at])
        return Stretch(run, begin, begin + size)

    def _run(self, series: tuple[Series, ...], start: int, highest: int) -> Run:
        """The largest complete run that begins at this index."""
        first, room = series[start], len(series) - start
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
        return self._find(series[start:end], rank)

    def _highest(self, series: tuple[Series, ...], start: int) -> int:
        """The rank of the largest run that may begin here; 0 if all the rest is one run."""
        if len(series) <= SMALL:
            return 0
        return max(1, self._rank(series[start - 1])) if start else 1

    def _end(self, series: tuple[Series, ...], start: int, highest: int) -> tuple[int, int]:
        """End and rank of the largest run that begins here, up to this rank. Rank 0: it ends with the
        emission, or before a repeated series.
        """
        reach = SMALLEST * GROWTH**highest if highest else LONGEST
        while True:
            ahead = _distinct(series[start : start + reach])
            ranks = self._rank.of(ahead)
            rank = min(highest, max(ranks))
            if rank == highest or len(ahead) < reach or reach == LONGEST:
                break
            reach = min(FURTHER * reach, LONGEST)
        if not rank:
            return start + len(ahead), 0
        last = min([ranks.index(one) for one in range(rank, RANKS + 1) if one in ranks])
        return start + last + 1, rank

    def _find(self, series: tuple[Series, ...], rank: int) -> Run:
        run = self._young.get(series)
        if run is None:
            run = self._old.pop(series, None) or Run(series, self._plan(series), rank)
            if run.plan.course is None:
                return run  # not cached: planned again next time
            self._young[series] = run
            self._rows += len(series)
        if rank:
            self._from[rank][series[0]] = run
        if run.plan.plain:
            self._places.update({one: (run, at) for at, one in enumerate(series)})
        return run


def _distinct(series: tuple[Series, ...]) -> tuple[Series, ...]:
    """The series before the first one that stands there twice."""
    if len({*series}) == len(series):
        return series
    seen: set[Series] = set()
    for at, one in enumerate(series):
        if one in seen:
            return series[:at]
        seen.add(one)
    return series
