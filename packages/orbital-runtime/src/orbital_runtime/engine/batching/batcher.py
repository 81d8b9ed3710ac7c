"""Samples become batches: the hot path between a plugin and the buffer.

Most collections of a task give the same series in the same order. Everything costly (labels, checks,
duplicates, what processors plan) happens once for a tuple of series; what remains for each collection is bulk
work over its values.
"""

from __future__ import annotations

from array import array
from collections import Counter
from math import isnan
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_cardinality import beyond
from orbital_runtime.engine.batching.checks import rounds, valid_samples
from orbital_runtime.engine.batching.new_series import NewSeries
from orbital_runtime.engine.batching.plan_cache import PlanCache
from orbital_runtime.engine.batching.planner import BatchPlan, report_of
from orbital_runtime.engine.batching.rows import Rows
from orbital_runtime.engine.batching.staleness import Staleness
from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime.processor.chain import Chain
from orbital_sdk import Batch, Columns, Row, Sample, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_cardinality import Budget
    from orbital_runtime.engine.report import Report
    from orbital_sdk import Origin

SMALL_STEP: Final = 1000
"""Milliseconds by which the wall clock may go back before we believe it."""


class BatchedCollection(NamedTuple):
    """What became of one collection."""

    batches: list[Batch]
    """As they left the processors."""
    samples: int
    """In these, the run's own report left out."""
    stale: Batch | None
    """The series that the collection before still had."""
    refused: Counter[str]
    """Samples left out, by reason."""
    too_many: str = ""
    """Why some of them are above the limit of series, for people."""
    cut: int = 0
    """Labels of new series that were longer than allowed."""


class _Table(NamedTuple):
    series: tuple[Series, ...]
    values: array[float]
    times: list[int | None] | None


class Batcher:
    """Makes batches of the collections of one task, one at a time.

    Args:
        origin: Where its samples come from.
        labels: The task's labels.
        chain: The processors.
        limits: What is refused.
        budget: The series of all tasks.
    """

    def __init__(
        self,
        origin: Origin,
        labels: Mapping[str, str] | None = None,
        *,
        chain: Chain | None = None,
        limits: RunLimits | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.origin = origin
        self.labels = dict(labels or {})
        limits = limits or RunLimits()
        self._future = round(limits.future * 1000)
        self._chain = chain or Chain()
        self._rows = Rows(origin, self.labels, limits, budget, processed=bool(self._chain))
        self._plans = PlanCache(origin, self._rows, self._chain)
        self._new_series = NewSeries()
        self._staleness = Staleness(origin)
        self._report = report_of(origin)
        self._alive: tuple[Row, ...] = ()
        """What left the chain last."""
        self._last = -1
        self._plan: BatchPlan | None = None
        """Of the last collection; of its first batch where samples have times of their own."""

    def make(
        self, collected: Sequence[Sample] | Columns, report: Report, ts: int
    ) -> BatchedCollection:
        """One collection as batches.

        Args:
            collected: What the plugin gave.
            report: Goes first into the batch.
            ts: Milliseconds UTC of the collection.
        """
        ts = self._stamp(ts)
        if self._rows.turn(ts):
            self._plans.clear()
        latest = ts + self._future
        try:
            return self._batches(_columns(collected, latest), report, ts, Counter())
        except Exception:  # noqa: BLE001 (foreign values may raise anything: each is looked at)
            refused: Counter[str] = Counter()
            samples, examples = valid_samples(_one_by_one(collected), latest, refused)
        for reason, example in examples.items():
            self._rows.log_once(reason, example)
        return self._batches(_unchecked(samples), report, ts, refused)

    def end_series(self, ts: int) -> Batch | None:
        """The task ends, and with it every series of its last batch."""
        self._rows.account.close()
        return self._staleness.turn((), self._stamp(ts))

    def inherit(self, other: Batcher) -> None:
        """Take another's place: what goes on here has not ended there."""
        self._new_series.inherit(other._new_series)
        self._staleness.inherit(other._staleness)
        self._rows.inherit(other._rows)
        self._plans.inherit(other._plans)
        self._alive = other._alive
        self._last = other._last
        self._plan = other._plan

    @property
    def series(self) -> int:
        """Different series that the task gave within its hour, the report left out."""
        return self._rows.series

    @property
    def left_out(self) -> Counter[str]:
        """As `BatchPlan.left_out`, of the last collection."""
        return Counter() if self._plan is None else self._plan.left_out

    def _stamp(self, ts: int) -> int:
        """Times never go back within one layout. A small step of the wall clock is ridden out; after a
        large one new layouts begin.
        """
        if ts <= self._last:
            if self._last - ts < SMALL_STEP:
                ts = self._last + 1
            else:
                self._plans.clear()
                self._staleness.clear()
        self._last = ts
        return ts

    def _batches(
        self, table: _Table, report: Report, ts: int, refused: Counter[str]
    ) -> BatchedCollection:
        if table.times is not None:
            return self._split_by_time(table, table.times, report, ts, refused)
        plan = self._plan = self._plans.find(self._report + table.series)
        added = self._new_series.turn(plan.left, plan.samples)
        values = array("d", report.values(plan.samples, added))
        values.extend(table.values)
        if plan.keep is not None:
            values = array("d", plan.kept(values))
        batch = self._processed(plan, Batch(plan.layout, ts, values), refused)
        if plan.course is not None:
            self._alive = plan.left
            self._rows.account.settle(plan.left, plan.reports)
        samples = 0 if batch is None else len(batch) - plan.reports
        return self._result([] if batch is None else [batch], samples, ts, refused)

    def _processed(self, plan: BatchPlan, batch: Batch, refused: Counter[str]) -> Batch | None:
        """What leaves the chain; None if nothing does."""
        if plan.refused:
            refused.update(plan.refused)
        if plan.unchanged:
            return batch
        if plan.course is not None:
            return self._chain.process(plan.course, batch, refused)
        self._chain.count_lost(plan.failed, len(batch))
        return None

    def _result(
        self, batches: list[Batch], samples: int, ts: int, refused: Counter[str]
    ) -> BatchedCollection:
        too_many = self._rows.too_many if refused and beyond(refused) else ""
        cut, self._rows.cut = self._rows.cut, 0
        stale = self._staleness.turn(self._alive, ts)
        if stale is not None:
            self._chain.ended(stale.layout)
        return BatchedCollection(batches, max(0, samples), stale, refused, too_many, cut)

    def _split_by_time(
        self,
        table: _Table,
        given: list[int | None],
        report: Report,
        ts: int,
        refused: Counter[str],
    ) -> BatchedCollection:
        """Samples with times of their own: as many batches as a series has samples.

        Such series get no stale marker: its time might be later than that of the sample that follows.
        """
        series = self._report + table.series
        own = [None] * len(self._report) + given
        times = array("q", [ts if t is None else t for t in own])
        dealt, repeated = rounds([_key(self._rows.find(s)) for s in series], times)
        if repeated:
            refused["duplicate"] += repeated
        plans = [self._plans.find(tuple([series[p] for p in positions])) for positions in dealt]
        self._plan = plans[0]
        added = self._new_series.turn(plans[0].left, plans[0].samples)
        kept = sum([plan.samples for plan in plans])
        self._rows.account.settle(plans[0].left, plans[0].reports)
        values = array("d", (*report.values(kept, added), *table.values))
        batches: list[Batch] = []
        alive: list[Row] = []
        samples = 0
        for plan, positions in zip(plans, dealt, strict=True):
            ours_at = list(plan.kept(positions))
            batch = Batch(plan.layout, ts, *_picked(values, times, ours_at))
            left = self._processed(plan, batch, refused)
            if left is not None:
                batches.append(left)
                samples += len(left) - plan.reports
            if plan.course is not None:
                end = plan.course.end
                ours = zip(end.layout.rows, end.sources, strict=True)
                alive += [row for row, at in ours if at >= 0 and own[ours_at[at]] is None]
        self._alive = tuple(alive)
        return self._result(batches, samples, ts, refused)


def _columns(collected: Sequence[Sample] | Columns, latest: int) -> _Table:
    """The collection as columns, if nothing about it is odd; else it raises."""
    if isinstance(collected, Columns):
        given = collected.times
        times: list[int | None] | None = None if given is None else [*given]
        table = _Table(collected.series, array("d", collected.values), times)
    else:
        table = _unchecked(collected)
    if isnan(sum(table.values)):
        raise ValueError("not a number among them")
    if table.times is not None:
        own = array("q", [t for t in table.times if t is not None])
        if min(own) < 0 or max(own) > latest:
            raise ValueError("a time that cannot be")
    return table


def _unchecked(samples: Sequence[Sample]) -> _Table:
    times = [s.ts for s in samples]
    return _Table(
        tuple([s.series for s in samples]),
        array("d", [s.value for s in samples]),
        None if times.count(None) == len(times) else times,
    )


def _one_by_one(collected: Sequence[Sample] | Columns) -> Iterable[object]:
    if isinstance(collected, Columns):
        return collected.samples()
    return collected


def _key(row: Row | str) -> object:
    return row.key if isinstance(row, Row) else None


def _picked(
    values: array[float], times: array[int], positions: list[int]
) -> tuple[array[float], array[int]]:
    return array("d", [values[p] for p in positions]), array("q", [times[p] for p in positions])
