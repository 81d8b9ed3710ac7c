"""Plans a layout of which only some samples pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

from orbital_sdk import PerSeries, Plan

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from orbital_sdk import Batch, Layout, Row

T = TypeVar("T")


class Thin(Generic[T]):
    """Decides for each sample of the selected series.

    Args:
        selects: Which rows.
        make: Makes what is remembered of a series.
        passes: Whether a sample passes, by what is remembered of its series, its time (milliseconds UTC) and
            its value.
    """

    def __init__(
        self,
        selects: Callable[[Row], bool],
        make: Callable[[], T],
        passes: Callable[[T, int, float], bool],
    ) -> None:
        self._selects = selects
        self.series = PerSeries(make)
        self._passes = passes

    def plan(self, layout: Layout) -> Plan | Sequence[Row]:
        """As `Processor.plan`."""
        series = self.series.of(layout)
        watched = [
            (place, one)
            for place, (row, one) in enumerate(zip(layout.rows, series, strict=True))
            if self._selects(row)
        ]
        return (
            Plan(layout.rows, lambda batch: self._thinned(batch, watched))
            if watched
            else layout.rows
        )

    def _thinned(self, batch: Batch, watched: Sequence[tuple[int, T]]) -> array[float]:
        given, times, ts, passes = batch.values, batch.times, batch.ts, self._passes
        values = given[:]
        for place, one in watched:
            if not passes(one, ts if times is None else times[place], given[place]):
                values[place] = math.nan
        return values
