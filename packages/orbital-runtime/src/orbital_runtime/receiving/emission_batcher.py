"""Makes batches of emissions, whose series come in any order, mostly with their own times."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_runtime.engine.batching.planner import BatchPlanner
from orbital_runtime.engine.batching.rows import Rows
from orbital_runtime.engine.batching.staleness import stale_values
from orbital_runtime.receiving.runs import Runs
from orbital_sdk import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_cardinality import Budget
    from orbital_runtime.engine.batching.planner import BatchPlan
    from orbital_runtime.engine.run_limits import RunLimits
    from orbital_runtime.processor.chain import Chain
    from orbital_runtime.receiving.intake import Table
    from orbital_runtime.receiving.runs import Stretch
    from orbital_sdk import Origin, Series

SLICE: Final = 2048
"""Samples converted before the event loop gets control."""


@dataclass(slots=True)
class EmissionBatches:
    """The batches of one emission."""

    batches: list[Batch] = field(default_factory=list[Batch])
    refused: Counter[str] = field(default_factory=Counter[str])
    """Samples left out, by reason."""


class EmissionBatcher:
    """Makes batches of the emissions of a receiver.

    Args:
        origin: Origin of the batches.
        labels: The task's labels.
        chain: The processors.
        limits: Limits beyond which samples are refused.
        budget: The series of all tasks.
    """

    def __init__(
        self,
        origin: Origin,
        labels: Mapping[str, str],
        chain: Chain,
        limits: RunLimits,
        budget: Budget | None = None,
    ) -> None:
        self.origin = origin
        self.labels = labels
        self.chain = chain
        self.limits = limits
        self.rows = Rows(origin, labels, limits, budget, processed=bool(chain))
        self._planner = BatchPlanner(origin, self.rows, chain)
        self._runs = Runs(self._plan)

    def turn(self, ts: int) -> None:
        """Begin an emission at this time."""
        if self.rows.turn(ts):
            self._runs.clear()
        self._runs.turn(ts, self.rows.series)

    def make(self, table: Table, start: int, ts: int, into: EmissionBatches) -> int:
        """Convert a part of an emission; returns the index where the rest begins.

        Args:
            table: The samples of the emission.
            start: Index to begin at.
            ts: Milliseconds UTC of the emission.
            into: Collects the batches.
        """
        series, stop = table.series, min(len(table.series), start + SLICE)
        while start < stop:
            stretch = self._runs.at(series, start)
            end = start + stretch.size
            batch = self._batch(stretch, table.part(start, end), ts, into)
            if batch is not None and len(batch):
                into.batches.append(batch)
            start = end
        return start

    def _plan(self, series: tuple[Series, ...]) -> BatchPlan:
        self.rows.make_room(max(len(series), self.rows.series))
        return self._planner.make(series)

    def _batch(self, stretch: Stretch, part: Table, ts: int, into: EmissionBatches) -> Batch | None:
        run, start, stop = stretch
        plan = run.plan
        _, values, times, stale = part
        if times is None:
            ts = run.stamp(ts)
        elif times == times[:1] * len(times):
            ts, times = times[0], None
        if plan.plain:
            batch = Batch(plan.layout.part(start, stop), ts, values, times, stale)
            return self._stale(batch) if stale else batch
        if stale:
            ended = _ended(plan, ts, times)
            if ended is not None:
                self.chain.ended(ended.layout)
            return ended
        if plan.refused:
            into.refused.update(plan.refused)
        if plan.keep is not None:
            values = array("d", plan.kept(values))
            times = None if times is None else array("q", plan.kept(times))
        batch = Batch(plan.layout, ts, values, times)
        if plan.unchanged:
            return batch
        if plan.course is None:
            self.chain.count_lost(plan.failed, len(batch))
            return None
        return self.chain.process(plan.course, batch, into.refused)

    def _stale(self, batch: Batch) -> Batch:
        """The batch with stale markers as values."""
        self.chain.ended(batch.layout)
        return Batch(batch.layout, batch.ts, stale_values(len(batch)), batch.times, stale=True)


def _ended(plan: BatchPlan, ts: int, times: array[int] | None) -> Batch | None:
    """The stale markers of these series, for those that leave the processor chain."""
    if plan.course is None:
        return None
    entered = None if times is None else array("q", plan.kept(times))
    markers = stale_values(len(plan.layout))
    return plan.course.ended(Batch(plan.layout, ts, markers, entered, stale=True))
