"""Plans how a tuple of series becomes a batch and passes the processors; made once for each tuple."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from orbital_runtime.engine.report import METRICS
from orbital_runtime.processor.calling import Failed
from orbital_sdk import Layout, Row, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_runtime.engine.batching.rows import Rows
    from orbital_runtime.processor.chain import Chain
    from orbital_runtime.processor.course import Course
    from orbital_runtime.processor.course_planner import Admit
    from orbital_sdk import Origin

T = TypeVar("T")


class BatchPlan(NamedTuple):
    """Which samples of a collection are in its batch, and its course through the processors."""

    layout: Layout
    """Of the batch that enters the chain."""
    keep: tuple[bool, ...] | None
    """Which positions have a row; None: all."""
    refused: Mapping[str, int]
    """Counts of the others, by reason."""
    course: Course | None
    """None if a processor failed to plan."""
    failed: str
    """Name of that processor."""
    left: tuple[Row, ...]
    """The rows that leave the chain if all values are there."""
    reports: int
    """How many of these, the first ones, are the run's report."""
    unchanged: bool
    """Whether a batch leaves the chain as it entered it."""

    @property
    def plain(self) -> bool:
        """Whether every sample is in its batch, which leaves the chain as it entered it."""
        return self.unchanged and self.keep is None

    @property
    def samples(self) -> int:
        """How many of the rows that leave, the last ones, are the plugin's."""
        return len(self.left) - self.reports

    @property
    def left_out(self) -> Counter[str]:
        """Samples that are left out of each such collection: by reason, and by `processor NAME`. Those for
        which a processor gave no value are not among them.
        """
        counted, course = Counter(self.refused), self.course
        while course is not None:
            counted.update(course.refused)
            counted.update({f"processor {name}": n for name, n in course.dropped.items()})
            course = None if course.stepping is None else course.stepping.then
        return counted

    def kept(self, items: Iterable[T]) -> Iterable[T]:
        """Those of these items whose positions are in the layout, in order."""
        return items if self.keep is None else compress(items, self.keep)


class BatchPlanner:
    """Makes plans for one task.

    Args:
        origin: Where its samples come from.
        rows: Its rows.
        chain: The processors.
    """

    def __init__(self, origin: Origin, rows: Rows, chain: Chain) -> None:
        self._origin = origin
        self._rows = rows
        self._chain = chain
        self._report = report_of(origin)

    def make(self, series: tuple[Series, ...]) -> BatchPlan:
        """The plan for these series in this order."""
        rows: dict[object, Row] = {}
        keep: list[bool] = []
        refused: Counter[str] = Counter()
        reports: set[int] = set()
        for one in series:
            row = self._rows.find(one)
            reason = self._unwanted(row, rows) if isinstance(row, Row) else row
            keep.append(reason is None)
            if reason is None and one in self._report:
                reports.add(len(rows) - 1)
            elif reason is not None and one not in self._report:
                refused[reason] += 1
        layout = Layout(self._origin, list(rows.values()))
        kept = None if all(keep) else tuple(keep)
        try:
            course = self._chain.plan(layout, self._admission(reports))
        except Failed as failed:
            return BatchPlan(layout, kept, refused, None, failed.name, (), 0, False)
        end = course.end
        own = sum([source in reports for source in end.sources])
        unchanged = bool(rows) and end is course and end.layout is layout
        return BatchPlan(layout, kept, refused, course, "", end.layout.rows, own, unchanged)

    def _admission(self, reports: set[int]) -> Admit | None:
        """Without processors the rows were admitted as they were found."""
        if not self._chain:
            return None
        admit = self._rows.admit  # not `self`: a plan that goes takes what it holds along at once
        return lambda row, source: admit(row, report=source in reports)

    def _unwanted(self, row: Row, rows: dict[object, Row]) -> str | None:
        """Add the row to the others; gives the reason if it is refused."""
        key = row.key
        if key in rows:
            self._rows.log_once("duplicate", f"{row!r} appears twice in one collection")
            return "duplicate"
        rows[key] = row
        return None


def report_of(origin: Origin) -> tuple[Series, ...]:
    """The series of a task's report."""
    return tuple(metric.series(origin.task) for metric in METRICS)
