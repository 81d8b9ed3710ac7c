"""Plans series that stand for what others changed by since their sample before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orbital_processors.counters.growth import Last
from orbital_processors.counters.uptime import Uptime, watch
from orbital_sdk import PerSeries, Plan

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from orbital_processors.counters.growth import Growth
    from orbital_processors.counters.settings import ChangeConfig
    from orbital_sdk import Batch, Layout, Row


class Changes:
    """What the processors of this room share.

    Args:
        config: Their settings.
        selects: Which rows.
        growth: What a series changed by.
        suffix: Of the names.
        per_second: Divide by the seconds between the samples.
        uptime: Metric that tells of restarts; empty for none.
    """

    def __init__(
        self,
        config: ChangeConfig,
        *,
        selects: Callable[[Row], bool],
        growth: Growth,
        suffix: str,
        per_second: bool = False,
        uptime: str = "",
    ) -> None:
        self._keep = config.keep
        self._most = config.max_gap * 1000
        self._selects = selects
        self._growth = growth
        self._suffix = config.suffix or suffix
        self._per_second = per_second
        self._uptime = uptime
        self._last = PerSeries(Last)
        self._uptimes = PerSeries(Uptime)

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        """As `Processor.plan`."""
        places = [place for place, row in enumerate(layout.rows) if self._selects(row)]
        if not places:
            return layout.rows
        rows = [*layout.rows]
        changes = [self._row(rows[place]) for place in places]
        if self._keep:
            rows += changes
        else:
            for place, row in zip(places, changes, strict=True):
                rows[place] = row
        return Plan(rows, self._step(layout, places))

    def _row(self, row: Row) -> Row:
        unit = f"{row.unit}/s" if self._per_second and row.unit else row.unit
        return row.replace(name=f"{row.name}{self._suffix}", kind="gauge", unit=unit)

    def _step(self, layout: Layout, places: Sequence[int]) -> Callable[[Batch], array[float]]:
        series = self._last.of(layout)
        watched = [(place, series[place]) for place in places]
        restarted = self._watch(layout)

        def step(batch: Batch) -> array[float]:
            changes = self._changes(batch, watched, restarted(batch))
            values = batch.values[:]
            if self._keep:
                values.extend(changes)
            else:
                for place, change in zip(places, changes, strict=True):
                    values[place] = change
            return values

        return step

    def _watch(self, layout: Layout) -> Callable[[Batch], bool | None]:
        names = [row.name for row in layout.rows]
        if self._uptime not in names:
            return lambda _: None
        place = names.index(self._uptime)
        return watch(self._uptimes.of(layout)[place], place)

    def _changes(
        self,
        batch: Batch,
        watched: Sequence[tuple[int, Last]],
        restarted: bool | None,  # noqa: FBT001 (three states)
    ) -> list[float]:
        """What each of these series changed by; NaN for its first sample, and for one that is not later."""
        values, times, most, growth = batch.values, batch.times, self._most, self._growth
        ts = batch.ts
        changes: list[float] = []
        for place, last in watched:
            value = values[place]
            if times is not None:
                ts = times[place]
            gap, before = ts - last.ts, last.value
            if (
                gap > 0 or times is None
            ):  # else it came late; without times of its own the clock went back
                last.ts, last.value = ts, value
            if not 0 < gap <= most:
                changes.append(math.nan)
            elif self._per_second:
                changes.append(growth(before, value, restarted) * 1000 / gap)
            else:
                changes.append(growth(before, value, restarted))
        return changes
